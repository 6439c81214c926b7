//! Rare shapes: the distance of the newest values to the nearest of a bounded set of learnt windows.

use super::bytes::{Reader, Result, Writer};

const LEN: usize = 8;
const KEPT: usize = 80;
/// Mean distance, in scales, from which a window becomes a prototype of its own.
const NEW: f32 = 0.25;
/// Windows before novelty is reported.
const WARM: u32 = 100;

/// Learnt windows of the last eight values, the weakest replaced when full.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    window: [f32; LEN],
    seen: u32,
    prototypes: Vec<[f32; LEN]>,
    weights: Vec<f32>,
}

impl Shape {
    pub fn new() -> Self {
        Shape {
            window: [0.0; LEN],
            seen: 0,
            prototypes: Vec::with_capacity(KEPT),
            weights: Vec::with_capacity(KEPT),
        }
    }

    /// Forgets the current window (after a gap), not the prototypes.
    pub fn cut(&mut self) {
        self.seen = self.seen.min(WARM + LEN as u32) / 2 * 2;
    }

    /// Mean distance per value, in `scale`s, to the nearest prototype; the window is then learnt.
    pub fn push(&mut self, x: f64, scale: f64) -> Option<f64> {
        self.window.copy_within(1.., 0);
        self.window[LEN - 1] = x as f32;
        self.seen = self.seen.saturating_add(1);
        if self.seen < LEN as u32 {
            return None;
        }
        let per_scale = (1.0 / scale).min(1e30) as f32;
        let (mut best, mut at) = (f32::MAX, 0);
        for (i, p) in self.prototypes.iter().enumerate() {
            let d = distance(&self.window, p, per_scale);
            if d < best {
                best = d;
                at = i;
            }
        }
        let novelty = if self.prototypes.is_empty() {
            0.0
        } else {
            best / LEN as f32
        };
        if self.prototypes.is_empty() || novelty > NEW {
            self.adopt();
        } else {
            let w = &mut self.weights[at];
            *w += 1.0;
            let rate = (1.0 / *w).max(0.1);
            for (p, x) in self.prototypes[at].iter_mut().zip(&self.window) {
                *p += rate * (x - *p);
            }
        }
        if self.seen > WARM + LEN as u32 {
            Some(f64::from(novelty))
        } else {
            None
        }
    }

    fn adopt(&mut self) {
        if self.prototypes.len() < KEPT {
            self.prototypes.push(self.window);
            self.weights.push(1.0);
            return;
        }
        let mut weakest = 0;
        for i in 0..KEPT {
            if self.weights[i] < self.weights[weakest] {
                weakest = i;
            }
        }
        self.prototypes[weakest] = self.window;
        self.weights[weakest] = 1.0;
        for w in &mut self.weights {
            *w *= 0.98;
        }
    }

    pub fn write(&self, w: &mut Writer<'_>) {
        w.f32s(&self.window);
        w.u32(self.seen);
        w.u16(self.prototypes.len() as u16);
        for (p, weight) in self.prototypes.iter().zip(&self.weights) {
            w.f32s(p);
            w.f32(*weight);
        }
    }

    pub fn read(r: &mut Reader<'_>) -> Result<Self> {
        let mut s = Shape::new();
        s.window = r.f32s()?;
        s.seen = r.u32()?;
        for _ in 0..r.index(KEPT)? {
            s.prototypes.push(r.f32s()?);
            s.weights.push(r.f32()?);
        }
        Ok(s)
    }
}

/// Sum of limited differences, in four lanes whose order is fixed (the same sum on every target).
fn distance(a: &[f32; LEN], b: &[f32; LEN], per_scale: f32) -> f32 {
    let mut lane = [0.0f32; 4];
    for i in 0..4 {
        lane[i] = ((a[i] - b[i]).abs() * per_scale).min(8.0);
    }
    for i in 0..4 {
        lane[i] += ((a[i + 4] - b[i + 4]).abs() * per_scale).min(8.0);
    }
    (lane[0] + lane[1]) + (lane[2] + lane[3])
}
