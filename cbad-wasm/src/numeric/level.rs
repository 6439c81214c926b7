//! The level: robust centre and spread, how rare a level is, flat runs, and means over the last points.

use super::bytes::{Reader, Result, Writer};
use super::fmath::{Bound, HUGE, TINY, log2, ratio};

/// Centre and spread by small steps that one outlier cannot move far, and the resolution of the values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scale {
    pub centre: f64,
    pub spread: f64,
    /// Smallest step seen between different values; 0 before there was one.
    pub quantum: f64,
}

impl Scale {
    pub fn start(&mut self, x: f64) {
        self.centre = x;
        self.spread = 0.0;
    }
    /// The least difference that means anything: unit-free, from the spread and the values' own resolution.
    pub fn floor(&self, x: f64) -> f64 {
        (0.02 * self.spread)
            .at_least(0.25 * self.quantum)
            .at_least(1e-9 * x.abs())
            .at_least(TINY)
    }
    pub fn learn(&mut self, x: f64, last: f64, n: f64) {
        let step = (x - last).abs();
        if step > 0.0 {
            self.quantum = if self.quantum == 0.0 {
                step
            } else {
                step.at_most(self.quantum * 1.002)
            };
        }
        let s = self.spread.at_least(self.floor(x));
        let away = (x - self.centre).abs();
        if n < 60.0 {
            self.centre += (x - self.centre) / n;
        } else {
            let rate = (1.0 / n).at_least(0.002) * 1.5 * s;
            self.centre += if x > self.centre {
                rate
            } else if x < self.centre {
                -rate
            } else {
                0.0
            };
        }
        let rate = (1.0 / n).at_least(1e-3);
        let seen = if n < 288.0 {
            away.at_most(5.0 * s + away)
        } else {
            away.at_most(5.0 * s)
        };
        self.spread = (self.spread + rate * (seen - self.spread)).at_most(HUGE);
    }
    pub fn write(&self, w: &mut Writer<'_>) {
        w.f64s(&[self.centre, self.spread, self.quantum]);
    }
    pub fn read(r: &mut Reader<'_>) -> Result<Self> {
        let [centre, spread, quantum] = r.f64s()?;
        Ok(Scale {
            centre,
            spread,
            quantum,
        })
    }
}

const BINS: usize = 64;

/// Adaptive histogram of the level in spreads: what a level costs.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    bins: [f32; BINS],
    total: f32,
}

impl Histogram {
    pub fn new() -> Self {
        Histogram {
            bins: [0.0; BINS],
            total: 0.0,
        }
    }
    /// Bits of a value `z` spreads from the centre, which is then counted.
    pub fn push(&mut self, z: f64) -> f64 {
        let i = ((z * 3.0).clamp(-31.0, 30.0) + 32.0) as usize;
        let near = self.bins[i] + 0.25 * (self.bins[i - 1] + self.bins[i + 1]) + 0.5;
        let bits = -log2(f64::from(near) / (f64::from(self.total) + BINS as f64 / 2.0));
        self.bins[i] += 1.0;
        self.total += 1.0;
        if self.total >= 65_536.0 {
            self.total = 0.0;
            for b in &mut self.bins {
                *b *= 0.5;
                self.total += *b;
            }
        }
        bits
    }
    pub fn write(&self, w: &mut Writer<'_>) {
        w.f32s(&self.bins);
        w.f32(self.total);
    }
    pub fn read(r: &mut Reader<'_>) -> Result<Self> {
        Ok(Histogram {
            bins: r.f32s()?,
            total: r.f32()?,
        })
    }
}

/// Mean of the last `W` values, held in steps of 1/4096 so that adding and taking away leaves no rounding behind.
#[derive(Clone, Debug)]
pub(crate) struct Mean<const W: usize> {
    ring: [i32; W],
    at: usize,
    sum: i64,
}

impl<const W: usize> Mean<W> {
    pub fn new() -> Self {
        Mean {
            ring: [0; W],
            at: 0,
            sum: 0,
        }
    }
    /// `z` is taken in limited to ±1000.
    pub fn push(&mut self, z: f64) -> f64 {
        let v = (ratio(z, 1.0).clamp(-1000.0, 1000.0) * 4096.0) as i32;
        self.sum += i64::from(v) - i64::from(self.ring[self.at]);
        self.ring[self.at] = v;
        self.at = (self.at + 1) % W;
        self.sum as f64 / (4096.0 * W as f64)
    }
    pub fn write(&self, w: &mut Writer<'_>) {
        for v in self.ring {
            w.u32(v as u32);
        }
        w.u16(self.at as u16);
    }
    pub fn read(r: &mut Reader<'_>) -> Result<Self> {
        let mut m = Self::new();
        for v in &mut m.ring {
            *v = r.u32()? as i32;
            m.sum += i64::from(*v);
        }
        m.at = r.index(W - 1)?;
        Ok(m)
    }
}
