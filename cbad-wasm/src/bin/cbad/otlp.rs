//! OTLP/JSON export requests (opentelemetry-proto 1.x, JSON mapping) to events of the shapes that the service makes of them: of a log
//! record severity, scope, event name, body and attributes; of a span name, kind, caller, status, scope, attributes, events and the
//! number of links, and its duration as a number in a stream of its operation; of metrics the values of each set of attributes, of
//! histograms of one interval quantiles too. Times and ids are not scored; a trace or session is a group; `driftlock.stream` names the
//! stream.
//!
//! What the service does and this does not: streams of what language models are asked and answer (such records are read as any other,
//! without a span's texts), redaction, shortening of streams' names (a metric's is `service/metrics/name,key=value`), and refusing spans
//! without ids.

mod histogram;
mod value;

use crate::input::Owned;
use cbad::Kind;
use histogram::field;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use value::{
    any, attributes, list, nanos, number, put, put_attributes, real, string, text, time, trace,
};

/// The attribute that names a record's stream, on the record or its resource.
const STREAM: &str = "driftlock.stream";
const SESSION: &str = "session.id";

/// What holds for all records of a scope, and what spans are called.
struct Origin<'v> {
    service: &'v str,
    stream: Option<&'v str>,
    session: Option<&'v str>,
    instance: Option<&'v str>,
    scope: &'v str,
    names: &'v BTreeMap<&'v str, &'v str>,
}

impl Origin<'_> {
    /// The stream of a record of `signal` with these attributes.
    fn stream(&self, attributes: &Map<String, Value>, signal: &str) -> String {
        let named = string(attributes, STREAM).or(self.stream);
        named.map_or_else(|| format!("{}/{signal}", self.service), str::to_owned)
    }
}

