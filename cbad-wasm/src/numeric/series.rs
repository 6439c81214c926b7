//! One series of numbers: its model, and what its newest judgement can be recomputed from.

use super::{NumericModel, NumericScore, NumericState};
use crate::checkpoint::{Reader, Truncated, Writer};
use crate::config::Parts;

/// Points after which the kept copy of the model is renewed.
const EVERY: usize = 64;
/// Points since the copy at most: those of one event on top.
const MOST: usize = EVERY + super::numbers::MAX_NUMBERS;

/// A model, an older copy of it, and the points between the two: copy and points are what is stored, the model follows.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    /// Hash of path and labels.
    pub key: u64,
    /// Position of the newest event with it.
    pub seen: u64,
    model: NumericModel,
    copy: NumericModel,
    since: Vec<(Option<i64>, f64)>,
}

impl Series {
    pub fn new(key: u64, seed: u64, parts: Parts) -> Series {
        let model = NumericModel::with(seed, parts);
        Series {
            key,
            seen: 0,
            copy: model.clone(),
            model,
            since: Vec::new(),
        }
    }

    /// To be called before each event.
    pub fn begin(&mut self, event: u64) {
        self.seen = event;
        if self.since.len() >= EVERY {
            self.copy = self.model.clone();
            self.since.clear();
        }
    }

    pub fn observe(&mut self, at: Option<i64>, x: f64) -> NumericScore {
        if self.since.len() < MOST {
            self.since.push((at, x));
        }
        self.model.observe(at, x)
    }

    /// Points judged so far.
    pub fn points(&self) -> u64 {
        self.model.points()
    }

    /// How far its model is.
    pub fn state(&self) -> NumericState {
        self.model.state()
    }

    /// The model before the newest `points` points.
    pub fn write_before(&self, points: usize, out: &mut Writer) {
        let keep = self.since.len().saturating_sub(points);
        self.write_state(&self.since[..keep], out);
    }

    fn write_state(&self, since: &[(Option<i64>, f64)], out: &mut Writer) {
        let mut bytes = Vec::new();
        self.copy.write(&mut bytes);
        out.slice(&bytes);
        out.varint(since.len() as u64);
        for (at, x) in since {
            out.u8(u8::from(at.is_some()));
            if let Some(at) = at {
                out.u64(*at as u64);
            }
            out.f64(*x);
        }
    }

    /// `judged` is told of each point with its time and what the model made of it.
    fn read_state(
        key: u64,
        seen: u64,
        r: &mut Reader<'_>,
        mut judged: impl FnMut(Option<i64>, &NumericScore),
    ) -> Result<Series, Truncated> {
        let bytes = r.slice()?;
        let (copy, used) = NumericModel::read(bytes).map_err(|_| Truncated)?;
        let points = r.length()?;
        if used != bytes.len() || points > MOST {
            return Err(Truncated);
        }
        let mut series = Series {
            key,
            seen,
            model: copy.clone(),
            copy,
            since: Vec::new(),
        };
        for _ in 0..points {
            let at = match r.u8()? {
                0 => None,
                1 => Some(r.u64()? as i64),
                _ => return Err(Truncated),
            };
            let x = r.f64()?;
            judged(at, &series.observe(at, x));
        }
        Ok(series)
    }

    /// What [`Series::write_before`] wrote.
    pub fn read_before(
        r: &mut Reader<'_>,
        judged: impl FnMut(Option<i64>, &NumericScore),
    ) -> Result<Series, Truncated> {
        Series::read_state(0, 0, r, judged)
    }

    pub fn write(&self, out: &mut Writer) {
        out.u64(self.key);
        out.varint(self.seen);
        self.write_state(&self.since, out);
    }

    pub fn read(r: &mut Reader<'_>) -> Result<Series, Truncated> {
        let (key, seen) = (r.u64()?, r.varint()?);
        Series::read_state(key, seen, r, |_, _| ())
    }

    /// Bytes held, about.
    pub fn bytes(&self) -> usize {
        2 * NumericModel::BYTES + MOST * 24
    }
}
