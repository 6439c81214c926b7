//! Volume: bursts and silences, by the times events carry.
//!
//! Time is measured in events, so that nothing has to be set: how long the last 32 events took, and how long nothing came. Of every
//! 32 events the shortest such span and the longest pause are kept, on a logarithmic scale, and a new one is ranked among those
//! of the last 256 times 32 events, with a tail fitted beyond them. So a p-value is that of 32 events together: one incident is one
//! alarm, and the events' own promise of a rate is used up by one part in 32 at most.

use crate::bits::{self, BIT, MicroBits};
use crate::calibrate::{Calibration, Reading};
use crate::checkpoint::{Reader, Truncated, Writer};
use crate::verdict::PMethod;

/// Events in a span, and events judged together.
const EVENTS: usize = 32;
/// Blocks of so many events that are remembered.
const BLOCKS: usize = 256;
/// Blocks before anything is said: 2,048 events.
const READY: u32 = 64;
/// Logarithms of times are taken times four: the tail's scale, at least a nat a bit, is then at least a third of an octave.
const FINE: i64 = 4;
/// log₂ of a time longer than any, in milliseconds: what is left to it grows as a span shrinks.
const LONGEST: MicroBits = 44 * BIT;
/// Milliseconds beyond which a time is not told apart: about 500 years.
const FOREVER: i64 = 1 << 43;

/// What is unusual about the pace of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Many events in a short time.
    Burst,
    /// A long time without events.
    Silence,
}

/// A time that is unusual, and what its surprise is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// What is unusual.
    pub change: Change,
    /// Milliseconds the last 32 events took, or without an event.
    pub took_ms: i64,
    /// The shortest or longest of 32 events usually, in milliseconds.
    pub usual_ms: i64,
    /// What the surprise is read from.
    pub reading: Reading,
}

impl Pace {
    /// −log₂ p, in micro-bits, and how it was found.
    pub fn surprise(&self) -> (MicroBits, PMethod) {
        self.reading.surprise(score(self.change, self.took_ms))
    }

    /// In words.
    pub fn sentence(&self) -> String {
        let (took, usual) = (words(self.took_ms), words(self.usual_ms));
        match self.change {
            Change::Burst => format!(
                "{EVENTS} events came within {took}; the quickest {EVENTS} in a row usually take {usual}."
            ),
            Change::Silence => {
                format!("Nothing came for {took}; the longest pause is usually {usual}.")
            }
        }
    }

    /// Appends it.
    pub fn write(&self, out: &mut Writer) {
        out.u8(self.change as u8);
        out.varint(self.took_ms as u64);
        out.varint(self.usual_ms as u64);
        self.reading.write(out);
    }

    /// Reads what [`Pace::write`] wrote.
    pub fn read(input: &mut Reader) -> Result<Pace, Truncated> {
        let change = match input.u8()? {
            0 => Change::Burst,
            1 => Change::Silence,
            _ => return Err(Truncated),
        };
        let (took, usual) = (input.varint()?, input.varint()?);
        if took.max(usual) > FOREVER as u64 {
            return Err(Truncated);
        }
        Ok(Pace {
            change,
            took_ms: took as i64,
            usual_ms: usual as i64,
            reading: Reading::read(input)?,
        })
    }
}

/// How surprising a time may be, before it is set against others: grows as a pause does and as a span shrinks.
fn score(change: Change, ms: i64) -> MicroBits {
    let size = bits::log2(ms.clamp(0, FOREVER) as u64 + 1);
    FINE * match change {
        Change::Burst => LONGEST - size,
        Change::Silence => size,
    }
}

/// The time a score stands for, in milliseconds.
fn time(change: Change, score: MicroBits) -> i64 {
    let size = match change {
        Change::Burst => LONGEST - score / FINE,
        Change::Silence => score / FINE,
    };
    libm::round(libm::exp2(bits::to_bits(size.clamp(0, 43 * BIT))) - 1.0) as i64
}

/// A time in two or three digits.
fn words(ms: i64) -> String {
    let s = ms as f64 / 1_000.0;
    match s {
        ..1.0 => format!("{ms} ms"),
        ..10.0 => format!("{s:.1} s"),
        ..120.0 => format!("{s:.0} s"),
        ..7_200.0 => format!("{:.0} min", s / 60.0),
        ..172_800.0 => format!("{:.0} h", s / 3_600.0),
        _ => format!("{:.0} days", s / 86_400.0),
    }
}

/// One of the two things watched.
#[derive(Clone, Debug)]
struct Watch {
    extremes: Calibration, // of each block
    blocks: u32,           // taken up, as far as READY
    most: MicroBits,       // of the block under way
    going_on: bool,        // an incident that has been told
}

impl Watch {
    fn new() -> Watch {
        Watch {
            extremes: Calibration::new(BLOCKS),
            blocks: 0,
            most: 0,
            going_on: false,
        }
    }

