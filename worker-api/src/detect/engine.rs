//! A stream's detector with its counters and its memory of event ids: everything a batch changes, without storage or time.
//!
//! `apply` decides, the stream object stores. The same engine rebuilt from a checkpoint and the log since then is in the same
//! state bit for bit, because the detector is deterministic and the log holds exactly the events it saw.

use super::dedupe::{self, Window};
use super::lesson;
use super::log::{LogError, Reader, Record, Writer, kind_name};
use super::name::ObjectName;
use super::record::{Pending, Place};
use super::runs::Runs;
use super::shards::{self, Change, Layout};
use cbad::{CheckpointError, Config, Detector, State, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use uuid::Uuid;

/// Scores kept for looking back.
pub const LATEST: usize = 2_000;
/// Sequence numbers of anomalies found elsewhere start here, far above any event.
const FOUND_BASE: u64 = 1 << 52;

/// What the object knows of its stream beside the detector. Stored with every batch: in its row of the log, or in a row of its own
/// where there is no batch or the log has just made way for a checkpoint. The newer of both holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counters {
    /// Grows when the stream is reset.
    pub generation: u32,
    /// Events scored in this generation.
    pub events: u64,
    /// Anomalies recorded in this generation.
    pub detections: u64,
    /// Anomalies reported from outside.
    pub found: u64,
    /// The newest event's type.
    pub event_type: String,
    /// Events in the log since the last checkpoint.
    #[serde(default)]
    pub log_events: u64,
    /// Bytes in the log since the last checkpoint.
    #[serde(default)]
    pub log_bytes: u64,
    /// Milliseconds of the first and of the newest event's arrival.
    pub first_ms: Option<i64>,
    /// See `first_ms`.
    pub last_ms: Option<i64>,
    /// The stream's own sensitivity; `None` follows the organisation's.
    #[serde(default)]
    pub sensitivity: Option<f64>,
    /// Events that the detector had seen elsewhere when this shard took it over.
    #[serde(default)]
    pub base: u64,
    /// How the stream is spread.
    #[serde(default, skip_serializing_if = "Layout::is_first")]
    pub layout: Layout,
    /// The next layout, until every shard has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// The newest row of the log that these counters know of. It grows for good.
    #[serde(default)]
    pub log_seq: i64,
    /// The newest row of the log that the checkpoint stands for.
    #[serde(default)]
    pub checkpoint_seq: i64,
    /// Usage that the table of usage does not have yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Used>,
    /// Repeats that the table of repeats does not have yet: an anomaly's sequence number, and how often it was seen again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<(u64, u32)>,
}

/// Usage of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// The day, as it is stored.
    pub day: String,
    /// Events scored.
    pub events: u64,
    /// Anomalies recorded.
    pub detections: u64,
}

/// The answer for one stream of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IngestAnswer {
    /// Events scored and counted now.
    pub accepted: u32,
    /// Events recognised by their id.
    pub duplicates: u32,
    /// Which of the request's.
    #[serde(default, skip_serializing_if = "Runs::is_empty")]
    pub repeated: Runs,
    /// Recorded anomalies.
    pub anomalies: Vec<Found>,
    /// The detector's state.
    pub state: String,
    /// Events scored in this generation.
    pub events_seen: u64,
    /// Detections beyond the plan's allowance: counted, not recorded.
    #[serde(default)]
    pub unrecorded: u32,
    /// Nothing was done: the batch was split by another layout than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Layout>,
}

/// What a number that stands for an answer has room for: events of a batch, and states.
const PACKED_EVENTS: u64 = 1 << 12;
const STATES: [State; 3] = [State::Learning, State::Ready, State::Drifting];

impl IngestAnswer {
    /// A whole number that says the same, below 2^53: of most answers, in which nothing is special. Writing a text and reading it takes
    /// longer than anything else about an answer.
    pub fn packed(&self) -> Option<f64> {
        let is_plain = self.duplicates == 0
            && self.repeated.is_empty()
            && self.anomalies.is_empty()
            && self.unrecorded == 0
            && self.moved.is_none();
        let accepted = u64::from(self.accepted);
        if !is_plain || accepted >= PACKED_EVENTS {
            return None;
        }
        let state = STATES.iter().position(|&s| state_name(s) == self.state)? as u64;
        let seen = self.events_seen.checked_mul(PACKED_EVENTS * 4)?;
        let number = seen.checked_add(state * PACKED_EVENTS + accepted)?;
        (number < 1 << 53).then_some(number as f64)
    }

