//! Rare shapes: the distance of the newest values to the nearest of a bounded set of learnt windows.

use super::bytes::{Reader, Result, Writer};
use super::fmath::{Bound, TINY};

const LEN: usize = 8;
const KEPT: usize = 80;
/// Sums compared side by side.
const LANES: usize = 8;
/// Mean distance, in scales, from which a window becomes a prototype of its own.
const NEW: f32 = 0.25;
/// Windows before novelty is reported.
const WARM: u32 = 100;

/// Learnt windows of the last eight values, the weakest replaced when full. Held value by value, so that distances to all
/// of them are computed side by side, each sum in a fixed order.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    window: [f32; LEN],
    /// Windows seen, and values of the current one.
    seen: u32,
    fresh: u32,
    count: usize,
    prototypes: Box<[[f32; KEPT]; LEN]>,
    weights: [f32; KEPT],
}

impl Shape {
    pub fn new() -> Self {
        Shape {
            window: [0.0; LEN],
            seen: 0,
            fresh: 0,
            count: 0,
            prototypes: Box::new([[0.0; KEPT]; LEN]),
            weights: [0.0; KEPT],
        }
    }

    /// Starts a new window (after a gap); the prototypes stay.
    pub fn cut(&mut self) {
        self.fresh = 0;
    }

    /// Mean distance per value, in `scale`s, to the nearest prototype; the window is then learnt.
    pub fn push(&mut self, x: f64, scale: f64) -> Option<f64> {
        self.window.copy_within(1.., 0);
        self.window[LEN - 1] = x as f32;
        self.fresh = (self.fresh + 1).min(LEN as u32);
        if self.fresh < LEN as u32 {
            return None;
        }
        self.seen = self.seen.saturating_add(1);
        let scale = scale.at_least(TINY) as f32;
        let (best, at) = self.nearest(8.0 * scale);
        let novelty = if self.count == 0 {
            0.0
        } else {
            (best / (LEN as f32 * scale)).at_most(8.0)
        };
        if self.count == 0 || novelty > NEW {
            self.adopt();
        } else {
            let w = &mut self.weights[at];
            *w += 1.0;
            let rate = (1.0 / *w).at_least(0.1);
            for (p, x) in self.prototypes.iter_mut().zip(&self.window) {
                p[at] += rate * (x - p[at]);
            }
        }
        (self.seen > WARM).then_some(f64::from(novelty))
    }

    /// The smallest sum of differences, each at most `limit`, and the first prototype that has it.
    #[cfg_attr(target_family = "wasm", target_feature(enable = "simd128"))]
    fn nearest(&self, limit: f32) -> (f32, usize) {
        let mut sums = [0.0f32; KEPT];
        for (column, x) in self.prototypes.iter().zip(&self.window) {
            for (s, p) in sums.iter_mut().zip(column) {
                let d = (x - p).abs();
                *s += if d < limit { d } else { limit };
            }
        }
        sums[self.count..].fill(f32::MAX);
        let mut least = [f32::MAX; LANES];
        for part in sums.chunks_exact(LANES) {
            for (l, s) in least.iter_mut().zip(part) {
                *l = if *s < *l { *s } else { *l };
            }
        }
        let best = least.iter().fold(f32::MAX, |a, s| a.at_most(*s));
        (best, sums.iter().position(|s| *s == best).unwrap_or(0))
    }

    fn adopt(&mut self) {
        let mut at = self.count;
        if self.count < KEPT {
            self.count += 1;
        } else {
            at = 0;
            for i in 0..KEPT {
                if self.weights[i] < self.weights[at] {
                    at = i;
                }
            }
            for w in &mut self.weights {
                *w *= 0.98;
            }
        }
        for (p, x) in self.prototypes.iter_mut().zip(&self.window) {
            p[at] = *x;
        }
        self.weights[at] = 1.0;
    }

    pub fn write(&self, w: &mut Writer<'_>) {
        w.f32s(&self.window);
        w.u32(self.seen);
        w.u32(self.fresh);
        w.u16(self.count as u16);
        for p in self.prototypes.iter() {
            w.f32s(&p[..self.count]);
        }
        w.f32s(&self.weights[..self.count]);
    }

    pub fn read(r: &mut Reader<'_>) -> Result<Self> {
        let mut s = Shape::new();
        s.window = r.f32s()?;
        s.seen = r.u32()?;
        s.fresh = r.u32()?.min(LEN as u32);
        s.count = r.index(KEPT)?;
        for p in s.prototypes.iter_mut() {
            for x in &mut p[..s.count] {
                *x = r.f32()?;
            }
        }
        for x in &mut s.weights[..s.count] {
            *x = r.f32()?;
        }
        Ok(s)
    }
}
