//! From a statistic to bits of surprise: a peaks-over-threshold tail and a range that forgets.

use super::bytes::{Reader, Result, Writer};
use super::fmath::{Bound, LOG2_E, TINY, ln, log2};

const KEPT: usize = 24;
/// Points per block: maxima of blocks are what the tail keeps, so that one incident counts about once.
const BLOCK: u8 = 24;
/// Blocks after which a maximum is forgotten.
const MEMORY: u32 = 1024;
/// Mean excesses beyond the threshold up to which a maximum is taken in.
const LIMIT: f32 = 20.0;

/// Maxima that what is expected beforehand counts for: with few of them the tail is judged by little else.
const PRIOR: f32 = 2.0;

/// Tail of a statistic from the largest of its block maxima, exponential beyond.
///
/// `bits(s)` is about `-log2 P(a block's maximum ≥ s)`; zero in the bulk. Maxima far out are taken in limited to twenty mean
/// excesses, so that one giant does not hide the next.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    top: [f32; KEPT],
    born: [u32; KEPT],
    len: usize,
    blocks: u32,
    current: f32,
    filled: u8,
    skip: u8,
    prior: f32,
}

impl Tail {
    /// `prior`: expected mean excess, in the statistic's own unit.
    pub fn new(prior: f32, skip: u8) -> Self {
        Tail {
            top: [0.0; KEPT],
            born: [0; KEPT],
            len: 0,
            blocks: 0,
            current: f32::MIN,
            filled: 0,
            skip,
            prior,
        }
    }

    /// Bits of `s`, which is then learnt.
    pub fn push(&mut self, s: f64) -> f64 {
        let s = s as f32;
        if self.skip > 0 {
            self.skip -= 1;
            return 0.0;
        }
        let (bits, limit) = self.bits(s);
        self.current = self.current.at_least(s.at_most(limit));
        self.filled += 1;
        if self.filled == BLOCK {
            self.close_block();
        }
        bits
    }

    fn close_block(&mut self) {
        let v = self.current;
        self.filled = 0;
        self.current = f32::MIN;
        self.blocks = self.blocks.saturating_add(1);
        if self.len > 0 && self.blocks > MEMORY {
            let mut i = 0;
            while i < self.len {
                if self.blocks.saturating_sub(self.born[i]) > MEMORY {
                    self.top.copy_within(i + 1..self.len, i);
                    self.born.copy_within(i + 1..self.len, i);
                    self.len -= 1;
                } else {
                    i += 1;
                }
            }
        }
        if self.len == KEPT && v <= self.top[self.len - 1] {
            return;
        }
        let i = self.top[..self.len].partition_point(|x| *x >= v);
        self.len = (self.len + 1).min(KEPT);
        self.top.copy_within(i..self.len - 1, i + 1);
        self.born.copy_within(i..self.len - 1, i + 1);
        self.top[i] = v;
        self.born[i] = self.blocks;
    }

    /// Bits of `s` and the largest value that may be learnt.
    fn bits(&self, s: f32) -> (f64, f32) {
        if self.len < 4 {
            return (0.0, f32::MAX);
        }
        let blocks = self.blocks.min(MEMORY);
        let k = self.len.min((blocks as usize).div_ceil(4).max(3));
        let q = self.top[k - 1];
        if s <= q {
            return (0.0, f32::MAX);
        }
        let mut excess = 0.0f32;
        for x in &self.top[..k] {
            excess += x - q;
        }
        let mean = (excess + 4.0 * self.prior) / (k as f32 + PRIOR);
        let bits = log2((f64::from(blocks) + 1.0) / k as f64) + f64::from((s - q) / mean) * LOG2_E;
        (bits, q + LIMIT * mean)
    }

    pub fn write(&self, w: &mut Writer<'_>) {
        w.f32s(&self.top);
        for b in self.born {
            w.u32(b);
        }
        w.u16(self.len as u16);
        w.u32(self.blocks);
        w.f32(self.current);
        w.u8(self.filled);
        w.u8(self.skip);
        w.f32(self.prior);
    }

    pub fn read(r: &mut Reader<'_>) -> Result<Self> {
        let top = r.f32s()?;
        let mut born = [0; KEPT];
        for b in &mut born {
            *b = r.u32()?;
        }
        Ok(Tail {
            top,
            born,
            len: r.index(KEPT)?,
            blocks: r.u32()?,
            current: r.f32()?,
            filled: r.u8()?.min(BLOCK - 1),
            skip: r.u8()?,
            prior: r.f32()?,
        })
    }
}

/// The range a statistic has kept to, widening by at most its own width at once and slowly forgetting its extremes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Range {
    lo: f64,
    hi: f64,
    n: f64,
    /// Earlier records, fading.
    records: f64,
    since: f64,
}

/// Share of the range given up each point.
const SHRINK: f64 = 5e-6;
/// Share by which the count of records fades each point.
const FADE: f64 = 1e-5;
/// A record that is clear of the range by 1/20 of its width is half as likely as one that just leaves it.
const CLEAR: f64 = 20.0;
/// Points beyond which a record is not called rarer.
const LONGEST: f64 = 20_000.0;

impl Range {
    /// How far `s` lies outside, as a share of the range's width (0 inside), which is then learnt.
    pub fn push(&mut self, s: f64, floor: f64) -> f64 {
        if self.n == 0.0 {
            self.lo = s;
            self.hi = s;
        }
        self.n += 1.0;
        let width = (self.hi - self.lo).at_least(floor).at_least(TINY);
        let outside = ((s - self.hi).at_least(self.lo - s) / width).clamp(0.0, 1e6);
        let room = if self.n < 60.0 {
            f64::MAX
        } else {
            WIDEN * width
        };
        let shrink = SHRINK * width;
        self.hi = if s > self.hi {
            s.at_most(self.hi + room)
        } else {
            (self.hi - shrink).at_least(s)
        };
        self.lo = if s < self.lo {
            s.at_least(self.lo - room)
        } else {
            (self.lo + shrink).at_most(s)
        };
        outside
    }

    /// Bits of leaving the range by `outside`: how rare a record is among `n` points that had `records` of them, and how
    /// clear this one is. To be called once after each [`Range::push`].
    pub fn bits(&mut self, outside: f64, least: f64, after: f64) -> f64 {
        self.since += 1.0;
        self.records *= 1.0 - FADE;
        if self.n <= after || outside <= least {
            return 0.0;
        }
        let rare = log2(self.n.at_most(LONGEST) / 12.0) - 0.5 * log2(1.0 + self.records);
        if self.since > f64::from(BLOCK) {
            self.records += 1.0;
            self.since = 0.0;
        }
        rare.at_least(0.0) + LOG2_E * ln(1.0 + CLEAR * outside)
    }

    pub fn write(&self, w: &mut Writer<'_>) {
        w.f64s(&[self.lo, self.hi, self.n, self.records, self.since]);
    }

    pub fn read(r: &mut Reader<'_>) -> Result<Self> {
        let [lo, hi, n, records, since] = r.f64s()?;
        Ok(Range {
            lo,
            hi,
            n,
            records,
            since,
        })
    }
}

/// Most that one point may widen a range, in widths.
const WIDEN: f64 = 2.0;
