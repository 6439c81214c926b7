//! Bits packed from the lowest up, as Zstandard's entropy streams are (they are read backwards from their end).

/// Collects bits.
#[derive(Default)]
pub(super) struct BitWriter {
    out: Vec<u8>,
    hold: u64,
    held: u32,
}

impl BitWriter {
    /// Appends the lowest `count` bits of `value`, at most 32.
    #[inline]
    pub fn put(&mut self, value: u32, count: u32) {
        let mask = (1u64 << count) - 1;
        self.hold |= (u64::from(value) & mask) << self.held;
        self.held += count;
        if self.held >= 32 {
            self.out
                .extend_from_slice(&(self.hold as u32).to_le_bytes());
            self.hold >>= 32;
            self.held -= 32;
        }
    }

    /// The bytes, the last one filled with zeros.
    pub fn into_padded(mut self) -> Vec<u8> {
        let rest = self.held.div_ceil(8) as usize;
        self.out.extend(self.hold.to_le_bytes().iter().take(rest));
        self.out
    }

    /// The bytes, closed by a 1 that tells a backward reader where the bits begin.
    pub fn into_closed(mut self) -> Vec<u8> {
        self.put(1, 1);
        self.into_padded()
    }
}
