//! Code lengths as integers: one micro-bit is 10⁻⁶ bit. Logarithms come from a table that is built by integer
//! arithmetic alone, so native and wasm agree to the last digit.

/// A code length in micro-bits.
pub type MicroBits = i64;

/// Micro-bits in a bit.
pub const BIT: MicroBits = 1_000_000;

const STEPS: usize = 1024;

/// log₂(1 + i/1024) in 2⁻³² bits, by repeated squaring (Knuth, TAOCP 1.2.2 exercise 25) in integers.
const TABLE: [u32; STEPS + 1] = {
    let mut table = [0u32; STEPS + 1];
    let mut i = 0;
    while i < STEPS {
        let mut x: u128 = ((STEPS + i) as u128) << (62 - 10); // 1 ≤ x < 2 in Q62
        let mut out: u64 = 0;
        let mut bit = 0;
        while bit < 33 {
            x = (x * x) >> 62;
            out <<= 1;
            if x >= 1 << 63 {
                out |= 1;
                x >>= 1;
            }
            bit += 1;
        }
        table[i] = ((out + 1) >> 1) as u32;
        i += 1;
    }
    table[STEPS] = u32::MAX;
    table
};

/// log₂(x) in micro-bits; log₂(0) counts as 0. The error is below 0.5 micro-bit.
#[inline]
pub fn log2(x: u64) -> MicroBits {
    if x < 2 {
        return 0;
    }
    let whole = x.ilog2();
    let mantissa = x << (63 - whole); // the leading one at bit 63
    let index = ((mantissa >> 53) & 0x3FF) as usize;
    let rest = (mantissa >> 21) & 0xFFFF_FFFF; // the next 32 bits
    let (low, high) = (u64::from(TABLE[index]), u64::from(TABLE[index + 1]));
    let fraction = low + (((high - low) * rest) >> 32);
    i64::from(whole) * BIT + ((fraction * BIT as u64 + (1 << 31)) >> 32) as i64
}

/// [`log2`] of what fits a word of 32 bits: its exponent and mantissa are read off it as a number of double precision.
#[inline]
pub fn log2_small(x: u32) -> MicroBits {
    let bits = f64::from(x.max(1)).to_bits();
    let index = ((bits >> 42) & 0x3FF) as usize;
    let rest = (bits >> 10) & 0xFFFF_FFFF;
    let (low, high) = (u64::from(TABLE[index]), u64::from(TABLE[index + 1]));
    let whole = (bits >> 52) - 1023;
    let log = (whole << 32) + low + (((high - low) * rest) >> 32); // in 2⁻³² bits
    ((log * BIT as u64 + (1 << 31)) >> 32) as i64
}

/// −log₂(num/den) in micro-bits, never negative.
#[inline]
pub fn price(num: u64, den: u64) -> MicroBits {
    (log2(den) - log2(num)).max(0)
}

/// Micro-bits as bits.
#[inline]
pub fn to_bits(x: MicroBits) -> f64 {
    x as f64 / BIT as f64
}

/// Bits as micro-bits, saturating; NaN counts as 0.
#[inline]
pub fn from_bits(x: f64) -> MicroBits {
    libm::round(x * BIT as f64) as i64
}

/// The probability a surprise of `x` micro-bits stands for: 2^(−x), in (0, 1].
#[inline]
pub fn probability(x: MicroBits) -> f64 {
    libm::exp2(-to_bits(x.max(0))).max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn log2_is_close_to_libm() {
        for x in (1..5000u64).chain([65_535, 65_536, 1 << 40, (1 << 40) + 12_345, u64::MAX]) {
            let want = libm::log2(x as f64) * 1e6;
            assert!(
                (log2(x) as f64 - want).abs() < 1.0,
                "{x}: {} against {want}",
                log2(x)
            );
        }
    }
    #[test]
    fn both_ways_to_a_logarithm_agree() {
        let large = (0..100_000u32).map(|i| i.wrapping_mul(2_654_435_761));
        for x in (0..3_000_000).chain(large).chain([u32::MAX]) {
            assert_eq!(log2_small(x), log2(u64::from(x)), "{x}");
        }
    }
    #[test]
    fn log2_never_falls() {
        let mut last = 0;
        for x in 1..200_000u64 {
            assert!(log2(x) >= last);
            last = log2(x);
        }
    }
}
