//! Finds repeats for the Zstandard encoder: a hash table of recent positions for four-byte and eight-byte starts, one step of
//! look-ahead, and a history that begins with the prefix.
//!
//! It also keeps `ruzstd`'s encoder away from inputs it cannot take (its tables need at least two symbols): see
//! [`PrefixMatcher::start_matching`].

use ruzstd::encoding::{CompressionLevel, Matcher, Sequence};

/// A block holds at most this many bytes (RFC 8878, 3.1.1.2.4).
const BLOCK: usize = 128 * 1024;
/// Shorter matches cost more than their literals.
const MIN_MATCH: usize = 5;
/// `ruzstd` gives literals a Huffman table from here on.
const HUFFMAN_FROM: usize = 1024;

/// A matcher whose history starts with a prefix.
pub(super) struct PrefixMatcher {
    prefix_len: usize,
    /// Prefix, then all content so far.
    history: Vec<u8>,
    last_start: usize,
    space: Vec<u8>,
    /// Last position + 1 of each hash of 8 bytes, and of 5.
    long: Vec<u32>,
    short: Vec<u32>,
    bits: u32,
    found: Vec<Found>,
}

/// `literals` bytes as they are, then `length` bytes from `offset` back.
#[derive(Clone, Copy)]
struct Found {
    literals: usize,
    offset: usize,
    length: usize,
}

impl PrefixMatcher {
    /// For `content` bytes after `prefix`; the tables grow with both.
    pub fn new(prefix: &[u8], content: usize) -> Self {
        let total = prefix.len().saturating_add(content).clamp(1 << 10, 1 << 17);
        let bits = total.next_power_of_two().ilog2();
        let mut matcher = Self {
            prefix_len: prefix.len(),
            history: Vec::with_capacity(prefix.len() + content.min(BLOCK)),
            last_start: prefix.len(),
            space: Vec::new(),
            long: vec![0; 1 << bits],
            short: vec![0; 1 << bits],
            bits,
            found: Vec::new(),
        };
        matcher.history.extend_from_slice(prefix);
        matcher.remember(0, prefix.len());
        matcher
    }

    fn word(&self, at: usize) -> Option<u64> {
        self.history
            .get(at..at + 8)?
            .try_into()
            .ok()
            .map(u64::from_le_bytes)
    }

    /// Table places of the 8 and the 5 bytes of `word`.
    fn places(&self, word: u64) -> (usize, usize) {
        const MULTIPLIER: u64 = 0x9E37_79B1_85EB_CA87;
        let shift = 64 - self.bits;
        (
            (word.wrapping_mul(MULTIPLIER) >> shift) as usize,
            ((word << 24).wrapping_mul(MULTIPLIER) >> shift) as usize,
        )
    }

    fn remember(&mut self, from: usize, to: usize) {
        for at in from..to {
            let Some(word) = self.word(at) else { break };
            let (long, short) = self.places(word);
            self.long[long] = at as u32 + 1;
            self.short[short] = at as u32 + 1;
        }
    }

    /// The longest match of the two candidates at `at`, which is remembered.
    fn candidate(&mut self, at: usize) -> Option<(usize, usize)> {
        let word = self.word(at)?;
        let (long, short) = self.places(word);
        let places = [self.long[long] as usize, self.short[short] as usize];
        self.long[long] = at as u32 + 1;
        self.short[short] = at as u32 + 1;
        let matches = places.into_iter().filter(|&place| place > 0).map(|place| {
            let from = place - 1;
            (self.common(from, at), at - from)
        });
        matches
            .filter(|&(length, _)| length >= MIN_MATCH)
            .max_by_key(|&(length, offset)| (length, usize::MAX - offset))
    }

    /// How many bytes from `a` on equal those from `b` on.
    fn common(&self, a: usize, b: usize) -> usize {
        let (tail_a, tail_b) = (
            self.history.get(a..).unwrap_or(&[]),
            self.history.get(b..).unwrap_or(&[]),
        );
        let words = tail_a
            .chunks_exact(8)
            .zip(tail_b.chunks_exact(8))
            .take_while(|(x, y)| x == y)
            .count()
            * 8;
        let rest = tail_a
            .iter()
            .zip(tail_b)
            .skip(words)
            .take_while(|(x, y)| x == y)
            .count();
        words + rest
    }

    fn search(&mut self) {
        self.found.clear();
        let (mut anchor, mut at, end) = (self.last_start, self.last_start, self.history.len());
        while at < end {
            let Some((mut length, mut offset)) = self.candidate(at) else {
                // the longer nothing is found, the fewer places are looked at
                at += 1 + ((at - anchor) >> 7);
                continue;
            };
            let mut start = at;
            if let Some((next_length, next_offset)) = self.candidate(at + 1)
                && next_length > length + 1
            {
                (start, length, offset) = (at + 1, next_length, next_offset);
            }
            while start > anchor
                && start > offset
                && self.history[start - 1] == self.history[start - 1 - offset]
            {
                start -= 1;
                length += 1;
            }
            self.found.push(Found {
                literals: start - anchor,
                offset,
                length,
            });
            anchor = start + length;
            self.remember(at + 2, anchor.min(at + 2 + 64));
            at = anchor;
        }
    }

    /// Whether the encoder's tables can be built from the bytes that stay literals.
    fn literals_fit(&self) -> bool {
        let (mut at, mut first, mut mixed, mut count) = (self.last_start, None, false, 0);
        let ends = self
            .found
            .iter()
            .map(|f| (f.literals, f.length))
            .chain([(usize::MAX, 0)]);
        for (literals, length) in ends {
            let upto = at.saturating_add(literals).min(self.history.len());
            let bytes = &self.history[at..upto];
            count += bytes.len();
            mixed = mixed || bytes.iter().any(|b| first.get_or_insert(*b) != b);
            at = upto + length;
            if at >= self.history.len() {
                break;
            }
        }
        count <= HUFFMAN_FROM || mixed
    }
}

impl Matcher for PrefixMatcher {
    fn get_next_space(&mut self) -> Vec<u8> {
        let mut space = std::mem::take(&mut self.space);
        space.resize(BLOCK, 0);
        space
    }

    fn get_last_space(&mut self) -> &[u8] {
        &self.history[self.last_start..]
    }

    fn commit_space(&mut self, space: Vec<u8>) {
        self.last_start = self.history.len();
        self.history.extend_from_slice(&space);
        self.space = space;
    }

    fn skip_matching(&mut self) {
        self.remember(self.last_start, self.history.len());
    }

    fn start_matching(&mut self, mut handle: impl for<'a> FnMut(Sequence<'a>)) {
        self.search();
        // a Huffman table needs two different literals: otherwise the block (which is not one repeated byte) goes as literals
        if !self.literals_fit() {
            self.found.clear();
        }
        // a table of literal lengths needs more than "0": let the first match give one byte away
        if self.found.iter().all(|f| f.literals == 0)
            && let Some(first) = self.found.first_mut()
        {
            first.literals += 1;
            first.length -= 1;
        }
        let mut at = self.last_start;
        for &Found {
            literals,
            offset,
            length,
        } in &self.found
        {
            handle(Sequence::Triple {
                literals: &self.history[at..at + literals],
                offset,
                match_len: length,
            });
            at += literals + length;
        }
        if at < self.history.len() {
            handle(Sequence::Literals {
                literals: &self.history[at..],
            });
        }
    }

    fn reset(&mut self, _level: CompressionLevel) {
        self.history.truncate(self.prefix_len);
        self.last_start = self.prefix_len;
    }

    fn window_size(&self) -> u64 {
        super::WINDOW
    }
}
