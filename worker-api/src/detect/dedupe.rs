//! The window of event ids in which a repeated event is recognised.
//!
//! An id is kept as 64 bits of its SHA-256: with a full window the chance that a new id is taken for an old one is below
//! 3·10⁻¹⁵ per event. The window ends after [`MAX_IDS`] ids or [`MAX_AGE_MS`], whichever comes first, but the newest
//! [`KEPT_IDS`] stay whatever their age: a clock that jumps ahead must not make a retry under way count twice.

use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, VecDeque};

/// Ids remembered per stream.
pub const MAX_IDS: usize = 50_000;
/// How long an id is remembered: 24 hours.
pub const MAX_AGE_MS: i64 = 86_400_000;

/// Ids that no age removes.
pub const KEPT_IDS: usize = 1_000;

/// Ids in a row of merged windows.
const MERGED_IDS: usize = 1_000;

/// The ids of one request, as stored.
#[derive(Clone, Debug)]
struct Entry {
    row: i64,
    at_ms: i64,
    ids: Vec<u64>,
}

/// The ids of the window.
#[derive(Clone, Debug, Default)]
pub struct Window {
    known: BTreeSet<u64>,
    entries: VecDeque<Entry>,
}

/// 64 bits of an id's SHA-256.
pub fn fingerprint(id: &str) -> u64 {
    let digest = Sha256::digest(id.as_bytes());
    digest
        .iter()
        .take(8)
        .fold(0, |acc, &b| (acc << 8) | u64::from(b))
}

/// The stored form of fingerprints.
pub fn pack(ids: &[u64]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.to_le_bytes()).collect()
}

/// Reads the stored form.
pub fn unpack(bytes: &[u8]) -> Vec<u64> {
    bytes
        .chunks_exact(8)
        .map(|c| c.iter().rev().fold(0, |acc, &b| (acc << 8) | u64::from(b)))
        .collect()
}

impl Window {
    /// Whether an id was seen within the window.
    pub fn contains(&self, id: u64) -> bool {
        self.known.contains(&id)
    }

    /// Bytes of memory, nearly: an id is held in the set and in its request's list.
    pub fn memory_bytes(&self) -> usize {
        24 * self.known.len() + 48 * self.entries.len()
    }

    /// Adds the ids of one request, stored as row `row`.
    pub fn add(&mut self, row: i64, at_ms: i64, ids: Vec<u64>) {
        self.known.extend(&ids);
        self.entries.push_back(Entry { row, at_ms, ids });
    }

    /// The ids by request: when it came, and its ids; oldest first.
    pub fn requests(&self) -> impl Iterator<Item = (i64, &[u64])> {
        self.entries.iter().map(|e| (e.at_ms, e.ids.as_slice()))
    }

    /// Takes in another window's ids, in the order they came. All are kept in rows of [`MERGED_IDS`] that end at `last_row`;
    /// ids that are known already change nothing.
    #[must_use]
    pub fn merged(&self, other: &[(i64, Vec<u64>)], last_row: i64) -> Self {
        let fresh = other.iter().flat_map(|(at, ids)| {
            ids.iter()
                .filter(|id| !self.contains(**id))
                .map(|id| (*at, *id))
        });
        let own = self
            .requests()
            .flat_map(|(at, ids)| ids.iter().map(move |id| (at, *id)));
        let mut all: Vec<(i64, u64)> = own.chain(fresh).collect();
        all.sort_by_key(|(at, _)| *at);
        let rows = all.chunks(MERGED_IDS);
        let first_row = last_row + 1 - rows.len() as i64;
        let mut merged = Self::default();
        for (row, chunk) in (first_row..).zip(rows) {
            // the newest of a row decides when it is forgotten
            let at = chunk.last().map_or(0, |(at, _)| *at);
            merged.add(row, at, chunk.iter().map(|(_, id)| *id).collect());
        }
        merged
    }

    /// The rows as they are stored.
    pub fn rows(&self) -> impl Iterator<Item = (i64, i64, Vec<u8>)> {
        self.entries.iter().map(|e| (e.row, e.at_ms, pack(&e.ids)))
    }

    /// Drops what has left the window; returns the newest row dropped, so that the store can follow.
    pub fn expire(&mut self, now_ms: i64) -> Option<i64> {
        let mut dropped = None;
        while let Some(oldest) = self.entries.front() {
            // the newest request stays whole, however large it was
            let too_many = self.known.len() > MAX_IDS && self.entries.len() > 1;
            let too_old = now_ms - oldest.at_ms >= MAX_AGE_MS
                && self.known.len().saturating_sub(oldest.ids.len()) >= KEPT_IDS;
            if !too_many && !too_old {
                break;
            }
            dropped = Some(oldest.row);
            for id in &oldest.ids {
                self.known.remove(id);
            }
            self.entries.pop_front();
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_by_count_and_time() {
        let mut w = Window::default();
        for row in 0..6 {
            w.add(
                row,
                row,
                (0..10_000).map(|i| (row as u64) * 10_000 + i).collect(),
            );
        }
        assert_eq!(w.expire(10), Some(0));
        assert!(!w.contains(5) && w.contains(10_005) && w.contains(59_999));
        assert_eq!(w.expire(10), None);
        assert_eq!(w.expire(MAX_AGE_MS + 3), Some(3));
        assert!(!w.contains(30_000) && w.contains(40_000));
        assert_eq!(w.expire(1000 * MAX_AGE_MS), Some(4), "the newest stay");
        assert!(w.contains(59_999));
    }

    #[test]
    fn merging_keeps_all_ids_in_the_order_they_came_and_twice_changes_nothing() {
        let mut w = Window::default();
        w.add(1, 10, vec![1, 2]);
        w.add(5, 30, vec![3]);
        let other = vec![(20, (100..2600).collect::<Vec<u64>>()), (25, vec![2, 7])];
        let merged = w.merged(&other, 5);
        assert!(
            (100..2600)
                .chain([1, 2, 3, 7])
                .all(|id| merged.contains(id))
        );
        let rows: Vec<(i64, i64, usize)> = merged
            .rows()
            .map(|(r, at, b)| (r, at, b.len() / 8))
            .collect();
        assert_eq!(rows, [(3, 20, 1000), (4, 20, 1000), (5, 30, 504)]);
        let again = merged.merged(&other, 5);
        assert!(again.rows().eq(merged.rows()));
    }

    #[test]
    fn packing_round_trips() {
        let ids = vec![0, 1, u64::MAX, fingerprint("a")];
        assert_eq!(unpack(&pack(&ids)), ids);
        assert!(unpack(&[1, 2, 3]).is_empty());
    }
}
