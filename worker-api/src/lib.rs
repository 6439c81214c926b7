//! The Driftlock Worker.
