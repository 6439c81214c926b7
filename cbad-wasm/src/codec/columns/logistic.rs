//! Probabilities that learn, and the mixing of several into one.
//!
//! Predictions are averaged in the logistic domain, `st(p) = ln(p / (1 − p))`, by weights trained online on the coding cost
//! (Mahoney, "Adaptive weighing of context models for lossless data compression", 2005). Everything is integer; the two tables
//! come from `libm`, so they are the same on every target.

use std::sync::LazyLock;

/// Units of the logistic domain per nat.
const UNIT: f64 = 192.0;
/// Largest magnitude there: ±10.66 nats.
pub(super) const LIMIT: i32 = 2047;

struct Tables {
    stretch: [i16; 4096],
    squash: [u16; 4096],
}

static TABLES: LazyLock<Box<Tables>> = LazyLock::new(|| {
    let mut tables = Box::new(Tables {
        stretch: [0; 4096],
        squash: [0; 4096],
    });
    for (i, slot) in tables.stretch.iter_mut().enumerate() {
        let p = (i as f64 + 0.5) / 4096.0;
        *slot = libm::round(libm::log(p / (1.0 - p)) * UNIT) as i16;
    }
    for (i, slot) in tables.squash.iter_mut().enumerate() {
        let x = (i as f64 - 2048.0) / UNIT;
        *slot = libm::round(65_536.0 / (1.0 + libm::exp(-x))).clamp(2.0, 65_534.0) as u16;
    }
    tables
});

/// The tables, looked up once and kept.
#[derive(Clone, Copy)]
pub(super) struct Logistic(&'static Tables);

impl Logistic {
    pub fn new() -> Self {
        Self(&TABLES)
    }

    /// `ln(p / (1 − p))` of a 16-bit probability.
    #[inline]
    pub fn stretch(self, p: u32) -> i32 {
        i32::from(self.0.stretch[(p >> 4) as usize & 4095])
    }

    /// The 16-bit probability of a logistic value.
    #[inline]
    pub fn squash(self, x: i32) -> u32 {
        u32::from(self.0.squash[(x.clamp(-LIMIT, LIMIT) + 2048) as usize & 4095])
    }
}

/// 65,536 / (n + 1.5)
static RATES: [u16; 1024] = {
    let mut rates = [0; 1024];
    let mut n = 0;
    while n < 1024 {
        rates[n] = (131_072 / (2 * n + 3)) as u16;
        n += 1;
    }
    rates
};

/// A probability in the upper 22 bits, the number of bits seen in the lower 10: it moves by 1/(n + 1.5) until its own limit.
#[derive(Clone, Copy)]
pub(super) struct Adaptive(u32);

impl Adaptive {
    /// Starts at a 16-bit probability.
    pub const fn new(p: u32) -> Self {
        Self(p << 16)
    }

    /// Starts at a 16-bit probability as if `seen` bits had led to it.
    pub const fn settled(p: u32, seen: u32) -> Self {
        Self((p << 16) | seen)
    }

    /// 16 bits, never 0.
    #[inline]
    pub fn p(self) -> u32 {
        (self.0 >> 16).max(1)
    }

    #[inline]
    pub fn update(&mut self, bit: bool, limit: u32) {
        let (p, n) = (self.0 >> 10, self.0 & 1023);
        let target = if bit { (1 << 22) - 1 } else { 0i64 };
        let moved =
            i64::from(p) + (((target - i64::from(p)) * i64::from(RATES[n as usize & 1023])) >> 16);
        self.0 = (moved as u32) << 10 | if n < limit { n + 1 } else { n };
    }
}

/// Weights of `N` inputs in several sets, one set active at a time.
pub(super) struct Mixer<const N: usize> {
    weights: Vec<[i32; N]>,
    seen: Vec<u32>,
    active: usize,
    p: u32,
}

impl<const N: usize> Mixer<N> {
    /// `sets` rounded up to a power of two, each starting with `weight` (65,536 is 1).
    pub fn new(sets: usize, weight: i32) -> Self {
        let sets = sets.next_power_of_two();
        Self {
            weights: vec![[weight; N]; sets],
            seen: vec![0; sets],
            active: 0,
            p: 32_768,
        }
    }

    /// The weighted sum under a set, in the logistic domain.
    #[inline]
    pub fn mix(&mut self, logistic: Logistic, inputs: &[i32; N], set: usize) -> i32 {
        self.active = set & (self.weights.len() - 1);
        let weights = &self.weights[self.active];
        let sum: i64 = inputs
            .iter()
            .zip(weights)
            .map(|(&x, &w)| i64::from(x) * i64::from(w))
            .sum();
        let x = (sum >> 16).clamp(i64::from(-LIMIT), i64::from(LIMIT)) as i32;
        self.p = logistic.squash(x);
        x
    }

    /// Moves the active set along the gradient of the cost of `bit`; fast at first, then slowly.
    #[inline]
    pub fn update(&mut self, inputs: &[i32; N], bit: bool, rate: i32) {
        let error = (i32::from(bit) << 16) - self.p as i32;
        let seen = &mut self.seen[self.active];
        let rate = rate + (rate * 4 * 128) / (128 + *seen as i32);
        *seen = (*seen + 1).min(1 << 20);
        let step = (error * rate) >> 6;
        for (w, &x) in self.weights[self.active].iter_mut().zip(inputs) {
            *w = (*w + ((x * step + (1 << 13)) >> 14)).clamp(-(1 << 20), 1 << 20);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn squash_undoes_stretch() {
        let logistic = Logistic::new();
        for p in (16..65_520).step_by(16) {
            assert!(
                logistic.squash(logistic.stretch(p)).abs_diff(p) < 220,
                "{p}"
            );
        }
    }

    #[test]
    fn a_probability_learns_and_a_mixer_trusts_the_input_that_is_right() {
        let logistic = Logistic::new();
        let mut p = Adaptive::new(32_768);
        (0..2000).for_each(|i| p.update(i % 4 == 0, 1000));
        assert!(p.p().abs_diff(16_384) < 400, "{}", p.p());
        let mut mixer = Mixer::<2>::new(1, 20_000);
        let mut missing = 0;
        for i in 0..4000u32 {
            let bit = i.wrapping_mul(2_654_435_761) >> 31 == 1;
            let noise = (i.wrapping_mul(0x85EB_CA77) >> 30) & 1 == 1;
            let inputs = [bit, noise].map(|right| if right { 400 } else { -400 });
            let p = logistic.squash(mixer.mix(logistic, &inputs, 0));
            if i >= 3000 {
                missing += if bit { 65_536 - p } else { p };
            }
            mixer.update(&inputs, bit, 6);
        }
        assert!(missing / 1000 < 3000, "{missing}");
    }
}
