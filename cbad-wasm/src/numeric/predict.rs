//! One-step code length: a switching mixture of simple predictors with heavy-tailed residuals.
//!
//! Every predictor states a Student-t density (3 degrees of freedom) round its guess; the mixture's density is their
//! weighted sum, and its weights follow Bayes' rule with a fixed share given back each step (Herbster & Warmuth 1998), so
//! the code length is at most about that of the best *sequence* of predictors. The price is `-log2` of that density in
//! units of the stream's spread: an honest code length up to the resolution, the same for every predictor.

use super::bytes::{Reader, Result, Writer};
use super::fmath::{Bound, log2, ratio};
use super::season::{Cell, read_cells, write_cells};

pub(crate) const EXPERTS: usize = 8;
const LEVELS: usize = 16;
/// Share of weight spread evenly each step.
const SHARE: f64 = 0.01;

/// State of the predictors that need one, their weights and residual scales.
#[derive(Clone, Debug)]
pub(crate) struct Mixture {
    last: f64,
    fast: f64,
    slow: f64,
    level: f64,
    trend: f64,
    day_offset: f64,
    context: Vec<Cell>,
    recent: [usize; 2],
    weight: [f64; EXPERTS],
    scale: [f64; EXPERTS],
    residual: f64,
    by_level: [Cell; LEVELS],
}

/// The mixture's view of the next value before it is seen.
pub(crate) struct Forecast {
    guess: [f64; EXPERTS],
    /// Which of the guesses there are.
    known: [bool; EXPERTS],
    scale: [f64; EXPERTS],
    /// Weighted mean of the guesses.
    pub mean: f64,
    local: f64,
    /// Scale of a one-step residual here.
    pub spread: f64,
}

/// What the seasonal parts expect now.
#[derive(Clone, Copy, Default)]
pub(crate) struct Seasonal {
    pub day: Option<f64>,
    pub week: Option<f64>,
    pub cycle: Option<f64>,
}

impl Mixture {
    pub fn new() -> Self {
        Mixture {
            last: 0.0,
            fast: 0.0,
            slow: 0.0,
            level: 0.0,
            trend: 0.0,
            day_offset: 0.0,
            context: vec![Cell::default(); LEVELS * LEVELS],
            recent: [0; 2],
            weight: [1.0 / EXPERTS as f64; EXPERTS],
            scale: [0.0; EXPERTS],
            residual: 0.0,
            by_level: [Cell::default(); LEVELS],
        }
    }

    pub fn start(&mut self, x: f64) {
        self.last = x;
        self.fast = x;
        self.slow = x;
        self.level = x;
    }

    pub fn forecast(&self, seasonal: Seasonal, spread: f64, floor: f64) -> Forecast {
        let context = self.context[self.recent[1] * LEVELS + self.recent[0]];
        let guess = [
            Some(self.last),
            Some(self.fast),
            Some(self.slow),
            Some(self.level + self.trend),
            seasonal.day.map(|m| m + self.day_offset),
            seasonal.week,
            seasonal.cycle,
            if context.n > 3.0 { context.get() } else { None },
        ];
        let known = guess.map(|g| g.is_some());
        let guess = guess.map(|g| g.unwrap_or(0.0));
        let here = self.by_level[self.recent[0]];
        let local = if self.residual > 0.0 {
            let n = f64::from(here.n);
            ratio(
                (f64::from(here.mean) * n + self.residual * 20.0) / (n + 20.0),
                self.residual,
            )
            .clamp(0.05, 20.0)
        } else {
            1.0
        };
        let (mut mean, mut total) = (0.0, 0.0);
        let mut scale = [0.0; EXPERTS];
        for k in 0..EXPERTS {
            let base = if self.scale[k] > 0.0 {
                self.scale[k].at_least(floor)
            } else {
                spread
            };
            scale[k] = (base * local).at_least(floor);
            if known[k] {
                mean += self.weight[k] * guess[k];
                total += self.weight[k];
            }
        }
        Forecast {
            guess,
            known,
            scale,
            mean: mean / total.at_least(1e-12),
            local,
            spread: (self.residual * local).at_least(floor),
        }
    }

