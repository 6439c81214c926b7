//! Metrics: one numeric stream for each metric and attribute set. What tells instances of a service apart is a label inside the
//! event, so that their counters are not mixed and a new instance makes no new stream.
//!
//! Gauges and sums give `value` (that a sum is a running total is found by the detector, which then judges its rate). Histograms
//! give `count` and `sum`, and where they cover one interval alone (delta temporality) also mean, least, greatest and quantiles.

use super::histogram::{self, Histogram};
use super::intake::{Intake, Made};
use super::origin::{Origin, STREAM, slug};
use super::proto::opentelemetry::proto::common::v1::{InstrumentationScope, KeyValue};
use super::proto::opentelemetry::proto::metrics::v1::{
    self as proto, AggregationTemporality, DataPointFlags, Metric, metric::Data,
};
use super::proto::opentelemetry::proto::resource::v1::Resource;
use super::read::Sink;
use super::value;
use crate::auth::api_key::hex;
use cbad::Kind;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Bytes of the parts of a stream's name: with the service's 48 at most 126 together.
const BASE_BYTES: usize = 57;
const METRIC_BYTES: usize = 34;
const VALUES_BYTES: usize = 24;

/// Reads metrics into events.
pub struct Metrics<'i, 'p> {
    intake: &'i mut Intake<'p>,
    origin: Origin,
    instance: String,
}

impl<'i, 'p> Metrics<'i, 'p> {
    /// Into `intake`.
    pub fn new(intake: &'i mut Intake<'p>) -> Self {
        Self {
            intake,
            origin: Origin::default(),
            instance: String::new(),
        }
    }
}

/// What the five types of points have in common.
struct Point<'a> {
    attributes: &'a [KeyValue],
    time_unix_nano: u64,
    flags: u32,
}

impl Sink<Metric> for Metrics<'_, '_> {
    fn resource(&mut self, resource: Option<&Resource>) {
        self.origin = Origin::of(resource, self.intake);
        let attributes: &[KeyValue] = resource.map_or(&[], |r| &r.attributes);
        let named = ["service.instance.id", "k8s.pod.name", "host.name"]
            .into_iter()
            .find_map(|key| value::text(attributes, key));
        self.instance = named.unwrap_or_default().into_owned();
    }
    fn scope(&mut self, scope: Option<&InstrumentationScope>) {
        self.origin.scoped(scope);
    }
    fn record(&mut self, record: Result<Metric, String>) {
        match record {
            Ok(metric) => self.metric(&metric),
            Err(detail) => {
                if self.intake.begin() {
                    self.intake.refuse(("invalid_record", detail));
                }
            }
        }
    }
}

impl Metrics<'_, '_> {
    fn metric(&mut self, m: &Metric) {
        match &m.data {
            Some(Data::Gauge(d)) => self.plain(m, "gauge", &d.data_points),
            Some(Data::Sum(d)) => self.plain(m, "sum", &d.data_points),
            Some(Data::Histogram(d)) => {
                let delta = is_delta(d.aggregation_temporality);
                for p in &d.data_points {
                    let point = point(&p.attributes, p.time_unix_nano, p.flags);
                    self.point(m, "histogram", &point, |out| {
                        spread(out, &histogram::explicit(p), delta)
                    });
                }
            }
            Some(Data::ExponentialHistogram(d)) => {
                let delta = is_delta(d.aggregation_temporality);
                for p in &d.data_points {
                    let point = point(&p.attributes, p.time_unix_nano, p.flags);
                    self.point(m, "exponential_histogram", &point, |out| {
                        spread(out, &histogram::exponential(p), delta)
                    });
                }
            }
            Some(Data::Summary(d)) => {
                for p in &d.data_points {
                    let point = point(&p.attributes, p.time_unix_nano, p.flags);
                    self.point(m, "summary", &point, |out| {
                        field(out, "count", p.count as f64);
                        field(out, "sum", p.sum);
                        for q in p.quantile_values.iter().take(16) {
                            let name = format!("p{}", q.quantile * 100.0);
                            field(out, &name, q.value);
                        }
                    });
                }
            }
            None => {
                if self.intake.begin() {
                    let detail = "the metric has no data of a known type";
                    self.intake.refuse(("invalid_record", detail.into()));
                }
            }
        }
    }

    fn plain(&mut self, m: &Metric, kind: &str, points: &[proto::NumberDataPoint]) {
        use proto::number_data_point::Value;
        for p in points {
            let point = point(&p.attributes, p.time_unix_nano, p.flags);
            let x = match p.value {
                Some(Value::AsDouble(x)) => x,
                Some(Value::AsInt(x)) => x as f64,
                None => f64::NAN,
            };
            self.point(m, kind, &point, |out| field(out, "value", x));
        }
    }

