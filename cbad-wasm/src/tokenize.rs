//! Text to typed tokens, in one pass over the bytes.
//!
//! A token is a word, a number, a compound number (address, date, time: digit runs joined by single separators), a hex
//! string, an identifier mixing letters and digits, a path, or one punctuation mark. Short numbers and identifiers stand
//! for themselves; long ones stand for their shape. Bytes from 128 on are letters, so every boundary is a character boundary.

use crate::hash::{hash_within, mix};

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

const NUMBER: u64 = mix(11, 0);
const HEX: u64 = mix(12, 0);
const PATH: u64 = mix(14, 0);
const COMPOUND: u64 = 11;
const MARK: u64 = 99;

// what a byte of a word can be; 0 if it is none
const DIGIT: u8 = 1;
const HEX_LETTER: u8 = 2;
const LETTER: u8 = 4;

const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut b = 0;
    while b < 256 {
        kinds[b] = match b as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' | b'A'..=b'F' => HEX_LETTER,
            b'g'..=b'z' | b'G'..=b'Z' | b'_' | 128.. => LETTER,
            _ => 0,
        };
        b += 1;
    }
    kinds
};

#[inline]
fn is_word(b: u8) -> bool {
    KINDS[b as usize] != 0
}

/// Hash of a text with each run of digits counted as one.
#[inline]
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
    let mut i = 0;
    while let Some(&b) = bytes.get(i) {
        if is_word(b) {
            let token = word(bytes, i);
            i = token.end as usize;
            emit(token);
        } else if let Some(end) = if b == b'/' { path_end(bytes, i) } else { None } {
            emit(Token {
                symbol: PATH,
                shape: PATH,
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
    for &b in &bytes[i..] {
        if !is_word(b) && !matches!(b, b'.' | b'-' | b'/') {
            break;
        }
        segments += usize::from(b == b'/');
        end += 1;
    }
    (segments >= 2).then_some(end)
}

/// The word, number or identifier that starts at `start`.
#[inline]
fn word(bytes: &[u8], start: usize) -> Token {
    let mut i = start;
    let mut seen = 0;
    loop {
        for &b in &bytes[i..] {
            let kind = KINDS[b as usize];
            if kind == 0 {
                break;
            }
            seen |= kind;
            i += 1;
        }
        // a minus sign goes on with an identifier such as blk_-123
        let minus = bytes.get(i) == Some(&b'-') && bytes[i - 1] == b'_';
        if !minus || !bytes.get(i + 1).is_some_and(u8::is_ascii_digit) {
            break;
        }
        i += 1;
    }
    let len = i - start;
    let mut end = i;
    // its own text is the symbol where there are not too many like it
    let (shape, class, own) = if seen & DIGIT == 0 {
        (None, Class::Word, true)
    } else if seen != DIGIT {
        if seen & LETTER == 0 && len >= 5 {
            (Some(HEX), Class::Hex, false)
        } else {
            (Some(shape(&bytes[start..i])), Class::Id, len <= 4)
        }
    } else {
        let separators;
        (end, separators) = compound(bytes, i);
        match separators {
            0 => (Some(NUMBER), Class::Number, len <= 3),
            s => (Some(mix(COMPOUND, s)), Class::Compound, false),
        }
    };
    let symbol = match shape {
        Some(shape) if !own => shape,
        _ => hash_within(bytes, start, i),
    };
    Token {
        symbol,
        shape: shape.unwrap_or(symbol),
        class,
        start: start as u32,
        end: end as u32,
    }
}

/// Extends a digit run that ended at `end` by `separator digits` groups; the hash of the separators, 0 for none.
#[inline]
fn compound(bytes: &[u8], end: usize) -> (usize, u64) {
    let (mut end, mut separators) = (end, 0);
    while let (Some(&s), Some(d)) = (bytes.get(end), bytes.get(end + 1)) {
        if !matches!(s, b'.' | b':' | b'-' | b'/' | b',') || !d.is_ascii_digit() {
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
