//! Event to typed bag: the distinct symbols of an event with their counts, its numbers, and its template.

use crate::event::{Event, Payload};
use crate::hash::{hash, mix};
use crate::json::{self, Leaf, Scanner, Step};
use crate::tokenize::{self, Class};

/// Tokens priced of one event; what follows is not looked at.
pub const MAX_PIECES: usize = 4_096;
/// Bytes looked at of one event.
pub const MAX_BYTES: usize = 1 << 20;

const TEXT: u64 = 17;
/// The bits of a place in a bag.
const PLACE: u64 = MAX_PIECES as u64 - 1;

/// Where a token or value stands in the event's text.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Byte offset of its start.
    pub start: u32,
    /// Byte offset of its end.
    pub end: u32,
    /// Hash of the column it is in: a path, or the whole text.
    pub column: u64,
}

/// A distinct symbol of an event.
#[derive(Clone, Copy, Debug)]
pub struct Symbol {
    /// Column and symbol, mixed.
    pub key: u64,
    /// Column and shape, mixed, where the text is one of many of its shape; else 0.
    pub class: u64,
    /// Whether it is a word of a text, of which new ones may turn up at any time.
    pub word: bool,
    /// How often it occurs in the event.
    pub count: u32,
    /// The piece of its first occurrence.
    pub piece: u32,
}

/// A number in a column of its own.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// Hash of the path.
    pub column: u64,
    /// Bucket of its size: about three octaves each.
    pub bucket: u64,
    /// Its piece.
    pub piece: u32,
}

/// The path and span of a record's field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Path in words.
    pub path: String,
    /// Hash of the path.
    pub column: u64,
    /// Byte offset of the value's start.
    pub start: usize,
    /// Byte offset of the value's end.
    pub end: usize,
}

/// One event as symbols and numbers. Kept between events so that nothing is allocated.
#[derive(Clone, Debug, Default)]
pub struct Features {
    /// Distinct symbols in order of key.
    pub bag: Vec<Symbol>,
    /// Numbers in order of position.
    pub numbers: Vec<Number>,
    /// Tokens and values in order of position.
    pub pieces: Vec<Piece>,
    /// Hash of the event's shape: its words and paths without what varies.
    pub template: u64,
    scanner: Scanner,
    order: Vec<u64>,
    gathered: Vec<Symbol>,
}

impl Features {
    /// Reads an event.
    pub fn extract(&mut self, event: &Event<'_>) {
        self.read(event, None);
    }

    /// Reads an event and names its fields.
    pub fn extract_fields(&mut self, event: &Event<'_>) -> Vec<Field> {
        let mut fields = Vec::new();
        self.read(event, Some(&mut fields));
        fields
    }

    fn read(&mut self, event: &Event<'_>, fields: Option<&mut Vec<Field>>) {
        self.extract_loose(event, fields);
        self.gather();
    }

    /// Puts the bag in order of key and makes one of what has the same key.
    fn gather(&mut self) {
        // words of eight bytes sort much quicker than symbols: the key, but for its last bits the place in the bag
        self.order.clear();
        let keys = self.bag.iter().zip(0..);
        self.order.extend(keys.map(|(s, i)| s.key & !PLACE | i));
        self.order.sort_unstable();
        if !self.gather_in_order() {
            // keys that differ in their last bits alone: hardly ever
            let at = |word: &u64| word & PLACE;
            self.order
                .sort_unstable_by_key(|word| (self.bag[at(word) as usize].key, at(word)));
            self.gather_in_order();
        }
        std::mem::swap(&mut self.bag, &mut self.gathered);
    }

    /// Takes the symbols over in their order; false where that is not the order of their keys.
    fn gather_in_order(&mut self) -> bool {
        self.gathered.clear();
        let mut last = 0;
        for word in &self.order {
            let s = self.bag[(word & PLACE) as usize];
            if s.key < last {
                return false;
            }
            last = s.key;
            match self.gathered.last_mut() {
                Some(first) if first.key == s.key => first.count += s.count,
                _ => self.gathered.push(s),
            }
        }
        true
    }

    /// Reads an event; the bag holds the symbol of every token, in order of position.
    pub(crate) fn extract_loose(&mut self, event: &Event<'_>, fields: Option<&mut Vec<Field>>) {
        self.clear();
        match event.payload {
            Payload::Text(text) => self.text(TEXT, clip(text).as_bytes(), 0),
            Payload::Json(raw) => {
                let raw = clip(raw);
                if !self.record(raw, fields) {
                    self.clear();
                    self.text(TEXT, raw.as_bytes(), 0);
                }
            }
        }
    }

