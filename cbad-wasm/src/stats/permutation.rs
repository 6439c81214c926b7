//! Permutation test with early stopping.
//!
//! Under the null hypothesis the events of a baseline and of a window are exchangeable: which of them stand in the window is an
//! accident. The test deals them out again at random and asks how often chance gives a statistic at least as large as the one
//! observed. `p = (1 + exceedances) / (1 + permutations)` counts the observed arrangement among the permuted ones, so it is
//! valid at any number of permutations and never 0 (Phipson & Smyth, "Permutation p-values should never be zero", 2010).
//!
//! It stops once `stop_after` permutations have reached the observed value: by then p is clearly not small. With `h`
//! exceedances after `n` permutations Besag & Clifford ("Sequential Monte Carlo p-values", Biometrika 78, 1991) take `h / n`,
//! which is valid; `(1 + h) / (1 + n)` is never smaller, so it is valid too.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// How many permutations to try, and when to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Seed of the ChaCha20 generator that deals the events.
    pub seed: u64,
    /// Permutations at most.
    pub permutations: u32,
    /// Exceedances after which the null is not in doubt; 0 never stops early.
    pub stop_after: u32,
}

/// What the test found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// In (0, 1].
    pub p_value: f64,
    /// Permutations actually computed.
    pub permutations: u32,
    /// How many of them gave at least the observed statistic.
    pub exceedances: u32,
}

/// Deals `first + second` items into two groups of these sizes, again and again, and compares `statistic` with `observed`.
///
/// The statistic is given the indices of the first and of the second group, each in ascending order: an arrangement differs
/// from the observed one (`0..first`, `first..first + second`) in membership only, not in the order of what it holds.
pub fn test(
    first: usize,
    second: usize,
    plan: Plan,
    observed: f64,
    mut statistic: impl FnMut(&[usize], &[usize]) -> f64,
) -> Outcome {
    let mut random = ChaCha20Rng::seed_from_u64(plan.seed);
    let mut items: Vec<usize> = (0..first + second).collect();
    let mut in_second = vec![false; items.len()];
    let (mut a, mut b) = (Vec::with_capacity(first), Vec::with_capacity(second));
    let (mut done, mut exceedances) = (0, 0);
    while done < plan.permutations && (plan.stop_after == 0 || exceedances < plan.stop_after) {
        in_second.fill(false);
        for i in 0..second {
            let j = i + below(&mut random, items.len() - i);
            items.swap(i, j);
            if let Some(mark) = items.get(i).and_then(|&item| in_second.get_mut(item)) {
                *mark = true;
            }
        }
        a.clear();
        b.clear();
        for (item, &second) in in_second.iter().enumerate() {
            if second { b.push(item) } else { a.push(item) }
        }
        done += 1;
        exceedances += u32::from(statistic(&a, &b) >= observed);
    }
    Outcome {
        p_value: f64::from(1 + exceedances) / f64::from(1 + done),
        permutations: done,
        exceedances,
    }
}

/// Uniform in `0..bound` without bias (Lemire, "Fast random integer generation in an interval", 2019); 0 for an empty range.
fn below(random: &mut ChaCha20Rng, bound: usize) -> usize {
    let bound = bound as u64;
    if bound == 0 {
        return 0;
    }
    loop {
        let product = u128::from(random.next_u64()) * u128::from(bound);
        let low = product as u64;
        if low >= bound || low >= bound.wrapping_neg() % bound {
            return (product >> 64) as usize;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan {
        seed: 7,
        permutations: 199,
        stop_after: 10,
    };

    #[test]
    fn a_value_that_chance_never_reaches_gets_the_smallest_p() {
        let out = test(40, 10, PLAN, 1.0, |_, _| 0.0);
        assert_eq!((out.p_value, out.permutations), (1.0 / 200.0, 199));
    }

    #[test]
    fn a_value_that_chance_always_reaches_stops_at_once() {
        let out = test(40, 10, PLAN, 0.0, |_, _| 0.0);
        assert_eq!(
            (out.p_value, out.permutations, out.exceedances),
            (1.0, 10, 10)
        );
    }

    #[test]
    fn every_arrangement_is_a_partition_in_order() {
        test(30, 12, PLAN, 1.0, |a, b| {
            assert_eq!((a.len(), b.len()), (30, 12));
            assert!(a.is_sorted() && b.is_sorted());
            let mut all: Vec<usize> = a.iter().chain(b).copied().collect();
            all.sort_unstable();
            assert!(all.iter().copied().eq(0..42));
            0.0
        });
    }

    #[test]
    fn each_item_is_dealt_equally_often() {
        let mut counts = [0u32; 20];
        let plan = Plan {
            seed: 3,
            permutations: 20_000,
            stop_after: 0,
        };
        test(15, 5, plan, 1.0, |_, b| {
            b.iter().for_each(|&i| counts[i] += 1);
            0.0
        });
        // 5000 expected each, standard deviation 61
        assert!(
            counts.iter().all(|&c| (4700..5300).contains(&c)),
            "{counts:?}"
        );
    }

    #[test]
    fn no_items_no_permutations_no_panic() {
        assert_eq!(test(0, 0, PLAN, 0.0, |_, _| 0.0).p_value, 1.0);
        let none = Plan {
            permutations: 0,
            ..PLAN
        };
        assert_eq!(test(3, 3, none, 0.0, |_, _| 0.0).p_value, 1.0);
    }
}
