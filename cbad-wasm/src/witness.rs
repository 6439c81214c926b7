//! The witness of an anomaly: what its verdict read of the model, enough to recompute it bit for bit anywhere.

use crate::calibrate::Reading;
use crate::checkpoint::{Reader, Truncated, Writer};
use crate::config::Parts;
use crate::explain::Context;
use crate::model::{Counts, Totals};
use crate::table::{Place, Slot};
use crate::taught::Known;
use crate::verdict::{Expected, State};
use crate::volume::Pace;

const VERSION: u8 = 1;

/// Reads counts and keeps what was read, in order.
pub struct Recorder<'a> {
    known: Known<'a>,
    /// What was read.
    pub reads: Vec<Slot>,
}

impl<'a> Recorder<'a> {
    /// Records reads of `known`.
    pub fn new(known: Known<'a>) -> Recorder<'a> {
        Recorder {
            known,
            reads: Vec::new(),
        }
    }
}

impl Counts for Recorder<'_> {
    fn find(&mut self, key: u64) -> (Slot, Place) {
        let found = self.known.find(key);
        self.reads.push(found.0);
        found
    }
}

/// Gives back recorded reads in order.
pub struct Replayer<'a> {
    reads: std::slice::Iter<'a, Slot>,
    /// Whether more was asked for than had been recorded.
    pub exhausted: bool,
}

impl<'a> Replayer<'a> {
    /// Replays `reads`.
    pub fn new(reads: &'a [Slot]) -> Replayer<'a> {
        Replayer {
            reads: reads.iter(),
            exhausted: false,
        }
    }

    /// Whether exactly what was recorded has been asked for.
    pub fn complete(&self) -> bool {
        !self.exhausted && self.reads.len() == 0
    }
}

impl Counts for Replayer<'_> {
    fn find(&mut self, _key: u64) -> (Slot, Place) {
        let slot = self.reads.next().copied();
        self.exhausted |= slot.is_none();
        (slot.unwrap_or_default(), Place::default())
    }
}

/// Everything a verdict depends on beside the event.
#[derive(Clone, Debug)]
pub struct Witness {
    /// Hash of the event it belongs to.
    pub event: u64,
    /// Position of the event.
    pub index: u64,
    /// Seed of the detector.
    pub seed: u64,
    /// The alarm level, micro-bits of surprise.
    pub alarm: i64,
    /// Where the model stood.
    pub state: State,
    /// What the p-value was read from.
    pub reading: Reading,
    /// What the second step of calibration adds to the surprise.
    pub shift: i64,
    /// What the event's group takes off it.
    pub penalty: i64,
    /// The q-value.
    pub q_value: f64,
    /// First anomaly of the same cause.
    pub repeat_of: Option<u64>,
    /// Hash of the model state.
    pub checkpoint: [u64; 2],
    /// Totals and switches of the model.
    pub totals: Totals,
    /// What recent normal events showed.
    pub context: Context,
    /// Counts read, in order.
    pub reads: Vec<Slot>,
    /// What is unusual about the pace of events, if anything is.
    pub pace: Option<Pace>,
}

impl Witness {
    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.u8(VERSION);
        w.u64(self.event);
        w.varint(self.index);
        w.u64(self.seed);
        w.signed(self.alarm);
        w.u8(self.state as u8);
        self.reading.write(&mut w);
        w.signed(self.shift);
        w.signed(self.penalty);
        w.f64(self.q_value);
        w.varint(self.repeat_of.map_or(0, |i| i + 1));
        self.checkpoint.iter().for_each(|&h| w.u64(h));
        w.varint(u64::from(self.totals.events));
        w.varint(u64::from(self.totals.groups));
        let p = self.totals.parts;
        w.u8(u8::from(p.guard)
            | u8::from(p.class_excess) << 1
            | u8::from(p.signature) << 2
            | u8::from(p.recalibrate) << 3
            | p.off_events() << 4);
        w.varint(self.context.recent);
        w.text(self.context.nearest.as_deref().unwrap_or(""));
        w.varint(self.context.expected.len() as u64);
        for (piece, list) in &self.context.expected {
            w.varint(u64::from(*piece));
            w.varint(list.len() as u64);
            for e in list {
                w.text(&e.text);
                w.varint(e.count);
            }
        }
        w.varint(self.reads.len() as u64);
        for s in &self.reads {
            w.varint(u64::from(s.n));
            w.varint(u64::from(s.d));
        }
        // only where there is something: other witnesses keep their form
        if let Some(pace) = &self.pace {
            pace.write(&mut w);
        }
        w.bytes
    }

    /// From bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Witness, Truncated> {
        let mut r = Reader::new(bytes);
        if r.u8()? != VERSION {
            return Err(Truncated);
        }
        let event = r.u64()?;
        let (index, seed, alarm) = (r.varint()?, r.u64()?, r.micro_bits()?);
        let state = match r.u8()? {
            0 => State::Learning,
            1 => State::Ready,
            2 => State::Drifting,
            _ => return Err(Truncated),
        };
        let reading = Reading::read(&mut r)?;
        let (shift, penalty, q_value) = (r.micro_bits()?, r.micro_bits()?, r.finite()?);
        let repeat_of = r.varint()?.checked_sub(1);
        let checkpoint = [r.u64()?, r.u64()?];
        let (events, groups, bits) = (r.small()?, r.small()?, r.u8()?);
        let mut parts = Parts {
            guard: bits & 1 > 0,
            class_excess: bits & 2 > 0,
            signature: bits & 4 > 0,
            recalibrate: bits & 8 > 0,
            ..Parts::default()
        };
        parts.turn_off_events(bits >> 4);
        let recent = r.varint()?;
        let nearest = Some(r.text()?).filter(|s| !s.is_empty()).map(str::to_owned);
        let mut expected = Vec::new();
        for _ in 0..r.length()? {
            let piece = r.small()?;
            let list = (0..r.length()?).map(|_| {
                Ok(Expected {
                    text: r.text()?.to_owned(),
                    count: r.varint()?,
                })
            });
            expected.push((piece, list.collect::<Result<Vec<_>, Truncated>>()?));
        }
        let reads = (0..r.length()?).map(|_| {
            let (n, d) = (r.small()?, r.small()?);
            Ok(Slot {
                n: n.try_into().map_err(|_| Truncated)?,
                d: d.try_into().map_err(|_| Truncated)?,
                ..Slot::default()
            })
        });
        let reads = reads.collect::<Result<Vec<_>, Truncated>>()?;
        let pace = if r.rest.is_empty() {
            None
        } else {
            Some(Pace::read(&mut r)?)
        };
        let context = Context {
            recent,
            nearest,
            expected,
        };
        let totals = Totals {
            events,
            groups,
            parts,
        };
        Ok(Witness {
            event,
            index,
            seed,
            alarm,
            state,
            reading,
            shift,
            penalty,
            q_value,
            repeat_of,
            checkpoint,
            totals,
            context,
            reads,
            pace,
        })
    }
}
