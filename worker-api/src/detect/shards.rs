//! How a hot stream is spread over several objects, its shards, and what makes that one stream still.
//!
//! An event has a *slot* from 0 to 15 for good: [`slot`], a hash of its group, or its id where it has no group, or its text. A stream
//! of `n` shards (1, 2, 4, 8 or 16) has slot `s` in shard `s mod n`. Therefore a retry comes to the slot its event came to, and when the
//! number changes every shard takes over from exactly one other, which hands it what it remembers of retries.
//!
//! The stream's first object owns the [`Layout`]. Each layout has an epoch, every batch names the one it was split by, and an object
//! takes only batches of its own: so an event is never scored by the old and the new owner of its slot.

use super::engine::IngestAnswer;
use super::log::{LogError, Reader, Record, Writer};
use super::name::ObjectName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Slots of every stream.
const SLOTS: u32 = 16;
/// Numbers of shards that a stream may have.
pub const COUNTS: [u32; 5] = [1, 2, 4, 8, 16];
/// A set of slots, one bit each.
pub type Slots = u16;
/// Every slot.
pub const ALL: Slots = Slots::MAX;
/// Sequence numbers of shard `k` begin at `k` times this, so that they are unique in the stream.
const SEQUENCES: u64 = 1 << 44;

/// How a stream is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Grows with every change.
    pub epoch: u32,
    /// Objects that take events.
    pub shards: u32,
    /// Objects that ever did and may hold something.
    pub most: u32,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            epoch: 0,
            shards: 1,
            most: 1,
        }
    }
}

/// A layout on its way; kept by the first object until every other has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What it will be.
    pub to: Layout,
    /// Shards before.
    pub from: u32,
    /// Whether the stream begins anew with it.
    pub forget: bool,
}

impl Layout {
    /// Whether the stream was never split.
    pub fn is_first(&self) -> bool {
        self.epoch == 0
    }
    /// The slots of a shard.
    pub fn slots(&self, shard: u32) -> Slots {
        let of_shard = (0..SLOTS).filter(|slot| slot % self.shards == shard);
        of_shard.fold(0, |set, slot| set | 1 << slot)
    }
    /// The next layout, with so many shards.
    pub fn resized(&self, shards: u32) -> Change {
        let to = Self {
            epoch: self.epoch + 1,
            shards,
            most: self.most.max(shards),
        };
        Change {
            to,
            from: self.shards,
            forget: false,
        }
    }
    /// The next layout, of a stream that begins anew.
    pub fn anew(&self) -> Change {
        let to = Self {
            epoch: self.epoch + 1,
            shards: 1,
            most: self.most,
        };
        Change {
            to,
            from: self.shards,
            forget: true,
        }
    }
}

impl Change {
    /// Who takes over from whom: (giver, taker).
    pub fn hand_overs(&self) -> Vec<(u32, u32)> {
        let (from, to) = (self.from, self.to.shards);
        let grown = (from..to).map(|k| (k % from, k));
        let shrunk = (to..from).map(|k| (k, k % to));
        grown.chain(shrunk).collect()
    }
}

/// The sequence number of the event at `index` of a shard.
pub fn sequence(shard: u32, index: u64) -> u64 {
    u64::from(shard) * SEQUENCES + index
}

/// The slot of an event: FNV-1a (64 bits) of its group, id or text, the halves xored, modulo 16.
pub fn slot(record: &Record<'_>) -> u32 {
    let text = record.group.or(record.id).unwrap_or(record.text);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    ((hash >> 32) ^ hash) as u32 % SLOTS
}

/// A batch by shard.
pub fn split(batch: &[u8], layout: &Layout) -> Result<BTreeMap<u32, Vec<u8>>, LogError> {
    let mut parts: BTreeMap<u32, Writer> = BTreeMap::new();
    for record in Reader::new(batch)? {
        let record = record?;
        let shard = slot(&record) % layout.shards;
        parts.entry(shard).or_default().push(&record);
    }
    Ok(parts.into_iter().map(|(k, w)| (k, w.finish())).collect())
}

/// A batch without the events of some slots.
pub fn without(batch: &[u8], slots: Slots) -> Result<Vec<u8>, LogError> {
    let mut rest = Writer::default();
    for record in Reader::new(batch)? {
        let record = record?;
        if slots & (1 << slot(&record)) == 0 {
            rest.push(&record);
        }
    }
    Ok(rest.finish())
}

/// Adds the answer for one part to that for others; `events_seen` and state are those of all parts together.
pub fn merge(into: &mut IngestAnswer, part: IngestAnswer) {
    into.accepted += part.accepted;
    into.duplicates += part.duplicates;
    into.repeated.extend(part.repeated);
    into.unrecorded += part.unrecorded;
    into.events_seen += part.events_seen;
    into.anomalies.extend(part.anomalies);
    if rank(&part.state) > rank(&into.state) {
        into.state = part.state;
    }
}

