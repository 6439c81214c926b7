//! CloudEvents 1.0 over HTTP: structured, batched and binary.
//!
//! The stream is the extension `driftlockstream`, else the event's type; what is scored is its data. Source and id together recognise
//! an event that comes again, as the specification defines. Other attributes are kept as metadata.

use super::events::kind_of;
use super::limits::Refusal;
use super::otlp::origin::slug;
use super::pipeline::{Batches, Collector, Terms};
use super::{time, utf8};
use crate::detect::log::{Format, Record};
use crate::detect::name;
use crate::error::{Code, Error, Result};
use crate::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbad::Kind;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

const ONE: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";

/// Attributes that are read, or say nothing beside the event.
const USED: [&str; 9] = [
    "specversion",
    "id",
    "time",
    "data",
    "data_base64",
    "datacontenttype",
    "driftlockstream",
    "driftlocktype",
    "traceparent",
];

/// An event's attributes as text, and its data.
#[derive(Default)]
struct CloudEvent<'a> {
    attributes: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    payload: Option<(Cow<'a, str>, Format)>,
}

/// The batches of a request that carries CloudEvents; `None` for any other.
pub fn parse(request: &Request, media_type: &str, terms: Terms<'_>) -> Option<Result<Batches>> {
    let body = &request.body;
    Some(match media_type {
        ONE | BATCH => structured(body, media_type, terms),
        other if other.starts_with("application/cloudevents") => Err(Error::new(
            Code::UnsupportedMediaType,
            "CloudEvents are taken in the JSON format",
        )
        .field("content-type", format!("{ONE} or {BATCH}"))),
        _ if request.header("ce-specversion").is_some() => Ok(binary(request, media_type, terms)),
        _ => return None,
    })
}

fn structured(body: &[u8], media_type: &str, terms: Terms<'_>) -> Result<Batches> {
    let text = utf8::json(body).ok_or_else(|| invalid("the body is not UTF-8"))?;
    let not_json = |_| invalid("the body is not valid JSON");
    let items: Vec<&RawValue> = if media_type == BATCH {
        serde_json::from_str(&text).map_err(not_json)?
    } else {
        vec![serde_json::from_str(&text).map_err(not_json)?]
    };
    let limit = terms.limits.events;
    if items.len() > limit {
        let detail = format!(
            "the body holds {} events, the limit is {limit}",
            items.len()
        );
        return Err(Error::new(Code::TooManyEvents, detail)
            .field("events", format!("at most {limit} in one request")));
    }
    let mut collector = Collector::new(terms);
    for (index, item) in items.into_iter().enumerate() {
        let taken =
            members(item.get()).and_then(|event| take(&mut collector, index as u32, &event));
        if let Err(refusal) = taken {
            collector.reject(index as u32, refusal);
        }
    }
    Ok(collector.finish())
}

fn invalid(detail: &str) -> Error {
    Error::new(Code::InvalidJson, detail).field("body", "CloudEvents 1.0 in JSON")
}

/// Reads an event in JSON.
fn members(text: &str) -> std::result::Result<CloudEvent<'_>, Refusal> {
    let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(text)
        .map_err(|_| ("invalid_event", "expected a CloudEvent object".to_owned()))?;
    let mut event = CloudEvent::default();
    let mut binary = None;
    for (name, raw) in members {
        let raw = raw.get();
        match name.as_ref() {
            _ if raw == "null" => {}
            "data" => event.payload = Some(json_value(raw)),
            "data_base64" => binary = Some(string(raw)),
            _ => {
                event.attributes.insert(name, string(raw));
            }
        }
    }
    if let Some(encoded) = binary {
        let bytes = STANDARD
            .decode(encoded.as_bytes())
            .map_err(|_| ("invalid_event", "`data_base64` is not base64".to_owned()))?;
        let kind = event.attributes.get("datacontenttype").cloned();
        event.payload = Some(content(Cow::Owned(bytes), kind.as_deref().unwrap_or("")));
    }
    Ok(event)
}

