//! One pass over a text that finds personal data and credentials.
//!
//! Most bytes cost one table look-up. A digit run, an `@`, a `+`, a `=` or `:`, and the end of a long word make the scanner look
//! closer (`kinds`). Spans come out in order, do not overlap and lie on character boundaries: they begin and end at ASCII bytes or
//! hold whole runs of other bytes.

use super::kinds;

/// What a span holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A payment card number with its check digit.
    Card,
    /// An IBAN with its check digits.
    Iban,
    /// A password, token, key or signed token.
    Secret,
    /// An IPv4 or IPv6 address.
    Ip,
    /// The organisation's own pattern at this position of its list.
    Custom(u8),
}

/// The built-in kinds in the order of the documentation.
pub const BUILT_IN: [(Kind, &str); 6] = [
    (Kind::Email, "email"),
    (Kind::Phone, "phone"),
    (Kind::Card, "card"),
    (Kind::Iban, "iban"),
    (Kind::Secret, "secret"),
    (Kind::Ip, "ip"),
];

/// A set of built-in kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    /// The set with `kind`; custom patterns are not part of it.
    #[must_use]
    pub fn with(self, kind: Kind) -> Self {
        Self(self.0 | Self::bit(kind))
    }
    /// Whether the scanner looks for `kind`.
    pub fn has(self, kind: Kind) -> bool {
        self.0 & Self::bit(kind) != 0
    }
    fn bit(kind: Kind) -> u8 {
        match kind {
            Kind::Email => 1,
            Kind::Phone => 2,
            Kind::Card => 4,
            Kind::Iban => 8,
            Kind::Secret => 16,
            Kind::Ip => 32,
            Kind::Custom(_) => 0,
        }
    }
}

/// A find: bytes `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
}

impl Span {
    /// A span of `kind`.
    pub fn new(start: usize, end: usize, kind: Kind) -> Self {
        Self { start, end, kind }
    }
}

const GAP: u8 = 0;
const WORD: u8 = 1;
const DIGIT: u8 = 2;
const AT: u8 = 3;
const ASSIGN: u8 = 4;
const PERCENT: u8 = 5;
const OPENING: u8 = 6;

/// The class of each byte. `-` and `_` join words, since keys and tokens hold them.
const CLASS: [u8; 256] = {
    let mut table = [GAP; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'-' | 0x80..=0xff => WORD,
            b'0'..=b'9' => DIGIT,
            b'@' => AT,
            b'=' | b':' => ASSIGN,
            b'%' => PERCENT,
            b'+' | b'(' => OPENING,
            _ => GAP,
        };
        b += 1;
    }
    table
};

/// A word shorter than this is neither a scheme such as `Basic` nor a token.
const SHORTEST_WORD: usize = 5;

/// Appends what `text` holds to `out`.
pub fn scan(text: &str, wanted: Kinds, out: &mut Vec<Span>) {
    let b = text.as_bytes();
    // everything before it belongs to an earlier span
    let mut free = 0;
    let mut word = 0;
    let mut i = 0;
    while i < b.len() {
        let class = CLASS[usize::from(b[i])];
        if class == WORD {
            i += 1;
            continue;
        }
        let found = match class {
            DIGIT => {
                let end = kinds::digits_end(b, i);
                let found = kinds::number(b, free, i, end, wanted);
                if found.is_none() {
                    // digits are part of a word too
                    i = end;
                    continue;
                }
                found
            }
            _ if i - word >= SHORTEST_WORD && wanted.has(Kind::Secret) => {
                kinds::word(b, word, i).or_else(|| mark(b, free, i, class, wanted))
            }
            _ => mark(b, free, i, class, wanted),
        };
        match found {
            Some(span) => {
                (free, word, i) = (span.end, span.end, span.end);
                out.push(span);
            }
            None => {
                i += 1;
                word = i;
            }
        }
    }
    if i - word >= SHORTEST_WORD
        && wanted.has(Kind::Secret)
        && let Some(span) = kinds::word(b, word, i)
    {
        out.push(span);
    }
}

/// What a byte between words gives away.
fn mark(b: &[u8], free: usize, i: usize, class: u8, wanted: Kinds) -> Option<Span> {
    match class {
        AT if wanted.has(Kind::Email) => kinds::email(b, free, i, 1),
        // an `@` in a query string
        PERCENT if wanted.has(Kind::Email) && b[i..].starts_with(b"%40") => {
            kinds::email(b, free, i, 3)
        }
        ASSIGN => {
            let secret = || kinds::assigned(b, free, i);
            let address = || {
                (b[i] == b':' && wanted.has(Kind::Ip))
                    .then(|| kinds::ipv6(b, free, i))
                    .flatten()
            };
            wanted
                .has(Kind::Secret)
                .then(secret)
                .flatten()
                .or_else(address)
        }
        OPENING if wanted.has(Kind::Phone) => kinds::phone(b, i),
        _ => None,
    }
}
