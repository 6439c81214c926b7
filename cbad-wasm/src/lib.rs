//! Compression-based anomaly detection: what does not compress given the past is new.
//!
//! ```
//! use cbad::{Config, Detector, Event};
//!
//! let mut detector = Detector::new(Config::default());
//! for i in 0..1_000 {
//!     detector.observe(&Event::text(&format!("user {} paid order {} in {} ms", i % 17, 8_000 + i, i % 40)));
//! }
//! let verdict = detector.observe(&Event::text("user 5 dropped table orders"));
//! assert!(verdict.anomaly && verdict.p_value <= 0.001);
//! println!("{}", verdict.reason.unwrap());
//! ```

#![forbid(unsafe_code)]

pub mod bits;
pub mod calibrate;
pub mod checkpoint;
pub mod codec;
mod config;
mod detector;
mod event;
mod explain;
mod fdr;
pub mod features;
mod groups;
mod guard;
pub mod hash;
pub mod json;
mod judge;
pub mod measures;
mod model;
pub mod numeric;
mod recent;
mod ring;
pub mod spread;
pub mod stats;
mod steps;
mod table;
mod taught;
pub mod tokenize;
mod verdict;
mod volume;
#[cfg(feature = "wasm")]
mod wasm;
mod witness;

pub use checkpoint::CheckpointError;
pub use config::{Config, Memory, Parts, Warmup};
pub use detector::{ALGORITHM, Detector};
pub use event::{Event, Kind, Payload, UnknownKind};
pub use judge::{ReplayError, course, replay};
#[cfg(feature = "cli")]
pub use model::code_length;
pub use taught::TeachError;
pub use verdict::{
    Expected, FieldBits, GroupVerdict, PMethod, Severity, State, TokenBits, Verdict,
};
