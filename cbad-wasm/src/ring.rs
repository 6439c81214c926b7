//! The newest raw scores of a stream, in order of time and in order of size.

use crate::bits::MicroBits;
use crate::checkpoint::{Reader, Truncated, Writer};

/// Micro-bits in the unit scores are kept in: a thousandth of a bit.
pub const UNIT: MicroBits = 1_000;
/// The sorted copy is brought up to date after so many new scores.
const BATCH: usize = 64;
/// Until so many have been taken up, at every power of two from 64 the older half goes if a younger model scored it differently.
const YOUNG: u32 = 1_024;
/// Up to here it goes in any case: so few cannot be compared.
const FEW: u32 = 128;
/// Percentage of the older half beyond the newer half's ninth decile, from which on it is scored differently.
const BEYOND: usize = 20;

/// A ring of scores with a sorted copy that lags by at most a batch.
#[derive(Clone, Debug)]
pub struct Ring {
    scores: Vec<i32>, // in order of time from `next` on, thousandths of a bit
    next: usize,
    capacity: usize,
    taken: u32, // counted while the model is young
    sorted: Vec<i32>,
    marks: Vec<i32>, // the last of each `apart` sorted scores: a search looks through these and then between two
    apart: usize,
    added: Vec<i32>,
    gone: Vec<i32>,
    spare: Vec<i32>,
}

impl Ring {
    /// Holds up to `capacity` scores, at least 64.
    pub fn new(capacity: usize) -> Ring {
        let capacity = capacity.max(BATCH);
        Ring {
            scores: vec![],
            next: 0,
            capacity,
            taken: 0,
            sorted: vec![],
            marks: vec![],
            apart: capacity.isqrt(),
            added: vec![],
            gone: vec![],
            spare: vec![],
        }
    }

    /// Bytes held at most.
    pub fn bytes(&self) -> usize {
        self.capacity * 12
    }

    /// Takes up a score; true if the sorted copy changed.
    pub fn push(&mut self, raw: MicroBits, sound: bool) -> bool {
        let x = clamp(raw) * 2 + i32::from(sound);
        if self.scores.len() < self.capacity {
            self.scores.push(x);
        } else {
            self.gone
                .push(std::mem::replace(&mut self.scores[self.next], x));
            self.next += 1;
            if self.next == self.capacity {
                self.next = 0;
            }
        }
        self.added.push(x);
        if self.taken < YOUNG {
            self.taken += 1;
            if self.taken >= 64 && self.taken.is_power_of_two() {
                let half = self.scores.len() / 2;
                if self.next == 0 && half >= 16 && (self.taken <= FEW || outdated(&self.scores)) {
                    self.scores.drain(..half);
                }
                return self.rebuild();
            }
        }
        let due = self.added.len() >= BATCH || self.added.len() * 8 >= self.scores.len();
        if due {
            self.merge();
        }
        due
    }

    fn rebuild(&mut self) -> bool {
        self.added.clear();
        self.gone.clear();
        self.sorted.clone_from(&self.scores);
        self.sorted.sort_unstable();
        self.mark();
        true
    }

    fn mark(&mut self) {
        self.marks.clear();
        let parts = self.sorted.chunks_exact(self.apart);
        self.marks.extend(parts.map(|part| part[part.len() - 1]));
    }

    /// Merges what came and drops what went. They are few beside what stays, which is copied in stretches.
    fn merge(&mut self) {
        self.added.sort_unstable();
        self.gone.sort_unstable();
        self.spare.clear();
        self.spare.reserve(self.scores.len() + STRETCH);
        let (mut rest, mut added, mut gone) = (&self.sorted[..], &self.added[..], &self.gone[..]);
        loop {
            let (come, go) = (added.first().copied(), gone.first().copied());
            let next = match (come, go) {
                (Some(a), Some(g)) => a.min(g),
                (Some(x), None) | (None, Some(x)) => x,
                (None, None) => break,
            };
            added = &added[usize::from(come == Some(next))..];
            gone = &gone[usize::from(go == Some(next))..];
            if come == go {
                continue;
            }
            rest = pass(rest, next, &mut self.spare);
            if come == Some(next) {
                self.spare.push(next);
            } else {
                rest = &rest[usize::from(rest.first() == Some(&next))..];
            }
        }
        self.spare.extend_from_slice(rest);
        std::mem::swap(&mut self.sorted, &mut self.spare);
        self.mark();
        self.added.clear();
        self.gone.clear();
    }

    /// Scores in the sorted copy.
    pub fn count(&self) -> usize {
        self.sorted.len()
    }

    /// How many of them are at least `raw`.
    pub fn at_least(&self, raw: MicroBits) -> usize {
        let x = clamp(raw) * 2;
        let from = below(&self.marks, x) * self.apart;
        let rest = &self.sorted[from..];
        rest.len() - below(&rest[..rest.len().min(self.apart)], x)
    }

    /// The score below which `share`/100 of them are, micro-bits; 0 if there are none.
    pub fn percentile(&self, share: usize) -> MicroBits {
        let at = (self.sorted.len() * share / 100).min(self.sorted.len().saturating_sub(1));
        self.sorted.get(at).map_or(0, |&x| i64::from(x / 2) * UNIT)
    }

