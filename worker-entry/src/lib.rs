//! The module that Cloudflare loads: everything of `worker_api`, and nothing of its own.
//!
//! A crate by itself because the optimisation across crates goes by the settings of the one that is linked. `worker_api` is compiled
//! for size, and linked as such it would take the detector's speed along; here what is meant to be small stays small, and the rest is
//! fast.

pub use worker_api::*;