    /// What [`Self::packed`] stands for.
    pub fn unpacked(number: f64) -> Option<Self> {
        let number = number as u64;
        let state = STATES.get((number / PACKED_EVENTS % 4) as usize)?;
        Some(Self {
            accepted: (number % PACKED_EVENTS) as u32,
            state: state_name(*state).into(),
            events_seen: number / PACKED_EVENTS / 4,
            ..Self::default()
        })
    }
}

/// An anomaly in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The anomaly's id.
    pub id: Uuid,
    /// Position in the request.
    pub index: u32,
    /// Where.
    pub stream: String,
    /// Bits of surprise beyond what is usual.
    pub score: f64,
    /// How improbable that is.
    pub p_value: f64,
    /// `low`, `medium` or `high`.
    pub severity: String,
    /// One sentence.
    pub reason: String,
}

/// What a batch changed, to be stored in one transaction.
#[derive(Debug)]
pub struct Applied {
    /// For the caller.
    pub answer: IngestAnswer,
    /// The accepted records, for the log; `None` where nothing was accepted.
    pub log: Option<Vec<u8>>,
    /// Fingerprints of the accepted events' ids.
    pub ids: Vec<u64>,
    /// Anomalies for the outbox.
    pub anomalies: Vec<Pending>,
    /// Sequence numbers of earlier anomalies that were seen again, once per repeat.
    pub repeats: Vec<u64>,
}

/// See the module.
pub struct Engine {
    /// Which stream.
    pub name: ObjectName,
    /// What it has seen.
    pub counters: Counters,
    /// Event ids it has seen.
    pub window: Window,
    /// Detections that may still be recorded. The caller says so for each batch.
    pub recordable: u64,
    /// Events that were scored and are not in the log yet, as one batch; empty where there are none.
    pub unwritten: Vec<u8>,
    pub(super) detector: Detector,
    /// P-values; where one has no logarithm, the score below zero.
    latest: VecDeque<f64>,
}

impl Engine {
    /// A stream that has seen nothing.
    pub fn new(name: ObjectName, counters: Counters, window: Window) -> Self {
        // the default seed for every stream: the same events give the same scores under any name, in `cbad score` too
        let detector = Detector::new(Config::default());
        Self {
            name,
            counters,
            window,
            recordable: u64::MAX,
            unwritten: Vec::new(),
            detector,
            latest: VecDeque::new(),
        }
    }

    /// A stream as its checkpoint left it.
    pub fn restore(
        name: ObjectName,
        counters: Counters,
        window: Window,
        checkpoint: &[u8],
    ) -> Result<Self, CheckpointError> {
        Ok(Self {
            detector: Detector::restore(checkpoint)?,
            latest: VecDeque::new(),
            name,
            counters,
            window,
            recordable: u64::MAX,
            unwritten: Vec::new(),
        })
    }

    /// Feeds a row of the log to the detector again. Counters were stored with the row and stay.
    pub fn replay(&mut self, log: &[u8]) -> Result<(), LogError> {
        if log.first() == Some(&lesson::VERSION) {
            return self.replay_lesson(log);
        }
        for record in Reader::new(log)? {
            let verdict = self.detector.observe_briefly(&record?.event());
            self.remember(&verdict);
        }
        Ok(())
    }

