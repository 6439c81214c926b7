//! How many window tests a stream may run. A test with all its permutations takes tens of milliseconds of the processor that
//! also takes in the stream's events: a storm of anomalies would hold those up, and nobody reads a thousand tests.

use cbad::measures::WindowOptions;

/// Tests in one go after a quiet time …
const BURST: i64 = 10;
/// … and one more for each of these.
const EVERY_MS: i64 = 10_000;

/// A token bucket, in memory alone: a restart fills it.
#[derive(Debug, Default)]
pub struct Budget {
    /// When the bucket is full again; anything in the past is a full one.
    full_ms: i64,
}

impl Budget {
    /// How the next anomaly's windows are to be measured: beyond the budget without permutations. The other measures take one
    /// look at the windows and are always there.
    pub fn options(&mut self, now_ms: i64) -> WindowOptions {
        let permutations = if self.take(now_ms) {
            WindowOptions::default().permutations
        } else {
            0
        };
        WindowOptions {
            permutations,
            ..WindowOptions::default()
        }
    }

    fn take(&mut self, now_ms: i64) -> bool {
        // further ahead than it can get: the clock was set back
        if self.full_ms > now_ms + BURST * EVERY_MS {
            self.full_ms = now_ms;
        }
        let full_ms = self.full_ms.max(now_ms) + EVERY_MS;
        let is_within = full_ms <= now_ms + BURST * EVERY_MS;
        if is_within {
            self.full_ms = full_ms;
        }
        is_within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_anomalies_is_tested_at_the_rate_of_the_budget() {
        let mut budget = Budget::default();
        let mut tested =
            |from: i64, count: i64| (0..count).filter(|i| budget.take(from + i)).count() as i64;
        assert_eq!(tested(1_000_000, 500), BURST);
        assert_eq!(tested(1_050_000, 500), 5, "fifty seconds later");
        assert_eq!(tested(1_200_000, 500), BURST, "after a quiet time");
        assert_eq!(tested(500_000, 500), BURST, "the clock was set back");
    }

    #[test]
    fn beyond_the_budget_only_the_permutations_are_left_out() {
        let mut budget = Budget::default();
        let all: Vec<u32> = (0..=BURST)
            .map(|_| budget.options(7).permutations)
            .collect();
        assert!(all[..BURST as usize].iter().all(|&p| p == 199));
        assert_eq!(all.last(), Some(&0));
    }
}
