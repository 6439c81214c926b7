//! Attribute values and texts as JSON.

use super::proto::opentelemetry::proto::common::v1::{AnyValue, KeyValue, any_value::Value};
use crate::auth::api_key::hex;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Nesting written at most; what is deeper is `null`. The limit on a payload's depth is lower.
const DEPTH: usize = 128;

/// A text that may not be UTF-8: a byte that is not part of a character is spelled `\xNN`, so that nothing is lost.
pub fn lossless(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let mut out = String::with_capacity(bytes.len() + 16);
            for chunk in bytes.utf8_chunks() {
                out.push_str(chunk.valid());
                for byte in chunk.invalid() {
                    let _ = write!(out, "\\x{byte:02x}");
                }
            }
            Cow::Owned(out)
        }
    }
}

/// Writes a JSON string.
pub fn string(out: &mut String, bytes: &[u8]) {
    let text = lossless(bytes);
    out.push('"');
    let mut rest = text.as_ref();
    while let Some(at) = rest
        .bytes()
        .position(|b| b < 0x20 || b == b'"' || b == b'\\')
    {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let mut characters = tail.chars();
        match characters.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// Writes a number; what JSON has no number for as text.
pub fn number(out: &mut String, x: f64) {
    let _ = if !x.is_finite() {
        write!(out, "\"{x}\"")
    } else if x == 0.0 || (1e-5..1e16).contains(&x.abs()) {
        write!(out, "{x}")
    } else {
        write!(out, "{x:e}")
    };
}

/// Writes any value. Bytes are base64, as in proto3's JSON.
pub fn any(out: &mut String, value: Option<&AnyValue>) {
    nested(out, value, 0);
}

fn nested(out: &mut String, value: Option<&AnyValue>, depth: usize) {
    let Some(value) = value
        .and_then(|v| v.value.as_ref())
        .filter(|_| depth < DEPTH)
    else {
        out.push_str("null");
        return;
    };
    match value {
        Value::StringValue(text) => string(out, text),
        Value::BoolValue(v) => out.push_str(if *v { "true" } else { "false" }),
        Value::IntValue(v) => {
            let _ = write!(out, "{v}");
        }
        Value::DoubleValue(v) => number(out, *v),
        Value::ArrayValue(list) => {
            out.push('[');
            for (i, item) in list.values.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                nested(out, Some(item), depth + 1);
            }
            out.push(']');
        }
        Value::KvlistValue(list) => members(out, &list.values, depth + 1, &|_| true),
        Value::BytesValue(bytes) => {
            out.push('"');
            STANDARD.encode_string(bytes, out);
            out.push('"');
        }
        // a reference into a table that only profiles have
        Value::StringValueStrindex(_) => out.push_str("null"),
    }
}

/// Writes attributes as an object, ordered by key, since senders need not keep an order.
pub fn attributes(out: &mut String, list: &[KeyValue], keep: &dyn Fn(&str) -> bool) {
    members(out, list, 0, keep);
}

/// Attributes ordered by key, of those that are kept.
pub fn ordered<'a>(list: &'a [KeyValue], keep: &dyn Fn(&str) -> bool) -> Vec<&'a KeyValue> {
    let is_kept = |kv: &&KeyValue| keep(std::str::from_utf8(&kv.key).unwrap_or(""));
    let mut order: Vec<&KeyValue> = list.iter().filter(is_kept).collect();
    order.sort_by(|a, b| a.key.cmp(&b.key));
    order
}

fn members(out: &mut String, list: &[KeyValue], depth: usize, keep: &dyn Fn(&str) -> bool) {
    let order = ordered(list, keep);
    out.push('{');
    for (i, kv) in order.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        string(out, &kv.key);
        out.push(':');
        nested(out, kv.value.as_ref(), depth);
    }
    out.push('}');
}

/// The value of an attribute.
pub fn find<'a>(list: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    let found = list.iter().find(|kv| kv.key == key.as_bytes())?;
    found.value.as_ref()?.value.as_ref()
}

/// The text of an attribute, where it is one and not empty.
pub fn text<'a>(list: &'a [KeyValue], key: &str) -> Option<Cow<'a, str>> {
    match find(list, key)? {
        Value::StringValue(v) if !v.is_empty() => Some(lossless(v)),
        _ => None,
    }
}

/// The number of an attribute.
pub fn numeric(list: &[KeyValue], key: &str) -> Option<f64> {
    match find(list, key)? {
        Value::IntValue(v) => Some(*v as f64),
        Value::DoubleValue(v) => Some(*v),
        Value::StringValue(v) => std::str::from_utf8(v).ok()?.parse().ok(),
        _ => None,
    }
    .filter(|x| x.is_finite())
}

/// An id in hexadecimal; `None` for one of the wrong length or all zeros, which stands for no id.
pub fn id(bytes: &[u8], length: usize) -> Option<String> {
    if bytes.len() != length || bytes.iter().all(|b| *b == 0) {
        return None;
    }
    Some(hex(bytes))
}

/// Milliseconds of a time in nanoseconds; 0 stands for an unknown time.
pub fn milliseconds(nanos: u64) -> Option<i64> {
    (nanos != 0).then_some((nanos / 1_000_000) as i64)
}
