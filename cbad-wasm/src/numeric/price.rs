//! The views of one stream of values and their combination into bits of surprise.

use super::bytes::{Reader, Result, Writer};
use super::cycle::Cycle;
use super::fmath::{Bound, LOG2_E, ln, ratio};
use super::intake::Point;
use super::level::{Histogram, Mean, Scale};
use super::predict::{Forecast, Mixture, Seasonal};
use super::season::{Clock, Slots};
use super::shape::Shape;
use super::tail::{Range, Tail};
use super::view::View;
use crate::config::Parts;

pub(crate) const VIEWS: usize = 11;
const TAILS: usize = 7;
/// Mean excesses of the views' tails before there are any, each in its statistic's unit.
const TAIL_PRIORS: [f32; TAILS] = [0.2, 1.0, 0.2, 0.2, 0.1, 0.5, 0.3];
/// Values a tail lets pass before it begins.
const SKIP: u8 = 120;
/// log2 24: what a point's own code length says of a block of 24.
const BLOCK_BITS: f64 = 4.6;

/// Everything learnt about the values of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Core {
    pub n: u64,
    /// The first value: all others are taken relative to it, so that single precision is enough for profiles and shapes.
    origin: f64,
    scale: Scale,
    mixture: Mixture,
    clock: Clock,
    cycle: Cycle,
    shape: Shape,
    histogram: Histogram,
    seasonal_scale: f64,
    /// Points since the season is known as it is, and whether a cycle is part of it.
    season_n: f64,
    cycled: bool,
    short: Mean<9>,
    long: Mean<72>,
    variation: f64,
    run: f64,
    repeats: f64,
    range: Range,
    records: [Range; 4],
    tails: [Tail; TAILS],
}

/// What one value cost.
pub(crate) struct Price {
    /// Bits of surprise over all views.
    pub bits: f64,
    /// One-step code length, in bits relative to the spread.
    pub code: f64,
    pub view: View,
    pub view_bits: f64,
    pub expected: f64,
    pub band: f64,
}

impl Core {
    pub fn new() -> Self {
        Core {
            n: 0,
            origin: 0.0,
            scale: Scale::default(),
            mixture: Mixture::new(),
            clock: Clock::new(),
            cycle: Cycle::new(),
            shape: Shape::new(),
            histogram: Histogram::new(),
            seasonal_scale: 0.0,
            season_n: 0.0,
            cycled: false,
            short: Mean::new(),
            long: Mean::new(),
            variation: 0.0,
            run: 0.0,
            repeats: 0.0,
            range: Range::default(),
            records: Default::default(),
            tails: TAIL_PRIORS.map(|prior| Tail::new(prior, SKIP)),
        }
    }

    /// Prices a value against the past, then learns it.
    pub fn push(&mut self, p: &Point, parts: &Parts) -> Price {
        if self.n == 0 {
            self.origin = p.x;
        }
        let x = p.x - self.origin;
        if self.n == 0 {
            self.scale.start(x);
            self.mixture.start(x);
        }
        self.n = self.n.saturating_add(1);
        let n = self.n as f64;
        let floor = self.scale.floor(x);
        let spread = self.scale.spread.at_least(floor);
        let slots = p.at.filter(|_| parts.season).map(Slots::of);
        let (day, week) = self.clock.expect(slots);
        let cycle = self.cycle.expect(p.interval);
        let seasonal = Seasonal {
            day,
            week,
            cycle: cycle.filter(|_| parts.season),
        };
        let forecast = self.mixture.forecast(seasonal, spread, floor);
        let last = self.mixture.last();
        let mut v = [0.0; VIEWS];

        let outside = self.range.push(x, floor);
        let s = if n > 60.0 && outside > 0.0 {
            ln(1.0 + 10.0 * outside)
        } else {
            0.0
        };
        let tail = self.tails[0].push(s);
        v[View::Range as usize] = 1.5 * tail.at_least(self.range.bits(outside, 0.05, 60.0));

        let code = self.mixture.price(&forecast, x, n, spread, floor);
        v[View::Step as usize] = self.tails[1].push(code);

        if seasonal.cycle.is_some() != self.cycled {
            self.reset_season();
        }
        let (short, long) = self.season_means(x, seasonal, slots.is_some(), floor);
        v[View::SeasonShort as usize] = self.tails[2].push(ln(0.1 + short.abs()));
        v[View::SeasonLong as usize] = self.tails[3].push(ln(0.1 + long.abs()));

        if p.gap {
            self.shape.cut();
        }
        if let Some(novelty) = self.shape.push(x, spread) {
            v[View::Shape as usize] = self.tails[4].push(ln(0.05 + novelty));
        }
        let level = self.histogram.push(ratio(x - self.scale.centre, spread));
        v[View::Level as usize] = self.tails[5]
            .push(level)
            .at_most((level - BLOCK_BITS).at_least(0.0));
        self.run = if x == last { self.run + 1.0 } else { 0.0 };
        let same = f64::from(u8::from(x == last));
        self.repeats += (1.0 / n).at_least(1e-3) * (same - self.repeats);
        v[View::Flat as usize] = (1.0 - self.repeats).clamp(0.0, 0.5)
            * self.tails[6].push(if self.run > 4.0 {
                ln(self.run - 3.0)
            } else {
                0.0
            });

        let jump = (x - last).abs().at_most(10.0 * spread);
        self.variation += 0.1 * (jump - self.variation);
        let statistics = [x - last, short, long, self.variation];
        let floors = [floor, 0.02, 0.02, floor];
        for k in 0..4 {
            let outside = self.records[k].push(statistics[k], floors[k]);
            v[View::Jump as usize + k] = self.records[k].bits(outside, 0.05, 200.0);
        }

        if !parts.shape {
            v[View::Shape as usize] = 0.0;
        }
        if !parts.shifts {
            for view in View::OF_MANY {
                v[view as usize] = 0.0;
            }
        }
        self.learn(x, last, slots, day, n);
        let mut price = summarize(&v, code, &forecast, self.origin);
        if slots.is_none() && seasonal.cycle.is_none() {
            price.view = price.view.without_season();
        }
        price
    }

