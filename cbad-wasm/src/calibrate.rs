//! Conformal p-values: a raw score against the stream's own recent scores, with a fitted tail beyond what they resolve.

use crate::bits::{self, MicroBits};
use crate::checkpoint::{Reader, Truncated, Writer};
use crate::verdict::PMethod;

/// Fewer scores than this give no p-value but 1.
const FEWEST: usize = 20;
/// log₂ 20: the surprise at which the tail begins, in micro-bits.
const TAIL_FROM: MicroBits = 4_321_928;
/// log₂ e in micro-bits.
const LOG2_E: i64 = 1_442_695;

/// What a p-value is read from; enough to recompute it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Calibration scores held.
    pub scores: u32,
    /// How many of them are at least the score.
    pub at_least: u32,
    /// Where the tail begins, micro-bits.
    pub tail_start: MicroBits,
    /// Mean excess of the tail, micro-bits.
    pub tail_scale: MicroBits,
}

/// The surprise of a raw score: −log₂ p in micro-bits.
pub fn surprise(raw: MicroBits, r: &Reading) -> (MicroBits, PMethod) {
    if (r.scores as usize) < FEWEST {
        return (0, PMethod::Rank);
    }
    if raw > r.tail_start {
        let excess = (raw - r.tail_start).min(1 << 40);
        return (
            TAIL_FROM + excess * LOG2_E / r.tail_scale.max(1),
            PMethod::Tail,
        );
    }
    (
        bits::price(u64::from(r.at_least) + 1, u64::from(r.scores) + 1),
        PMethod::Rank,
    )
}

/// The recent scores of a stream.
#[derive(Clone, Debug)]
pub struct Calibration {
    ring: Vec<i32>, // thousandths of a bit
    next: usize,
    capacity: usize,
    stale: usize,
    young: usize, // scores taken up, counted while the model is young
    sorted: Vec<i32>,
    tail_start: i32,
    tail_scale: i32,
}

const UNIT: i64 = 1_000; // micro-bits in a thousandth of a bit

impl Calibration {
    /// Holds up to `capacity` scores.
    pub fn new(capacity: usize) -> Calibration {
        Calibration {
            ring: Vec::new(),
            next: 0,
            capacity: capacity.max(FEWEST),
            stale: 0,
            young: 0,
            sorted: Vec::new(),
            tail_start: 0,
            tail_scale: 1,
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.capacity * 8
    }

    /// Takes up a score.
    pub fn push(&mut self, raw: MicroBits) {
        let x = (raw / UNIT).clamp(0, i64::from(i32::MAX / 2)) as i32;
        if self.ring.len() < self.capacity {
            self.ring.push(x);
        } else {
            self.ring[self.next] = x;
            self.next = (self.next + 1) % self.capacity;
        }
        if self.young < self.capacity {
            self.young += 1;
            if self.young >= 64 && self.young.is_power_of_two() {
                self.ring.drain(..self.ring.len() / 2); // scores of a model half as old are too high
                self.stale = 64;
            }
        }
        self.stale += 1;
        if self.stale >= 64 || self.ring.len() < 256 && self.stale * 8 >= self.ring.len() {
            self.refit();
        }
    }

    fn refit(&mut self) {
        self.stale = 0;
        self.sorted.clone_from(&self.ring);
        self.sorted.sort_unstable();
        let n = self.sorted.len();
        let from = n - (n / 20).max(1);
        self.tail_start = self.sorted[from];
        let floor = (self.tail_start / 50).max(1_443);
        let excess: i64 = self.sorted[from..]
            .iter()
            .map(|&x| i64::from(x - self.tail_start))
            .sum();
        self.tail_scale = ((excess / (n - from) as i64) as i32).max(floor);
    }

    /// What the p-value of `raw` is read from.
    pub fn read_at(&self, raw: MicroBits) -> Reading {
        let x = (raw / UNIT).clamp(0, i64::from(i32::MAX / 2)) as i32;
        let below = self.sorted.partition_point(|&s| s < x);
        Reading {
            scores: self.sorted.len() as u32,
            at_least: (self.sorted.len() - below) as u32,
            tail_start: i64::from(self.tail_start) * UNIT,
            tail_scale: i64::from(self.tail_scale) * UNIT,
        }
    }

    /// Writes the scores.
    pub fn write(&self, out: &mut Writer) {
        for part in [&self.ring, &self.sorted] {
            out.varint(part.len() as u64);
            for &x in part {
                out.varint(x as u64);
            }
        }
        out.varint(self.next as u64);
        out.varint(self.stale as u64);
        out.varint(self.young as u64);
        out.varint(self.tail_start as u64);
        out.varint(self.tail_scale as u64);
    }

    /// Reads what [`Calibration::write`] wrote.
    pub fn read(input: &mut Reader, capacity: usize) -> Result<Calibration, Truncated> {
        let mut c = Calibration::new(capacity);
        let scores = |input: &mut Reader| -> Result<Vec<i32>, Truncated> {
            let n = input.length()?;
            if n > capacity {
                return Err(Truncated);
            }
            (0..n).map(|_| score(input)).collect()
        };
        c.ring = scores(input)?;
        c.sorted = scores(input)?;
        c.next = input.varint()? as usize;
        c.stale = input.varint()? as usize;
        c.young = input.varint()? as usize;
        c.tail_start = score(input)?;
        c.tail_scale = score(input)?;
        let ordered = c.sorted.is_sorted() && c.sorted.len() <= c.ring.len();
        if c.next >= c.capacity
            || c.young > c.capacity
            || c.ring.len() < c.capacity && c.next != 0
            || c.stale > 64
            || !ordered
        {
            Err(Truncated)
        } else {
            Ok(c)
        }
    }
}

fn score(input: &mut Reader) -> Result<i32, Truncated> {
    i32::try_from(input.small()?).map_err(|_| Truncated)
}
