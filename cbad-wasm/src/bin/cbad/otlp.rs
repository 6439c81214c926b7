//! OTLP/JSON export requests (opentelemetry-proto 1.x, JSON mapping) to events, shaped as the service shapes them: severity, scope,
//! body and attributes of a log record, name, kind, status and attributes of a span, the values of one metric's data points. Times
//! and ids are not scored; a trace is a group.

use crate::input::Owned;
use cbad::Kind;
use serde_json::{Map, Value, json};

/// Appends the events of a request.
pub fn read(line: &str, out: &mut Vec<Owned>) -> Result<(), String> {
    let request: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
    let mut known = false;
    for (resources, scopes, records, one) in [
        ("resourceLogs", "scopeLogs", "logRecords", log as Read),
        ("resourceSpans", "scopeSpans", "spans", span),
        ("resourceMetrics", "scopeMetrics", "metrics", metric),
    ] {
        known |= request.get(resources).is_some();
        for resource in list(&request, resources) {
            let attributes = attributes(resource.get("resource"));
            let service = attributes.get("service.name").and_then(Value::as_str);
            for scope in list(resource, scopes) {
                let name = scope.pointer("/scope/name").and_then(Value::as_str);
                for record in list(scope, records) {
                    one(
                        record,
                        service.unwrap_or("unknown_service"),
                        name.unwrap_or(""),
                        out,
                    );
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

type Read = fn(&Value, &str, &str, &mut Vec<Owned>);

fn log(r: &Value, service: &str, scope: &str, out: &mut Vec<Owned>) {
    const NAMES: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    let number = r.get("severityNumber").and_then(Value::as_u64);
    let named = number
        .and_then(|n| NAMES.get((n.checked_sub(1)? / 4) as usize))
        .copied();
    let mut data = Map::new();
    put(
        &mut data,
        "severity",
        named.unwrap_or_else(|| text(r, "severityText")),
    );
    put(&mut data, "scope", scope);
    put(&mut data, "event", text(r, "eventName"));
    data.insert("body".into(), any(r.get("body")));
    put_attributes(&mut data, r);
    let at = time(r, "timeUnixNano").or(time(r, "observedTimeUnixNano"));
    out.push(event(service, "logs", Kind::Log, at, r, data));
}

fn span(r: &Value, service: &str, scope: &str, out: &mut Vec<Owned>) {
    let mut data = Map::new();
    put(&mut data, "name", text(r, "name"));
    put(&mut data, "scope", scope);
    if let Some(kind) = r.get("kind") {
        data.insert("kind".into(), kind.clone());
    }
    if let Some(status) = r
        .get("status")
        .filter(|s| s.as_object().is_some_and(|o| !o.is_empty()))
    {
        data.insert("status".into(), status.clone());
    }
    let (start, end) = (nanos(r, "startTimeUnixNano"), nanos(r, "endTimeUnixNano"));
    if let (Some(start), Some(end)) = (start, end) {
        data.insert(
            "duration_ms".into(),
            json!(end.saturating_sub(start) as f64 / 1e6),
        );
    }
    put_attributes(&mut data, r);
    out.push(event(
        service,
        "traces",
        Kind::Trace,
        time(r, "startTimeUnixNano"),
        r,
        data,
    ));
}

/// A gauge's or sum's points; of a histogram or summary its count and sum. Each set of attributes is a series.
fn metric(r: &Value, service: &str, _: &str, out: &mut Vec<Owned>) {
    let name = text(r, "name");
    for kind in [
        "gauge",
        "sum",
        "histogram",
        "exponentialHistogram",
        "summary",
    ] {
        for point in r.get(kind).map_or(&[][..], |m| list(m, "dataPoints")) {
            let mut data = Map::new();
            let value = number(point.get("asDouble")).or_else(|| number(point.get("asInt")));
            for (field, x) in [
                ("value", value),
                ("count", number(point.get("count"))),
                ("sum", number(point.get("sum"))),
            ] {
                if let Some(x) = x {
                    data.insert(field.into(), x);
                }
            }
            if data.is_empty() {
                continue; // a point without a recorded value
            }
            let labels = attributes(Some(point));
            let mut signal = format!("metrics/{name}");
            for (key, value) in labels {
                signal.push_str(&format!(
                    ",{key}={}",
                    value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned)
                ));
            }
            out.push(event(
                service,
                &signal,
                Kind::Metric,
                time(point, "timeUnixNano"),
                point,
                data,
            ));
        }
    }
}

fn event(
    service: &str,
    signal: &str,
    kind: Kind,
    timestamp_ms: Option<i64>,
    r: &Value,
    data: Map<String, Value>,
) -> Owned {
    let trace = text(r, "traceId");
    Owned {
        stream: format!("{service}/{signal}"),
        kind,
        timestamp_ms,
        group: (!trace.is_empty()).then(|| trace.to_owned()),
        text: Value::Object(data).to_string(),
        json: true,
    }
}

fn put(data: &mut Map<String, Value>, name: &str, value: &str) {
    if !value.is_empty() {
        data.insert(name.into(), value.into());
    }
}

fn put_attributes(data: &mut Map<String, Value>, r: &Value) {
    let attributes = attributes(Some(r));
    if !attributes.is_empty() {
        data.insert("attributes".into(), Value::Object(attributes));
    }
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or("")
}

/// Attributes as an object; of keys that come twice the last.
fn attributes(of: Option<&Value>) -> Map<String, Value> {
    of.map_or(&[][..], |v| list(v, "attributes"))
        .iter()
        .filter_map(|a| Some((a.get("key")?.as_str()?.to_owned(), any(a.get("value")))))
        .collect()
}

/// An AnyValue as plain JSON. 64-bit integers are strings in OTLP/JSON.
fn any(value: Option<&Value>) -> Value {
    let Some((kind, inner)) = value
        .and_then(Value::as_object)
        .and_then(|o| o.iter().next())
    else {
        return Value::Null;
    };
    match kind.as_str() {
        "intValue" => number(Some(inner)).unwrap_or(Value::Null),
        "arrayValue" => list(inner, "values").iter().map(|v| any(Some(v))).collect(),
        "kvlistValue" => list(inner, "values")
            .iter()
            .filter_map(|a| Some((a.get("key")?.as_str()?.to_owned(), any(a.get("value")))))
            .collect(),
        _ => inner.clone(),
    }
}

fn number(value: Option<&Value>) -> Option<Value> {
    match value? {
        Value::String(s) => s.parse::<serde_json::Number>().ok().map(Value::Number),
        Value::Number(n) => Some(Value::Number(n.clone())),
        _ => None,
    }
}

/// Nanoseconds, which OTLP/JSON spells as a string.
fn nanos(value: &Value, name: &str) -> Option<u64> {
    let given = value.get(name)?;
    let nanos = given.as_u64().or_else(|| given.as_str()?.parse().ok())?;
    (nanos > 0).then_some(nanos)
}

fn time(value: &Value, name: &str) -> Option<i64> {
    nanos(value, name).and_then(|n| i64::try_from(n / 1_000_000).ok())
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
                    {"key": "n", "value": {"intValue": "12"}}, {"key": "l", "value": {"arrayValue": {"values": [{"boolValue": true}]}}}]}]}]}],
            "resourceSpans": [{"scopeSpans": [{"spans": [{"name": "GET /", "kind": 2, "startTimeUnixNano": "1000000", "endTimeUnixNano": "3500000"}]}]}],
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
                    "unknown_service/traces",
                    Kind::Trace,
                    Some(1),
                    r#"{"duration_ms":2.5,"kind":2,"name":"GET /"}"#
                ),
                (
                    "unknown_service/metrics/cpu,core=1",
                    Kind::Metric,
                    None,
                    r#"{"value":0.5}"#
                ),
            ]
        );
        assert_eq!(out[0].group.as_deref(), Some("0a"));
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