/// The text of a JSON value: a string's own, anything else as written.
fn string(raw: &str) -> Cow<'_, str> {
    serde_json::from_str::<Cow<'_, str>>(raw)
        .map_or(Cow::Borrowed(raw), |s| Cow::Owned(s.into_owned()))
}

fn json_value(raw: &str) -> (Cow<'_, str>, Format) {
    if raw.starts_with('"') {
        (string(raw), Format::Text)
    } else {
        (Cow::Borrowed(raw), Format::Json)
    }
}

/// Data as its media type says: JSON where it is JSON, else text.
fn content<'a>(bytes: Cow<'a, [u8]>, media_type: &str) -> (Cow<'a, str>, Format) {
    let base = media_type
        .split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase();
    let is_json = base.is_empty()
        || base == "application/json"
        || base == "text/json"
        || base.ends_with("+json");
    if is_json
        && let Some(text) = utf8::json(&bytes)
        && serde_json::from_str::<&RawValue>(&text).is_ok()
    {
        let (text, format) = json_value(&text);
        return (Cow::Owned(text.into_owned()), format);
    }
    let text = match bytes {
        Cow::Borrowed(bytes) => super::otlp::value::lossless(bytes),
        Cow::Owned(bytes) => Cow::Owned(super::otlp::value::lossless(&bytes).into_owned()),
    };
    (text, Format::Text)
}

/// An event whose attributes are headers (`ce-…`, percent-encoded) and whose data is the body.
fn binary(request: &Request, media_type: &str, terms: Terms<'_>) -> Batches {
    let mut event = CloudEvent::default();
    for (name, text) in &request.headers {
        if let Some(name) = name.strip_prefix("ce-") {
            let text = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
            event.attributes.insert(Cow::Borrowed(name), text);
        }
    }
    if !request.body.is_empty() {
        event.payload = Some(content(Cow::Borrowed(&request.body[..]), media_type));
    }
    let mut collector = Collector::new(terms);
    if let Err(refusal) = take(&mut collector, 0, &event) {
        collector.reject(0, refusal);
    }
    collector.finish()
}

