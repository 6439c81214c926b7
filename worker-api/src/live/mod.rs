//! The live feed: one hub per organisation, server-sent events for whoever watches.

pub mod org_object;
pub mod quota;
pub mod sse;
