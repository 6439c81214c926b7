//! From what arrives to what is priced: missing points, gaps and clocks, counters turned into rates.

use super::bytes::{NumericReadError, Reader, Result, Writer};
use super::fmath::HUGE;

/// Values after which a stream that only ever grew is taken for a counter.
const DECIDE: u8 = 48;
/// Of those, at least this many must have grown.
const GROWN: u8 = 36;
/// A step of more than this many usual intervals is a gap.
const GAP: f64 = 3.5;

/// What a stream of numbers turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    Undecided,
    Gauge,
    Counter,
}

/// One point made ready.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    /// The value to price: as it came, or the increase per usual interval of a counter.
    pub x: f64,
    /// Milliseconds since 1970, where the clock is usable.
    pub at: Option<i64>,
    /// Points seem to be missing before this one.
    pub gap: bool,
    /// Usual milliseconds between points, 0 where no clock tells.
    pub interval: f64,
    /// What came before was of another nature: start afresh.
    pub restart: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Intake {
    pub nature: Nature,
    last: f64,
    clock: Option<i64>,
    interval: f64,
    steps: u8,
    grown: u8,
    pub missing: u64,
    pub gaps: u64,
    pub resets: u64,
}

impl Intake {
    pub fn new() -> Self {
        Intake {
            nature: Nature::Undecided,
            last: 0.0,
            clock: None,
            interval: 0.0,
            steps: 0,
            grown: 0,
            missing: 0,
            gaps: 0,
            resets: 0,
        }
    }

    /// `None`: the point is missing (not a number), or is the first of a counter.
    pub fn take(&mut self, at: Option<i64>, x: f64) -> Option<Point> {
        if !x.is_finite() {
            self.missing = self.missing.saturating_add(1);
            return None;
        }
        let x = x.clamp(-HUGE, HUGE);
        let (gap, spans) = self.tick(at);
        let step = x - self.last;
        let first = self.steps == 0 && self.nature == Nature::Undecided;
        let mut restart = false;
        match self.nature {
            Nature::Undecided if first => self.steps = 1,
            Nature::Undecided => {
                self.steps += 1;
                self.grown += u8::from(step > 0.0);
                if step < 0.0 {
                    self.nature = Nature::Gauge;
                } else if self.steps >= DECIDE {
                    let counts = self.grown >= GROWN && self.last >= 0.0;
                    self.nature = if counts {
                        Nature::Counter
                    } else {
                        Nature::Gauge
                    };
                    restart = counts;
                }
            }
            Nature::Counter if step < 0.0 && x > 0.5 * self.last => {
                self.nature = Nature::Gauge;
                restart = true;
            }
            Nature::Counter | Nature::Gauge => {}
        }
        let value = if self.nature == Nature::Counter {
            let grown = if step < 0.0 {
                self.resets = self.resets.saturating_add(1);
                x.max(0.0)
            } else {
                step
            };
            grown / spans
        } else {
            x
        };
        self.last = x;
        Some(Point {
            x: value,
            at,
            gap,
            interval: if at.is_some() { self.interval } else { 0.0 },
            restart,
        })
    }

    /// Learns the usual interval; says whether points are missing and how many intervals the step spans.
    fn tick(&mut self, at: Option<i64>) -> (bool, f64) {
        let (Some(now), before) = (at, self.clock) else {
            return (false, 1.0);
        };
        self.clock = Some(now);
        let Some(before) = before else {
            return (false, 1.0);
        };
        let dt = now.saturating_sub(before);
        if dt <= 0 {
            return (false, 1.0);
        }
        let dt = dt as f64;
        if self.interval == 0.0 {
            self.interval = dt;
            return (false, 1.0);
        }
        let spans = dt / self.interval;
        // a running median in relative steps: single gaps do not move it
        self.interval *= if spans > 1.05 {
            1.02
        } else if spans < 0.95 {
            0.98
        } else {
            1.0 + 0.1 * (spans - 1.0)
        };
        if spans > GAP {
            self.gaps = self.gaps.saturating_add(1);
        }
        (spans > GAP, if spans > 1.5 { spans } else { 1.0 })
    }

    pub fn write(&self, w: &mut Writer<'_>) {
        w.u8(match self.nature {
            Nature::Undecided => 0,
            Nature::Gauge => 1,
            Nature::Counter => 2,
        });
        w.f64(self.last);
        w.u8(u8::from(self.clock.is_some()));
        w.i64(self.clock.unwrap_or(0));
        w.f64(self.interval);
        w.u8(self.steps);
        w.u8(self.grown);
        w.u64(self.missing);
        w.u64(self.gaps);
        w.u64(self.resets);
    }

    pub fn read(r: &mut Reader<'_>) -> Result<Self> {
        let nature = match r.u8()? {
            0 => Nature::Undecided,
            1 => Nature::Gauge,
            2 => Nature::Counter,
            _ => return Err(NumericReadError::Invalid),
        };
        let last = r.f64()?;
        let known = r.bool()?;
        let clock = r.i64()?;
        Ok(Intake {
            nature,
            last,
            clock: known.then_some(clock),
            interval: r.f64()?,
            steps: r.u8()?.min(DECIDE),
            grown: r.u8()?.min(DECIDE),
            missing: r.u64()?,
            gaps: r.u64()?,
            resets: r.u64()?,
        })
    }
}
