//! Histograms, explicit and exponential, as a few numbers.

use super::proto::opentelemetry::proto::metrics::v1::{
    ExponentialHistogramDataPoint, HistogramDataPoint, exponential_histogram_data_point::Buckets,
};

/// A distribution as buckets in order of value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    /// Values recorded.
    pub count: f64,
    /// Their sum, where it is known.
    pub sum: Option<f64>,
    /// The least, where it is known.
    pub min: Option<f64>,
    /// The greatest, where it is known.
    pub max: Option<f64>,
    /// From, to, how many; buckets without any are left out.
    buckets: Vec<(f64, f64, f64)>,
}

impl Spread {
    /// The value below which a share `q` lies: linear within its bucket, as far as the bounds tell.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let total: f64 = self.buckets.iter().map(|b| b.2).sum();
        let mut below = 0.0;
        for &(from, to, n) in &self.buckets {
            if below + n >= q * total {
                let share = ((q * total - below) / n).clamp(0.0, 1.0);
                let x = from + (to - from) * share;
                return Some(x.clamp(
                    self.min.unwrap_or(x).min(x),
                    self.max.unwrap_or(x).max(from),
                ));
            }
            below += n;
        }
        None
    }
}

/// A histogram with explicit bounds: bucket i reaches from bound i-1 to bound i, the outer ones as far as least and greatest do.
pub fn explicit(p: &HistogramDataPoint) -> Spread {
    let bounds = &p.explicit_bounds;
    let lowest = bounds.first().copied().unwrap_or(0.0);
    let highest = bounds.last().copied().unwrap_or(0.0);
    let from = p.min.filter(|m| *m < lowest).unwrap_or(lowest.min(0.0));
    let to = p.max.filter(|m| *m > highest).unwrap_or(highest);
    let buckets = p.bucket_counts.iter().enumerate().filter(|(_, n)| **n > 0);
    let buckets = buckets.map(|(i, n)| {
        let low = i.checked_sub(1).and_then(|i| bounds.get(i)).copied();
        let high = bounds.get(i).copied();
        (low.unwrap_or(from), high.unwrap_or(to), *n as f64)
    });
    Spread {
        count: p.count as f64,
        sum: p.sum,
        min: p.min,
        max: p.max,
        buckets: buckets.collect(),
    }
}

/// An exponential histogram: bucket i reaches from base^i to base^(i+1) with base = 2^(2^-scale).
pub fn exponential(p: &ExponentialHistogramDataPoint) -> Spread {
    // the specification bounds scale to -10..20; beyond it the arithmetic still holds, if with infinite bounds
    let step = f64::from(-p.scale.clamp(-20, 40)).exp2();
    let side = |b: Option<&Buckets>, sign: f64| -> Vec<(f64, f64, f64)> {
        let Some(b) = b else { return Vec::new() };
        let filled = b.bucket_counts.iter().enumerate().filter(|(_, n)| **n > 0);
        let bounds = filled.map(|(i, n)| {
            let at = f64::from(b.offset) + i as f64;
            let (low, high) = ((at * step).exp2(), ((at + 1.0) * step).exp2());
            if sign < 0.0 {
                (-high, -low, *n as f64)
            } else {
                (low, high, *n as f64)
            }
        });
        bounds.collect()
    };
    let mut buckets = side(p.negative.as_ref(), -1.0);
    buckets.reverse();
    if p.zero_count > 0 {
        buckets.push((-p.zero_threshold, p.zero_threshold, p.zero_count as f64));
    }
    buckets.extend(side(p.positive.as_ref(), 1.0));
    Spread {
        count: p.count as f64,
        sum: p.sum,
        min: p.min,
        max: p.max,
        buckets,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_explicit_buckets() {
        let p = HistogramDataPoint {
            count: 10,
            bucket_counts: vec![0, 5, 5, 0],
            explicit_bounds: vec![10.0, 20.0, 40.0],
            ..HistogramDataPoint::default()
        };
        let s = explicit(&p);
        assert_eq!(
            (s.quantile(0.5), s.quantile(0.75)),
            (Some(20.0), Some(30.0))
        );
        let open = HistogramDataPoint {
            bucket_counts: vec![0, 4],
            explicit_bounds: vec![10.0],
            max: Some(30.0),
            ..p
        };
        assert_eq!(explicit(&open).quantile(0.5), Some(20.0));
        assert_eq!(Spread::default().quantile(0.5), None);
    }

    #[test]
    fn quantiles_of_exponential_buckets() {
        // scale 0: base 2; buckets (4,8] and (8,16]
        let p = ExponentialHistogramDataPoint {
            count: 4,
            positive: Some(Buckets {
                offset: 2,
                bucket_counts: vec![2, 2],
            }),
            ..ExponentialHistogramDataPoint::default()
        };
        let s = exponential(&p);
        assert_eq!((s.quantile(0.5), s.quantile(1.0)), (Some(8.0), Some(16.0)));
        let signed = ExponentialHistogramDataPoint {
            zero_count: 2,
            negative: Some(Buckets {
                offset: 0,
                bucket_counts: vec![4],
            }),
            ..p
        };
        // -2..-1: 4, zero: 2, 4..8: 2, 8..16: 2
        assert_eq!(exponential(&signed).quantile(0.2), Some(-1.5));
        assert_eq!(exponential(&signed).quantile(0.6), Some(0.0));
    }
}
