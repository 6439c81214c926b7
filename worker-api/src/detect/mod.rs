//! Streams and their detector: the log format, the object that owns a stream, and the way of its anomalies to the database.

pub mod batch;
pub mod claims;
pub mod dedupe;
pub mod engine;
pub mod flush;
pub mod gathering;
mod hot;
pub mod latest;
pub mod lesson;
pub mod measuring;
pub mod name;
pub mod outbox;
pub mod pressure;
pub mod record;
mod reset;
mod reshard;
mod resident;
pub mod runs;
#[cfg(test)]
mod sample;
pub mod shards;
pub mod store;
pub mod stream_object;
pub mod sweep;

pub use event_codec::batch as log;
