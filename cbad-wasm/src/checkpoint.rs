//! Reading and writing of model state: little-endian, length-prefixed, checked, never a panic.

use crate::bits::MicroBits;

/// Why a checkpoint cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It does not begin with the magic `CBAD`.
    #[error("not a cbad checkpoint")]
    NotACheckpoint,
    /// Its format is newer than this build.
    #[error("checkpoint format {found} is not supported (newest known: {known})")]
    Version {
        /// The version found.
        found: u16,
        /// The newest version known.
        known: u16,
    },
    /// It was written by another algorithm.
    #[error("checkpoint of algorithm {0:?} cannot be continued by this one")]
    Algorithm(String),
    /// Its checksum is wrong.
    #[error("checkpoint checksum does not match")]
    Checksum,
    /// Its configuration hash does not fit its configuration.
    #[error("checkpoint configuration hash does not match")]
    Config,
    /// It ends early or holds what no detector writes.
    #[error("checkpoint is truncated or inconsistent")]
    Corrupt,
}

/// The input ended, or held a value out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncated;

impl From<Truncated> for CheckpointError {
    fn from(_: Truncated) -> CheckpointError {
        CheckpointError::Corrupt
    }
}

/// Appends values to a buffer.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    /// What has been written.
    pub bytes: Vec<u8>,
}

impl Writer {
    /// One byte.
    pub fn u8(&mut self, x: u8) {
        self.bytes.push(x);
    }
    /// Two bytes.
    pub fn u16(&mut self, x: u16) {
        self.bytes.extend_from_slice(&x.to_le_bytes());
    }
    /// Four bytes.
    pub fn u32(&mut self, x: u32) {
        self.bytes.extend_from_slice(&x.to_le_bytes());
    }
    /// Eight bytes.
    pub fn u64(&mut self, x: u64) {
        self.bytes.extend_from_slice(&x.to_le_bytes());
    }
    /// The bit pattern of a float.
    pub fn f64(&mut self, x: f64) {
        self.u64(x.to_bits());
    }
    /// A small number in few bytes (LEB128).
    pub fn varint(&mut self, mut x: u64) {
        while x >= 128 {
            self.bytes.push(x as u8 | 128);
            x >>= 7;
        }
        self.bytes.push(x as u8);
    }
    /// A signed number in few bytes (zigzag).
    pub fn signed(&mut self, x: i64) {
        self.varint((x.wrapping_shl(1) ^ (x >> 63)) as u64);
    }
    /// A length and bytes.
    pub fn slice(&mut self, x: &[u8]) {
        self.varint(x.len() as u64);
        self.bytes.extend_from_slice(x);
    }
    /// A length and text.
    pub fn text(&mut self, x: &str) {
        self.slice(x.as_bytes());
    }
}

/// Takes values off the front of a buffer.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    /// What is left.
    pub rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }
    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Truncated> {
        let (head, tail) = self.rest.split_at_checked(n).ok_or(Truncated)?;
        self.rest = tail;
        Ok(head)
    }
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Truncated> {
        self.take(N)?.try_into().map_err(|_| Truncated)
    }
    /// One byte.
    pub fn u8(&mut self) -> Result<u8, Truncated> {
        Ok(self.array::<1>()?[0])
    }
    /// Two bytes.
    pub fn u16(&mut self) -> Result<u16, Truncated> {
        Ok(u16::from_le_bytes(self.array()?))
    }
    /// Four bytes.
    pub fn u32(&mut self) -> Result<u32, Truncated> {
        Ok(u32::from_le_bytes(self.array()?))
    }
    /// Eight bytes.
    pub fn u64(&mut self) -> Result<u64, Truncated> {
        Ok(u64::from_le_bytes(self.array()?))
    }
    /// A float by its bit pattern.
    pub fn f64(&mut self) -> Result<f64, Truncated> {
        Ok(f64::from_bits(self.u64()?))
    }
    /// A finite float.
    pub fn finite(&mut self) -> Result<f64, Truncated> {
        self.f64()
            .and_then(|x| if x.is_finite() { Ok(x) } else { Err(Truncated) })
    }
    /// See [`Writer::varint`].
    pub fn varint(&mut self) -> Result<u64, Truncated> {
        let mut x = 0u64;
        for shift in (0..64).step_by(7) {
            let b = self.u8()?;
            let part = u64::from(b & 127);
            if shift == 63 && part > 1 {
                return Err(Truncated);
            }
            x |= part << shift;
            if b < 128 {
                return Ok(x);
            }
        }
        Err(Truncated)
    }
    /// See [`Writer::signed`].
    pub fn signed(&mut self) -> Result<i64, Truncated> {
        let x = self.varint()?;
        Ok((x >> 1) as i64 ^ -((x & 1) as i64))
    }
    /// A price or what is made of one: no event costs 2⁴² micro-bits, and sums of a few such do not overflow.
    pub fn micro_bits(&mut self) -> Result<MicroBits, Truncated> {
        self.signed().and_then(|x| match x.unsigned_abs() >> 42 {
            0 => Ok(x),
            _ => Err(Truncated),
        })
    }
    /// A varint that fits a `u32`.
    pub fn small(&mut self) -> Result<u32, Truncated> {
        u32::try_from(self.varint()?).map_err(|_| Truncated)
    }
    /// A length that the rest can hold, each item at least one byte.
    pub fn length(&mut self) -> Result<usize, Truncated> {
        let n = self.varint()?;
        if n > self.rest.len() as u64 {
            Err(Truncated)
        } else {
            Ok(n as usize)
        }
    }
    /// See [`Writer::slice`].
    pub fn slice(&mut self) -> Result<&'a [u8], Truncated> {
        let n = self.length()?;
        self.take(n)
    }
    /// See [`Writer::text`].
    pub fn text(&mut self) -> Result<&'a str, Truncated> {
        std::str::from_utf8(self.slice()?).map_err(|_| Truncated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn values_come_back() {
        let mut w = Writer::default();
        for x in [0, 1, 127, 128, 300, u64::MAX] {
            w.varint(x);
            w.signed(x as i64);
        }
        w.f64(-0.5);
        w.text("ü");
        let mut r = Reader::new(&w.bytes);
        for x in [0, 1, 127, 128, 300, u64::MAX] {
            assert_eq!(r.varint(), Ok(x));
            assert_eq!(r.signed(), Ok(x as i64));
        }
        assert_eq!((r.finite(), r.text()), (Ok(-0.5), Ok("ü")));
        assert_eq!(r.u8(), Err(Truncated));
    }
}
