//! What every event passes through between a request's body and the detector: [`fields`] finds an event's fields in the JSON that
//! came in, [`batch`] is the form in which events go to the object that owns their stream, and in which that object keeps them.
//!
//! Neither knows of HTTP, limits or tenants. The rest of the Worker is built for size; this is built for speed.

pub mod batch;
pub mod fields;
mod scan;
