//! The only transcendental functions the numeric model uses, all through `libm`, so that native and wasm32 give the
//! same bits, and a few guards that keep every intermediate finite.

/// Largest magnitude a value may have inside the model (single precision must hold it); anything larger is clamped on the
/// way in.
pub(crate) const HUGE: f64 = 1e30;
/// Smallest scale the model divides by.
pub(crate) const TINY: f64 = 1e-36;
pub(crate) use std::f64::consts::LOG2_E;

/// Base-2 logarithm of a positive number (arguments below 1e-300 count as 1e-300).
pub(crate) fn log2(x: f64) -> f64 {
    libm::log2(x.max(1e-300))
}

/// Natural logarithm of a positive number.
pub(crate) fn ln(x: f64) -> f64 {
    libm::log(x.max(1e-300))
}

/// `num / den` for a positive `den`, limited to ±`1e6` so that squares and products stay finite.
pub(crate) fn ratio(num: f64, den: f64) -> f64 {
    (num / den.max(TINY)).clamp(-1e6, 1e6)
}