    fn clear(&mut self) {
        self.bag.clear();
        self.numbers.clear();
        self.pieces.clear();
        self.template = TEXT;
    }

    fn piece(&mut self, start: usize, end: usize, column: u64) -> u32 {
        self.pieces.push(Piece {
            start: start as u32,
            end: end as u32,
            column,
        });
        self.pieces.len() as u32 - 1
    }

    /// The tokens of a text column that begins at byte `base` of the event's text.
    fn text(&mut self, column: u64, text: &[u8], base: usize) {
        let mut template = mix(self.template, column);
        tokenize::tokens(text, |t| {
            if self.pieces.len() >= MAX_PIECES {
                return;
            }
            let piece = self.piece(base + t.start as usize, base + t.end as usize, column);
            let class = if t.shape == t.symbol {
                0
            } else {
                mix(column, t.shape)
            };
            self.bag.push(Symbol {
                key: mix(column, t.symbol),
                class,
                word: t.class == Class::Word,
                count: 1,
                piece,
            });
            template = mix(template, if t.class == Class::Number { 0 } else { t.shape });
        });
        self.template = template;
    }

    /// The leaves of a record; false if it is not JSON.
    fn record(&mut self, raw: &str, mut fields: Option<&mut Vec<Field>>) -> bool {
        let mut scanner = std::mem::take(&mut self.scanner);
        let bytes = raw.as_bytes();
        let ok = scanner.scan(bytes, |column, steps: &[Step], leaf, start, end| {
            if self.pieces.len() >= MAX_PIECES {
                return;
            }
            if let Some(fields) = &mut fields {
                fields.push(Field {
                    path: json::path_text(raw, steps),
                    column,
                    start,
                    end,
                });
            }
            self.leaf(column, leaf, bytes, start, end);
        });
        self.scanner = scanner;
        ok.is_ok()
    }

    fn leaf(&mut self, column: u64, leaf: Leaf, bytes: &[u8], start: usize, end: usize) {
        let value = &bytes[start..end];
        let number = match leaf {
            Leaf::Number => parse(value),
            Leaf::String if (1..=18).contains(&value.len()) => parse(value),
            _ => None,
        };
        if let Some(x) = number {
            let piece = self.piece(start, end, column);
            self.numbers.push(Number {
                column,
                bucket: bucket(x),
                piece,
            });
            self.template = mix(self.template, column);
        } else if value.len() <= 24 && !value.contains(&b' ') {
            let literal = hash(value);
            let piece = self.piece(start, end, column);
            self.bag.push(Symbol {
                key: mix(column, literal),
                class: 0,
                word: false,
                count: 1,
                piece,
            });
            let varies = value.iter().any(u8::is_ascii_digit);
            self.template = mix(mix(self.template, column), if varies { 0 } else { literal });
        } else {
            self.text(column, value, start);
        }
    }
}

/// A decimal number, if the whole text is one; a word such as `inf` is not.
fn parse(text: &[u8]) -> Option<f64> {
    if !text
        .iter()
        .all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
    {
        return None;
    }
    std::str::from_utf8(text)
        .ok()?
        .parse()
        .ok()
        .filter(|x: &f64| x.is_finite())
}

/// Size of a number in steps of three octaves from a thousandth up, apart for each sign.
pub fn bucket(x: f64) -> u64 {
    let size = x.abs() * 1000.0 + 1.0;
    let octave = (size.to_bits() >> 52) - 1023; // size ≥ 1, so the exponent is not negative
    let step = if x == 0.0 { 0 } else { octave / 3 + 1 };
    if x < 0.0 { step + 1000 } else { step }
}

/// The part of a text that is looked at.
pub fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_differ_in_their_last_bits_alone_are_told_apart() {
        let keys = [9, 8, 9, 1 << 40, 8, PLACE + 1];
        let symbol = |(piece, key): (u32, &u64)| Symbol {
            key: *key,
            class: 0,
            word: false,
            count: 1,
            piece,
        };
        let mut features = Features {
            bag: (0..).zip(&keys).map(symbol).collect(),
            ..Features::default()
        };
        features.gather();
        let got = features.bag.iter().map(|s| (s.key, s.count, s.piece));
        let want = [(8, 2, 1), (9, 2, 0), (PLACE + 1, 1, 5), (1 << 40, 1, 3)];
        assert!(got.eq(want), "{:?}", features.bag);
    }
}
