//! p-values in two steps. First a raw score is set against a ring of the stream's recent scores, with an exponential tail
//! fitted to quantiles, which a contaminated baseline hardly moves. Then that surprise is set against a long count of the
//! surprises the first step gave: what is promised becomes what is kept, the more so the longer the stream.

use crate::bits::{self, BIT, MicroBits};
use crate::checkpoint::{Reader, Truncated, Writer};
use crate::ring::Ring;
use crate::verdict::PMethod;

/// Fewer scores than this give no p-value but 1.
const FEWEST: usize = 20;
/// The tail begins at this percentile; its scale is the middle one of three slopes below it,
const TAIL: usize = 95;
/// or the slope to what one in so many of the learnt scores reach, if that is more.
const TOP: usize = 100;
const LN_5: f64 = 1.609_437_912_434_100_4;
const LN_5_2: f64 = 0.916_290_731_874_155_1;
const LN_2: f64 = std::f64::consts::LN_2;
/// log₂ 20: the surprise at which the tail begins, in micro-bits.
const TAIL_FROM: MicroBits = 4_321_928;
/// log₂ e in micro-bits: a bit of code is at most a bit of surprise.
const LOG2_E: MicroBits = 1_442_695;

/// What a first-step surprise is read from; enough to recompute it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Calibration scores held.
    pub scores: u32,
    /// How many of them are at least the score.
    pub at_least: u32,
    /// Where the tail begins, micro-bits.
    pub tail_start: MicroBits,
    /// Mean excess of the tail, micro-bits.
    pub tail_scale: MicroBits,
}

impl Reading {
    /// −log₂ p of a raw score, in micro-bits.
    pub fn surprise(&self, raw: MicroBits) -> (MicroBits, PMethod) {
        if (self.scores as usize) < FEWEST {
            return (0, PMethod::Rank);
        }
        if raw > self.tail_start {
            let excess = (raw - self.tail_start).min(1 << 40);
            return (
                TAIL_FROM + excess * LOG2_E / self.tail_scale.max(1),
                PMethod::Tail,
            );
        }
        (
            bits::price(u64::from(self.at_least) + 1, u64::from(self.scores) + 1),
            PMethod::Rank,
        )
    }

    /// Writes the reading.
    pub fn write(&self, out: &mut Writer) {
        out.varint(u64::from(self.scores));
        out.varint(u64::from(self.at_least));
        out.signed(self.tail_start);
        out.signed(self.tail_scale);
    }

    /// Reads what [`Reading::write`] wrote.
    pub fn read(input: &mut Reader) -> Result<Reading, Truncated> {
        Ok(Reading {
            scores: input.small()?,
            at_least: input.small()?,
            tail_start: input.micro_bits()?,
            tail_scale: input.micro_bits()?,
        })
    }
}

/// The first step: recent scores and the tail fitted to them.
#[derive(Clone, Debug)]
pub struct Calibration {
    ring: Ring,
    start: MicroBits,
    scale: MicroBits,
}

impl Calibration {
    /// Holds up to `capacity` scores.
    pub fn new(capacity: usize) -> Calibration {
        Calibration {
            ring: Ring::new(capacity),
            start: 0,
            scale: 1,
        }
    }

    /// Bytes held at most.
    pub fn bytes(&self) -> usize {
        self.ring.bytes()
    }

    /// The middle one of the scores.
    pub fn middle(&self) -> MicroBits {
        self.ring.percentile(50)
    }

    /// Takes up a score.
    pub fn push(&mut self, raw: MicroBits, sound: bool) {
        if self.ring.push(raw, sound) {
            self.fit();
        }
    }

    fn fit(&mut self) {
        self.start = self.ring.percentile(TAIL);
        let at = |share| self.ring.percentile(share);
        let slope = |low, high, span: f64| (at(high) - at(low)) as f64 / span;
        let mut body = [
            slope(50, 75, LN_2),
            slope(75, 90, LN_5_2),
            slope(90, 95, LN_2),
        ];
        body.sort_by(f64::total_cmp); // the middle one: neither a gap between kinds nor a few outliers count
        let top = (self.ring.sound_top(TOP) - self.start) as f64 / LN_5;
        // where kinds of events lie apart the body is steep and the tail is not: never more than the tail's own mean excess,
        // which contamination can only raise
        let excess = self.ring.mean_excess(TAIL) as f64;
        let scale = libm::round(body[1].min(excess).max(top)) as i64;
        self.scale = scale.max(self.start / 50).max(LOG2_E);
    }

    /// What the surprise of `raw` is read from.
    #[inline]
    pub fn read_at(&self, raw: MicroBits) -> Reading {
        let at_least = if raw > self.start {
            0
        } else {
            self.ring.at_least(raw)
        };
        Reading {
            scores: self.ring.count() as u32,
            at_least: at_least as u32,
            tail_start: self.start,
            tail_scale: self.scale,
        }
    }

    /// Writes the calibration.
    pub fn write(&self, out: &mut Writer) {
        self.ring.write(out);
    }

    /// Reads what [`Calibration::write`] wrote.
    pub fn read(input: &mut Reader, capacity: usize) -> Result<Calibration, Truncated> {
        let mut c = Calibration {
            ring: Ring::read(input, capacity)?,
            start: 0,
            scale: 1,
        };
        if c.ring.count() > 0 {
            c.fit();
        }
        Ok(c)
    }
}

