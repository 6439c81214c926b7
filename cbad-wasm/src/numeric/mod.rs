//! Numeric streams: how surprising a number is, in bits, given the numbers before it.
//!
//! [`NumericModel`] prices one number at a time and learns it afterwards: no look-ahead, no labels, fixed memory, the same
//! bits on every target.

mod bytes;
mod calibrate;
mod course;
mod cycle;
mod fmath;
mod group;
mod intake;
mod labels;
mod level;
mod metrics;
mod numbers;
mod predict;
mod price;
mod report;
mod season;
mod series;
mod shape;
mod tail;
mod view;

pub use bytes::NumericReadError;
pub use calibrate::NumericPMethod;
pub(crate) use course::course;
pub use course::{Course, CoursePoint};
pub(crate) use metrics::{Metrics, Moment};
pub(crate) use report::{is_witness, replay};
pub use view::View;

use crate::config::Parts;
use bytes::{Reader, Writer};
use calibrate::Calibrator;
use fmath::Bound;
use group::Group;
use intake::{Intake, Nature};
use price::Core;

/// Version of the stored form, in the lower half of its first byte; the upper half tells the parts that are off.
const VERSION: u8 = 1;
const VERSION_BITS: u8 = 4;
/// Points after which every view speaks, and scores may calibrate others.
const SETTLED: u64 = 250;
/// Points before the model calls itself ready.
const READY: u64 = SETTLED + calibrate::READY;
const _: () = assert!(READY == crate::Config::MIN_POINTS);
/// What the one-step code length adds to the bits from which p-values are taken, to order the ordinary points too.
const ORDER: f64 = 0.02;

/// How far the model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumericState {
    /// Too few points for a judgement.
    Learning,
    /// Judging.
    Ready,
    /// Most of the newest points were surprising: the stream is changing.
    Drifting,
}

/// What one number cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NumericScore {
    /// Surprise in millionths of a bit, repeats of one incident held down.
    pub micro_bits: i64,
    /// Surprise in millionths of a bit of this point by itself.
    pub raw_micro_bits: i64,
    /// Chance of a point at least as surprising, were the stream to go on as before; in (0, 1].
    pub p_value: f64,
    /// How that was found.
    pub p_method: NumericPMethod,
    /// The number as priced: as it came, or a counter's increase.
    pub value: f64,
    /// What was expected.
    pub expected: f64,
    /// Lower end of the usual band.
    pub lo: f64,
    /// Upper end of the usual band.
    pub hi: f64,
    /// What was most surprising, where anything was.
    pub view: Option<View>,
    /// Surprise of that view alone, in millionths of a bit.
    pub view_micro_bits: i64,
    /// How far the model is.
    pub state: NumericState,
    /// Not a number, or the first point of a counter: nothing was judged.
    pub missing: bool,
    /// The values only ever grow and are judged by their increase.
    pub counter: bool,
    /// Belongs to the incident already reported.
    pub repeat: bool,
}

/// Model of one stream of numbers.
#[derive(Clone, Debug)]
pub struct NumericModel {
    seed: u64,
    parts: Parts,
    intake: Intake,
    core: Core,
    calibrator: Calibrator,
    group: Group,
}

impl NumericModel {
    /// Bytes a model holds at most, about.
    pub const BYTES: usize = 16 * 1024;

    /// An empty model. `seed` is kept with the state; the model itself draws no random numbers.
    pub fn new(seed: u64) -> Self {
        NumericModel::with(seed, Parts::default())
    }

    /// The same without some parts.
    pub fn with(seed: u64, parts: Parts) -> Self {
        NumericModel {
            seed,
            parts,
            intake: Intake::new(),
            core: Core::new(),
            calibrator: Calibrator::new(),
            group: Group::new(),
        }
    }

    /// The seed given to [`NumericModel::new`].
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Points judged.
    pub fn points(&self) -> u64 {
        self.core.n
    }

