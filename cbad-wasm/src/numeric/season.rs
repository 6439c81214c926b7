//! What the clock makes usual: a profile by time of day and one by time of week.

use super::bytes::{Reader, Result, Writer};
use super::fmath::Bound;

const DAY_SLOTS: usize = 48;
const WEEK_SLOTS: usize = 168;
const DAY_MS: i64 = 86_400_000;
const WEEK_MS: i64 = 604_800_000;

/// A running mean that adapts at `1/n` at first and at a fixed rate later.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cell {
    pub mean: f32,
    pub n: f32,
}

impl Cell {
    pub fn learn(&mut self, x: f64, slowest: f32) {
        self.n = (self.n + 1.0).at_most(1e6);
        let rate = slowest.at_least(1.0 / self.n);
        self.mean += rate * (x as f32 - self.mean);
    }
    pub fn get(self) -> Option<f64> {
        if self.n > 0.0 {
            Some(f64::from(self.mean))
        } else {
            None
        }
    }
}

pub(crate) fn write_cells(w: &mut Writer<'_>, cells: &[Cell]) {
    for c in cells {
        w.f32(c.mean);
        w.f32(c.n);
    }
}

pub(crate) fn read_cells<const N: usize>(r: &mut Reader<'_>) -> Result<[Cell; N]> {
    let mut out = [Cell::default(); N];
    for c in &mut out {
        c.mean = r.f32()?;
        c.n = r.f32()?;
    }
    Ok(out)
}

/// Profiles by half hour of the day and hour of the week (UTC).
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    day: [Cell; DAY_SLOTS],
    week: [Cell; WEEK_SLOTS],
}

/// The slots a timestamp falls into.
#[derive(Clone, Copy)]
pub(crate) struct Slots {
    day: usize,
    week: usize,
}

impl Slots {
    pub fn of(timestamp_ms: i64) -> Self {
        Slots {
            day: (timestamp_ms.rem_euclid(DAY_MS) / (DAY_MS / DAY_SLOTS as i64)) as usize,
            week: (timestamp_ms.rem_euclid(WEEK_MS) / (WEEK_MS / WEEK_SLOTS as i64)) as usize,
        }
    }
}

impl Clock {
    pub fn new() -> Self {
        Clock {
            day: [Cell::default(); DAY_SLOTS],
            week: [Cell::default(); WEEK_SLOTS],
        }
    }
    /// What is usual at this time of day, and at this hour of the week.
    pub fn expect(&self, at: Option<Slots>) -> (Option<f64>, Option<f64>) {
        at.map_or((None, None), |s| {
            (self.day[s.day].get(), self.week[s.week].get())
        })
    }
    pub fn learn(&mut self, at: Option<Slots>, x: f64) {
        if let Some(s) = at {
            self.day[s.day].learn(x, 0.2);
            self.week[s.week].learn(x, 0.3);
        }
    }
    pub fn write(&self, w: &mut Writer<'_>) {
        write_cells(w, &self.day);
        write_cells(w, &self.week);
    }
    pub fn read(r: &mut Reader<'_>) -> Result<Self> {
        Ok(Clock {
            day: read_cells(r)?,
            week: read_cells(r)?,
        })
    }
}
