//! Binary arithmetic coding: the entropy stage of the column codec.
//!
//! Carry-less range coder over 32 bits with 16-bit probabilities (Howard & Vitter 1992, in the form of Mahoney's paq/lpaq). The
//! model is written once against [`Coder`]: an encoder is told each bit and returns it, a decoder finds it out.

/// One binary decision after another.
pub(crate) trait Coder {
    /// Codes a bit whose chance of being 1 is `p / 65536`, `1 ≤ p ≤ 65535`. A decoder ignores `bit` and returns the bit read.
    fn bit(&mut self, p: u32, bit: bool) -> bool;
}

/// Where the interval `low..=high` is cut.
fn middle(low: u32, high: u32, p: u32) -> u32 {
    let range = u64::from(high - low);
    // p < 2¹⁶, so the cut stays below `high`
    low + ((range * u64::from(p)) >> 16) as u32
}

/// Writes bits.
pub(crate) struct Encoder {
    low: u32,
    high: u32,
    out: Vec<u8>,
}

impl Encoder {
    /// Appends to `out`.
    pub fn new(out: Vec<u8>) -> Self {
        Self {
            low: 0,
            high: u32::MAX,
            out,
        }
    }

    /// Information written so far, in bits: whole bytes, and what the interval has shrunk to.
    #[cfg(feature = "cli")]
    pub fn bits(&self) -> f64 {
        let left = f64::from(self.high - self.low) + 1.0;
        8.0 * self.out.len() as f64 + 32.0 - libm::log2(left)
    }

    /// Writes as many bytes as it takes to tell the last interval; the decoder reads zeros after them.
    pub fn finish(mut self) -> Vec<u8> {
        // the shortest byte string that, followed by zeros, lies in low..=high
        for bytes in 0..=4u32 {
            let mask = u32::MAX.checked_shr(8 * bytes).unwrap_or(0);
            let value = match self.low.checked_add(mask) {
                Some(sum) => sum & !mask,
                None => continue,
            };
            if value >= self.low && value <= self.high {
                self.out
                    .extend(value.to_be_bytes().iter().take(bytes as usize));
                break;
            }
        }
        self.out
    }
}

impl Coder for Encoder {
    #[inline]
    fn bit(&mut self, p: u32, bit: bool) -> bool {
        let cut = middle(self.low, self.high, p);
        if bit {
            self.high = cut
        } else {
            self.low = cut + 1
        }
        while (self.low ^ self.high) >> 24 == 0 {
            self.out.push((self.high >> 24) as u8);
            self.low <<= 8;
            self.high = self.high << 8 | 255;
        }
        bit
    }
}

/// Reads bits.
pub(crate) struct Decoder<'a> {
    low: u32,
    high: u32,
    code: u32,
    data: std::slice::Iter<'a, u8>,
    /// Bytes asked for after the end.
    missing: usize,
}

impl<'a> Decoder<'a> {
    /// Starts on an encoder's output.
    pub fn new(data: &'a [u8]) -> Self {
        let mut decoder = Self {
            low: 0,
            high: u32::MAX,
            code: 0,
            data: data.iter(),
            missing: 0,
        };
        for _ in 0..4 {
            decoder.code = decoder.code << 8 | decoder.next();
        }
        decoder
    }

    /// Whether more has been read than any encoder leaves out: the data was cut short.
    pub fn exhausted(&self) -> bool {
        self.missing > 8
    }

    /// Whether every byte was needed.
    pub fn at_end(&self) -> bool {
        self.data.len() == 0
    }

    fn next(&mut self) -> u32 {
        match self.data.next() {
            Some(&byte) => u32::from(byte),
            None => {
                self.missing += 1;
                0
            }
        }
    }
}

impl Coder for Decoder<'_> {
    #[inline]
    fn bit(&mut self, p: u32, _: bool) -> bool {
        let cut = middle(self.low, self.high, p);
        let bit = self.code <= cut;
        if bit {
            self.high = cut
        } else {
            self.low = cut + 1
        }
        while (self.low ^ self.high) >> 24 == 0 {
            self.low <<= 8;
            self.high = self.high << 8 | 255;
            self.code = self.code << 8 | self.next();
        }
        bit
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_back_whatever_their_probability() {
        let mut seed = 1u32;
        let decisions: Vec<(u32, bool)> = (0..50_000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let p = match seed >> 29 {
                    0 => 1,
                    1 => 65_535,
                    _ => 1 + (seed >> 8) % 65_535,
                };
                (p, (seed >> 4) % 65_536 < p)
            })
            .collect();
        let mut encoder = Encoder::new(Vec::new());
        for &(p, bit) in &decisions {
            encoder.bit(p, bit);
        }
        let data = encoder.finish();
        let mut decoder = Decoder::new(&data);
        for &(p, bit) in &decisions {
            assert_eq!(decoder.bit(p, false), bit);
        }
        assert!(decoder.at_end() && !decoder.exhausted());
    }

    #[test]
    fn a_likely_bit_costs_almost_nothing() {
        let mut encoder = Encoder::new(Vec::new());
        for _ in 0..10_000 {
            encoder.bit(65_500, true);
        }
        assert!(encoder.finish().len() < 5);
    }
}
