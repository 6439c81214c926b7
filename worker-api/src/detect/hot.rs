//! A stream that is too much for one object is spread over more without being asked.
//!
//! Its first object looks at its own share of the events between two reports: groups and texts spread evenly over the slots, so
//! that the others' shares are about as large. Streams are not brought together again by themselves: a flow that comes and goes
//! would be moved back and forth, and each move costs a second of 503s.

use super::shards::COUNTS;
use super::stream_object::StreamObject;
use crate::error::Result;
use crate::platform::{log, postgrest};
use serde_json::json;

/// Events that an object took between two reports.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// How many.
    pub events: u64,
    /// In how many milliseconds.
    pub ms: i64,
}

/// The number of shards that a stream of `shards` should have, if that is more: the least with which none of them takes over
/// `hot` events a second. 0 leaves every stream as it is.
pub fn wanted(shards: u32, share: Share, hot: u64) -> Option<u32> {
    if hot == 0 || share.ms < 1_000 {
        return None;
    }
    let a_second = u128::from(share.events) * 1_000 / share.ms.unsigned_abs() as u128;
    let enough = |count: u32| a_second * u128::from(shards) <= u128::from(hot) * u128::from(count);
    if enough(shards) {
        return None;
    }
    let most = COUNTS.into_iter().max()?;
    let count = COUNTS.into_iter().find(|&c| enough(c)).unwrap_or(most);
    (count > shards).then_some(count)
}

impl StreamObject {
    /// What came in between `before` and a report since; `None` where there was none.
    pub(super) fn told_since(&self, before: Option<(i64, u64)>) -> Option<Share> {
        let ((from, earlier), (to, events)) = (before?, self.reported.borrow().told()?);
        (to > from).then(|| Share {
            events: events.saturating_sub(earlier),
            ms: to - from,
        })
    }

    /// Spreads the stream over more objects where this one's share calls for it. What fails is tried again with the next report.
    pub(super) async fn split_if_hot(&self, share: Share) {
        if let Err(error) = self.split(share).await {
            log::error("stream.split", &error.to_string());
        }
    }

    async fn split(&self, share: Share) -> Result<()> {
        let name = self.name()?;
        if name.shard > 0 {
            return Ok(());
        }
        let shards = self.layout()?.shards;
        let Some(wanted) = wanted(shards, share, self.ctx.settings.split_events_per_second) else {
            return Ok(());
        };
        let actor = json!({ "type": "system", "id": "hot-stream" });
        let arguments = json!({ "p_org": name.org, "p_stream": name.stream, "p_shards": wanted, "p_actor": actor });
        // the database first: whoever removes the organisation must know of every object
        let known: u32 = postgrest::call(&self.ctx, "set_stream_shards", &arguments).await?;
        if known > 0 {
            self.resize(wanted).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Share, wanted};

    #[test]
    fn as_many_shards_as_keep_each_below_the_limit() {
        for (shards, events, ms, hot, want) in [
            (1, 600_000, 60_000, 10_000, None),
            (1, 600_010_000, 60_000_000, 10_000, None), // a fraction of an event a second
            (1, 601_000, 60_000, 10_000, Some(2)),
            (1, 2_500_000, 60_000, 10_000, Some(8)),
            (2, 601_000, 60_000, 10_000, Some(4)),
            (8, u64::MAX, 60_000, 10_000, Some(16)),
            (16, u64::MAX, 60_000, 10_000, None),
            (1, u64::MAX, 60_000, 0, None),     // turned off
            (1, 1_000_000, 10, 10_000, None),   // a burst says nothing
            (1, 1_000_000, -500, 10_000, None), // the clock was set back
        ] {
            let share = Share { events, ms };
            assert_eq!(wanted(shards, share, hot), want, "{shards} {share:?} {hot}");
        }
    }
}
