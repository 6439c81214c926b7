//! Hashing that is the same on every target: keys of the count table and checksums of checkpoints.

/// Mixes two words into one (a multiply-xorshift round; not cryptographic).
#[inline]
pub const fn mix(a: u64, b: u64) -> u64 {
    let x = (a ^ b.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    x ^ (x >> 32)
}

/// Hash of a byte string, eight bytes at a time, little-endian on every target.
#[inline]
pub fn hash(bytes: &[u8]) -> u64 {
    let mut h = start(bytes.len());
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        h = mix(h, u64::from_le_bytes(*word));
    }
    finish(h, tail(rest))
}

/// [`hash`] of `bytes[start..end]`. A short one is read in one go, with what follows it masked.
#[inline(always)]
pub fn hash_within(bytes: &[u8], start: usize, end: usize) -> u64 {
    let len = end - start;
    match bytes[start..].first_chunk::<8>() {
        Some(word) if len < 8 => {
            let word = u64::from_le_bytes(*word) & ((1 << (8 * len)) - 1);
            finish(self::start(len), word)
        }
        _ => hash(&bytes[start..end]),
    }
}

#[inline]
fn start(len: usize) -> u64 {
    0x51_7C_C1_B7_27_22_0A_95 ^ (len as u64)
}

#[inline]
fn finish(h: u64, tail: u64) -> u64 {
    let h = mix(h, tail);
    h ^ (h >> 29)
}

/// Up to seven bytes as a word, from two reads that overlap.
#[inline]
fn tail(rest: &[u8]) -> u64 {
    if let (Some(low), Some(high)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        let high = u64::from(u32::from_le_bytes(*high));
        return u64::from(u32::from_le_bytes(*low)) | high << (8 * (rest.len() - 4));
    }
    let Some(&first) = rest.first() else {
        return 0;
    };
    let last = rest.len() - 1;
    let middle = rest.len() / 2;
    u64::from(first) | u64::from(rest[middle]) << (8 * middle) | u64::from(rest[last]) << (8 * last)
}

const CRC_TABLE: [u32; 256] = {
    let mut table = [0u32; 256];
    let mut i = 0;
    while i < 256 {
        let mut c = i as u32;
        let mut k = 0;
        while k < 8 {
            c = if c & 1 == 1 {
                0xEDB8_8320 ^ (c >> 1)
            } else {
                c >> 1
            };
            k += 1;
        }
        table[i] = c;
        i += 1;
    }
    table
};

/// CRC-32 (IEEE 802.3) of `bytes`.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |c, &b| {
        CRC_TABLE[((c ^ u32::from(b)) & 0xFF) as usize] ^ (c >> 8)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn crc_of_the_check_string() {
        assert_eq!(super::crc32(b"123456789"), 0xCBF4_3926);
    }
    /// The definition: words of eight bytes, then the rest byte by byte.
    fn defined(bytes: &[u8]) -> u64 {
        let mut h = 0x51_7C_C1_B7_27_22_0A_95 ^ (bytes.len() as u64);
        let word = |part: &[u8]| part.iter().rev().fold(0, |w, &b| w << 8 | u64::from(b));
        let whole = bytes.len() / 8 * 8;
        for part in bytes[..whole].chunks(8) {
            h = super::mix(h, word(part));
        }
        h = super::mix(h, word(&bytes[whole..]));
        h ^ (h >> 29)
    }
    #[test]
    fn every_length_and_place_hashes_as_defined() {
        let bytes: Vec<u8> = (0..40u64).map(|i| super::mix(i, 5) as u8).collect();
        for start in 0..bytes.len() {
            for end in start..=bytes.len() {
                let want = defined(&bytes[start..end]);
                assert_eq!(super::hash(&bytes[start..end]), want);
                assert_eq!(super::hash_within(&bytes, start, end), want);
            }
        }
    }
    #[test]
    fn tails_and_lengths_matter() {
        let all: Vec<u64> = [&b"a"[..], b"a\0", b"", b"\0", b"abcdefgh", b"abcdefgh\0"]
            .iter()
            .map(|s| super::hash(s))
            .collect();
        for i in 0..all.len() {
            assert!(!all[..i].contains(&all[i]));
        }
    }
}
