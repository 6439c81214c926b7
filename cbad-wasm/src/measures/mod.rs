//! Window measures: how a window of events compares with its baseline, in four numbers and one p-value.
//!
//! With `C(x)` the compressed length of `x` and `|x|` its length, both in bytes:
//!
//! - compression ratio `CR = C(x) / |x|`
//! - delta bits `Δ = (C_B − C_W)·8 / |W|`, bits per window byte
//! - Shannon entropy `H = −Σ pᵢ log₂ pᵢ` over byte values, bits per byte
//! - normalised compression distance `NCD = (C_BW − min(C_B, C_W)) / max(C_B, C_W)`
//!   (Cilibrasi & Vitányi, "Clustering by compression", 2005)
//! - `p`, from a permutation test on one of them ([`crate::stats::permutation`])
//!
//! **Equal byte budgets.** `C` grows with length and all four feel it: a ratio falls on longer input, Δ is a difference of
//! totals, and where `|B| ≫ |W|`, `C_BW ≈ C_B` whatever the window, so `NCD → (C_B − C_W)/C_B → 1`. Both sides are therefore cut
//! to the smaller one's length (16 KiB at most by default): events evenly spread over a side are taken. The report says how many bytes
//! and events were compared, and its numbers follow from its own `bytes_*` and `compressed_*`.
//!
//! **What they can and cannot show.** NCD sees content shared or not shared between the sides; the ratio and Δ only how
//! redundant each side is in itself; entropy only the byte histogram (a shuffled text has the same). All are coarse on less than
//! about 2 kB, where a codec's headers and its learning cost dominate. The p-value answers "could these events have been dealt
//! into this window by chance": events in time order are not exchangeable where traffic comes in bursts, so a small p says
//! *different from the baseline's mix*, not *wrong*.

mod budget;
mod newest;

use crate::codec::Codec;
use crate::stats::permutation::{self, Plan};
use budget::Pool;
pub use newest::newest;
use serde::{Deserialize, Serialize};

/// The measure whose permutation p-value is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// The distance itself: large is different.
    #[default]
    Ncd,
    /// |Δ|: the window is more, or less, redundant than the baseline.
    DeltaBits,
    /// |CR_W − CR_B|.
    CompressionRatio,
    /// |H_W − H_B|.
    Entropy,
}

/// How to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowOptions {
    /// The codec that gives `C`.
    pub codec: Codec,
    /// The measure tested.
    pub statistic: Statistic,
    /// Permutations at most; the smallest p is `1 / (1 + permutations)`. 0 skips the test (p = 1).
    pub permutations: u32,
    /// Exceedances after which the test stops; 0 never stops early.
    pub stop_after: u32,
    /// Bytes of each side compared at most, which bounds the time: a permutation compresses four times as many.
    pub max_bytes: usize,
    /// Seed of the permutations.
    pub seed: u64,
}

impl Default for WindowOptions {
    fn default() -> Self {
        Self {
            codec: Codec::default(),
            statistic: Statistic::Ncd,
            permutations: 199,
            stop_after: 10,
            max_bytes: 16 << 10,
            seed: 1,
        }
    }
}

/// What was measured. Lengths are bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Codec that gave the compressed lengths.
    pub codec: Codec,
    /// The measure that `p_value` is about.
    pub statistic: Statistic,
    /// `C_B / |B|`; 1 where there is nothing to compress.
    pub compression_ratio_baseline: f64,
    /// `C_W / |W|`; 1 where there is nothing to compress.
    pub compression_ratio_window: f64,
    /// `(C_B − C_W)·8 / |W|`: negative where the window is the harder one to compress.
    pub delta_bits: f64,
    /// Bits per byte, 0 to 8.
    pub entropy_baseline: f64,
    /// Bits per byte, 0 to 8.
    pub entropy_window: f64,
    /// About 0 (the same) to about 1 (nothing in common); a codec's overhead can take it a little past 1.
    pub ncd: f64,
    /// In (0, 1]; 1 where a side is empty or no permutation was asked for.
    pub p_value: f64,
    /// Permutations computed before the test was settled.
    pub permutations: u32,
    /// Baseline bytes compared, each event with one separator.
    pub bytes_baseline: u64,
    /// Window bytes compared, each event with one separator.
    pub bytes_window: u64,
    /// Baseline events compared.
    pub events_baseline: u64,
    /// Window events compared.
    pub events_window: u64,
    /// `C_B`.
    pub compressed_baseline: u64,
    /// `C_W`.
    pub compressed_window: u64,
    /// `C_BW`, baseline first.
    pub compressed_combined: u64,
    /// Seed of the permutations.
    pub seed: u64,
}

