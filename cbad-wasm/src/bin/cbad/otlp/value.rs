//! Members of OTLP/JSON messages: texts, numbers, times and attributes.

use super::{SESSION, STREAM};
use serde_json::{Map, Value};

/// A record's trace; all zeros stand for none.
pub fn trace(r: &Value) -> Option<&str> {
    Some(text(r, "traceId")).filter(|id| id.bytes().any(|b| b != b'0'))
}

/// Adds a text where it is not empty.
pub fn put(data: &mut Map<String, Value>, name: &str, value: &str) {
    if !value.is_empty() {
        data.insert(name.into(), value.into());
    }
}

/// Adds attributes but for those that name the stream or the session.
pub fn put_attributes(
    data: &mut Map<String, Value>,
    attributes: &Map<String, Value>,
    kept: impl Fn(&str) -> bool,
) {
    let mut attributes = attributes.clone();
    attributes.retain(|k, _| k != STREAM && k != SESSION && kept(k));
    if !attributes.is_empty() {
        data.insert("attributes".into(), Value::Object(attributes));
    }
}

/// An attribute's text, where it is one and not empty.
pub fn string<'v>(attributes: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    attributes.get(key)?.as_str().filter(|t| !t.is_empty())
}

/// A list's items.
pub fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A text, or nothing.
pub fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or("")
}

/// Attributes as an object; of keys that come twice the last.
pub fn attributes(of: Option<&Value>) -> Map<String, Value> {
    of.map_or(&[][..], |v| list(v, "attributes"))
        .iter()
        .filter_map(|a| Some((a.get("key")?.as_str()?.to_owned(), any(a.get("value")))))
        .collect()
}

/// An AnyValue as plain JSON. 64-bit integers are strings in OTLP/JSON.
pub fn any(value: Option<&Value>) -> Value {
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

/// A number that may be spelled as a string.
pub fn number(value: Option<&Value>) -> Option<Value> {
    match value? {
        Value::String(s) => s.parse::<serde_json::Number>().ok().map(Value::Number),
        Value::Number(n) => Some(Value::Number(n.clone())),
        _ => None,
    }
}

/// The same as a float.
pub fn real(value: Option<&Value>) -> Option<f64> {
    number(value)?.as_f64()
}

/// Nanoseconds, which OTLP/JSON spells as a string.
pub fn nanos(value: &Value, name: &str) -> Option<u64> {
    let given = value.get(name)?;
    let nanos = given.as_u64().or_else(|| given.as_str()?.parse().ok())?;
    (nanos > 0).then_some(nanos)
}

/// A time in milliseconds.
pub fn time(value: &Value, name: &str) -> Option<i64> {
    nanos(value, name).and_then(|n| i64::try_from(n / 1_000_000).ok())
}
