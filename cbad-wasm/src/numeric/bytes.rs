//! Little-endian fields of a checkpoint: a writer over `Vec<u8>` and a reader that never panics.

use thiserror::Error;

/// Why a stored numeric model could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NumericReadError {
    /// Fewer bytes than the model needs.
    #[error("numeric model is truncated")]
    Truncated,
    /// Written by another version of the model.
    #[error("numeric model version {0} is not supported")]
    Version(u8),
    /// A field holds a value the model never writes.
    #[error("numeric model holds an impossible value")]
    Invalid,
}

pub(crate) type Result<T> = std::result::Result<T, NumericReadError>;

/// Appends fields.
pub(crate) struct Writer<'a>(pub &'a mut Vec<u8>);

impl Writer<'_> {
    pub fn u8(&mut self, v: u8) {
        self.0.push(v);
    }
    pub fn u16(&mut self, v: u16) {
        self.0.extend_from_slice(&v.to_le_bytes());
    }
    pub fn u32(&mut self, v: u32) {
        self.0.extend_from_slice(&v.to_le_bytes());
    }
    pub fn u64(&mut self, v: u64) {
        self.0.extend_from_slice(&v.to_le_bytes());
    }
    pub fn i64(&mut self, v: i64) {
        self.0.extend_from_slice(&v.to_le_bytes());
    }
    pub fn f32(&mut self, v: f32) {
        self.u32(v.to_bits());
    }
    pub fn f64(&mut self, v: f64) {
        self.u64(v.to_bits());
    }
    pub fn f32s(&mut self, v: &[f32]) {
        for x in v {
            self.f32(*x);
        }
    }
    pub fn f64s(&mut self, v: &[f64]) {
        for x in v {
            self.f64(*x);
        }
    }
}

/// Takes fields in the order they were written. Floats must be finite, as the model only ever holds finite ones.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes }
    }
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self
            .bytes
            .split_first_chunk::<N>()
            .ok_or(NumericReadError::Truncated)?;
        self.bytes = rest;
        Ok(*head)
    }
    /// Bytes not yet read.
    pub fn rest(&self) -> usize {
        self.bytes.len()
    }
    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.take::<1>()?[0])
    }
    pub fn bool(&mut self) -> Result<bool> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(NumericReadError::Invalid),
        }
    }
    pub fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes(self.take()?))
    }
    pub fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.take()?))
    }
    pub fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.take()?))
    }
    pub fn i64(&mut self) -> Result<i64> {
        Ok(i64::from_le_bytes(self.take()?))
    }
    pub fn f32(&mut self) -> Result<f32> {
        let v = f32::from_bits(self.u32()?);
        if v.is_finite() {
            Ok(v)
        } else {
            Err(NumericReadError::Invalid)
        }
    }
    pub fn f64(&mut self) -> Result<f64> {
        let v = f64::from_bits(self.u64()?);
        if v.is_finite() {
            Ok(v)
        } else {
            Err(NumericReadError::Invalid)
        }
    }
    pub fn f32s<const N: usize>(&mut self) -> Result<[f32; N]> {
        let mut out = [0.0; N];
        for x in &mut out {
            *x = self.f32()?;
        }
        Ok(out)
    }
    pub fn f64s<const N: usize>(&mut self) -> Result<[f64; N]> {
        let mut out = [0.0; N];
        for x in &mut out {
            *x = self.f64()?;
        }
        Ok(out)
    }
    /// A count or index that may not exceed `max`.
    pub fn index(&mut self, max: usize) -> Result<usize> {
        let v = self.u16()? as usize;
        if v <= max {
            Ok(v)
        } else {
            Err(NumericReadError::Invalid)
        }
    }
}
