//! Histograms, explicit and exponential, as the few numbers that the service makes of them.

use super::value::{list, real};
use serde_json::{Map, Value};

/// From, to, how many; in order of value, none empty.
type Bucket = (f64, f64, f64);

/// Writes count and sum, and of one interval's values alone (delta temporality) mean, least, greatest and quantiles.
pub fn write(data: &mut Map<String, Value>, p: &Value, delta: bool, exponential: bool) {
    let part = |name: &str| real(p.get(name));
    let (count, sum) = (part("count"), part("sum"));
    field(data, "count", count);
    field(data, "sum", sum);
    let Some(count) = count.filter(|n| delta && *n > 0.0) else {
        return;
    };
    let (min, max) = (part("min"), part("max"));
    field(data, "mean", sum.map(|sum| sum / count));
    field(data, "min", min);
    field(data, "max", max);
    let buckets = if exponential {
        exponential_buckets(p)
    } else {
        explicit_buckets(p, min, max)
    };
    for (name, q) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
        field(data, name, quantile(&buckets, q, min, max));
    }
}

/// Adds a member where it is a number.
pub fn field(data: &mut Map<String, Value>, name: &str, x: Option<f64>) {
    if let Some(number) = x.and_then(serde_json::Number::from_f64) {
        data.insert(name.into(), number.into());
    }
}

/// The value below which a share `q` lies: linear within its bucket, never beyond the least and the greatest.
fn quantile(buckets: &[Bucket], q: f64, min: Option<f64>, max: Option<f64>) -> Option<f64> {
    let total: f64 = buckets.iter().map(|b| b.2).sum();
    let mut below = 0.0;
    for &(from, to, n) in buckets {
        if below + n >= q * total {
            let share = ((q * total - below) / n).clamp(0.0, 1.0);
            // an endless bucket says no more than where it begins
            let x = match (from.is_finite(), to.is_finite()) {
                (true, true) => from + (to - from) * share,
                (true, false) => from,
                (false, _) => to,
            };
            let x = max.map_or(x, |max| x.min(max.max(from)));
            return Some(min.map_or(x, |min| x.max(min.min(to))));
        }
        below += n;
    }
    None
}

/// Bucket i reaches from bound i-1 to bound i, the outer ones as far as least and greatest do.
fn explicit_buckets(p: &Value, min: Option<f64>, max: Option<f64>) -> Vec<Bucket> {
    let bounds: Vec<f64> = list(p, "explicitBounds")
        .iter()
        .filter_map(|b| real(Some(b)))
        .collect();
    let lowest = bounds.first().copied().unwrap_or(0.0);
    let highest = bounds.last().copied().unwrap_or(0.0);
    let from = min.filter(|m| *m < lowest).unwrap_or(lowest.min(0.0));
    let to = max.filter(|m| *m > highest).unwrap_or(highest);
    filled(p)
        .map(|(i, n)| {
            let low = i.checked_sub(1).and_then(|i| bounds.get(i)).copied();
            let high = bounds.get(i).copied();
            (low.unwrap_or(from), high.unwrap_or(to), n)
        })
        .collect()
}

/// Bucket i reaches from base^i to base^(i+1) with base = 2^(2^-scale), below zero mirrored.
fn exponential_buckets(p: &Value) -> Vec<Bucket> {
    let scale = real(p.get("scale")).unwrap_or(0.0);
    let step = libm::exp2(-scale.clamp(-20.0, 40.0));
    let side = |name: &str| -> Vec<Bucket> {
        let Some(side) = p.get(name) else {
            return Vec::new();
        };
        let offset = real(side.get("offset")).unwrap_or(0.0);
        let bounds = filled(side).map(|(i, n)| {
            let at = offset + i as f64;
            (libm::exp2(at * step), libm::exp2((at + 1.0) * step), n)
        });
        bounds.collect()
    };
    let below = side("negative").into_iter().rev();
    let mut buckets: Vec<Bucket> = below.map(|(low, high, n)| (-high, -low, n)).collect();
    if let Some(n) = real(p.get("zeroCount")).filter(|n| *n > 0.0) {
        let threshold = real(p.get("zeroThreshold")).unwrap_or(0.0);
        buckets.push((-threshold, threshold, n));
    }
    buckets.extend(side("positive"));
    buckets
}

/// Where counts stand that are not zero.
fn filled(of: &Value) -> impl Iterator<Item = (usize, f64)> {
    let counts = list(of, "bucketCounts").iter().enumerate();
    counts.filter_map(|(i, n)| Some((i, real(Some(n)).filter(|n| *n > 0.0)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(p: &Value, delta: bool, exponential: bool) -> Value {
        let mut data = Map::new();
        write(&mut data, p, delta, exponential);
        data.into()
    }

    #[test]
    fn an_intervals_histogram_gives_quantiles() {
        let p = json!({"count": "100", "sum": 900.0, "explicitBounds": [5, 10, 20],
            "bucketCounts": ["0", "80", "15", "5"], "min": 5.5, "max": 40});
        assert_eq!(
            written(&p, false, false),
            json!({"count": 100.0, "sum": 900.0})
        );
        assert_eq!(
            written(&p, true, false),
            json!({"count": 100.0, "sum": 900.0, "mean": 9.0, "min": 5.5, "max": 40.0, "p50": 8.125, "p95": 20.0, "p99": 36.0})
        );
        let p = json!({"count": 4, "sum": 6.0, "scale": 0, "positive": {"offset": 0, "bucketCounts": ["2", "2"]}});
        assert_eq!(
            written(&p, true, true),
            json!({"count": 4.0, "sum": 6.0, "mean": 1.5, "p50": 2.0, "p95": 3.8, "p99": 3.96})
        );
        assert_eq!(
            written(&json!({"count": 3}), true, false),
            json!({"count": 3.0})
        );
    }
}