/// Bins of the second step: eighths of a bit up to 30 bits.
const BINS: usize = 240;
const BIN: MicroBits = BIT / 8;
/// From this surprise on what was refused may be a fault,
const FAR: usize = 160;
/// and is taken for a normal event of a heavy tail only as far as it is one in so many events.
const FAR_SHARE: u64 = 1_024;
/// The map is worked out anew after so many events.
const STALE: u32 = 256;
/// Events at which the second step counts as much as the first.
const HALFWAY: u64 = 20_000;
/// Events after which a stream is no longer counted older.
const OLD: u64 = 1 << 20;
/// Counts are halved at so many events.
const FULL: u64 = 1 << 17;
/// Events the first step is worth against the counts, at every level.
const PRIOR: f64 = 0.5;

/// The second step: how often each surprise came, and the map that follows from it.
#[derive(Clone, Debug)]
pub struct Recalibration {
    bins: Vec<u32>,
    events: u64, // in the bins
    far: u64,    // of these, refused and far out
    age: u64,    // events ever, up to OLD
    stale: u32,
    map: Vec<MicroBits>, // surprise at the lower edge of each bin
}

impl Default for Recalibration {
    fn default() -> Recalibration {
        let map = (0..=BINS as i64).map(|i| i * BIN).collect();
        Recalibration {
            bins: vec![0; BINS + 1],
            events: 0,
            far: 0,
            age: 0,
            stale: 0,
            map,
        }
    }
}

impl Recalibration {
    /// Counts a first-step surprise; of what is far out and was refused only so much counts as a heavy tail may hold.
    pub fn push(&mut self, surprise: MicroBits, refused: bool) {
        let bin = ((surprise.max(0) / BIN) as usize).min(BINS);
        self.age = (self.age + 1).min(OLD);
        let far = refused && bin >= FAR;
        let counted = !far || self.far < self.events / FAR_SHARE;
        if counted {
            self.far += u64::from(far);
            self.bins[bin] += 1;
            self.events += 1;
        }
        if self.events >= FULL {
            let mut odd = 0; // what halving leaves over goes to the next bin, or the thin tail would vanish
            for b in self.bins.iter_mut().rev() {
                *b += odd;
                odd = *b & 1;
                *b /= 2;
            }
            self.events = self.bins.iter().map(|&b| u64::from(b)).sum();
            self.far /= 2;
        }
        self.stale += 1;
        if self.stale >= STALE {
            self.stale = 0;
            self.fit();
        }
    }

    fn fit(&mut self) {
        let (age, half) = (self.age * self.age, HALFWAY * HALFWAY);
        let trust = age * 1_000 / (age + half); // of a thousand
        let mut above = 0u64;
        for i in (0..=BINS).rev() {
            above += u64::from(self.bins[i]);
            let nominal = i as i64 * BIN;
            // P(surprise ≥ nominal) ≈ (above + PRIOR) / (events + PRIOR·2^nominal)
            let expected = self.events as f64 + PRIOR * libm::exp2(bits::to_bits(nominal));
            let mut kept = bits::from_bits(libm::log2(expected / (above as f64 + PRIOR))).max(0);
            if i < FAR && above > 0 {
                // however strongly the first step believes it, nothing is rarer than it was counted
                kept = kept.min(bits::price(above, self.events));
            }
            self.map[i] = (nominal * (1_000 - trust as i64) + kept * trust as i64) / 1_000;
        }
    }

    /// What a first-step surprise is worth.
    #[inline]
    pub fn apply(&self, surprise: MicroBits) -> MicroBits {
        let bin = (surprise.max(0) / BIN) as usize;
        if bin >= BINS {
            return self.map[BINS] + (surprise - BINS as i64 * BIN);
        }
        let (low, high) = (self.map[bin], self.map[bin + 1]);
        low + (high - low) * (surprise - bin as i64 * BIN) / BIN
    }

    /// Writes the counts and the map.
    pub fn write(&self, out: &mut Writer) {
        out.varint(self.age);
        out.varint(self.far);
        out.varint(u64::from(self.stale));
        self.bins.iter().for_each(|&b| out.varint(u64::from(b)));
        self.map.iter().for_each(|&m| out.varint(m as u64));
    }

    /// Reads what [`Recalibration::write`] wrote.
    pub fn read(input: &mut Reader) -> Result<Recalibration, Truncated> {
        let mut r = Recalibration {
            age: input.varint()?,
            far: input.varint()?,
            stale: input.small()?,
            ..Recalibration::default()
        };
        for b in &mut r.bins {
            *b = input.small()?;
        }
        r.events = r.bins.iter().map(|&b| u64::from(b)).sum();
        for m in &mut r.map {
            *m = i64::try_from(input.varint()?).map_err(|_| Truncated)?;
        }
        let sane = r.age <= OLD
            && r.events <= FULL
            && r.far <= FULL
            && r.stale < STALE
            && r.map.iter().all(|&m| m <= 1 << 40);
        if sane { Ok(r) } else { Err(Truncated) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn what_is_promised_becomes_what_is_kept() {
        // a first step whose surprise is always double what it should be: 3,162 alarms of 100,000 if left alone
        let mut r = Recalibration::default();
        let mut alarms = 0;
        for i in 0..400_000u64 {
            let u = (crate::hash::mix(i, 99) >> 11) as f64 / (1u64 << 53) as f64;
            let claimed = bits::from_bits(-2.0 * libm::log2(u));
            alarms += u32::from(i >= 300_000 && r.apply(claimed) >= 9_965_784);
            r.push(claimed, false);
        }
        assert!((90..400).contains(&alarms), "{alarms} of 100,000 at 0.001");
    }
    #[test]
    fn the_map_never_falls() {
        let mut r = Recalibration::default();
        for i in 0..100_000u64 {
            r.push((crate::hash::mix(i, 3) % 9_000_000) as i64, false);
        }
        let mut last = 0;
        for s in (0..40_000_000).step_by(10_007) {
            assert!(r.apply(s) >= last);
            last = r.apply(s);
        }
    }
}