    /// What a time is read from, if it is unusual and not part of what was told before.
    fn judge(&mut self, change: Change, ms: i64, alarm: MicroBits) -> Option<Pace> {
        let score = score(change, ms);
        self.most = self.most.max(score);
        if self.blocks < READY || self.going_on {
            return None;
        }
        let reading = self.extremes.read_at(score);
        if reading.surprise(score).0 < alarm {
            return None;
        }
        self.going_on = true;
        Some(Pace {
            change,
            took_ms: ms.clamp(0, FOREVER),
            usual_ms: time(change, self.extremes.middle()),
            reading,
        })
    }

    /// Ends a block. Only one without anything unusual ends an incident.
    fn close(&mut self, alarm: MicroBits) {
        let reading = self.extremes.read_at(self.most);
        self.going_on &= reading.surprise(self.most).0 >= alarm;
        self.extremes.push(self.most, true);
        self.blocks = (self.blocks + 1).min(READY);
        self.most = 0;
    }
}

/// The pace of a stream's events.
#[derive(Clone, Debug)]
pub struct Volume {
    clock: i64,      // the newest time seen
    times: Vec<i64>, // of the newest events, in a ring
    next: usize,     // where the next goes
    in_block: usize, // events of the block under way
    late: usize,     // events in a row that were older than the clock
    watches: [Watch; 2],
}

impl Volume {
    /// Begins at a time in milliseconds since 1970.
    pub fn new(at: i64) -> Volume {
        Volume {
            clock: at,
            times: Vec::new(),
            next: 0,
            in_block: 0,
            late: 0,
            watches: [Watch::new(), Watch::new()],
        }
    }

    /// Bytes held at most.
    pub fn bytes(&self) -> usize {
        size_of::<Volume>()
            + 8 * EVENTS
            + self
                .watches
                .iter()
                .map(|w| w.extremes.bytes())
                .sum::<usize>()
    }

    /// Takes up an event's time; what is unusual about it, if it is by an alarm level in micro-bits of surprise.
    pub fn observe(&mut self, at: i64, alarm: MicroBits) -> Option<Pace> {
        if at < self.clock {
            // out of order; a clock that has gone wrong is believed after as many events as make a span
            self.late += 1;
            if self.late >= EVENTS {
                self.times.clear();
                (self.next, self.late, self.clock) = (0, 0, at);
            }
            return None;
        }
        self.late = 0;
        let pause = at.saturating_sub(self.clock);
        self.clock = at;
        let full = self.times.len() == EVENTS;
        let span = at.saturating_sub(self.times.get(self.next).copied().unwrap_or(at));
        if full {
            self.times[self.next] = at;
        } else {
            self.times.push(at);
        }
        self.next = (self.next + 1) % EVENTS;
        let [burst, silence] = &mut self.watches;
        let mut found = silence.judge(Change::Silence, pause, alarm);
        if full && let Some(pace) = burst.judge(Change::Burst, span, alarm) {
            found = Some(pace);
        }
        self.in_block += 1;
        if self.in_block == EVENTS {
            self.in_block = 0;
            if full {
                self.watches.iter_mut().for_each(|w| w.close(alarm));
            }
        }
        found
    }

    /// Writes the state.
    pub fn write(&self, out: &mut Writer) {
        out.signed(self.clock);
        out.varint(self.times.len() as u64);
        self.times.iter().for_each(|&t| out.signed(t));
        for n in [self.next, self.in_block, self.late] {
            out.varint(n as u64);
        }
        for w in &self.watches {
            w.extremes.write(out);
            out.varint(u64::from(w.blocks));
            out.signed(w.most);
            out.u8(u8::from(w.going_on));
        }
    }

    /// Reads what [`Volume::write`] wrote.
    pub fn read(input: &mut Reader) -> Result<Volume, Truncated> {
        let mut v = Volume::new(input.signed()?);
        let n = input.length()?;
        if n > EVENTS {
            return Err(Truncated);
        }
        for _ in 0..n {
            v.times.push(input.signed()?);
        }
        let mut below = |most: usize| -> Result<usize, Truncated> {
            Some(input.varint()? as usize)
                .filter(|&n| n < most)
                .ok_or(Truncated)
        };
        (v.next, v.in_block, v.late) = (below(EVENTS)?, below(EVENTS)?, below(EVENTS)?);
        if n < EVENTS && v.next != n {
            return Err(Truncated);
        }
        for w in &mut v.watches {
            w.extremes = Calibration::read(input, BLOCKS)?;
            w.blocks = input.small()?;
            w.most = input.signed()?;
            w.going_on = input.u8()? == 1;
            if w.blocks > READY || !(0..=FINE * LONGEST).contains(&w.most) {
                return Err(Truncated);
            }
        }
        Ok(v)
    }
}
