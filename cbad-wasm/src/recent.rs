//! A bounded ring of the newest normal events' texts.

use crate::checkpoint::{Reader, Truncated, Writer};
use std::collections::VecDeque;

/// A single text takes at most this share of the ring.
const SHARE: usize = 8;
/// Texts at most, however short.
const MOST: usize = 1_024;

/// The ring: one buffer, texts never wrap.
#[derive(Clone, Debug)]
pub struct Recent {
    buffer: Vec<u8>,
    spans: VecDeque<(u32, u32, bool)>, // start, end, JSON
    capacity: usize,
    next: usize,
}

impl Recent {
    /// Holds up to `capacity` bytes.
    pub fn new(capacity: usize) -> Recent {
        Recent {
            buffer: vec![0; capacity],
            spans: VecDeque::new(),
            capacity,
            next: 0,
        }
    }

    /// Bytes held at most.
    pub fn bytes(&self) -> usize {
        self.capacity + MOST * 12
    }

    /// Takes up a text, letting the oldest go; texts longer than an eighth of the ring are cut, records between two members, so that
    /// later ones can still be compared with them.
    pub fn push(&mut self, text: &str, json: bool) {
        let most = self.capacity / SHARE;
        if json
            && text.len() > most
            && let Some(beginning) = crate::json::beginning(text, most)
        {
            return self.take(&beginning, json);
        }
        self.take(text, json);
    }

    fn take(&mut self, text: &str, json: bool) {
        let len = text.floor_char_boundary(self.capacity / SHARE);
        if len == 0 {
            return;
        }
        if self.next + len > self.capacity {
            // what is left at the end of the buffer is the oldest: it goes with the wrap
            while self
                .spans
                .front()
                .is_some_and(|s| s.0 as usize >= self.next)
            {
                self.spans.pop_front();
            }
            self.next = 0;
        }
        let (start, end) = (self.next, self.next + len);
        while self
            .spans
            .front()
            .is_some_and(|s| (s.0 as usize) < end && s.1 as usize > start)
        {
            self.spans.pop_front();
        }
        self.buffer[start..end].copy_from_slice(&text.as_bytes()[..len]);
        if self.spans.len() == MOST {
            self.spans.pop_front();
        }
        self.spans.push_back((start as u32, end as u32, json));
        self.next = end;
    }

    /// Lets the older half go; false if there is nothing.
    pub fn halve(&mut self) -> bool {
        let some = !self.spans.is_empty();
        self.spans.drain(..self.spans.len().div_ceil(2));
        some
    }

    /// The texts from the oldest, each with whether it was JSON.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, bool)> {
        self.spans.iter().map(|&(a, b, json)| {
            (
                std::str::from_utf8(&self.buffer[a as usize..b as usize]).unwrap_or(""),
                json,
            )
        })
    }

    /// Writes the texts.
    pub fn write(&self, out: &mut Writer) {
        out.varint(self.next as u64);
        out.varint(self.spans.len() as u64);
        for &(a, b, json) in &self.spans {
            out.varint(u64::from(a));
            out.u8(u8::from(json));
            out.slice(&self.buffer[a as usize..b as usize]);
        }
    }

    /// Reads what [`Recent::write`] wrote.
    pub fn read(input: &mut Reader, capacity: usize) -> Result<Recent, Truncated> {
        let mut r = Recent::new(capacity);
        r.next = input.varint()? as usize;
        let n = input.length()?;
        if n > MOST {
            return Err(Truncated);
        }
        for _ in 0..n {
            let start = input.varint()? as usize;
            let json = input.u8()? == 1;
            let text = input.text()?;
            let end = start
                .checked_add(text.len())
                .filter(|&e| e <= capacity)
                .ok_or(Truncated)?;
            r.buffer[start..end].copy_from_slice(text.as_bytes());
            r.spans.push_back((start as u32, end as u32, json));
        }
        if r.next > capacity {
            Err(Truncated)
        } else {
            Ok(r)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn keeps_the_newest() {
        let mut r = Recent::new(80);
        for i in 0..100 {
            r.push(&format!("event {i}"), false);
            let held: Vec<String> = r.iter().map(|(s, _)| s.to_owned()).collect();
            let want: Vec<String> = (i + 1 - held.len()..=i)
                .map(|k| format!("event {k}"))
                .collect();
            assert_eq!(held, want);
            assert!(i < 10 || held.len() >= 7);
        }
    }
}