    /// Takes one point; `write` adds its numbers, each followed by a comma.
    fn point(&mut self, m: &Metric, kind: &str, p: &Point<'_>, write: impl FnOnce(&mut String)) {
        let Self {
            intake,
            origin,
            instance,
        } = self;
        if !intake.begin() {
            return;
        }
        // a point that says it has no value is not an event
        if p.flags & DataPointFlags::NoRecordedValueMask as u32 != 0 {
            return;
        }
        if m.name.is_empty() {
            intake.refuse(("invalid_record", "the metric has no name".into()));
            return;
        }
        intake.clear();
        intake.text.push('{');
        write(&mut intake.text);
        if intake.text.len() == 1 {
            intake.refuse(("invalid_value", "the point has no finite number".into()));
            return;
        }
        if instance.is_empty() {
            intake.text.pop();
        } else {
            intake.text.push_str("\"instance\":");
            value::string(&mut intake.text, instance.as_bytes());
        }
        intake.text.push('}');
        intake.place(origin, None, None);
        let out = &mut intake.metadata;
        for (name, text) in [("metric", &m.name), ("unit", &m.unit)] {
            let _ = write!(out, ",\"{name}\":");
            value::string(out, text);
        }
        let _ = write!(out, ",\"type\":\"{kind}\",\"attributes\":");
        value::attributes(out, p.attributes, &|k| k != STREAM);
        out.push('}');
        let stream = stream(intake, origin, m, p.attributes);
        intake.take(Made {
            stream: &stream,
            kind: Kind::Metric,
            timestamp_ms: value::milliseconds(p.time_unix_nano),
            group: None,
            id: None,
            is_part: false,
        });
    }
}

fn point(attributes: &[KeyValue], time_unix_nano: u64, flags: u32) -> Point<'_> {
    Point {
        attributes,
        time_unix_nano,
        flags,
    }
}

fn is_delta(temporality: i32) -> bool {
    temporality == AggregationTemporality::Delta as i32
}

/// `"name":x,` where x is a number.
fn field(out: &mut String, name: &str, x: f64) {
    if x.is_finite() {
        let _ = write!(out, "\"{name}\":");
        value::number(out, x);
        out.push(',');
    }
}

fn spread(out: &mut String, h: &Histogram, delta: bool) {
    field(out, "count", h.count);
    field(out, "sum", h.sum.unwrap_or(f64::NAN));
    if !delta || h.count <= 0.0 {
        return;
    }
    field(out, "mean", h.sum.map_or(f64::NAN, |sum| sum / h.count));
    field(out, "min", h.spread.min.unwrap_or(f64::NAN));
    field(out, "max", h.spread.max.unwrap_or(f64::NAN));
    for (name, q) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
        field(out, name, h.spread.quantile(q).unwrap_or(f64::NAN));
    }
}

/// `service/metrics/metric` and, where there are attributes, `/values-hash`: readable, and one for each attribute set.
fn stream(intake: &mut Intake<'_>, origin: &Origin, m: &Metric, attributes: &[KeyValue]) -> String {
    let named = origin.named(attributes);
    let named = named.map(|s| intake.slug(&s, BASE_BYTES));
    let mut out = named.unwrap_or_else(|| format!("{}/metrics", origin.service));
    let name = value::lossless(&m.name);
    let _ = write!(out, "/{}", intake.slug(&name, METRIC_BYTES));
    let mut set = String::new();
    value::attributes(&mut set, attributes, &|k| k != STREAM);
    if set == "{}" {
        return out;
    }
    let redacted = intake.named_json(&set);
    let mut values = String::new();
    if let Cow::Owned(changed) = &redacted {
        let changed: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(changed).unwrap_or_default();
        for value in changed.values() {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            values.push_str(&text.replace(':', "-"));
            values.push('-');
        }
    } else {
        for kv in value::ordered(attributes, &|_| true) {
            let mut text = String::new();
            value::any(&mut text, kv.value.as_ref());
            values.push_str(text.trim_matches('"'));
            values.push('-');
        }
    }
    // the hash would give away a short value to whoever tries them all
    let hash = Sha256::digest(redacted.as_bytes());
    let hash = hex(&hash[..4]);
    let values = readable(&values);
    let _ = write!(out, "/{values}{hash}");
    out
}

/// The first characters of the values, as far as a name may hold them.
fn readable(values: &str) -> String {
    let mut out = slug(values.trim_end_matches('-'), usize::MAX);
    out.truncate(VALUES_BYTES);
    out.push('-');
    out
}
