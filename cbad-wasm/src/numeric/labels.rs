//! Which labels tell series apart: those with few values. A label that takes too many (an id, a time) is ignored for good.

use super::numbers::Label;
use crate::checkpoint::{Reader, Truncated, Writer};
use crate::hash::mix;

/// Values of a label from which on it is ignored.
const DIVERSE: usize = 24;
/// Labels known at most; others are ignored.
const MOST: usize = 16;

/// The labels seen and their values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    known: Vec<(u64, Vec<u64>)>,
}

impl Labels {
    /// A hash of the labels that count, after taking note of them.
    pub fn key(&mut self, labels: &[Label]) -> u64 {
        let mut key = 0;
        for l in labels {
            let at = match self.known.iter().position(|k| k.0 == l.column) {
                Some(at) => at,
                None if self.known.len() < MOST => {
                    self.known.push((l.column, Vec::new()));
                    self.known.len() - 1
                }
                None => continue,
            };
            let values = &mut self.known[at].1;
            if values.len() < DIVERSE && !values.contains(&l.value) {
                values.push(l.value);
            }
            if values.len() < DIVERSE {
                key = mix(key, mix(l.column, l.value));
            }
        }
        key
    }

    pub fn write(&self, out: &mut Writer) {
        out.varint(self.known.len() as u64);
        for (column, values) in &self.known {
            out.u64(*column);
            out.varint(values.len() as u64);
            values.iter().for_each(|v| out.u64(*v));
        }
    }

    pub fn read(r: &mut Reader<'_>) -> Result<Labels, Truncated> {
        let mut out = Labels::default();
        let n = r.length()?;
        if n > MOST {
            return Err(Truncated);
        }
        for _ in 0..n {
            let (column, values) = (r.u64()?, r.length()?);
            if values > DIVERSE {
                return Err(Truncated);
            }
            let values = (0..values).map(|_| r.u64());
            out.known.push((column, values.collect::<Result<_, _>>()?));
        }
        Ok(out)
    }
}