type Read = fn(&Value, &Origin<'_>, &mut Vec<Owned>);

/// Appends the events of a request.
pub fn read(line: &str, out: &mut Vec<Owned>) -> Result<(), String> {
    let request: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
    let mut known = false;
    let names = names(&request); // a caller's name may come after what it called
    for (resources, scopes, records, one) in [
        ("resourceLogs", "scopeLogs", "logRecords", log as Read),
        ("resourceSpans", "scopeSpans", "spans", span),
        ("resourceMetrics", "scopeMetrics", "metrics", metric),
    ] {
        known |= request.get(resources).is_some();
        for resource in list(&request, resources) {
            let attributes = attributes(resource.get("resource"));
            let instance = ["service.instance.id", "k8s.pod.name", "host.name"];
            for scope in list(resource, scopes) {
                let name = scope.pointer("/scope/name").and_then(Value::as_str);
                let origin = Origin {
                    service: string(&attributes, "service.name").unwrap_or("unknown_service"),
                    stream: string(&attributes, STREAM),
                    session: string(&attributes, SESSION),
                    instance: instance.iter().find_map(|k| string(&attributes, k)),
                    scope: name.unwrap_or(""),
                    names: &names,
                };
                for record in list(scope, records) {
                    one(record, &origin, out);
                }
            }
        }
    }
    if known {
        Ok(())
    } else {
        Err("neither resourceLogs nor resourceSpans nor resourceMetrics".to_owned())
    }
}

/// The names of a request's spans by their ids.
fn names(request: &Value) -> BTreeMap<&str, &str> {
    let scopes = list(request, "resourceSpans")
        .iter()
        .flat_map(|r| list(r, "scopeSpans"));
    let spans = scopes.flat_map(|s| list(s, "spans"));
    spans
        .map(|s| (text(s, "spanId"), text(s, "name")))
        .collect()
}

fn log(r: &Value, origin: &Origin<'_>, out: &mut Vec<Owned>) {
    const NAMES: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    let number = r.get("severityNumber").and_then(Value::as_u64);
    let named = number
        .and_then(|n| NAMES.get((n.checked_sub(1)? / 4) as usize))
        .copied();
    let attributes = attributes(Some(r));
    let mut data = Map::new();
    let severity = named.unwrap_or_else(|| text(r, "severityText"));
    put(&mut data, "severity", severity);
    put(&mut data, "scope", origin.scope);
    put(&mut data, "event", text(r, "eventName"));
    data.insert("body".into(), any(r.get("body")));
    put_attributes(&mut data, &attributes, |k| k != "log.record.uid");
    let session = string(&attributes, SESSION).or(origin.session);
    out.push(Owned {
        stream: origin.stream(&attributes, "logs"),
        kind: Kind::Log,
        timestamp_ms: time(r, "timeUnixNano").or(time(r, "observedTimeUnixNano")),
        group: trace(r).or(session).map(str::to_owned),
        text: Value::Object(data).to_string(),
        json: true,
    });
}

fn span(r: &Value, origin: &Origin<'_>, out: &mut Vec<Owned>) {
    let attributes = attributes(Some(r));
    let mut data = Map::new();
    put(&mut data, "name", text(r, "name"));
    put(&mut data, "kind", &kind(r.get("kind")));
    let parent = text(r, "parentSpanId");
    // a caller that came in another request is neither named nor denied
    let caller = origin.names.get(parent).copied();
    let root = parent.is_empty().then_some("(root)");
    put(&mut data, "parent", caller.or(root).unwrap_or(""));
    let status = r.get("status").unwrap_or(&Value::Null);
    put(&mut data, "status", code(status.get("code")));
    put(&mut data, "message", text(status, "message"));
    put(&mut data, "scope", origin.scope);
    put_attributes(&mut data, &attributes, |k| !is_content(k));
    let events: Vec<Value> = list(r, "events")
        .iter()
        .filter(|e| !text(e, "name").starts_with("gen_ai."))
        .map(happened)
        .collect();
    if !events.is_empty() {
        data.insert("events".into(), events.into());
    }
    if !list(r, "links").is_empty() {
        data.insert("links".into(), list(r, "links").len().into());
    }
    let group = string(&attributes, SESSION).or(trace(r));
    let event = Owned {
        stream: origin.stream(&attributes, "traces"),
        kind: Kind::Trace,
        timestamp_ms: time(r, "startTimeUnixNano"),
        group: group.map(str::to_owned),
        text: Value::Object(data).to_string(),
        json: true,
    };
    let ends = (nanos(r, "startTimeUnixNano"), nanos(r, "endTimeUnixNano"));
    let latency = match ends {
        (Some(start), Some(end)) if end >= start => Some(Owned {
            stream: format!("{}/latency/{}", origin.service, text(r, "name")),
            kind: Kind::Metric,
            text: json!({"duration_ms": (end - start) as f64 / 1e6}).to_string(),
            ..event.clone()
        }),
        _ => None,
    };
    out.push(event);
    out.extend(latency);
}

/// What happened within a span.
fn happened(event: &Value) -> Value {
    let mut data = Map::new();
    put(&mut data, "name", text(event, "name"));
    put_attributes(&mut data, &attributes(Some(event)), |_| true);
    data.into()
}

/// A span's kind as a word; enumerations are numbers in OTLP/JSON, or names.
fn kind(value: Option<&Value>) -> String {
    let words = ["internal", "server", "client", "producer", "consumer"];
    match value {
        Some(Value::String(name)) => name.trim_start_matches("SPAN_KIND_").to_lowercase(),
        Some(number) => {
            let word = number
                .as_u64()
                .and_then(|n| words.get(n.checked_sub(1)? as usize));
            word.copied().unwrap_or("").to_owned()
        }
        None => String::new(),
    }
}

fn code(value: Option<&Value>) -> &'static str {
    match value {
        Some(v) if v == 1 || v == "STATUS_CODE_OK" => "OK",
        Some(v) if v == 2 || v == "STATUS_CODE_ERROR" => "ERROR",
        _ => "UNSET",
    }
}

/// Whether a span's attribute holds what a language model was told or said, or an id of it.
fn is_content(key: &str) -> bool {
    [
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "gen_ai.tool.call.",
        "gen_ai.tool.definitions",
        "gen_ai.prompt",
        "gen_ai.completion",
        "gen_ai.usage.",
        "gen_ai.response.id",
        "gen_ai.conversation.id",
    ]
    .iter()
    .any(|content| key.starts_with(content))
}

