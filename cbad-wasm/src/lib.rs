//! Compression-based anomaly detection: what does not compress given the past is new.

pub mod numeric;
