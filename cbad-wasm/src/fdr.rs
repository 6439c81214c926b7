//! The q-value: an online false-discovery rate, by SAFFRON (Ramdas, Zrnic, Wainwright, Jordan, ICML 2018).
//!
//! For each of nine levels there is a procedure that decides on every test as it comes, so that of what it has called a discovery a share
//! of at most that level is expected to be false. An event's q-value is the smallest level whose procedure calls it one, 1 if
//! none does. It is an annotation, not the decision.
//!
//! Only p-values above [`LAMBDA`] are paid for: normal events spend the budget, anomalies hardly do. The budget is spent evenly over an
//! epoch of [`EPOCH`] such tests (γⱼ = 1/EPOCH), each discovery earns as much again, and a new epoch starts afresh. Even spending
//! makes the state one count per level, and an anomaly after a long silence weighs as much as an early one. The guarantee holds within an
//! epoch, for p-values of normal events that are at most as small as uniform ones would be and independent of the past.

use crate::bits::{self, MicroBits};
use crate::checkpoint::{Reader, Truncated, Writer};

/// Levels, largest first: what a procedure calls a discovery, those before it do too.
const LEVELS: [f64; 9] = [0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
/// Tests with a larger p-value are taken for normal and counted.
const LAMBDA: f64 = 0.1;
/// A surprise below this stands for a larger p-value than [`LAMBDA`], and needs no power of two to tell: log₂ 10 is 3.3219.
const COMMON: MicroBits = 3_321_000;
/// Tests counted in an epoch: about 11,000 events.
const EPOCH: u32 = 10_000;
/// What checkpoints of format 1 hold in place of this: decayed counts by bits of surprise.
const FORMAT_1_BYTES: usize = 65 * 8;

/// Nine procedures side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fdr {
    counted: u32,
    discoveries: [u32; LEVELS.len()],
}

impl Fdr {
    /// Takes a test of `surprise` and gives its q-value.
    pub fn observe(&mut self, surprise: MicroBits) -> f64 {
        let p = if surprise < COMMON {
            1.0
        } else {
            bits::probability(surprise)
        };
        if p > LAMBDA {
            self.counted += 1;
            if self.counted >= EPOCH {
                *self = Fdr::default();
            }
            return 1.0;
        }
        let mut q = 1.0;
        for (level, found) in LEVELS.iter().zip(&mut self.discoveries) {
            if p > threshold(*level, *found) {
                break;
            }
            *found = found.saturating_add(1);
            q = *level;
        }
        q
    }

    /// Writes the counts.
    pub fn write(&self, out: &mut Writer) {
        out.varint(u64::from(self.counted));
        self.discoveries
            .iter()
            .for_each(|&d| out.varint(u64::from(d)));
    }

    /// Reads what [`Fdr::write`] wrote; of a checkpoint of format 1, an epoch that begins.
    pub fn read(input: &mut Reader, format: u16) -> Result<Fdr, Truncated> {
        if format == 1 {
            input.take(FORMAT_1_BYTES)?;
            return Ok(Fdr::default());
        }
        let mut f = Fdr {
            counted: input.small()?,
            ..Fdr::default()
        };
        for d in &mut f.discoveries {
            *d = input.small()?;
        }
        let falling = f.discoveries.windows(2).all(|pair| pair[0] >= pair[1]);
        if f.counted < EPOCH && falling {
            Ok(f)
        } else {
            Err(Truncated)
        }
    }
}

/// SAFFRON's level of the next test: half of the budget at the start, all of it after the first discovery, and as much again for each later one.
fn threshold(level: f64, discoveries: u32) -> f64 {
    let budgets = if discoveries == 0 {
        0.5
    } else {
        f64::from(discoveries)
    };
    ((1.0 - LAMBDA) * level * budgets / f64::from(EPOCH)).min(LAMBDA)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::mix;
    use proptest::prelude::*;

    fn uniform(seed: u64, i: u64) -> f64 {
        ((mix(mix(seed, i), 7) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Epochs of tests of which one in `rare` is no normal one, its p-value smaller by a factor of 2^`strength`: the mean share of false
    /// ones among what is called a discovery at each level, and the share of true ones that are.
    fn simulated(seed: u64, rare: u64, strength: f64, epochs: u64) -> ([f64; 9], f64) {
        let (mut shares, mut found, mut there) = ([0.0; 9], 0u64, 0u64);
        for epoch in 0..epochs {
            let mut fdr = Fdr::default();
            let (mut called, mut wrong) = ([0u32; 9], [0u32; 9]);
            for i in 0..11_000 {
                let id = epoch << 20 | i;
                let odd = mix(mix(seed, id), 3).is_multiple_of(rare);
                let surprise = -libm::log2(uniform(seed, id)) + if odd { strength } else { 0.0 };
                let q = fdr.observe(bits::from_bits(surprise));
                there += u64::from(odd);
                found += u64::from(odd && q <= 0.1);
                for (k, level) in LEVELS.iter().enumerate() {
                    called[k] += u32::from(q <= *level);
                    wrong[k] += u32::from(q <= *level && !odd);
                }
            }
            for k in 0..9 {
                shares[k] += f64::from(wrong[k]) / f64::from(called[k].max(1)) / epochs as f64;
            }
        }
        (shares, found as f64 / there.max(1) as f64)
    }

    #[test]
    fn of_what_is_called_a_discovery_few_are_false() {
        for (rare, strength) in [(u64::MAX, 0.0), (2_000, 20.0), (200, 14.0), (50, 10.0)] {
            let (shares, _) = simulated(11, rare, strength, 100);
            for (level, share) in LEVELS.iter().zip(shares) {
                // the mean of 100 epochs of a share of variance at most `level`: within four standard errors
                let most = level + 4.0 * (level / 100.0).sqrt();
                assert!(
                    share <= most,
                    "1 in {rare}, {strength} bits: {share} at {level}"
                );
            }
        }
    }

    #[test]
    fn what_is_clear_is_found() {
        let (_, found) = simulated(5, 200, 25.0, 5);
        assert!(found > 0.9, "{found}");
        let mut fdr = Fdr::default();
        for i in 0..9_000 {
            fdr.observe(bits::from_bits(-libm::log2(uniform(1, i))));
        }
        assert!(
            fdr.observe(25 * bits::BIT) <= 0.05,
            "alone after a long silence"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn state_comes_back_and_smaller_p_values_never_have_larger_q(
            before in proptest::collection::vec(0i64..40_000_000, 0..300), a in 0i64..60_000_000, b in 0i64..60_000_000,
        ) {
            let mut fdr = Fdr::default();
            for &s in &before {
                fdr.observe(s);
            }
            let mut out = Writer::default();
            fdr.write(&mut out);
            prop_assert_eq!(Fdr::read(&mut Reader::new(&out.bytes), 2), Ok(fdr.clone()));
            prop_assert!(fdr.clone().observe(a.max(b)) <= fdr.clone().observe(a.min(b)));
        }
    }
}