/// Measures `window` against `baseline`, both lists of events in time order. Any bytes will do, and empty lists too.
pub fn window_report(baseline: &[&[u8]], window: &[&[u8]], options: &WindowOptions) -> Measures {
    let mut pool = Pool::new(baseline, window, options.max_bytes);
    let all: Vec<usize> = (0..baseline.len() + window.len()).collect();
    let (first, second) = all.split_at(baseline.len());
    pool.select(first, second);
    let seen = Sides::measure(&pool, options.codec);
    let (entropy_baseline, entropy_window) = (entropy(&pool.baseline), entropy(&pool.window));
    let (events_baseline, events_window) = (pool.events_baseline, pool.events_window);

    let testable = !baseline.is_empty() && !window.is_empty();
    let plan = Plan {
        seed: options.seed,
        permutations: if testable { options.permutations } else { 0 },
        stop_after: options.stop_after,
    };
    let observed = statistic_of(&pool, options);
    let outcome = permutation::test(baseline.len(), window.len(), plan, observed, |b, w| {
        pool.select(b, w);
        statistic_of(&pool, options)
    });

    Measures {
        codec: options.codec,
        statistic: options.statistic,
        compression_ratio_baseline: seen.ratio_baseline(),
        compression_ratio_window: seen.ratio_window(),
        delta_bits: seen.delta_bits(),
        entropy_baseline,
        entropy_window,
        ncd: if testable { seen.ncd() } else { 0.0 },
        p_value: outcome.p_value,
        permutations: outcome.permutations,
        bytes_baseline: seen.bytes_b as u64,
        bytes_window: seen.bytes_w as u64,
        events_baseline: events_baseline as u64,
        events_window: events_window as u64,
        compressed_baseline: seen.c_b as u64,
        compressed_window: seen.c_w as u64,
        compressed_combined: seen.c_bw as u64,
        seed: options.seed,
    }
}

/// Lengths of both sides and of the two together.
struct Sides {
    bytes_b: usize,
    bytes_w: usize,
    c_b: usize,
    c_w: usize,
    c_bw: usize,
}

impl Sides {
    fn measure(pool: &Pool<'_>, codec: Codec) -> Self {
        Self {
            bytes_b: pool.baseline.len(),
            bytes_w: pool.window.len(),
            c_b: codec.compressed_len(&pool.baseline),
            c_w: codec.compressed_len(&pool.window),
            c_bw: codec.compressed_len(&pool.combined()),
        }
    }

    fn ratio_baseline(&self) -> f64 {
        ratio(self.c_b, self.bytes_b)
    }

    fn ratio_window(&self) -> f64 {
        ratio(self.c_w, self.bytes_w)
    }

    fn delta_bits(&self) -> f64 {
        if self.bytes_w == 0 {
            return 0.0;
        }
        (self.c_b as f64 - self.c_w as f64) * 8.0 / self.bytes_w as f64
    }

    fn ncd(&self) -> f64 {
        let (least, most) = (self.c_b.min(self.c_w) as f64, self.c_b.max(self.c_w) as f64);
        if most == 0.0 {
            return 0.0;
        }
        (self.c_bw as f64 - least) / most
    }
}

fn ratio(compressed: usize, bytes: usize) -> f64 {
    if bytes == 0 {
        1.0
    } else {
        compressed as f64 / bytes as f64
    }
}

/// One arrangement's statistic; large means different, whichever measure it is.
fn statistic_of(pool: &Pool<'_>, options: &WindowOptions) -> f64 {
    match options.statistic {
        Statistic::Ncd => Sides::measure(pool, options.codec).ncd(),
        Statistic::DeltaBits => Sides::measure(pool, options.codec).delta_bits().abs(),
        Statistic::CompressionRatio => {
            let sides = Sides::measure(pool, options.codec);
            (sides.ratio_window() - sides.ratio_baseline()).abs()
        }
        Statistic::Entropy => (entropy(&pool.window) - entropy(&pool.baseline)).abs(),
    }
}

/// Shannon entropy of the byte histogram, bits per byte; 0 for no bytes.
pub fn entropy(data: &[u8]) -> f64 {
    let mut counts = [0u64; 256];
    for &byte in data {
        counts[usize::from(byte)] += 1;
    }
    let total = data.len() as f64;
    let sum: f64 = counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| {
            let p = count as f64 / total;
            // libm: std's log2 differs in the last bit between targets
            p * libm::log2(p)
        })
        .sum();
    // not `-sum`: no entropy is 0, not −0
    0.0 - sum
}
