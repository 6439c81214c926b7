//! Where tokens end, and what kind they are.
//!
//! Only the encoder cuts text into tokens: the decoder is told where each ends. So the rules below can change without
//! breaking old data; they decide how well it compresses, not whether it comes back.

/// No token is longer, so that a length fits in a byte.
pub(super) const MAX_TOKEN: usize = 255;

/// What a token is made of, told from its bytes alone (the decoder needs it too).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    /// Letters, underscores, bytes above 127.
    Word = 0,
    /// Decimal digits, perhaps with a sign in front.
    Number = 1,
    /// Digits and letters mixed.
    Mixed = 2,
    /// Everything else.
    Punct = 3,
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 128
}

/// The class of a token.
pub(super) fn class(token: &[u8]) -> Class {
    match token {
        [first, ..] if is_letter(*first) && !token.iter().any(u8::is_ascii_digit) => Class::Word,
        [b'-', rest @ ..] | rest if !rest.is_empty() && rest.iter().all(u8::is_ascii_digit) => {
            Class::Number
        }
        [first, ..] if first.is_ascii_alphanumeric() => Class::Mixed,
        _ => Class::Punct,
    }
}

/// The length of the token that starts at `at`; 0 only at the end.
pub(super) fn token_len(data: &[u8], at: usize) -> usize {
    let rest = data.get(at..).unwrap_or(&[]);
    let Some(&first) = rest.first() else { return 0 };
    let before = at.checked_sub(1).and_then(|i| data.get(i)).copied();
    let run = |from: usize, of: &dyn Fn(u8) -> bool| {
        rest.iter().skip(from).take_while(|&&b| of(b)).count()
    };
    let length = if first.is_ascii_alphanumeric()
        && !before.is_some_and(|b| b.is_ascii_alphanumeric())
        && is_hex(rest)
    {
        run(0, &|b| b.is_ascii_hexdigit())
    } else if first.is_ascii_digit() {
        run(0, &|b| b.is_ascii_digit())
    } else if is_letter(first) {
        run(0, &is_letter)
    } else if first == b'-' && is_sign(rest, before) {
        1 + run(1, &|b| b.is_ascii_digit())
    } else {
        punct_len(rest)
    };
    length.min(MAX_TOKEN)
}

/// A run of at least six hexadecimal digits, letters of one case and decimal digits both, and nothing alphanumeric after.
fn is_hex(rest: &[u8]) -> bool {
    let run = rest
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric())
        .take(65);
    let (mut digits, mut lower, mut upper, mut length) = (0, 0, 0, 0);
    for byte in run {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'a'..=b'f' => lower += 1,
            b'A'..=b'F' => upper += 1,
            _ => return false,
        }
        length += 1;
    }
    (6..=64).contains(&length) && digits > 0 && (lower > 0) != (upper > 0)
}

/// Whether a minus before digits belongs to the number: not inside dates, ranges and names.
fn is_sign(rest: &[u8], before: Option<u8>) -> bool {
    rest.get(1).is_some_and(u8::is_ascii_digit)
        && before.is_none_or(|b| b == b'_' || (!b.is_ascii_alphanumeric() && b < 128))
}

/// Punctuation goes on to the next letter or digit, but a line ends after its newline, and a sign stays with its number.
fn punct_len(rest: &[u8]) -> usize {
    let mut length = 0;
    for (i, &byte) in rest.iter().enumerate() {
        if byte.is_ascii_alphanumeric() || is_letter(byte) {
            break;
        }
        let before = i.checked_sub(1).and_then(|j| rest.get(j)).copied();
        if i > 0 && byte == b'-' && is_sign(rest.get(i..).unwrap_or(&[]), before) {
            break;
        }
        length = i + 1;
        if byte == b'\n' {
            break;
        }
    }
    length
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<&str> {
        let (mut at, mut out) = (0, Vec::new());
        while at < text.len() {
            let len = token_len(text.as_bytes(), at);
            out.push(&text[at..at + len]);
            at += len;
        }
        out
    }

    #[test]
    fn logs_and_records_fall_into_their_parts() {
        assert_eq!(
            tokens("blk_-160 src: /10.2"),
            ["blk_", "-160", " ", "src", ": /", "10", ".", "2"]
        );
        assert_eq!(
            tokens("{\"at\":-3,\"b\":\"3fa9c2\"}\n{"),
            [
                "{\"", "at", "\":", "-3", ",\"", "b", "\":\"", "3fa9c2", "\"}\n", "{"
            ]
        );
        assert_eq!(
            tokens("2005-06-03 part-07 R02"),
            [
                "2005", "-", "06", "-", "03", " ", "part", "-", "07", " ", "R", "02"
            ]
        );
    }

    #[test]
    fn every_token_advances_and_is_short() {
        let noise: Vec<u8> = (0..=255u8).cycle().take(2000).chain([b'a'; 700]).collect();
        let mut at = 0;
        while at < noise.len() {
            let len = token_len(&noise, at);
            assert!((1..=MAX_TOKEN).contains(&len));
            at += len;
        }
        assert_eq!(at, noise.len());
    }
}