/// The points of a metric. Each set of attributes is a series.
fn metric(r: &Value, origin: &Origin<'_>, out: &mut Vec<Owned>) {
    for kind in [
        "gauge",
        "sum",
        "histogram",
        "exponentialHistogram",
        "summary",
    ] {
        let Some(metric) = r.get(kind) else { continue };
        let temporality = metric.get("aggregationTemporality");
        let delta = temporality.is_some_and(|t| *t == 1 || t == "AGGREGATION_TEMPORALITY_DELTA");
        for point in list(metric, "dataPoints") {
            let mut data = Map::new();
            match kind {
                "gauge" | "sum" => {
                    let given = point.get("asDouble").or(point.get("asInt"));
                    let value = number(given).map(|x| ("value".to_owned(), x));
                    data.extend(value);
                }
                "summary" => {
                    field(&mut data, "count", real(point.get("count")));
                    field(&mut data, "sum", real(point.get("sum")));
                    for q in list(point, "quantileValues").iter().take(16) {
                        let share = real(q.get("quantile")).unwrap_or(0.0);
                        let name = format!("p{}", share * 100.0);
                        field(&mut data, &name, Some(real(q.get("value")).unwrap_or(0.0)));
                    }
                }
                _ => histogram::write(&mut data, point, delta, kind != "histogram"),
            }
            let unrecorded = point.get("flags").and_then(Value::as_u64).unwrap_or(0) & 1;
            if data.is_empty() || unrecorded == 1 {
                continue;
            }
            put(&mut data, "instance", origin.instance.unwrap_or(""));
            let labels = attributes(Some(point));
            let base = origin.stream(&labels, "metrics");
            let mut stream = format!("{base}/{}", text(r, "name"));
            for (key, value) in labels.iter().filter(|(k, _)| *k != STREAM) {
                let value = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                stream.push_str(&format!(",{key}={value}"));
            }
            out.push(Owned {
                stream,
                kind: Kind::Metric,
                timestamp_ms: time(point, "timeUnixNano"),
                group: None,
                text: Value::Object(data).to_string(),
                json: true,
            });
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn records_spans_and_points_become_events() {
        let request = json!({
            "resourceLogs": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}, "scopeLogs": [{"scope": {"name": "app"}, "logRecords": [
                {"timeUnixNano": "1763719200000000000", "severityNumber": 17, "body": {"stringValue": "paid"}, "traceId": "0a", "attributes": [
                    {"key": "session.id", "value": {"stringValue": "s9"}}, {"key": "log.record.uid", "value": {"stringValue": "u1"}},
                    {"key": "n", "value": {"intValue": "12"}}, {"key": "l", "value": {"arrayValue": {"values": [{"boolValue": true}]}}}]}]}]}],
            "resourceSpans": [{"scopeSpans": [{"spans": [{"name": "GET /", "kind": 2, "spanId": "02", "parentSpanId": "03", "startTimeUnixNano": "1000000", "endTimeUnixNano": "3500000",
                "status": {"code": 2, "message": "late"}, "links": [{}], "events": [{"name": "retry", "attributes": [{"key": "n", "value": {"intValue": 2}}]}, {"name": "gen_ai.choice"}],
                "attributes": [{"key": "session.id", "value": {"stringValue": "s1"}}, {"key": "gen_ai.usage.input_tokens", "value": {"intValue": 2}}, {"key": "driftlock.stream", "value": {"stringValue": "front"}}]},
                {"name": "load", "spanId": "03", "kind": "SPAN_KIND_INTERNAL", "traceId": "00"}]}]}],
            "resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "cpu", "gauge": {"dataPoints": [{"asDouble": 0.5, "attributes": [{"key": "core", "value": {"intValue": "1"}}]}, {"flags": 1}]}}]}]}],
        });
        let mut out = Vec::new();
        read(&request.to_string(), &mut out).unwrap();
        let seen: Vec<_> = out
            .iter()
            .map(|e| (e.stream.as_str(), e.kind, e.timestamp_ms, e.text.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                (
                    "shop/logs",
                    Kind::Log,
                    Some(1_763_719_200_000),
                    r#"{"attributes":{"l":[true],"n":12},"body":"paid","scope":"app","severity":"ERROR"}"#
                ),
                (
                    "front",
                    Kind::Trace,
                    Some(1),
                    r#"{"events":[{"attributes":{"n":2},"name":"retry"}],"kind":"server","links":1,"message":"late","name":"GET /","parent":"load","status":"ERROR"}"#
                ),
                (
                    "unknown_service/latency/GET /",
                    Kind::Metric,
                    Some(1),
                    r#"{"duration_ms":2.5}"#
                ),
                (
                    "unknown_service/traces",
                    Kind::Trace,
                    None,
                    r#"{"kind":"internal","name":"load","parent":"(root)","status":"UNSET"}"#
                ),
                (
                    "unknown_service/metrics/cpu,core=1",
                    Kind::Metric,
                    None,
                    r#"{"value":0.5}"#
                ),
            ]
        );
        let groups: Vec<_> = out.iter().map(|e| e.group.as_deref()).collect();
        assert_eq!(groups, [Some("0a"), Some("s1"), Some("s1"), None, None]);
    }

    #[test]
    fn other_json_is_named() {
        assert!(
            read("{\"a\":1}", &mut Vec::new())
                .unwrap_err()
                .starts_with("neither")
        );
        assert!(read("{", &mut Vec::new()).is_err());
    }
}
