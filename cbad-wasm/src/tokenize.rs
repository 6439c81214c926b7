//! Text to typed tokens, in one pass over the bytes.
//!
//! A token is a word, a number, a compound number (address, date, time: digit runs joined by single separators), a hex
//! string, an identifier mixing letters and digits, a path, or one punctuation mark. Short numbers and identifiers stand
//! for themselves; long ones stand for their shape. Bytes from 128 on are letters, so every boundary is a character boundary.

use crate::hash::{hash, mix};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Letters only.
    Word,
    /// Digits only.
    Number,
    /// Digit runs with separators: address, date, time, decimal.
    Compound,
    /// Six or more hexadecimal digits.
    Hex,
    /// Letters and digits.
    Id,
    /// Two or more segments after slashes.
    Path,
    /// One byte of punctuation.
    Mark,
}

/// One token.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// What it counts as: its text, or its shape where the text varies.
    pub symbol: u64,
    /// Its shape alone; equal to `symbol` where the text is not one of many.
    pub shape: u64,
    /// What it is.
    pub class: Class,
    /// Byte offset of its start.
    pub start: u32,
    /// Byte offset of its end.
    pub end: u32,
}

const NUMBER: u64 = 11;
const HEX: u64 = 12;
const PATH: u64 = 14;
const MARK: u64 = 99;

#[inline]
fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b >= 128
}

/// Hash of a text with each run of digits counted as one.
fn shape(bytes: &[u8]) -> u64 {
    let mut h = 5;
    let mut in_digits = false;
    for &b in bytes {
        let digit = b.is_ascii_digit();
        if !digit {
            h = mix(h, u64::from(b) + 2);
        } else if !in_digits {
            h = mix(h, 1);
        }
        in_digits = digit;
    }
    h
}

/// Splits `bytes` into tokens, calling `emit` for each in order.
#[inline]
pub fn tokens(bytes: &[u8], mut emit: impl FnMut(Token)) {
    let n = bytes.len();
    let mut i = 0;
    while i < n {
        let b = bytes[i];
        if is_word(b) {
            let token = word(bytes, i);
            i = token.end as usize;
            emit(token);
        } else if let Some(end) = if b == b'/' { path_end(bytes, i) } else { None } {
            emit(Token {
                symbol: mix(PATH, 0),
                shape: mix(PATH, 0),
                class: Class::Path,
                start: i as u32,
                end: end as u32,
            });
            i = end;
        } else {
            if b > b' ' {
                let symbol = mix(MARK, u64::from(b));
                emit(Token {
                    symbol,
                    shape: symbol,
                    class: Class::Mark,
                    start: i as u32,
                    end: i as u32 + 1,
                });
            }
            i += 1;
        }
    }
}

/// The end of a path that starts at the slash at `i`: at least two segments, not inside a word, a tag or a double slash.
fn path_end(bytes: &[u8], i: usize) -> Option<usize> {
    if i > 0 && (is_word(bytes[i - 1]) || matches!(bytes[i - 1], b'/' | b'<'))
        || !bytes.get(i + 1).is_some_and(|&b| is_word(b))
    {
        return None;
    }
    let mut end = i;
    let mut segments = 0;
    while end < bytes.len() && (is_word(bytes[end]) || matches!(bytes[end], b'.' | b'-' | b'/')) {
        segments += usize::from(bytes[end] == b'/');
        end += 1;
    }
    (segments >= 2).then_some(end)
}

/// The word, number or identifier that starts at `start`.
#[inline]
fn word(bytes: &[u8], start: usize) -> Token {
    let n = bytes.len();
    let mut i = start;
    let (mut digits, mut letters, mut hex) = (0usize, 0usize, true);
    while i < n {
        let b = bytes[i];
        if b.is_ascii_digit() {
            digits += 1;
        } else if is_word(b) {
            letters += 1;
            hex &= b.is_ascii_hexdigit();
        } else if !(b == b'-'
            && bytes[i - usize::from(i > start)] == b'_'
            && i > start
            && bytes.get(i + 1).is_some_and(u8::is_ascii_digit))
        {
            break; // a minus sign goes on with an identifier such as blk_-123
        }
        i += 1;
    }
    let token = |symbol, shape, class, end| Token {
        symbol,
        shape,
        class,
        start: start as u32,
        end: end as u32,
    };
    if digits == 0 {
        let symbol = hash(&bytes[start..i]);
        return token(symbol, symbol, Class::Word, i);
    }
    if letters == 0 {
        let (end, separators) = compound(bytes, i);
        return match (separators, i - start) {
            (0, ..=3) => token(hash(&bytes[start..i]), mix(NUMBER, 0), Class::Number, i),
            (0, _) => token(mix(NUMBER, 0), mix(NUMBER, 0), Class::Number, i),
            (s, _) => token(mix(NUMBER, s), mix(NUMBER, s), Class::Compound, end),
        };
    }
    let text = &bytes[start..i];
    let (shape, class) = if hex && text.len() >= 5 {
        (mix(HEX, 0), Class::Hex)
    } else {
        (shape(text), Class::Id)
    };
    let symbol = if text.len() <= 4 { hash(text) } else { shape };
    token(symbol, shape, class, i)
}

/// Extends a digit run that ended at `end` by `separator digits` groups; the hash of the separators, 0 for none.
fn compound(bytes: &[u8], end: usize) -> (usize, u64) {
    let (mut end, mut separators) = (end, 0);
    while let (Some(&s @ (b'.' | b':' | b'-' | b'/' | b',')), Some(d)) =
        (bytes.get(end), bytes.get(end + 1))
    {
        if !d.is_ascii_digit() {
            break;
        }
        let mut next = end + 1;
        while bytes.get(next).is_some_and(u8::is_ascii_digit) {
            next += 1;
        }
        if bytes.get(next).is_some_and(|&b| is_word(b)) {
            break;
        }
        separators = mix(separators, u64::from(s) + 1);
        end = next;
    }
    (end, separators)
}

#[cfg(test)]
mod tests {
    use super::*;
    fn split(s: &str) -> Vec<(&str, Class)> {
        let mut out = vec![];
        tokens(s.as_bytes(), |t| {
            out.push((&s[t.start as usize..t.end as usize], t.class))
        });
        out
    }
    #[test]
    fn a_log_line() {
        use Class::*;
        let got = split(
            "2005-06-03 12:03:11.5 host-3 GET /a/b.html blk_-42 deadbeef99 from 10.0.0.1:80, ok",
        );
        let want = vec![
            ("2005-06-03", Compound),
            ("12:03:11.5", Compound),
            ("host", Word),
            ("-", Mark),
            ("3", Number),
            ("GET", Word),
            ("/a/b.html", Path),
            ("blk_-42", Id),
            ("deadbeef99", Hex),
            ("from", Word),
            ("10.0.0.1:80", Compound),
            (",", Mark),
            ("ok", Word),
        ];
        assert_eq!(got, want);
    }
    #[test]
    fn boundaries_are_character_boundaries() {
        assert_eq!(
            split("naïve 日本語!"),
            vec![
                ("naïve", Class::Word),
                ("日本語", Class::Word),
                ("!", Class::Mark)
            ]
        );
    }
}