/// The state of several shards is that of the one which has most to do still.
fn rank(state: &str) -> u8 {
    match state {
        "learning" => 3,
        "drifting" => 2,
        "ready" => 1,
        _ => 0,
    }
}

impl ObjectName {
    /// Another shard of the same stream.
    #[must_use]
    pub fn with_shard(&self, shard: u32) -> Self {
        Self {
            shard,
            ..self.clone()
        }
    }
}

/// What a shard hands over, in pages: the answers to requests, and with the first page the rest.
#[derive(Debug, Serialize, Deserialize)]
pub struct Page {
    /// Only in the first page.
    pub first: Option<Inheritance>,
    /// Requests that were answered.
    pub answers: Vec<Answered>,
    /// The last key of this page, where there are more.
    pub more: Option<String>,
}

/// What a new shard begins with.
#[derive(Debug, Serialize, Deserialize)]
pub struct Inheritance {
    /// The stream's generation.
    pub generation: u32,
    /// The stream's own sensitivity.
    pub sensitivity: Option<f64>,
    /// The newest event's type.
    pub event_type: String,
    /// Events that the detector has seen.
    pub index: u64,
    /// The detector, base64.
    pub snapshot: String,
    /// Event ids: when they came, and their fingerprints, base64.
    pub ids: Vec<(i64, String)>,
}

/// A request that was answered.
#[derive(Debug, Serialize, Deserialize)]
pub struct Answered {
    /// Hash of its key.
    pub key: String,
    /// Hash of its body.
    pub request: String,
    /// The answer.
    pub answer: String,
    /// Slots whose events the answer is about.
    pub slots: Slots,
    /// When.
    pub at: i64,
}

/// Which page is asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ask {
    /// The last key of the page before.
    pub after: Option<String>,
    /// Without the answers' content: whoever hands over keeps it and goes on answering.
    pub blank: bool,
}

/// A layout and how far the object has come.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct View {
    /// The layout.
    pub layout: Layout,
    /// Events that this object has scored.
    pub events_seen: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::log::Format;
    use cbad::Kind;

    fn record<'a>(index: u32, group: Option<&'a str>, id: Option<&'a str>) -> Record<'a> {
        Record {
            index,
            kind: Kind::Log,
            timestamp_ms: None,
            group,
            id,
            metadata: None,
            format: Format::Text,
            text: "line",
        }
    }

    #[test]
    fn slots_are_fixed_and_even() {
        // documented: clients may compute them
        let groups = ["session-1", "order-7", "trace-a"];
        let slots = groups.map(|g| slot(&record(0, Some(g), None)));
        assert_eq!(slots, KNOWN);
        let mut counts = [0u32; 16];
        for i in 0..16_000 {
            let group = format!("g{i}");
            counts[slot(&record(0, Some(&group), Some("x"))) as usize] += 1;
        }
        assert!(counts.iter().all(|n| (700..1300).contains(n)), "{counts:?}");
        let by_id = slot(&record(0, None, Some("session-1")));
        assert_eq!(by_id, slot(&record(9, Some("session-1"), Some("other"))));
    }
    /// Computed apart.
    const KNOWN: [u32; 3] = [0, 4, 1];

    #[test]
    fn every_slot_has_one_owner_in_every_layout() {
        for shards in COUNTS {
            let layout = Layout {
                shards,
                ..Layout::default()
            };
            let owned: Vec<Slots> = (0..shards).map(|k| layout.slots(k)).collect();
            assert_eq!(owned.iter().fold(0, |a, b| a | b), ALL);
            assert_eq!(owned.iter().map(|s| s.count_ones()).sum::<u32>(), 16);
        }
    }

    #[test]
    fn a_slot_goes_from_its_old_owner_to_its_new_one() {
        for from in COUNTS {
            for to in COUNTS {
                let before = Layout {
                    shards: from,
                    ..Layout::default()
                };
                let change = before.resized(to);
                for slot in 0..16 {
                    let (old, new) = (slot % from, slot % to);
                    assert!(
                        old == new || change.hand_overs().contains(&(old, new)),
                        "{from} to {to}: slot {slot}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_batch_is_split_and_filtered_by_slot() {
        let mut batch = Writer::default();
        let groups: Vec<String> = (0..50).map(|i| format!("g{i}")).collect();
        for (i, group) in groups.iter().enumerate() {
            batch.push(&record(i as u32, Some(group), None));
        }
        let batch = batch.finish();
        let layout = Layout {
            epoch: 1,
            shards: 4,
            most: 4,
        };
        let parts = split(&batch, &layout).expect("whole");
        let count = |b: &[u8]| Reader::new(b).expect("whole").count();
        assert_eq!(parts.values().map(|p| count(p)).sum::<usize>(), 50);
        for (shard, part) in &parts {
            assert_eq!(
                count(&without(part, layout.slots(*shard)).expect("whole")),
                0
            );
            assert_eq!(
                count(&without(part, ALL ^ layout.slots(*shard)).expect("whole")),
                count(part)
            );
        }
    }
}
