//! From request bodies to batches of events, one per stream.

pub mod events;
pub mod post_events;
pub mod time;
