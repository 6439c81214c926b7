//! Histograms, explicit and exponential, as a few numbers.

use super::proto::opentelemetry::proto::metrics::v1::{
    ExponentialHistogramDataPoint, HistogramDataPoint, exponential_histogram_data_point::Buckets,
};
use cbad::spread::Spread;

/// A histogram's data point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Values recorded.
    pub count: f64,
    /// Their sum, where it is known.
    pub sum: Option<f64>,
    /// How they are distributed.
    pub spread: Spread,
}

/// A histogram with explicit bounds.
pub fn explicit(p: &HistogramDataPoint) -> Histogram {
    let filled = filled(&p.bucket_counts);
    Histogram {
        count: p.count as f64,
        sum: p.sum,
        spread: Spread::explicit(&p.explicit_bounds, filled, p.min, p.max),
    }
}

/// An exponential histogram.
pub fn exponential(p: &ExponentialHistogramDataPoint) -> Histogram {
    let (negative, positive) = (side(p.negative.as_ref()), side(p.positive.as_ref()));
    let zero = (p.zero_threshold, p.zero_count as f64);
    Histogram {
        count: p.count as f64,
        sum: p.sum,
        spread: Spread::exponential(p.scale.into(), negative, zero, positive, p.min, p.max),
    }
}

/// The exponents of a side's buckets that hold any, and how many.
fn side(buckets: Option<&Buckets>) -> impl Iterator<Item = (f64, f64)> {
    buckets
        .into_iter()
        .flat_map(|b| filled(&b.bucket_counts).map(|(i, n)| (f64::from(b.offset) + i as f64, n)))
}

/// Where counts stand that are not zero.
fn filled(counts: &[u64]) -> impl Iterator<Item = (usize, f64)> {
    let counts = counts.iter().enumerate().filter(|(_, n)| **n > 0);
    counts.map(|(i, n)| (i, *n as f64))
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
        assert_eq!(explicit(&p).spread.quantile(0.5), Some(6.5));
        let endless = HistogramDataPoint {
            explicit_bounds: vec![f64::NEG_INFINITY, f64::INFINITY],
            max: None,
            ..p
        };
        assert_eq!(explicit(&endless).spread.quantile(0.5), None);
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

    fn holds(Histogram { spread: s, .. }: Histogram) {
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
            holds(explicit(&HistogramDataPoint {
                bucket_counts, explicit_bounds, min, max, ..HistogramDataPoint::default()
            }));
            holds(exponential(&ExponentialHistogramDataPoint {
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
        let s = explicit(&p).spread;
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
        assert_eq!(explicit(&open).spread.quantile(0.5), Some(20.0));
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
        let s = exponential(&p).spread;
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
        assert_eq!(exponential(&signed).spread.quantile(0.2), Some(-1.5));
        assert_eq!(exponential(&signed).spread.quantile(0.6), Some(0.0));
    }
}
