//! From bits of surprise to an honest p-value: the rank among the stream's own past, a fitted tail beyond it.

use super::bytes::{Reader, Result, Writer};
use super::fmath::ln;

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

/// Histogram of past scores in twelfths of a bit, halved as it fills, so the past fades.
#[derive(Clone, Debug)]
pub(crate) struct Calibrator {
    bins: Vec<u32>,
    total: u64,
    full: u64,
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
        ((bits.max(0.0) * FINE) as usize).min(BINS - 1)
    }

    /// Scores counted, in points.
    pub fn seen(&self) -> u64 {
        self.total / u64::from(ONE)
    }

    /// Probability of a score at least this high, were the stream to go on as before.
    pub fn p_value(&self, bits: f64) -> (f64, NumericPMethod) {
        if self.seen() < READY {
            return (1.0, NumericPMethod::Rank);
        }
        let at = Self::bin(bits);
        let above: u64 = self.bins[at..].iter().map(|c| u64::from(*c)).sum();
        let one = f64::from(ONE);
        let (above, total) = (above as f64 / one, self.total as f64 / one);
        let rank = (above + 1.0) / (total + 1.0);
        if above >= 8.0 || bits <= 0.0 {
            return (rank.min(1.0), NumericPMethod::Rank);
        }
        match self.tail(bits, total) {
            Some(p) if p < rank => (p, NumericPMethod::Tail),
            _ => (rank.min(1.0), NumericPMethod::Rank),
        }
    }

    /// Predictive exponential tail above the score that one in two hundred of the past exceed (10 to 200 scores): with `k`
    /// independent excesses of mean `m` the chance of one above `e` is `(1 + e / (k m))^-k` (the rate integrated out).
    fn tail(&self, bits: f64, total: f64) -> Option<f64> {
        let one = f64::from(ONE);
        let want = (TAIL * total).clamp(10.0, 200.0);
        let (mut k, mut sum, mut from) = (0.0, 0.0, BINS);
        while from > 1 && k < want {
            from -= 1;
            let c = f64::from(self.bins[from]) / one;
            k += c;
            sum += c * (from as f64 + 0.5) / FINE;
        }
        let edge = from as f64 / FINE;
        if k < 8.0 || bits <= edge {
            return None;
        }
        let mean = (sum / k - edge).max(LEAST_EXCESS);
        let k_eff = k / CLUSTER;
        let beyond = libm::exp(-k_eff * ln(1.0 + (bits - edge) / (k_eff * mean)));
        let p = (k + 1.0) / (total + 1.0) * beyond;
        Some(p.max(1e-300))
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
