//! Which column a token stands in, told from the tokens before it in its line.
//!
//! A column is a hash, not a declared thing: of the JSON or `key=value` key the token stands under, and of the shape (literal
//! words, `#` for any number) since that key or the line's start. Records of one layout and lines of one template so share
//! their columns without a schema, and a line of a new shape simply opens new ones.

use super::lexer::Class;

/// Mixes `value` into a hash.
#[inline]
pub(super) fn mix(hash: u32, value: u32) -> u32 {
    let x = (hash ^ value).wrapping_mul(0x9E37_79B1).rotate_left(15);
    x ^ (x >> 13)
        .wrapping_mul(0x85EB_CA77)
        .wrapping_add(value.wrapping_mul(0xC2B2_AE3D))
}

/// Hash of a token's bytes.
#[inline]
pub(super) fn hash_bytes(bytes: &[u8]) -> u32 {
    bytes.iter().fold(bytes.len() as u32, |hash, &byte| {
        mix(hash, u32::from(byte) + 1)
    })
}

/// The place in the line that the next token takes.
#[derive(Default)]
pub(super) struct Layout {
    /// Hash of the key in force; 0 before the first.
    key: u32,
    /// Shape since the key, the last separator or the line's start.
    shape: u32,
    /// Separators since the key or the line's start.
    field: u32,
    /// Tokens since then.
    position: u32,
    /// Shape of the whole line so far.
    line: u32,
    /// The last word, if it was the last token.
    word: Option<u32>,
}

impl Layout {
    /// Column by key and shape.
    pub fn column(&self) -> u32 {
        mix(mix(self.key, self.shape), self.field)
    }

    /// Column by the shape of the whole line.
    pub fn template(&self) -> u32 {
        mix(self.line, 0x5EED)
    }

    /// Column by key and number of tokens since, whatever they were.
    pub fn slot(&self) -> u32 {
        mix(mix(self.key, self.position), self.field.wrapping_add(77))
    }

    /// Takes note of the token that stands here.
    pub fn advance(&mut self, token: &[u8], class: Class, hash: u32) {
        self.position += 1;
        let shape = match class {
            Class::Word | Class::Punct => hash,
            Class::Number => 1,
            Class::Mixed => 2,
        };
        self.line = mix(self.line, shape);
        match class {
            Class::Punct if token.contains(&b'\n') => *self = Self::default(),
            Class::Punct => {
                let names = token.iter().any(|b| matches!(b, b':' | b'='));
                match self.word.take() {
                    Some(word) if names => {
                        (self.key, self.field, self.position) = (mix(word, hash), 0, 0);
                        self.shape = 0;
                    }
                    _ if token
                        .iter()
                        .any(|b| matches!(b, b',' | b';' | b'|' | b'\t' | b'&')) =>
                    {
                        self.field += 1;
                        self.position = 0;
                        self.shape = hash;
                    }
                    _ => self.shape = mix(self.shape, hash),
                }
            }
            Class::Word => {
                self.shape = mix(self.shape, shape);
                self.word = Some(hash);
            }
            Class::Number | Class::Mixed => {
                self.shape = mix(self.shape, shape);
                self.word = None;
            }
        }
    }
}
