//! Compression-based anomaly detection: what does not compress given the past is new.

pub mod codec;
pub mod measures;
pub mod numeric;
pub mod stats;
