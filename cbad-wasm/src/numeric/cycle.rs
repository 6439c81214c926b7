//! A cycle found in the values themselves, for streams whose season no clock tells.
//!
//! Means over `stride` points fill a buffer; when it is full its autocorrelation is searched for a period, and without one the
//! buffer is halved and the stride doubled, so that periods from 4 to about 190,000 points can be found at a cost that
//! fades to nothing. A found period is kept while its profile explains the values better than their centre does.

use super::bytes::{NumericReadError, Reader, Result, Writer};
use super::fmath::Bound;
use super::season::{Cell, read_cells, write_cells};

const BUFFER: usize = 768;
const LAGS: usize = BUFFER / 2;
const SLOTS: usize = 192;
/// Shortest period looked for, in strides.
const SHORTEST: usize = 4;
/// Doublings before the search starts afresh with newer values.
const DOUBLINGS: u32 = 9;
/// Least autocorrelation of a period, and least rise from the trough before it.
const CLEAR: f64 = 0.25;

#[derive(Clone, Debug)]
pub(crate) struct Cycle {
    buffer: Vec<f32>,
    stride: u32,
    sum: f64,
    summed: u32,
    /// In points; 0 while none is known.
    period: f64,
    /// Place in the cycle, 0 to 1.
    phase: f64,
    slots: usize,
    profile: Vec<Cell>,
    with: f64,
    without: f64,
}

impl Cycle {
    pub fn new() -> Self {
        Cycle {
            phase: 0.0,
            buffer: Vec::new(),
            stride: 1,
            sum: 0.0,
            summed: 0,
            period: 0.0,
            slots: 0,
            profile: Vec::new(),
            with: 0.0,
            without: 0.0,
        }
    }

    fn slot(&self, phase: f64) -> usize {
        ((phase * self.slots as f64) as usize).min(self.slots.saturating_sub(1))
    }

    /// What is usual at this place of the cycle.
    pub fn expect(&self, interval_ms: f64) -> Option<f64> {
        if self.period > 0.0 && !self.of_the_clock(interval_ms) {
            self.profile[self.slot(self.phase)].get()
        } else {
            None
        }
    }

    /// The period is one or more whole days, which the clock's profiles cover.
    fn of_the_clock(&self, interval_ms: f64) -> bool {
        let days = self.period * interval_ms / 86_400_000.0;
        days > 0.9 && (days - (days + 0.5).floor()).abs() < 0.1 * days
    }

    /// Learns a value; `centre` is what one would expect without the cycle.
    pub fn learn(&mut self, x: f64, centre: f64, spread: f64) {
        if self.period > 0.0 {
            let at = self.slot(self.phase);
            self.phase += 1.0 / self.period;
            if self.phase >= 1.0 {
                self.phase -= 1.0;
            }
            if let Some(usual) = self.profile[at].get() {
                self.with += 2e-3 * ((x - usual).abs().at_most(8.0 * spread) - self.with);
                self.without += 2e-3 * ((x - centre).abs().at_most(8.0 * spread) - self.without);
            }
            self.profile[at].learn(x, 0.2);
            if self.with > 0.97 * self.without {
                *self = Cycle::new();
            }
            return;
        }
        self.sum += (x - centre).clamp(-4.0 * spread, 4.0 * spread) + centre;
        self.summed += 1;
        if self.summed < self.stride {
            return;
        }
        self.buffer.push((self.sum / f64::from(self.stride)) as f32);
        self.sum = 0.0;
        self.summed = 0;
        if self.buffer.len() < BUFFER {
            return;
        }
        if let Some(period) = find(&self.buffer) {
            self.adopt(period);
        } else if self.stride >> DOUBLINGS > 0 {
            *self = Cycle::new();
        } else {
            for i in 0..BUFFER / 2 {
                self.buffer[i] = 0.5 * (self.buffer[2 * i] + self.buffer[2 * i + 1]);
            }
            self.buffer.truncate(BUFFER / 2);
            self.stride *= 2;
        }
    }