    /// How far the scores from the `share`th percentile on lie beyond it on average, micro-bits; 0 if there are none.
    pub fn mean_excess(&self, share: usize) -> MicroBits {
        let from = (self.sorted.len() * share / 100).min(self.sorted.len().saturating_sub(1));
        let top = self.sorted.get(from..).unwrap_or(&[]);
        let Some(&start) = top.first() else { return 0 };
        let sum: i64 = top.iter().map(|&x| i64::from(x / 2 - start / 2)).sum();
        sum * UNIT / top.len() as i64
    }

    /// The score that one in `one_in` of the sound ones reach, micro-bits.
    pub fn sound_top(&self, one_in: usize) -> MicroBits {
        let sound = self.sorted.iter().filter(|&&x| x & 1 == 1).count();
        let mut left = sound / one_in;
        for &x in self.sorted.iter().rev().filter(|&&x| x & 1 == 1) {
            if left == 0 {
                return i64::from(x / 2) * UNIT;
            }
            left -= 1;
        }
        0
    }

    /// Writes the ring.
    pub fn write(&self, out: &mut Writer) {
        out.varint(self.next as u64);
        out.varint(u64::from(self.taken));
        for part in [&self.scores, &self.added, &self.gone] {
            out.varint(part.len() as u64);
            part.iter().for_each(|&x| out.varint(x as u64));
        }
    }

    /// Reads what [`Ring::write`] wrote.
    pub fn read(input: &mut Reader, capacity: usize) -> Result<Ring, Truncated> {
        let mut ring = Ring::new(capacity);
        ring.next = input.varint()? as usize;
        ring.taken = input.small()?.min(YOUNG); // it was counted further once
        let scores = |input: &mut Reader, most: usize| -> Result<Vec<i32>, Truncated> {
            let n = input.length()?;
            if n > most {
                return Err(Truncated);
            }
            (0..n)
                .map(|_| i32::try_from(input.small()?).map_err(|_| Truncated))
                .collect()
        };
        ring.scores = scores(input, ring.capacity)?;
        let (added, gone) = (scores(input, BATCH)?, scores(input, BATCH)?);
        // the sorted copy is the scores as they were before what came and went since
        let mut then = ring.scores.clone();
        then.extend_from_slice(&gone);
        then.sort_unstable();
        for a in &added {
            let at = then.binary_search(a).map_err(|_| Truncated)?;
            then.remove(at);
        }
        (ring.sorted, ring.added, ring.gone) = (then, added, gone);
        ring.mark();
        let full = ring.scores.len() == ring.capacity;
        if ring.next >= ring.capacity || !full && ring.next > 0 {
            Err(Truncated)
        } else {
            Ok(ring)
        }
    }
}

/// Scores copied at a time.
const STRETCH: usize = 16;

/// Appends what is below `next` of the sorted `scores` to `out`; what is left.
#[inline]
fn pass<'a>(mut scores: &'a [i32], next: i32, out: &mut Vec<i32>) -> &'a [i32] {
    while let Some((stretch, rest)) = scores.split_first_chunk::<STRETCH>() {
        let n = below(stretch, next);
        out.extend_from_slice(stretch); // all of them: a copy of a fixed length is quicker
        if n < STRETCH {
            out.truncate(out.len() - (STRETCH - n));
            return &scores[n..];
        }
        scores = rest;
    }
    let (below, rest) = scores.split_at(below(scores, next));
    out.extend_from_slice(below);
    rest
}

/// How many of them are below `x`: all are compared, which takes less time than to guess where they end.
#[inline]
fn below(scores: &[i32], x: i32) -> usize {
    scores.iter().map(|&s| u32::from(s < x)).sum::<u32>() as usize
}

fn clamp(raw: MicroBits) -> i32 {
    (raw / UNIT).clamp(0, i64::from(i32::MAX / 4)) as i32
}

/// Whether the older half of `scores` lies above the newer: then it would hide what is odd by today's model. Where it does not, what
/// throwing it away costs in resolution is more.
fn outdated(scores: &[i32]) -> bool {
    let (older, newer) = scores.split_at(scores.len() / 2);
    let mut newer = newer.to_vec();
    newer.sort_unstable();
    let ninth_decile = newer[newer.len() * 9 / 10];
    let beyond = older.iter().filter(|&&x| x > ninth_decile).count();
    beyond * 100 > older.len() * BEYOND
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    #[test]
    fn the_sorted_copy_follows() {
        let mut ring = Ring::new(100);
        let mut all = vec![];
        let mut x = 1u64;
        for i in 0..5_000 {
            x = crate::hash::mix(x, 7);
            let raw = (x % 50) as i64 * UNIT;
            all.push((x % 50) as i32 * 2 + 1);
            if ring.push(raw, true) && i > 1_100 {
                let mut want = all[all.len() - 100..].to_vec();
                want.sort_unstable();
                assert_eq!(ring.sorted, want);
                for x in 0..51 {
                    let at_least = want.iter().filter(|&&w| w >= 2 * x).count();
                    assert_eq!(ring.at_least(i64::from(x) * UNIT), at_least);
                }
            }
            if i % 311 == 0 {
                let mut w = Writer::default();
                ring.write(&mut w);
                let back = Ring::read(&mut Reader::new(&w.bytes), 100).unwrap();
                assert_eq!((&back.scores, &back.sorted), (&ring.scores, &ring.sorted));
            }
        }
    }
}