    /// How improbable the newest events were in bits, oldest first: since the object was loaded, as far back as its log reached.
    pub fn latest(&self) -> impl ExactSizeIterator<Item = f32> + '_ {
        // a logarithm when somebody looks, which is seldom, and not with every event
        self.latest.iter().map(|&kept| {
            if kept > 0.0 {
                (0.0 - kept.log2()) as f32
            } else {
                -kept as f32
            }
        })
    }

    /// Keeps how improbable an event was: what alarms are measured by, which a number's own bits of surprise are not.
    fn remember(&mut self, verdict: &Verdict) {
        if self.latest.len() == LATEST {
            self.latest.pop_front();
        }
        let p = verdict.p_value;
        let kept = if p > 0.0 { p } else { -verdict.score };
        self.latest.push_back(kept);
    }

    /// Goes on with another shard's detector, which has seen `index` events.
    pub fn inherit(&mut self, checkpoint: &[u8], index: u64) -> Result<(), CheckpointError> {
        self.detector = Detector::restore(checkpoint)?;
        self.counters.base = index;
        self.latest.clear();
        Ok(())
    }

    /// The detector's checkpoint.
    pub fn snapshot(&self) -> Vec<u8> {
        self.detector.snapshot()
    }
    /// Bytes of memory that detector and ids hold.
    pub fn memory_bytes(&self) -> usize {
        let latest = self.latest.capacity() * size_of::<f64>();
        self.detector.memory_bytes() + self.window.memory_bytes() + latest
    }
    /// The detector's state by name.
    pub fn state(&self) -> &'static str {
        state_name(self.detector.state())
    }

    /// How readily alarms are raised, from 0 to 1.
    pub fn sensitivity(&self) -> f64 {
        self.detector.config().sensitivity
    }
    /// Changes it. The log cannot tell when: the caller stores a checkpoint with it.
    pub fn set_sensitivity(&mut self, sensitivity: f64) {
        self.detector.set_sensitivity(sensitivity);
    }

    /// Scores a batch in order and learns from it.
    pub fn apply(&mut self, batch: &[u8], now_ms: i64) -> Result<Applied, LogError> {
        let mut applied = Applied {
            answer: IngestAnswer::default(),
            log: None,
            ids: Vec::new(),
            anomalies: Vec::new(),
            repeats: Vec::new(),
        };
        // read everything before anything is learnt: a corrupt batch changes nothing
        let mut records: Vec<Record<'_>> = Vec::with_capacity((batch.len() / 64).min(1_000));
        for record in Reader::new(batch)? {
            records.push(record?);
        }
        let mut fresh = BTreeSet::new();
        let mut accepted = Vec::with_capacity(records.len());
        for record in &records {
            if let Some(id) = record.id.map(dedupe::fingerprint) {
                if self.window.contains(id) || !fresh.insert(id) {
                    applied.answer.duplicates += 1;
                    applied.answer.repeated.push(record.index);
                    continue;
                }
                applied.ids.push(id);
            }
            self.score(record, now_ms, &mut applied);
            accepted.push(record);
        }
        applied.answer.accepted = accepted.len() as u32;
        if let Some(last) = records.last() {
            kind_name(last.kind).clone_into(&mut self.counters.event_type);
        }
        if !accepted.is_empty() {
            self.counters.log_events += u64::from(applied.answer.accepted);
            let log = if accepted.len() == records.len() {
                batch.to_vec()
            } else {
                let mut log = Writer::default();
                accepted.into_iter().for_each(|record| log.push(record));
                log.finish()
            };
            self.counters.log_bytes += log.len() as u64;
            applied.log = Some(log);
            self.counters.first_ms.get_or_insert(now_ms);
            self.counters.last_ms = Some(now_ms);
        }
        applied.answer.state = self.state().into();
        applied.answer.events_seen = self.counters.events;
        Ok(applied)
    }

    fn score(&mut self, record: &Record<'_>, now_ms: i64, applied: &mut Applied) {
        let verdict = self.detector.observe_briefly(&record.event());
        self.remember(&verdict);
        let base = self.counters.base;
        let sequence = shards::sequence(self.name.shard, base + self.counters.events);
        self.counters.events += 1;
        if !verdict.anomaly {
            return;
        }
        if let Some(first) = verdict.repeat_of {
            // one from before the stream was split is another shard's
            if first >= base {
                let first = shards::sequence(self.name.shard, first);
                applied.repeats.push(first);
            }
            return;
        }
        if self.recordable == 0 {
            applied.answer.unrecorded += 1;
            return;
        }
        self.recordable -= 1;
        self.counters.detections += 1;
        let place = Place {
            name: &self.name,
            generation: self.counters.generation,
            sequence,
            now_ms,
        };
        let pending = Pending::from_verdict(place, record, &verdict, self.detector.recent());
        applied.answer.anomalies.push(Found {
            id: place.id(),
            index: record.index,
            stream: self.name.stream.clone(),
            score: verdict.score,
            p_value: verdict.p_value,
            severity: pending
                .row
                .get("severity")
                .and_then(|s| s.as_str())
                .unwrap_or("low")
                .to_owned(),
            reason: verdict.reason.clone().unwrap_or_default(),
        });
        applied.anomalies.push(pending);
    }

    /// Records an anomaly that was found elsewhere.
    pub fn record_found(
        &mut self,
        found: &super::stream_object::RecordFound,
        now_ms: i64,
    ) -> Pending {
        let sequence = FOUND_BASE + self.counters.found;
        self.counters.found += 1;
        self.counters.detections += 1;
        let place = Place {
            name: &self.name,
            generation: self.counters.generation,
            sequence,
            now_ms,
        };
        Pending::found(
            place,
            &found.event_type,
            &found.severity,
            found.metadata.clone(),
            found.reason.as_deref(),
        )
    }
}

fn state_name(state: State) -> &'static str {
    match state {
        State::Learning => "learning",
        State::Ready => "ready",
        State::Drifting => "drifting",
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
