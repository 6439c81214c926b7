//! Every token seen, once, under a number; and the text so far as a sequence of these numbers.

use super::layout::hash_bytes;
use super::lexer::{Class, class};

/// "No token": stands before the beginning and in empty slots.
pub(super) const NONE: u32 = 0;

struct Entry {
    start: u32,
    len: u8,
    class: Class,
    hash: u32,
}

/// Tokens by number, and numbers by token.
pub(super) struct Tokens {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Open addressing, at most half full.
    table: Vec<u32>,
}

impl Tokens {
    pub fn new() -> Self {
        let none = Entry {
            start: 0,
            len: 0,
            class: Class::Punct,
            hash: 0,
        };
        Self {
            bytes: Vec::new(),
            entries: vec![none],
            table: vec![NONE; 1 << 10],
        }
    }

    /// The token's bytes; none for [`NONE`].
    pub fn bytes(&self, id: u32) -> &[u8] {
        self.entries
            .get(id as usize)
            .and_then(|e| {
                self.bytes
                    .get(e.start as usize..e.start as usize + usize::from(e.len))
            })
            .unwrap_or(&[])
    }

    pub fn class(&self, id: u32) -> Class {
        self.entries
            .get(id as usize)
            .map_or(Class::Punct, |e| e.class)
    }

    pub fn hash(&self, id: u32) -> u32 {
        self.entries.get(id as usize).map_or(0, |e| e.hash)
    }

    /// The number of a token, a new one if need be.
    pub fn intern(&mut self, token: &[u8]) -> u32 {
        let hash = hash_bytes(token);
        let place = self.place(token, hash);
        let found = self.table[place];
        if found != NONE {
            return found;
        }
        let id = self.entries.len() as u32;
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(token);
        self.entries.push(Entry {
            start,
            len: token.len().min(255) as u8,
            class: class(token),
            hash,
        });
        self.table[place] = id;
        if self.entries.len() * 2 > self.table.len() {
            self.grow();
        }
        id
    }

    /// Where `token` is, or would go.
    fn place(&self, token: &[u8], hash: u32) -> usize {
        let mask = self.table.len() - 1;
        let mut place = hash as usize & mask;
        while self.table[place] != NONE
            && (self.hash(self.table[place]) != hash || self.bytes(self.table[place]) != token)
        {
            place = (place + 1) & mask;
        }
        place
    }

    fn grow(&mut self) {
        let mask = self.table.len() * 2 - 1;
        self.table = vec![NONE; mask + 1];
        for (id, entry) in self.entries.iter().enumerate().skip(1) {
            let mut place = entry.hash as usize & mask;
            while self.table[place] != NONE {
                place = (place + 1) & mask;
            }
            self.table[place] = id as u32;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_token_keeps_its_number_through_growth() {
        let mut tokens = Tokens::new();
        let ids: Vec<u32> = (0..5000)
            .map(|i| tokens.intern(format!("t{i}").as_bytes()))
            .collect();
        for (i, &id) in ids.iter().enumerate() {
            assert_eq!(tokens.intern(format!("t{i}").as_bytes()), id);
            assert_eq!(tokens.bytes(id), format!("t{i}").as_bytes());
        }
        assert_eq!(tokens.bytes(NONE), b"");
    }
}
