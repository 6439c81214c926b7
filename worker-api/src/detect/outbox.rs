//! The way of anomalies to the database: batches, retries with backoff, bisecting, dead letters. No storage, no network here.

use crate::platform::postgrest::WriteError;

/// Rows sent in one request.
pub const BATCH: usize = 50;
/// First pause after a failure, in milliseconds.
const FIRST_PAUSE_MS: i64 = 1_000;
/// Longest pause.
pub const LONGEST_PAUSE_MS: i64 = 300_000;

/// When to try again after `attempts` failures: doubling, with up to a quarter of jitter so that objects do not march in step.
pub fn next_attempt(now_ms: i64, attempts: u32, jitter: u8) -> i64 {
    let pause = FIRST_PAUSE_MS
        .saturating_mul(1 << attempts.min(16))
        .min(LONGEST_PAUSE_MS);
    now_ms + pause + pause * i64::from(jitter) / 1024
}

/// Whether something due at `due` may be sent: also where it is further ahead than any pause, because the clock was set back.
pub fn is_due(due: i64, now_ms: i64) -> bool {
    !(now_ms + 1..=now_ms + 2 * LONGEST_PAUSE_MS).contains(&due)
}

/// What became of the rows of a batch, by position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Stored.
    pub stored: Vec<usize>,
    /// Refused for good, with the cause.
    pub dead: Vec<(usize, String)>,
    /// The database went away; rows in neither list are tried later.
    pub unavailable: Option<String>,
}

/// Sends `count` rows through `send(from, to)`, halving a refused range until the row at fault stands alone.
pub async fn deliver<F, Fut>(count: usize, send: F) -> Outcome
where
    F: Fn(usize, usize) -> Fut,
    Fut: Future<Output = Result<(), WriteError>>,
{
    let mut outcome = Outcome::default();
    let mut ranges = vec![(0, count)];
    while let Some((from, to)) = ranges.pop() {
        if from == to {
            continue;
        }
        match send(from, to).await {
            Ok(()) => outcome.stored.extend(from..to),
            Err(WriteError::Refused(cause)) if to - from == 1 => outcome.dead.push((from, cause)),
            Err(WriteError::Refused(_)) => {
                let middle = from + (to - from) / 2;
                ranges.push((middle, to));
                ranges.push((from, middle));
            }
            Err(WriteError::Unavailable(cause)) => {
                outcome.unavailable = Some(cause);
                break;
            }
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::{FutureExt, ready};
    use std::cell::Cell;

    fn run(count: usize, bad: &[usize], away_after: usize) -> Outcome {
        let calls = Cell::new(0);
        deliver(count, |from, to| {
            calls.set(calls.get() + 1);
            ready(if calls.get() > away_after {
                Err(WriteError::Unavailable("away".into()))
            } else if bad.iter().any(|b| (from..to).contains(b)) {
                Err(WriteError::Refused("bad".into()))
            } else {
                Ok(())
            })
        })
        .now_or_never()
        .expect("nothing waits")
    }

    #[test]
    fn bad_rows_are_singled_out_and_the_rest_is_stored() {
        let outcome = run(50, &[0, 17, 49], usize::MAX);
        assert_eq!(
            outcome.dead.iter().map(|(i, _)| *i).collect::<Vec<_>>(),
            [0, 17, 49]
        );
        assert_eq!(outcome.stored.len(), 47);
        assert_eq!(run(0, &[], usize::MAX), Outcome::default());
    }

    #[test]
    fn an_outage_leaves_the_rest_for_later() {
        let outcome = run(8, &[7], 2);
        assert_eq!(outcome.stored, [0, 1, 2, 3]);
        assert!(outcome.dead.is_empty() && outcome.unavailable.is_some());
    }

    #[test]
    fn a_clock_set_back_delays_nothing() {
        assert!(is_due(5, 5) && is_due(4, 5) && !is_due(6, 5));
        assert!(!is_due(next_attempt(0, 40, 255), 0) && is_due(3_600_000, 0));
    }

    #[test]
    fn pauses_grow_to_five_minutes() {
        assert_eq!(next_attempt(0, 0, 0), 1_000);
        assert_eq!(next_attempt(0, 3, 0), 8_000);
        assert_eq!(next_attempt(0, 40, 0), 300_000);
        assert!(next_attempt(0, 40, 255) < 375_000);
    }
}