    /// A cycle was found or lost: what was learnt of residuals to the season no longer holds.
    fn reset_season(&mut self) {
        self.cycled = !self.cycled;
        self.seasonal_scale = 0.0;
        self.season_n = 0.0;
        self.short = Mean::new();
        self.long = Mean::new();
        for k in [2, 3] {
            self.tails[k] = Tail::new(TAIL_PRIORS[k], SKIP);
        }
        for k in [1, 2] {
            self.records[k] = Range::default();
        }
    }

    /// Means over the last 9 and 72 values of what the seasons leave unexplained.
    fn season_means(&mut self, x: f64, s: Seasonal, clocked: bool, floor: f64) -> (f64, f64) {
        let mut rest: Option<f64> = None;
        for guess in [s.day, s.week, s.cycle].into_iter().flatten() {
            let r = x - guess;
            rest = Some(rest.map_or(r, |b| if r.abs() < b.abs() { r } else { b }));
        }
        // a clock's first day tells nothing yet; without a clock or a cycle the centre is what is usual
        let r = rest.unwrap_or(if clocked { 0.0 } else { x - self.scale.centre });
        if self.seasonal_scale == 0.0 {
            self.seasonal_scale = r.abs();
        }
        self.season_n = (self.season_n + 1.0).at_most(1e6);
        let scale = self.seasonal_scale.at_least(floor);
        let z = ratio(r, scale).clamp(-10.0, 10.0);
        let rate = (1.0 / self.season_n).at_least(1e-3);
        self.seasonal_scale += rate * (r.abs().at_most(6.0 * scale) - self.seasonal_scale);
        (self.short.push(z), self.long.push(z))
    }

    fn learn(&mut self, x: f64, last: f64, slots: Option<Slots>, day: Option<f64>, n: f64) {
        self.clock.learn(slots, x);
        let spread = self.scale.spread.at_least(self.scale.floor(x));
        self.cycle.learn(x, self.scale.centre, spread);
        self.scale.learn(x, last, n);
        let spread = self.scale.spread.at_least(self.scale.floor(x));
        let bucket = (ratio(x - self.scale.centre, spread) * 2.0 + 8.0).clamp(0.0, 15.0) as usize;
        self.mixture.learn(x, bucket, day);
    }

    pub fn write(&self, w: &mut Writer<'_>) {
        w.u64(self.n);
        w.f64(self.origin);
        self.scale.write(w);
        self.mixture.write(w);
        self.clock.write(w);
        self.cycle.write(w);
        self.shape.write(w);
        self.histogram.write(w);
        w.u8(u8::from(self.cycled));
        w.f64s(&[
            self.season_n,
            self.seasonal_scale,
            self.variation,
            self.run,
            self.repeats,
        ]);
        self.short.write(w);
        self.long.write(w);
        self.range.write(w);
        for r in &self.records {
            r.write(w);
        }
        for t in &self.tails {
            t.write(w);
        }
    }

    pub fn read(r: &mut Reader<'_>) -> Result<Self> {
        let mut c = Core::new();
        c.n = r.u64()?;
        c.origin = r.f64()?;
        c.scale = Scale::read(r)?;
        c.mixture = Mixture::read(r)?;
        c.clock = Clock::read(r)?;
        c.cycle = Cycle::read(r)?;
        c.shape = Shape::read(r)?;
        c.histogram = Histogram::read(r)?;
        c.cycled = r.bool()?;
        [c.season_n, c.seasonal_scale, c.variation, c.run, c.repeats] = r.f64s()?;
        c.short = Mean::read(r)?;
        c.long = Mean::read(r)?;
        c.range = Range::read(r)?;
        for x in &mut c.records {
            *x = Range::read(r)?;
        }
        for x in &mut c.tails {
            *x = Tail::read(r)?;
        }
        Ok(c)
    }
}

/// The views' bits as one length: the l2 norm lets several middling surprises add up without summing every view's noise.
fn summarize(v: &[f64; VIEWS], code: f64, forecast: &Forecast, origin: f64) -> Price {
    let mut squares = 0.0;
    let mut best = 0;
    for (i, b) in v.iter().enumerate() {
        squares += b * b;
        if *b > v[best] {
            best = i;
        }
    }
    Price {
        bits: squares.sqrt(),
        code,
        view: View::ALL[best],
        view_bits: v[best],
        expected: forecast.mean + origin,
        band: forecast.spread * (LOG2_E + 1.0),
    }
}
