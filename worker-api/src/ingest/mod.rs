//! From request bodies to batches of events, one per stream.

pub mod cloudevents;
pub mod deferred;
pub mod events;
pub mod limits;
pub mod otlp;
pub mod pipeline;
pub mod post_events;
pub mod quota;
pub mod redact;
pub mod route;
pub mod time;
pub mod utf8;
