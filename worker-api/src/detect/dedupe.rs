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
    fn packing_round_trips() {
        let ids = vec![0, 1, u64::MAX, fingerprint("a")];
        assert_eq!(unpack(&pack(&ids)), ids);
        assert!(unpack(&[1, 2, 3]).is_empty());
    }
}
