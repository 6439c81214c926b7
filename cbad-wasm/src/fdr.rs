//! The q-value: the share of false alarms to expect among recent events at least as surprising as this one.
//!
//! A Benjamini-Hochberg estimate with decaying memory: q = p·N / #{recent p-values ≤ p}, where N is the decayed number of
//! tests. It is an annotation, not the decision, and assumes that the p-values of normal events are uniform.

use crate::bits::{self, MicroBits};
use crate::checkpoint::{Reader, Truncated, Writer};

const BINS: usize = 64;
/// Tests remembered, on average.
const MEMORY: f64 = 10_000.0;
/// The weight at which all weights are scaled down.
const HEAVY: f64 = 1e12;

/// Decayed counts of p-values by whole bits of surprise.
#[derive(Clone, Debug)]
pub struct Fdr {
    bins: [f64; BINS],
    weight: f64,
}

impl Default for Fdr {
    fn default() -> Fdr {
        Fdr {
            bins: [0.0; BINS],
            weight: 1.0,
        }
    }
}

impl Fdr {
    /// Counts a test of `surprise` and gives its q-value.
    pub fn observe(&mut self, surprise: MicroBits) -> f64 {
        let bin = ((surprise.max(0) / bits::BIT) as usize).min(BINS - 1);
        self.weight *= 1.0 + 1.0 / MEMORY;
        self.bins[bin] += self.weight;
        if self.weight > HEAVY {
            for b in &mut self.bins {
                *b /= HEAVY;
            }
            self.weight /= HEAVY;
        }
        let at_least: f64 = self.bins[bin..].iter().sum();
        let all: f64 = at_least + self.bins[..bin].iter().sum::<f64>();
        (bits::probability(surprise) * all / at_least).min(1.0)
    }

    /// Writes the counts.
    pub fn write(&self, out: &mut Writer) {
        out.f64(self.weight);
        self.bins.iter().for_each(|&b| out.f64(b));
    }

    /// Reads what [`Fdr::write`] wrote.
    pub fn read(input: &mut Reader) -> Result<Fdr, Truncated> {
        let mut f = Fdr {
            weight: input.finite()?,
            ..Fdr::default()
        };
        for b in &mut f.bins {
            *b = input.finite()?;
        }
        if f.weight > 0.0 && f.bins.iter().all(|&b| b >= 0.0) {
            Ok(f)
        } else {
            Err(Truncated)
        }
    }
}
