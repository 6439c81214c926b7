//! Histograms, explicit and exponential, as the few numbers that the service makes of them.

use super::value::{list, real};
use cbad::spread::Spread;
use serde_json::{Map, Value};

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
    let spread = if exponential {
        exponential_spread(p, min, max)
    } else {
        explicit_spread(p, min, max)
    };
    for (name, q) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
        field(data, name, spread.quantile(q));
    }
}

/// Adds a member where it is a number.
pub fn field(data: &mut Map<String, Value>, name: &str, x: Option<f64>) {
    if let Some(number) = x.and_then(serde_json::Number::from_f64) {
        data.insert(name.into(), number.into());
    }
}

fn explicit_spread(p: &Value, min: Option<f64>, max: Option<f64>) -> Spread {
    let bounds: Vec<f64> = list(p, "explicitBounds")
        .iter()
        .filter_map(|b| real(Some(b)))
        .collect();
    Spread::explicit(&bounds, filled(p), min, max)
}

fn exponential_spread(p: &Value, min: Option<f64>, max: Option<f64>) -> Spread {
    let number = |of: &Value, name| real(of.get(name)).unwrap_or(0.0);
    let side = |name: &str| {
        let side = p.get(name).into_iter();
        side.flat_map(move |side| {
            filled(side).map(move |(i, n)| (number(side, "offset") + i as f64, n))
        })
    };
    let zero = (number(p, "zeroThreshold"), number(p, "zeroCount"));
    let scale = number(p, "scale");
    Spread::exponential(scale, side("negative"), zero, side("positive"), min, max)
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