fn take(
    collector: &mut Collector<'_>,
    index: u32,
    event: &CloudEvent<'_>,
) -> std::result::Result<(), Refusal> {
    let attribute = |name: &str| {
        event
            .attributes
            .get(name)
            .map(Cow::as_ref)
            .filter(|t| !t.is_empty())
    };
    let required = |name: &str| {
        attribute(name).ok_or_else(|| ("invalid_event", format!("the CloudEvent has no `{name}`")))
    };
    let version = required("specversion")?;
    if version != "1.0" {
        return Err(("invalid_event", "`specversion` is not 1.0".into()));
    }
    let (id, source, kind) = (required("id")?, required("source")?, required("type")?);
    let limit = collector.terms.limits.label_bytes;
    let id = format!("{source} {id}");
    if id.len() > limit {
        return Err((
            "invalid_id",
            format!(
                "`source` and `id` have {} bytes, the limit is {limit}",
                id.len()
            ),
        ));
    }
    let stream = match attribute("driftlockstream") {
        Some(stream) => stream.to_owned(),
        None => slug(&collector.named(kind), name::MAX_STREAM),
    };
    let timestamp_ms = match attribute("time") {
        None => None,
        Some(text) => Some(
            time::from_rfc3339(text)
                .ok_or_else(|| ("invalid_timestamp", "`time` is not RFC 3339".to_owned()))?,
        ),
    };
    let trace = attribute("traceparent")
        .and_then(|t| t.split('-').nth(1))
        .filter(|t| t.len() == 32);
    let others: BTreeMap<_, _> = event
        .attributes
        .iter()
        .filter(|(k, _)| !USED.contains(&k.as_ref()))
        .collect();
    let metadata = serde_json::to_string(&others).unwrap_or_default();
    let without_data = || {
        (
            Cow::Borrowed(attribute("subject").unwrap_or("")),
            Format::Text,
        )
    };
    if metadata.len() > limit {
        collector.leaves_metadata();
    }
    let (text, format) = event.payload.clone().unwrap_or_else(without_data);
    let record = Record {
        index,
        kind: kind_of(attribute("driftlocktype"))?.unwrap_or(Kind::Log),
        timestamp_ms,
        group: trace,
        id: Some(&id),
        metadata: Some(metadata.as_str()).filter(|m| m.len() <= limit),
        format,
        text: &text,
    };
    collector.take(&stream, &record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::log::Reader;
    use crate::ingest::limits::Limits;

    fn request(media_type: &str, headers: &[(&str, &str)], body: &str) -> Request {
        let mut all = vec![("content-type".to_owned(), media_type.to_owned())];
        all.extend(
            headers
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned())),
        );
        Request {
            headers: all,
            body: body.to_owned().into(),
            ..Request::default()
        }
    }

    /// `stream id group metadata text` of every event, then the codes of what was refused.
    fn taken(request: &Request) -> Vec<String> {
        let terms = Terms {
            redaction: None,
            org: "o",
            prefix: None,
            limits: Limits::default(),
            now_ms: 1_795_251_600_000,
        };
        let batches = parse(request, &request.media_type(), terms)
            .expect("CloudEvents")
            .expect("readable");
        let mut out = Vec::new();
        for (stream, writer) in batches.streams {
            for r in Reader::new(&writer.finish()).expect("own version") {
                let r = r.expect("own record");
                let dash = |t: Option<&str>| t.unwrap_or("-").to_owned();
                out.push(format!(
                    "{stream} {} {} {} {}",
                    dash(r.id),
                    dash(r.group),
                    dash(r.metadata),
                    r.text
                ));
            }
        }
        out.extend(
            batches
                .rejected
                .iter()
                .map(|r| format!("{} {}", r.index, r.code)),
        );
        out
    }

    #[test]
    fn structured_batched_and_binary() {
        let event = r#"{"specversion":"1.0","id":"1","source":"/shop","type":"order paid","time":"2026-11-21T10:00:00Z","subject":"o7","data":{"a":1}}"#;
        let want =
            r#"order-paid /shop 1 - {"source":"/shop","subject":"o7","type":"order paid"} {"a":1}"#;
        assert_eq!(taken(&request(ONE, &[], event)), [want]);
        let batch = format!(
            r#"[{event},{{"specversion":"1.0","id":"2"}},{{"specversion":"0.3","id":"2","source":"s","type":"t"}},5]"#
        );
        assert_eq!(
            taken(&request(BATCH, &[], &batch)),
            [
                want,
                "1 invalid_event",
                "2 invalid_event",
                "3 invalid_event"
            ]
        );
        let headers = [
            ("ce-specversion", "1.0"),
            ("ce-id", "1"),
            ("ce-source", "/shop"),
            ("ce-type", "order%20paid"),
            ("ce-driftlockstream", "orders"),
            (
                "ce-traceparent",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            ),
        ];
        assert_eq!(
            taken(&request("application/json", &headers, "{\"a\":1}")),
            [
                r#"orders /shop 1 0af7651916cd43dd8448eb211c80319c {"source":"/shop","type":"order paid"} {"a":1}"#
            ]
        );
        assert_eq!(
            taken(&request("text/plain", &headers, "plain")),
            [
                r#"orders /shop 1 0af7651916cd43dd8448eb211c80319c {"source":"/shop","type":"order paid"} plain"#
            ]
        );
    }

    #[test]
    fn data_in_base64() {
        let event = r#"{"specversion":"1.0","id":"1","source":"s","type":"t","datacontenttype":"application/json","data_base64":"eyJhIjoxfQ=="}"#;
        assert_eq!(
            taken(&request(ONE, &[], event)),
            [r#"t s 1 - {"source":"s","type":"t"} {"a":1}"#]
        );
        let odd = event.replace("eyJhIjoxfQ==", "/w==");
        assert_eq!(
            taken(&request(ONE, &[], &odd)),
            [r#"t s 1 - {"source":"s","type":"t"} \xff"#]
        );
    }
}
