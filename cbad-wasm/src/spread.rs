//! A distribution told as a histogram, and its quantiles: what OpenTelemetry's explicit and exponential histograms have in common.

/// From, to, how many.
type Bucket = (f64, f64, f64);

/// A distribution as buckets in order of value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    /// The least, where it is known.
    pub min: Option<f64>,
    /// The greatest, where it is known.
    pub max: Option<f64>,
    /// Buckets without any are left out.
    buckets: Vec<Bucket>,
}

impl Spread {
    /// A histogram with explicit bounds: bucket i reaches from bound i-1 to bound i, the outer ones as far as least and greatest do.
    /// `filled` are the buckets that hold any: their index, and how many.
    pub fn explicit(
        bounds: &[f64],
        filled: impl Iterator<Item = (usize, f64)>,
        min: Option<f64>,
        max: Option<f64>,
    ) -> Spread {
        let lowest = bounds.first().copied().unwrap_or(0.0);
        let highest = bounds.last().copied().unwrap_or(0.0);
        let from = min.filter(|m| *m < lowest).unwrap_or(lowest.min(0.0));
        let to = max.filter(|m| *m > highest).unwrap_or(highest);
        let buckets = filled.map(|(i, n)| {
            let low = i.checked_sub(1).and_then(|i| bounds.get(i)).copied();
            let high = bounds.get(i).copied();
            (low.unwrap_or(from), high.unwrap_or(to), n)
        });
        Spread {
            min,
            max,
            buckets: buckets.collect(),
        }
    }

    /// An exponential histogram: bucket i reaches from base^i to base^(i+1) with base = 2^(2^-scale), below zero mirrored. Of each
    /// side the buckets that hold any, in order of i, with how many; of the middle its bound and how many.
    pub fn exponential(
        scale: f64,
        negative: impl Iterator<Item = (f64, f64)>,
        (threshold, zeros): (f64, f64),
        positive: impl Iterator<Item = (f64, f64)>,
        min: Option<f64>,
        max: Option<f64>,
    ) -> Spread {
        // the specification bounds scale to -10..20; beyond it the arithmetic still holds, if with infinite bounds
        let step = libm::exp2(-scale.clamp(-20.0, 40.0));
        let bounds = |i: f64| (libm::exp2(i * step), libm::exp2((i + 1.0) * step));
        let mut buckets: Vec<Bucket> = negative
            .map(|(i, n)| {
                let (low, high) = bounds(i);
                (-high, -low, n)
            })
            .collect();
        buckets.reverse();
        if zeros > 0.0 {
            buckets.push((-threshold, threshold, zeros));
        }
        buckets.extend(positive.map(|(i, n)| {
            let (low, high) = bounds(i);
            (low, high, n)
        }));
        Spread { min, max, buckets }
    }

    /// The value below which a share `q` lies: linear within its bucket, as far as the bounds tell, and never beyond the least and
    /// the greatest. None where no bound is a number: senders may write whatever they like there.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let total: f64 = self.buckets.iter().map(|b| b.2).sum();
        let mut below = 0.0;
        for &(from, to, n) in &self.buckets {
            if below + n >= q * total {
                let share = ((q * total - below) / n).clamp(0.0, 1.0);
                // an endless bucket says no more than where it begins
                let x = match (from.is_finite(), to.is_finite()) {
                    (true, true) => from + (to - from) * share,
                    (true, false) => from,
                    (false, _) => to,
                };
                // not `clamp`, which panics where the least is above the greatest
                let given = |bound: Option<f64>| bound.filter(|b| b.is_finite());
                let x = given(self.max).map_or(x, |max| x.min(max.max(from)));
                let x = given(self.min).map_or(x, |min| x.max(min.min(to)));
                return Some(x).filter(|x| x.is_finite());
            }
            below += n;
        }
        None
    }
}
