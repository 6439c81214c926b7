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
    use proptest::prelude::*;

    #[test]
    fn a_greatest_value_within_a_bucket_is_no_panic() {
        let p = HistogramDataPoint {
            count: 1,
            bucket_counts: vec![0, 1, 0],
            explicit_bounds: vec![5.0, 10.0],
            max: Some(6.5),
            ..HistogramDataPoint::default()
        };
        assert_eq!(explicit(&p).quantile(0.5), Some(6.5));
        let endless = HistogramDataPoint {
            explicit_bounds: vec![f64::NEG_INFINITY, f64::INFINITY],
            max: None,
            ..p
        };
        assert_eq!(explicit(&endless).quantile(0.5), None);
    }

    /// Numbers as a sender may write them.
    fn any_number() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<f64>(),
            -20.0..20.0f64,
            Just(f64::NAN),
            Just(f64::INFINITY),
            Just(f64::NEG_INFINITY),
            Just(f64::MAX),
            Just(f64::MIN),
        ]
    }

    fn any_counts() -> impl Strategy<Value = Vec<u64>> {
        prop::collection::vec(prop_oneof![0u64..4, any::<u64>()], 0..6)
    }

    fn any_buckets() -> impl Strategy<Value = Option<Buckets>> {
        let buckets = (any::<i32>(), any_counts());
        prop::option::of(buckets.prop_map(|(offset, bucket_counts)| Buckets {
            offset,
            bucket_counts,
        }))
    }

    fn holds(s: &Spread) {
        for q in [0.0, 0.5, 0.95, 0.99, 1.0] {
            let x = s.quantile(q);
            assert!(x.is_none_or(f64::is_finite), "{x:?} of {s:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn quantiles_of_whatever_comes_are_numbers_or_nothing(
            bucket_counts in any_counts(),
            explicit_bounds in prop::collection::vec(any_number(), 0..6),
            min in prop::option::of(any_number()),
            max in prop::option::of(any_number()),
            (scale, zero_count, zero_threshold) in (any::<i32>(), 0u64..3, any_number()),
            (positive, negative) in (any_buckets(), any_buckets()),
        ) {
            holds(&explicit(&HistogramDataPoint {
                bucket_counts, explicit_bounds, min, max, ..HistogramDataPoint::default()
            }));
            holds(&exponential(&ExponentialHistogramDataPoint {
                scale, zero_count, zero_threshold, positive, negative, min, max, ..ExponentialHistogramDataPoint::default()
            }));
        }
    }

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
