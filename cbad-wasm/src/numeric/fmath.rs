//! The only transcendental functions the numeric model uses, all through `libm`, so that native and wasm32 give the
//! same bits, and a few guards that keep every intermediate finite.
//!
//! Loops over many values ask for `simd128` in WebAssembly, where unlike natively nothing is computed side by side without asking.
//! Each lane is rounded as a single value is, and no sum changes its order: the bits stay the same.

/// Largest magnitude a value may have inside the model (single precision must hold it); anything larger is clamped on the
/// way in.
pub(crate) const HUGE: f64 = 1e30;
/// Smallest scale the model divides by.
pub(crate) const TINY: f64 = 1e-36;
pub(crate) use std::f64::consts::LOG2_E;

/// Base-2 logarithm of a positive number (arguments below 1e-300 count as 1e-300).
pub(crate) fn log2(x: f64) -> f64 {
    libm::log2(x.at_least(1e-300))
}

/// Natural logarithm of a positive number.
pub(crate) fn ln(x: f64) -> f64 {
    libm::log(x.at_least(1e-300))
}

/// `num / den` for a positive `den`, limited to ±`1e6` so that squares and products stay finite.
pub(crate) fn ratio(num: f64, den: f64) -> f64 {
    (num / den.at_least(TINY)).clamp(-1e6, 1e6)
}

/// The larger and the smaller of two numbers, as `f64::max` and `f64::min`: of a number and none, the number. WebAssembly has no
/// instruction for that and calls a function, which also keeps the loop round it from taking several values at a time, so there
/// it is done by comparisons.
pub(crate) trait Bound {
    fn at_least(self, least: Self) -> Self;
    fn at_most(self, most: Self) -> Self;
}

macro_rules! bound {
    ($float:ident) => {
        impl Bound for $float {
            #[inline(always)]
            fn at_least(self, least: Self) -> Self {
                if cfg!(target_family = "wasm") {
                    compared::$float(self, least, least > self)
                } else {
                    self.max(least)
                }
            }
            #[inline(always)]
            fn at_most(self, most: Self) -> Self {
                if cfg!(target_family = "wasm") {
                    compared::$float(self, most, most < self)
                } else {
                    self.min(most)
                }
            }
        }
    };
}
bound!(f32);
bound!(f64);

/// The bound where it is beyond, or where `x` is no number.
mod compared {
    #[inline(always)]
    pub(super) fn f32(x: f32, bound: f32, beyond: bool) -> f32 {
        if beyond || x.is_nan() { bound } else { x }
    }
    #[inline(always)]
    pub(super) fn f64(x: f64, bound: f64, beyond: bool) -> f64 {
        if beyond || x.is_nan() { bound } else { x }
    }
}

#[cfg(test)]
mod tests {
    use super::compared;

    #[test]
    fn comparisons_give_what_the_standard_library_gives() {
        let values = [
            f64::NAN,
            f64::NEG_INFINITY,
            -1.5,
            0.0,
            1e-300,
            2.0,
            f64::MAX,
        ];
        for a in values {
            for b in values {
                let (c, d) = (a as f32, b as f32);
                let told = [
                    compared::f64(a, b, b > a),
                    compared::f64(a, b, b < a),
                    f64::from(compared::f32(c, d, d > c)),
                    f64::from(compared::f32(c, d, d < c)),
                ];
                let wanted = [a.max(b), a.min(b), f64::from(c.max(d)), f64::from(c.min(d))];
                assert_eq!(told.map(f64::to_bits), wanted.map(f64::to_bits), "{a} {b}");
            }
        }
    }
}