    /// Takes a period (in strides) and fills its profile from the buffer.
    fn adopt(&mut self, period: f64) {
        let stride = f64::from(self.stride);
        self.period = period * stride;
        self.slots = (period as usize).clamp(SHORTEST, SLOTS);
        self.profile = vec![Cell::default(); self.slots];
        let buffer = std::mem::take(&mut self.buffer);
        let mean = buffer.iter().fold(0.0, |a, x| a + f64::from(*x)) / BUFFER as f64;
        let (mut with, mut without, mut n) = (0.0, 0.0, 0.0);
        for (i, x) in buffer.iter().enumerate() {
            let turns = (i as f64 + 0.5) / period;
            let at = self.slot(turns - (turns as u32) as f64);
            let x = f64::from(*x);
            if let Some(usual) = self.profile[at].get() {
                with += (x - usual).abs();
                without += (x - mean).abs();
                n += 1.0;
            }
            self.profile[at].learn(x, 0.2);
        }
        if n > 0.0 {
            self.with = with / n;
            self.without = without / n;
        }
        let turns = BUFFER as f64 / period;
        self.phase = turns - (turns as u32) as f64;
        self.stride = 1;
    }

    pub fn write(&self, w: &mut Writer<'_>) {
        w.u16(self.buffer.len() as u16);
        w.f32s(&self.buffer);
        w.u32(self.stride);
        w.u32(self.summed);
        w.f64s(&[self.sum, self.period, self.phase, self.with, self.without]);
        w.u16(self.slots as u16);
        write_cells(w, &self.profile);
    }

    pub fn read(r: &mut Reader<'_>) -> Result<Self> {
        let mut c = Cycle::new();
        for _ in 0..r.index(BUFFER - 1)? {
            c.buffer.push(r.f32()?);
        }
        c.stride = r.u32()?;
        c.summed = r.u32()?;
        if !c.stride.is_power_of_two() || c.stride >> DOUBLINGS > 1 || c.summed >= c.stride {
            return Err(NumericReadError::Invalid);
        }
        [c.sum, c.period, c.phase, c.with, c.without] = r.f64s()?;
        c.slots = r.index(SLOTS)?;
        if (c.period > 0.0) != (c.slots > 0) || c.period < 0.0 || !(0.0..1.0).contains(&c.phase) {
            return Err(NumericReadError::Invalid);
        }
        for _ in 0..c.slots {
            c.profile.push(read_cells::<1>(r)?[0]);
        }
        Ok(c)
    }
}

/// Period of a buffer in its own steps: the shortest clear peak of the autocorrelation, sharpened at its multiples.
fn find(buffer: &[f32]) -> Option<f64> {
    let n = buffer.len();
    let mean = buffer.iter().fold(0.0, |a, x| a + f64::from(*x)) / n as f64;
    let values: Vec<f64> = buffer.iter().map(|x| f64::from(*x) - mean).collect();
    let power = values.iter().fold(0.0, |a, x| a + x * x) / n as f64;
    if power <= 0.0 {
        return None;
    }
    let r: Vec<f64> = (0..=LAGS)
        .map(|lag| correlation(&values, lag) / power)
        .collect();
    let mut trough = 1.0f64;
    let mut spread = 1.0; // of r under a stream without a cycle but with the same short memory (Bartlett)
    let mut falling = true;
    let mut best = (0.0, 0);
    for lag in 1..LAGS / 2 {
        falling &= r[lag] > 0.0;
        spread += if falling { 2.0 * r[lag] * r[lag] } else { 0.0 };
        trough = trough.at_most(r[lag]);
        let again = 2 * lag;
        let second = r[again - 1].at_least(r[again]).at_least(r[again + 1]);
        let peak = r[lag] >= r[lag - 1] && r[lag] >= r[lag + 1];
        let height = r[lag].at_most(second);
        let clear = height > CLEAR.at_least(1.5 * (spread / n as f64).sqrt());
        if lag >= SHORTEST && peak && clear && r[lag] - trough > CLEAR && 0.9 * height > best.0 {
            best = (height, lag);
        }
    }
    if best.1 == 0 {
        return None;
    }
    let mut period = best.1 as f64;
    let mut turns = 2;
    while turns <= 32 && (turns as f64 + 0.5) * period < LAGS as f64 {
        // each multiple pins the period down to 1/turns of a step, so the next is off by a step or so at most
        let guess = (turns as f64 * period + 0.5) as usize;
        let mut at = guess;
        for lag in guess - 2..=(guess + 2).min(LAGS) {
            if r[lag] > r[at] {
                at = lag;
            }
        }
        period = at as f64 / turns as f64;
        turns += 1;
    }
    Some(period)
}

fn correlation(values: &[f64], lag: usize) -> f64 {
    let pairs = values.len() - lag;
    values[..pairs]
        .iter()
        .zip(&values[lag..])
        .fold(0.0, |a, (x, y)| a + x * y)
        / pairs as f64
}
