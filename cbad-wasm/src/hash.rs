//! Hashing that is the same on every target: keys of the count table and checksums of checkpoints.

/// Mixes two words into one (a multiply-xorshift round; not cryptographic).
#[inline]
pub fn mix(a: u64, b: u64) -> u64 {
    let x = (a ^ b.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    x ^ (x >> 32)
}

/// Hash of a byte string, eight bytes at a time, little-endian on every target.
#[inline]
pub fn hash(bytes: &[u8]) -> u64 {
    let mut h = 0x51_7C_C1_B7_27_22_0A_95 ^ (bytes.len() as u64);
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let mut word = [0u8; 8];
        word.copy_from_slice(chunk);
        h = mix(h, u64::from_le_bytes(word));
    }
    let rest = chunks.remainder();
    let mut tail = 0u64;
    for (i, &b) in rest.iter().enumerate() {
        tail |= u64::from(b) << (8 * i);
    }
    let h = mix(h, tail);
    h ^ (h >> 29)
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
