//! A stream's newest scores, for looking back: each with its place in the stream, so that an anomaly is found among them.

use super::engine::{Engine, IngestAnswer, LATEST};
use super::shards;
use serde::{Deserialize, Serialize};

/// Scores of events that followed one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Sequence number of the first.
    pub first_seq: u64,
    /// How many.
    pub count: u64,
}

/// See the module.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Latest {
    /// The detector's state by name.
    pub state: String,
    /// How readily it raises alarms.
    pub sensitivity: f64,
    /// Events scored in this generation.
    pub events_seen: u64,
    /// The newest event's type.
    #[serde(default)]
    pub event_type: String,
    /// Grows when the stream is reset, and sequence numbers begin again.
    #[serde(default)]
    pub generation: u32,
    /// Where the scores belong, in their order: one run for each shard.
    #[serde(default)]
    pub runs: Vec<Run>,
    /// How improbable each event was, in bits (−log₂ p), oldest first; the last is the newest event's.
    pub scores: Vec<f32>,
}

impl Latest {
    /// What one object remembers.
    pub fn of(engine: &Engine) -> Self {
        let scores: Vec<f32> = engine.latest().collect();
        let count = scores.len() as u64;
        let next = engine.counters.base + engine.counters.events;
        let first_seq = shards::sequence(engine.name.shard, next.saturating_sub(count));
        Self {
            state: engine.state().to_owned(),
            sensitivity: engine.sensitivity(),
            events_seen: engine.counters.events,
            event_type: engine.counters.event_type.clone(),
            generation: engine.counters.generation,
            runs: vec![Run { first_seq, count }],
            scores,
        }
    }

    /// What the shards of a stream know together: the scores shard after shard, of each the newest, as many of one as of another.
    pub fn of_shards(parts: Vec<Latest>) -> Self {
        let share = LATEST / parts.len().max(1);
        let mut answer = IngestAnswer::default();
        let mut whole = Self {
            state: String::new(),
            sensitivity: parts.first().map_or(0.0, |p| p.sensitivity),
            events_seen: 0,
            event_type: String::new(),
            generation: parts.first().map_or(0, |p| p.generation),
            runs: Vec::with_capacity(parts.len()),
            scores: Vec::with_capacity(LATEST),
        };
        for part in parts {
            shards::merge(
                &mut answer,
                IngestAnswer {
                    state: part.state,
                    events_seen: part.events_seen,
                    ..IngestAnswer::default()
                },
            );
            if whole.event_type.is_empty() {
                whole.event_type = part.event_type;
            }
            let older = part.scores.len().saturating_sub(share);
            whole
                .scores
                .extend(part.scores.get(older..).unwrap_or_default());
            whole.runs.extend(part.runs.last().map(|run| Run {
                first_seq: run.first_seq + older as u64,
                count: run.count.saturating_sub(older as u64),
            }));
        }
        whole.state = answer.state;
        whole.events_seen = answer.events_seen;
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(shard: u32, count: u64) -> Latest {
        Latest {
            state: "ready".into(),
            sensitivity: 0.5,
            events_seen: 5_000,
            event_type: "log".into(),
            generation: 2,
            runs: vec![Run {
                first_seq: shards::sequence(shard, 5_000 - count),
                count,
            }],
            scores: (0..count).map(|i| (i + 5_000 - count) as f32).collect(),
        }
    }

    #[test]
    fn every_shard_has_its_share_and_every_score_its_place() {
        let whole = Latest::of_shards(vec![part(0, 2_000), part(1, 2_000), part(2, 3)]);
        assert_eq!(whole.scores.len(), 666 + 666 + 3);
        assert_eq!(whole.events_seen, 15_000);
        assert_eq!((whole.generation, whole.event_type.as_str()), (2, "log"));
        let mut scores = whole.scores.iter();
        for (shard, run) in (0u32..).zip(&whole.runs) {
            for at in 0..run.count {
                let index = *scores.next().expect("a score") as u64;
                assert_eq!(run.first_seq + at, shards::sequence(shard, index));
            }
        }
        assert!(scores.next().is_none());
        assert_eq!(Latest::of_shards(vec![part(0, 2_000)]).scores.len(), 2_000);
        assert!(Latest::of_shards(Vec::new()).scores.is_empty());
    }
}
