//! Statistics: how improbable a measurement is.

pub mod permutation;