    /// Code length of `x` in bits, relative to the stream's spread; weights and residual scales are then updated.
    #[cfg_attr(target_family = "wasm", target_feature(enable = "simd128"))]
    pub fn price(&mut self, f: &Forecast, x: f64, n: f64, spread: f64, floor: f64) -> f64 {
        let (mut density, mut present) = (0.0, 0.0);
        let (rate, per_local) = ((1.0 / n).at_least(1.0 / 400.0), 1.0 / f.local);
        let mut like = [0.0; EXPERTS]; // all of them, two at a time where the machine can
        for (k, l) in like.iter_mut().enumerate() {
            let per = 1.0 / f.scale[k];
            let z = ((x - f.guess[k]) * per).clamp(-1e6, 1e6);
            let q = 1.0 + z * z / 3.0;
            *l = (spread * per).at_least(1e-12) * 0.367_553 / (q * q);
        }
        for k in (0..EXPERTS).filter(|&k| f.known[k]) {
            density += self.weight[k] * like[k];
            present += self.weight[k];
            let base = if self.scale[k] > 0.0 {
                self.scale[k].at_least(floor)
            } else {
                spread
            };
            let r = ((x - f.guess[k]).abs() * per_local).at_most(8.0 * base.at_least(spread * 0.1));
            self.scale[k] += if self.scale[k] == 0.0 {
                r
            } else {
                rate * (r - self.scale[k])
            };
        }
        let density = (density / present.at_least(1e-12)).at_least(1e-60);
        for (k, l) in like.iter().enumerate() {
            let posterior = self.weight[k] * l.at_least(1e-60) / density;
            let posterior = if f.known[k] {
                posterior
            } else {
                self.weight[k]
            };
            self.weight[k] = (1.0 - SHARE) * posterior.at_least(1e-12) + SHARE / EXPERTS as f64;
        }
        let total: f64 = self.weight.iter().fold(0.0, |a, w| a + w);
        for w in &mut self.weight {
            *w /= total;
        }
        let e = (x - f.mean).abs();
        let e = if n < 30.0 {
            e
        } else {
            e.at_most(8.0 * self.residual.at_least(floor))
        };
        self.residual += (1.0 / n).at_least(1e-3) * (e - self.residual);
        self.by_level[self.recent[0]].learn(e, 1.0 / 300.0);
        -log2(density)
    }

    /// Learns `x`; `bucket` is its coarse level, `day` what its time of day made usual.
    pub fn learn(&mut self, x: f64, bucket: usize, day: Option<f64>) {
        self.context[self.recent[1] * LEVELS + self.recent[0]].learn(x, 0.05);
        if let Some(d) = day {
            self.day_offset += 0.2 * (x - d - self.day_offset);
        }
        self.fast += 0.3 * (x - self.fast);
        self.slow += 0.05 * (x - self.slow);
        let ahead = self.level + self.trend;
        let level = ahead + 0.3 * (x - ahead);
        self.trend = 0.9 * (self.trend + 0.05 * (level - ahead));
        self.level = level;
        self.recent = [bucket.min(LEVELS - 1), self.recent[0]];
        self.last = x;
    }

    pub fn last(&self) -> f64 {
        self.last
    }

    pub fn write(&self, w: &mut Writer<'_>) {
        w.f64s(&[
            self.last,
            self.fast,
            self.slow,
            self.level,
            self.trend,
            self.day_offset,
            self.residual,
        ]);
        write_cells(w, &self.context);
        w.u16(self.recent[0] as u16);
        w.u16(self.recent[1] as u16);
        w.f64s(&self.weight);
        w.f64s(&self.scale);
        write_cells(w, &self.by_level);
    }

    pub fn read(r: &mut Reader<'_>) -> Result<Self> {
        let [last, fast, slow, level, trend, day_offset, residual] = r.f64s()?;
        Ok(Mixture {
            last,
            fast,
            slow,
            level,
            trend,
            day_offset,
            residual,
            context: read_cells::<{ LEVELS * LEVELS }>(r)?.to_vec(),
            recent: [r.index(LEVELS - 1)?, r.index(LEVELS - 1)?],
            weight: r.f64s()?,
            scale: r.f64s()?,
            by_level: read_cells(r)?,
        })
    }
}
