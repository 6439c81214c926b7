//! The API key format `dlk_<live|test>_<key id>_<secret><checksum>` and its hash.
//!
//! The checksum is the CRC-32 (IEEE) of everything before it, in six base-62 digits: typing errors are caught without a look-up,
//! and secret scanners can tell a key from noise. Only the SHA-256 of the whole text is ever stored; the secret has over
//! 256 bits, so a fast hash is enough.

use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters of a key id: `[a-z0-9]`.
pub const ID_LENGTH: usize = 12;
/// Base-62 digits of the secret: 43 × log2 62 = 256.03 bits.
pub const SECRET_LENGTH: usize = 43;
const CHECKSUM_LENGTH: usize = 6;

/// A well-formed key: its id, and what is compared with the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedKey {
    /// Names the key object and the database row.
    pub id: String,
    /// Lower-case hexadecimal SHA-256 of the whole key.
    pub hash: String,
}

/// A new key: the secret text, shown once, and what is kept of it.
pub fn generate(environment: &str) -> crate::error::Result<(String, ParsedKey)> {
    let id = crate::platform::random::text(ID_LENGTH, b"0123456789abcdefghijklmnopqrstuvwxyz")?;
    let body = format!(
        "dlk_{environment}_{id}_{}",
        crate::platform::random::text(SECRET_LENGTH, ALPHABET)?
    );
    let key = format!("{body}{}", checksum(&body));
    let hash = hash(&key);
    Ok((key, ParsedKey { id, hash }))
}

/// A token for a link in a mail: as many random bits as a key has.
pub fn generate_token() -> crate::error::Result<String> {
    crate::platform::random::text(SECRET_LENGTH, ALPHABET)
}

/// Checks form and checksum. Says nothing about whether the key exists.
pub fn parse(text: &str) -> Option<ParsedKey> {
    let rest = text
        .strip_prefix("dlk_live_")
        .or_else(|| text.strip_prefix("dlk_test_"))?;
    let (id, tail) = rest.split_once('_')?;
    let tail_ok = tail.len() == SECRET_LENGTH + CHECKSUM_LENGTH
        && tail.bytes().all(|b| b.is_ascii_alphanumeric());
    if !is_id(id) || !tail_ok {
        return None;
    }
    let (body, sum) = text.split_at_checked(text.len() - CHECKSUM_LENGTH)?;
    (checksum(body) == sum).then(|| ParsedKey {
        id: id.to_owned(),
        hash: hash(text),
    })
}

/// Whether a text can be the id of a key.
pub fn is_id(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.len() == ID_LENGTH && text.bytes().all(allowed)
}

/// Lower-case hexadecimal SHA-256.
pub fn hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    let digits = bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]);
    digits.collect()
}

/// Six base-62 digits of the CRC-32 of `body`, most significant first.
fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut digits = [b'0'; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[rest % 62];
        rest /= 62;
    }
    digits.iter().map(|&b| char::from(b)).collect()
}

/// Compares without an early exit, so that the time taken tells nothing about the stored value.
pub fn constant_time_eq(a: &str, b: &str) -> bool {
    let difference = a
        .bytes()
        .zip(b.bytes())
        .fold(0u8, |acc, (x, y)| acc | (x ^ y));
    a.len() == b.len() && std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> String {
        let body = format!("dlk_test_{}_{}", "abc123def456", "A".repeat(SECRET_LENGTH));
        format!("{body}{}", checksum(&body))
    }

    #[test]
    fn checksum_is_the_documented_one() {
        // crc32("123456789") = 0xcbf43926 = 3421780262
        assert_eq!(checksum("123456789"), "3jZRME");
    }

    #[test]
    fn accepts_its_own_and_refuses_any_change() {
        let key = key();
        let parsed = parse(&key).expect("well-formed");
        assert_eq!(
            (parsed.id.as_str(), parsed.hash.len()),
            ("abc123def456", 64)
        );
        for i in 0..key.len() {
            let mut changed = key.clone().into_bytes();
            changed[i] = if changed[i] == b'z' { b'y' } else { b'z' };
            assert_eq!(
                parse(&String::from_utf8(changed).expect("ascii")),
                None,
                "position {i}"
            );
        }
        for bad in [
            "",
            "dlk_live_",
            "dlk_live_a_b",
            "Bearer x",
            "dlk_prod_abc123def456_x",
            "dlk_live_é",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn generated_keys_are_well_formed() {
        let (key, kept) = generate("live").expect("random");
        assert_eq!(parse(&key), Some(kept));
        assert_ne!(generate("live").expect("random").0, key);
        assert_eq!(generate_token().expect("random").len(), SECRET_LENGTH);
    }

    #[test]
    fn comparison() {
        assert!(constant_time_eq("abc", "abc"));
        assert!(
            !constant_time_eq("abc", "abd")
                && !constant_time_eq("abc", "ab")
                && !constant_time_eq("", "a")
        );
    }
}
