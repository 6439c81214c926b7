//! From bits of surprise to an honest p-value: the rank among the stream's own past, a fitted tail beyond it.

use super::bytes::{Reader, Result, Writer};
use super::fmath::{Bound, ln};

const BINS: usize = 512;
/// Bins per bit.
const FINE: f64 = 12.0;
/// Weight of one new score; a power of two so that halving stays exact for a while.
const ONE: u32 = 256;
/// Scores at which the past is first halved; the next halving is twice as far away, up to the last.
const FIRST_FULL: u64 = 4_096;
const LAST_FULL: u64 = 131_072;
/// Share of the past that the tail is fitted to.
const TAIL: f64 = 0.005;
/// Scores of one incident come together: so many count as one when the tail's slope is judged.
const CLUSTER: f64 = 4.0;
/// Least mean excess of the tail, in bits: bits that were exact would have 1/ln 2.
const LEAST_EXCESS: f64 = 2.0;
/// Bits count the chance in a block of 24 points: log2 24 more for one of them, and some for what the views miss.
const SLACK: f64 = 6.0;
/// 2^-SLACK: p-values above need no such care.
const COMMON: f64 = 1.0 / 64.0;
/// Scores as high from which on the rank alone speaks, and fewest for a tail.
const ENOUGH: f64 = 8.0;
/// Scores before any p-value below 1 is given.
pub(crate) const READY: u64 = 100;

/// Where a p-value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumericPMethod {
    /// Conformal: the rank among the stream's own earlier scores.
    Rank,
    /// An exponential tail fitted to the highest of them, where ranks end.
    Tail,
}

/// What a p-value is computed from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct PReading {
    /// Weight of the scores at least as high, and of all.
    pub above: f64,
    pub total: f64,
    /// Scores in the fitted tail (0: none fitted), where it begins and its mean excess, bits.
    pub k: f64,
    pub edge: f64,
    pub mean: f64,
}

impl PReading {
    /// Never below what the bits themselves say of a single point, so that a record among next to nothing is no alarm.
    ///
    /// The conformal rank; beyond it the predictive exponential tail: with `k` independent excesses of mean `m` the chance of
    /// one above `e` is `(1 + e / (k m))^-k` (the rate integrated out).
    pub fn p_value(&self, bits: f64) -> (f64, NumericPMethod) {
        if self.total < READY as f64 {
            return (1.0, NumericPMethod::Rank);
        }
        let rank = ((self.above + 1.0) / (self.total + 1.0)).at_most(1.0);
        if self.k > 0.0 && bits > self.edge {
            let k = self.k / CLUSTER;
            let beyond = libm::exp(-k * ln(1.0 + (bits - self.edge) / (k * self.mean)));
            let p = (self.k + 1.0) / (self.total + 1.0) * beyond;
            if p < rank {
                return (p.at_least(least(bits)), NumericPMethod::Tail);
            }
        }
        if rank > COMMON {
            return (rank, NumericPMethod::Rank);
        }
        (rank.at_least(least(bits)), NumericPMethod::Rank)
    }
}

/// The least p-value that so many bits may have.
fn least(bits: f64) -> f64 {
    libm::exp2(-(bits + SLACK).at_most(1000.0))
}

/// Histogram of past scores in twelfths of a bit, halved as it fills, so the past fades.
#[derive(Clone, Debug)]
pub(crate) struct Calibrator {
    bins: Vec<u32>,
    total: u64,
    full: u64,
}

impl Default for Calibrator {
    fn default() -> Self {
        Self::new()
    }
}

impl Calibrator {
    pub fn new() -> Self {
        Calibrator {
            bins: vec![0; BINS],
            total: 0,
            full: FIRST_FULL,
        }
    }

    fn bin(bits: f64) -> usize {
        ((bits.at_least(0.0) * FINE) as usize).min(BINS - 1)
    }

    /// What the p-value of `bits` depends on.
    #[cfg_attr(target_family = "wasm", target_feature(enable = "simd128"))]
    pub fn reading(&self, bits: f64) -> PReading {
        let weight = |bins: &[u32]| bins.iter().fold(0, |a, c| a + u64::from(*c));
        let at = Self::bin(bits);
        let above = if at < BINS / 2 {
            self.total - weight(&self.bins[..at])
        } else {
            weight(&self.bins[at..])
        };
        let one = f64::from(ONE);
        let mut r = PReading {
            above: above as f64 / one,
            total: self.total as f64 / one,
            ..PReading::default()
        };
        if r.total >= READY as f64 && r.above < ENOUGH && bits > 0.0 {
            self.tail(&mut r);
        }
        r
    }

    /// Probability of a score at least this high, were the stream to go on as before.
    pub fn p_value(&self, bits: f64) -> (f64, NumericPMethod) {
        self.reading(bits).p_value(bits)
    }

    /// The highest scores, one in two hundred (10 to 200): where they begin, how many they are and their mean excess.
    fn tail(&self, r: &mut PReading) {
        let want = (TAIL * r.total).clamp(10.0, 200.0);
        let (mut k, mut sum, mut from) = (0.0, 0.0, BINS);
        while from > 1 && k < want {
            from -= 1;
            let c = f64::from(self.bins[from]) / f64::from(ONE);
            k += c;
            sum += c * (from as f64 + 0.5) / FINE;
        }
        if k >= ENOUGH {
            r.edge = from as f64 / FINE;
            r.mean = (sum / k - r.edge).at_least(LEAST_EXCESS);
            r.k = k;
        }
    }

    pub fn learn(&mut self, bits: f64) {
        let bin = &mut self.bins[Self::bin(bits)];
        *bin = bin.saturating_add(ONE);
        self.total += u64::from(ONE);
        if self.total >= self.full * u64::from(ONE) {
            self.full = (2 * self.full).min(LAST_FULL);
            self.total = 0;
            for c in &mut self.bins {
                *c /= 2;
                self.total += u64::from(*c);
            }
        }
    }

    pub fn write(&self, w: &mut Writer<'_>) {
        let used = self.bins.iter().filter(|c| **c > 0).count();
        w.u64(self.full);
        w.u16(used as u16);
        for (i, c) in self.bins.iter().enumerate() {
            if *c > 0 {
                w.u16(i as u16);
                w.u32(*c);
            }
        }
    }

    pub fn read(r: &mut Reader<'_>) -> Result<Self> {
        let mut out = Self::new();
        out.full = r.u64()?.clamp(FIRST_FULL, LAST_FULL);
        for _ in 0..r.index(BINS)? {
            let i = r.index(BINS - 1)?;
            let c = r.u32()?;
            out.total += u64::from(c);
            out.bins[i] = c;
        }
        Ok(out)
    }
}
