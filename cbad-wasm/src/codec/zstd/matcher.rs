//! Finds repeats: hash tables of where four (or five) and eight bytes last began, the three offsets used last, one step of
//! look-ahead, and a history that begins with the prefix.

/// `literals` bytes as they are, then `length` bytes from before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sequence {
    pub literals: u32,
    /// 1 to 3 for an offset used lately, otherwise the offset plus 3 (RFC 8878, 3.1.1.5).
    pub offset_value: u32,
    pub length: u32,
}

/// A match this long is taken without looking further.
const LONG: usize = 32;

/// History and what has been learnt of it.
pub(super) struct Matcher<'a> {
    /// Prefix, then content.
    history: &'a [u8],
    window: usize,
    long: Vec<u32>,
    short: Vec<u32>,
    bits: u32,
    /// Bytes left out of the word that `short` hashes, in bits.
    short_shift: u32,
    recent: [usize; 3],
}

struct Match {
    start: usize,
    offset: usize,
    length: usize,
}

impl<'a> Matcher<'a> {
    /// Over `history`, whose first `prefix` bytes are known to the decoder; no offset exceeds `window` + the prefix.
    pub fn new(history: &'a [u8], prefix: usize, window: usize) -> Self {
        let total = history.len().clamp(1 << 10, 1 << 17);
        let bits = total.next_power_of_two().ilog2();
        let short_shift = if total <= 1 << 16 { 32 } else { 24 };
        let tables = (vec![0; 1 << bits], vec![0; 1 << bits]);
        let mut matcher = Self {
            history,
            window: window + prefix,
            long: tables.0,
            short: tables.1,
            bits,
            short_shift,
            recent: [1, 4, 8],
        };
        matcher.remember(0, prefix);
        matcher
    }

    /// Sequences for the content up to `end`, which begins at `start`; what they do not cover stays literal.
    pub fn sequences(&mut self, start: usize, end: usize) -> Vec<Sequence> {
        let (mut anchor, mut at, mut found) = (start, start, Vec::new());
        while at < end {
            let Some(mut best) = self.best(at, anchor, end) else {
                // the longer nothing is found, the fewer places are looked at
                at += 1 + ((at - anchor) >> 7);
                continue;
            };
            if best.length < LONG
                && let Some(next) = self.best(at + 1, anchor, end)
                && next.length > best.length + 1
            {
                best = next;
            }
            let literals = best.start - anchor;
            let offset_value = self.offset_value(best.offset, literals);
            found.push(Sequence {
                literals: literals as u32,
                offset_value,
                length: best.length as u32,
            });
            anchor = best.start + best.length;
            // where a match begins and ends is where others will
            self.remember(at + 2, anchor.min(at + 6));
            self.remember(anchor.saturating_sub(3).max(at + 6), anchor);
            at = anchor;
        }
        found
    }

    /// The three offsets used last.
    pub fn recent(&self) -> [usize; 3] {
        self.recent
    }

    /// Takes back what sequences that were not sent did to them.
    pub fn restore(&mut self, recent: [usize; 3]) {
        self.recent = recent;
    }

    /// How the offset is told, and the three last offsets brought up to date.
    fn offset_value(&mut self, offset: usize, literals: usize) -> u32 {
        let [a, b, c] = self.recent;
        // after no literals the same offset again would have been part of the match before: the codes move by one
        let (value, recent) = if literals > 0 {
            match offset {
                o if o == a => (1, [a, b, c]),
                o if o == b => (2, [b, a, c]),
                o if o == c => (3, [c, a, b]),
                o => (o as u32 + 3, [o, a, b]),
            }
        } else {
            match offset {
                o if o == b => (1, [b, a, c]),
                o if o == c => (2, [c, a, b]),
                o if a > 1 && o == a - 1 => (3, [a - 1, a, b]),
                o => (o as u32 + 3, [o, a, b]),
            }
        };
        self.recent = recent;
        value
    }

    #[inline(always)]
    fn word(&self, at: usize) -> Option<u64> {
        let bytes = self.history.get(at..)?.first_chunk()?;
        Some(u64::from_le_bytes(*bytes))
    }

    fn places(&self, word: u64) -> (usize, usize) {
        const MULTIPLIER: u64 = 0x9E37_79B1_85EB_CA87;
        let shift = 64 - self.bits;
        let hash = |x: u64| (x.wrapping_mul(MULTIPLIER) >> shift) as usize;
        (hash(word), hash(word << self.short_shift))
    }

    fn remember(&mut self, from: usize, to: usize) {
        for at in from..to {
            let Some(word) = self.word(at) else { break };
            let (long, short) = self.places(word);
            self.long[long] = at as u32 + 1;
            self.short[short] = at as u32 + 1;
        }
    }

    /// The match at `at` that saves most, stretched back towards `anchor`; `at` is remembered.
    fn best(&mut self, at: usize, anchor: usize, end: usize) -> Option<Match> {
        let word = self.word(at)?;
        let (long, short) = self.places(word);
        let (far, near) = (self.long[long] as usize, self.short[short] as usize);
        self.long[long] = at as u32 + 1;
        self.short[short] = at as u32 + 1;
        let last = self.recent[0];
        let mut best: Option<(Match, usize)> = None;
        // a place that is none is larger than any
        for (from, least) in [
            (at.wrapping_sub(last), 4),
            (far.wrapping_sub(1), 8),
            (near.wrapping_sub(1), 5),
        ] {
            if from >= at || at - from > self.window {
                continue;
            }
            let unlike = self.word(from).map_or(1, |other| other ^ word);
            if unlike as u32 != 0 {
                continue; // not even four bytes
            }
            if best
                .as_ref()
                .is_some_and(|(other, _)| other.offset == at - from)
            {
                continue;
            }
            let same = unlike.trailing_zeros() as usize / 8;
            let mut start = at;
            let mut length = if same < 8 {
                same.min(end.saturating_sub(at))
            } else {
                self.common(from, at, end)
            };
            // an offset's bits weigh against its length
            let least = least + usize::from(at - from > 1 << 14);
            if length < least {
                continue;
            }
            let offset = at - from;
            while start > anchor
                && start > offset
                && self.history[start - 1] == self.history[start - 1 - offset]
            {
                start -= 1;
                length += 1;
            }
            let worth = 4 * length + if offset == last { 12 } else { 0 };
            if best.as_ref().is_none_or(|&(_, other)| worth > other) {
                best = Some((
                    Match {
                        start,
                        offset,
                        length,
                    },
                    worth,
                ));
            }
        }
        best.map(|(found, _)| found)
    }

    /// How many bytes from `a` on equal those from `b` on, before `end`.
    fn common(&self, a: usize, b: usize, end: usize) -> usize {
        let tail = self.history.get(b..end).unwrap_or(&[]);
        let other = self.history.get(a..a + tail.len()).unwrap_or(&[]);
        let words = tail
            .chunks_exact(8)
            .zip(other.chunks_exact(8))
            .take_while(|(x, y)| x == y)
            .count()
            * 8;
        words
            + tail
                .iter()
                .zip(other)
                .skip(words)
                .take_while(|(x, y)| x == y)
                .count()
    }
}
