//! What people said is expected: the counts of those events, kept beside the model and not in it.
//!
//! A taught event's symbols read as if every event had had them, so they cost next to nothing wherever they come up. Because the
//! model's own counts stay untouched, forgetting an event takes back exactly what teaching it gave. What the detector learnt by
//! itself meanwhile (a taught event is ordinary to the guard, so later ones like it are learnt) stays learnt.

use crate::checkpoint::{Reader, Truncated, Writer};
use crate::model::Counts;
use crate::table::{Place, Slot, Table};

/// Taught events at most.
const ENTRIES: usize = 64;
/// Counts of all of them together: 8 bytes each in memory and in a checkpoint.
const KEYS: usize = 8_192;

/// Why an event cannot be taught.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TeachError {
    /// As many events are taught as fit.
    #[error("the stream holds as many expected events as it can")]
    Full,
    /// Numbers are judged by their own past, which takes up a lasting change by itself.
    #[error("a metric's values are judged by their own past and cannot be taught")]
    Numbers,
}

/// The taught events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taught {
    entries: Vec<(u64, Vec<u64>)>,
    keys: Vec<u64>, // of all entries, sorted, each once
}

impl Taught {
    /// Whether nothing is taught.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        8 * (self.keys.len() + self.entries.iter().map(|(_, k)| k.len() + 4).sum::<usize>())
    }
    /// Whether the event named `id` is taught.
    pub fn contains(&self, id: u64) -> bool {
        self.entries.iter().any(|(i, _)| *i == id)
    }

    /// Adds an event under a name of the caller's.
    pub fn add(&mut self, id: u64, keys: Vec<u64>) -> Result<(), TeachError> {
        let held: usize = self.entries.iter().map(|(_, k)| k.len()).sum();
        if self.entries.len() >= ENTRIES || held + keys.len() > KEYS {
            return Err(TeachError::Full);
        }
        self.entries.push((id, keys));
        self.index();
        Ok(())
    }

    /// Takes an event back; `false` if it is not taught.
    pub fn remove(&mut self, id: u64) -> bool {
        let before = self.entries.len();
        self.entries.retain(|(i, _)| *i != id);
        self.index();
        self.entries.len() < before
    }

    fn index(&mut self) {
        self.keys = self
            .entries
            .iter()
            .flat_map(|(_, k)| k.iter().copied())
            .collect();
        self.keys.sort_unstable();
        self.keys.dedup();
    }

    /// Writes the events.
    pub fn write(&self, out: &mut Writer) {
        out.varint(self.entries.len() as u64);
        for (id, keys) in &self.entries {
            out.u64(*id);
            out.varint(keys.len() as u64);
            keys.iter().for_each(|&k| out.u64(k));
        }
    }

    /// Reads what [`Taught::write`] wrote.
    pub fn read(r: &mut Reader) -> Result<Taught, Truncated> {
        let mut taught = Taught::default();
        for _ in 0..r.length()? {
            let id = r.u64()?;
            let keys = (0..r.length()?)
                .map(|_| r.u64())
                .collect::<Result<_, _>>()?;
            taught.add(id, keys).map_err(|_| Truncated)?;
        }
        Ok(taught)
    }
}

/// The model's counts, as they are read by prices: those of taught events are as high as can be.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The model's own.
    pub table: &'a Table,
    /// What people said is expected.
    pub taught: &'a Taught,
    /// Events learnt.
    pub events: u32,
}

impl Counts for Known<'_> {
    #[inline]
    fn find(&mut self, key: u64) -> (Slot, Place) {
        let (slot, place) = self.table.find(key);
        if self.taught.keys.is_empty() || self.taught.keys.binary_search(&key).is_err() {
            return (slot, place);
        }
        let all = u16::try_from(self.events).unwrap_or(u16::MAX).max(1);
        let n = slot.n.max(all);
        (Slot { n, ..slot }, place)
    }
}