    /// Points that were not numbers.
    pub fn missing(&self) -> u64 {
        self.intake.missing
    }

    /// Gaps seen in the timestamps.
    pub fn gaps(&self) -> u64 {
        self.intake.gaps
    }

    /// Resets of a counter.
    pub fn resets(&self) -> u64 {
        self.intake.resets
    }

    /// Scores a number, then learns it. `timestamp_ms` is milliseconds since 1970.
    pub fn observe(&mut self, timestamp_ms: Option<i64>, x: f64) -> NumericScore {
        let Some(point) = self.intake.take(timestamp_ms, x) else {
            return self.nothing();
        };
        if point.restart {
            self.core = Core::new();
            self.calibrator = Calibrator::new();
        }
        let price = self.core.push(&point, &self.parts);
        let ordered = price.bits + ORDER * (price.code + 8.0).at_least(0.0);
        let (p_value, p_method) = self.calibrator.p_value(ordered);
        if self.core.n > SETTLED {
            self.calibrator.learn(ordered);
        }
        let (mut bits, repeat) = self.group.push(price.bits);
        if !self.parts.incidents {
            bits = price.bits;
        }
        NumericScore {
            micro_bits: micro(bits),
            raw_micro_bits: micro(price.bits),
            p_value,
            p_method,
            value: point.x,
            expected: price.expected,
            lo: price.expected - price.band,
            hi: price.expected + price.band,
            view: (price.view_bits > 0.0).then_some(price.view),
            view_micro_bits: micro(price.view_bits),
            state: self.state(),
            missing: false,
            counter: self.intake.nature == Nature::Counter,
            repeat,
        }
    }

    /// How far the model is.
    pub fn state(&self) -> NumericState {
        if self.core.n < READY {
            NumericState::Learning
        } else if self.group.drifting() {
            NumericState::Drifting
        } else {
            NumericState::Ready
        }
    }

    fn nothing(&self) -> NumericScore {
        NumericScore {
            micro_bits: 0,
            raw_micro_bits: 0,
            p_value: 1.0,
            p_method: NumericPMethod::Rank,
            value: 0.0,
            expected: 0.0,
            lo: 0.0,
            hi: 0.0,
            view: None,
            view_micro_bits: 0,
            state: self.state(),
            missing: true,
            counter: self.intake.nature == Nature::Counter,
            repeat: false,
        }
    }

    /// Appends the whole state; [`NumericModel::read`] continues from it bit for bit.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut w = Writer(out);
        w.u8(VERSION | self.parts.off_numbers() << VERSION_BITS);
        w.u64(self.seed);
        self.intake.write(&mut w);
        self.core.write(&mut w);
        self.calibrator.write(&mut w);
        self.group.write(&mut w);
    }

    /// Reads a state from the start of `bytes`; also says how many bytes it took.
    ///
    /// # Errors
    /// [`NumericReadError`] where the bytes are not what [`NumericModel::write`] makes.
    pub fn read(bytes: &[u8]) -> Result<(Self, usize), NumericReadError> {
        let mut r = Reader::new(bytes);
        let first = r.u8()?;
        let version = first & ((1 << VERSION_BITS) - 1);
        if version != VERSION {
            return Err(NumericReadError::Version(version));
        }
        let mut parts = Parts::default();
        parts.turn_off_numbers(first >> VERSION_BITS);
        let model = NumericModel {
            seed: r.u64()?,
            parts,
            intake: Intake::read(&mut r)?,
            core: Core::read(&mut r)?,
            calibrator: Calibrator::read(&mut r)?,
            group: Group::read(&mut r)?,
        };
        Ok((model, bytes.len() - r.rest()))
    }
}

/// Bits as whole millionths.
fn micro(bits: f64) -> i64 {
    (bits.clamp(0.0, 1e6) * 1e6 + 0.5) as i64
}

#[cfg(test)]
mod calibration_tests;
#[cfg(test)]
mod tests;
