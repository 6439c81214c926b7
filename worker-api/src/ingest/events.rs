//! `POST /v1/events` bodies: one event, an array, `{"events":[…]}` or NDJSON, in the current and the two older shapes, or any JSON
//! object as a log shipper sends it, which then is the data.
//!
//! A bad record is named in the answer and the rest goes on; only a body that cannot be split into records at all, or that
//! names another organisation, is refused as a whole. The payload stays the text that came in: it is not re-serialised.

use super::limits::Refusal;
use super::pipeline::{Batches, Collector, Terms};
use super::{time, utf8};
use crate::detect::log::{Format, Record};
use crate::error::{Code, Error, Result};
use cbad::Kind;
use event_codec::fields::{Fields, Value};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    events: Option<&'a RawValue>,
    #[serde(borrow, default)]
    organization_id: Option<&'a RawValue>,
}

/// Splits a body into batches; `header` is the stream of events that name none.
pub fn parse(
    body: &[u8],
    media_type: &str,
    header: Option<&str>,
    terms: Terms<'_>,
) -> Result<Batches> {
    let mut parser = Parser(Collector::new(terms), header);
    parser.0.expect(body.len());
    if is_ndjson(media_type) {
        parser.lines(body)?;
        return Ok(parser.0.finish());
    }
    if !is_json(media_type) {
        return Err(Error::new(
            Code::UnsupportedMediaType,
            "this content type is not supported",
        )
        .field("content-type", "application/json or application/x-ndjson"));
    }
    let text = utf8::json(body).ok_or_else(|| not_json("the body is not UTF-8"))?;
    // what splits the body also shows that all of it is JSON; only where nothing does, that is looked at by itself
    let is_json_throughout = || {
        let whole = serde_json::from_str::<&RawValue>(&text);
        whole.map_err(|e| not_json(&position(&e)))
    };
    match text.trim_ascii().as_bytes().first() {
        Some(b'[') => parser.array(&text)?,
        Some(b'{') => match serde_json::from_str::<Envelope<'_>>(&text) {
            Ok(Envelope {
                events: Some(events),
                organization_id,
            }) => {
                parser.check_org(organization_id.map(|o| Value::of(o.get())))?;
                if !events.get().starts_with('[') {
                    return Err(Error::new(Code::InvalidBody, "`events` is not an array")
                        .field("events", "an array of events"));
                }
                parser.array(events.get())?;
            }
            Ok(_) => parser.record(0, text.trim_ascii())?,
            Err(_) => parser.record(0, is_json_throughout()?.get())?,
        },
        _ => {
            is_json_throughout()?;
            return Err(Error::new(
                Code::InvalidBody,
                "the body is neither an event nor a list of events",
            )
            .field(
                "body",
                "an event object, an array of events or {\"events\":[…]}",
            ));
        }
    }
    Ok(parser.0.finish())
}

/// One JSON value a line.
pub fn is_ndjson(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/x-ndjson" | "application/ndjson" | "application/jsonl"
    )
}

/// The lines of a body that hold something, with their numbers from 1.
pub fn numbered(body: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    (1..)
        .zip(body.split(|&b| b == b'\n'))
        .filter(|(_, line)| !line.trim_ascii().is_empty())
}

/// JSON by name, or by what command-line clients send when nobody names a type.
fn is_json(media_type: &str) -> bool {
    matches!(
        media_type,
        "" | "application/json" | "text/json" | "text/plain" | "application/x-www-form-urlencoded"
    ) || media_type.ends_with("+json")
}

fn not_json(detail: &str) -> Error {
    Error::new(Code::InvalidJson, detail).field("body", "JSON (RFC 8259) in UTF-8")
}

fn position(e: &serde_json::Error) -> String {
    format!(
        "the body is not valid JSON at line {} column {}",
        e.line(),
        e.column()
    )
}

/// The collector, and the stream that the request's header names for events that name none.
struct Parser<'p>(Collector<'p>, Option<&'p str>);

impl Parser<'_> {
    fn array(&mut self, text: &str) -> Result<()> {
        // mostly every record is an event: then one pass is enough
        if let Ok(events) = Fields::all(text)
            && !events.iter().any(is_own)
        {
            self.check_count(events.len())?;
            for (index, event) in (0..).zip(&events) {
                self.check_org(event.organization_id)?;
                if let Err(refusal) = self.take(index, event, None) {
                    self.0.reject(index, refusal);
                }
            }
            return Ok(());
        }
        // otherwise each is looked at by itself: it may be all data, or bad, and the others are taken
        let items: Vec<&RawValue> =
            serde_json::from_str(text).map_err(|e| not_json(&position(&e)))?;
        self.check_count(items.len())?;
        for (index, item) in items.iter().enumerate() {
            self.record(index as u32, item.get())?;
        }
        Ok(())
    }

    fn lines(&mut self, body: &[u8]) -> Result<()> {
        self.check_count(numbered(body).count())?;
        for (index, (number, line)) in numbered(body).enumerate() {
            self.0.line = Some(number);
            match utf8::json(line) {
                Some(text) => self.record(index as u32, &text)?,
                None => self.0.reject(
                    index as u32,
                    ("invalid_json", "the line is not UTF-8".into()),
                ),
            }
        }
        Ok(())
    }

    fn check_count(&self, count: usize) -> Result<()> {
        if count <= self.0.terms.limits.events {
            return Ok(());
        }
        Err(Error::new(
            Code::TooManyEvents,
            format!(
                "the body holds {count} events, the limit is {}",
                self.0.terms.limits.events
            ),
        )
        .field(
            "events",
            format!("at most {} in one request", self.0.terms.limits.events),
        ))
    }

    fn check_org(&self, named: Option<Value<'_>>) -> Result<()> {
        let is_own = |text: Cow<'_, str>| text.eq_ignore_ascii_case(self.0.terms.org);
        if named.is_none_or(|named| named.text().is_ok_and(is_own)) {
            return Ok(());
        }
        Err(Error::new(
            Code::OrganizationMismatch,
            "`organization_id` is not the credential's organisation",
        )
        .field(
            "organization_id",
            "the organisation of the credential, or nothing",
        ))
    }

    fn record(&mut self, index: u32, text: &str) -> Result<()> {
        let incoming = match Fields::of(text) {
            Ok(v) => v,
            Err(e) if e.is_data() => {
                self.0
                    .reject(index, ("invalid_event", "expected an event object".into()));
                return Ok(());
            }
            Err(e) => {
                self.0.reject(
                    index,
                    (
                        "invalid_json",
                        format!("not valid JSON at column {}", e.column()),
                    ),
                );
                return Ok(());
            }
        };
        self.check_org(incoming.organization_id)?;
        let whole = is_own(&incoming);
        // a shipper's own `id`, `stream` or `group` means something else; its time is read where it can be
        let declared = string(
            "event_type",
            incoming.event_type.or(incoming.stream_type),
            64,
        );
        let is_envelope =
            !whole || declared.is_ok_and(|d| d.is_some() && kind_of(d.as_deref()).is_ok());
        let outcome = if is_envelope {
            self.take(index, &incoming, whole.then_some(text))
        } else {
            self.take_own(index, &incoming, text)
        };
        if let Err(refusal) = outcome {
            self.0.reject(index, refusal);
        }
        Ok(())
    }

    /// A record without `data`, `value` or a type that we know: all of it is data.
    fn take_own(
        &mut self,
        index: u32,
        e: &Fields<'_>,
        text: &str,
    ) -> std::result::Result<(), Refusal> {
        let Terms { limits, now_ms, .. } = self.0.terms;
        let meant = timestamp(e.timestamp).ok().flatten();
        let stream = self.1.unwrap_or(crate::detect::log::kind_name(Kind::Log));
        let record = Record {
            index,
            kind: Kind::Log,
            timestamp_ms: meant.filter(|ms| limits.time(*ms, now_ms).is_ok()),
            group: None,
            id: None,
            metadata: None,
            format: Format::Json,
            text,
        };
        self.0.take(stream, &record)
    }

    /// `whole`: the record itself, where it is no event but data as a log shipper sends it.
    fn take(
        &mut self,
        index: u32,
        e: &Fields<'_>,
        whole: Option<&str>,
    ) -> std::result::Result<(), Refusal> {
        let limits = self.0.terms.limits;
        let declared = string("event_type", e.event_type.or(e.stream_type), 64)?;
        let (kind, text, format) = match whole {
            Some(text) => (
                kind_of(declared.as_deref())?.unwrap_or(Kind::Log),
                Cow::Borrowed(text),
                Format::Json,
            ),
            None => payload(e, declared.as_deref())?,
        };
        let stream = match (string("stream", e.stream, usize::MAX)?, self.1) {
            (Some(s), _) => s,
            (None, Some(header)) => Cow::Borrowed(header),
            (None, None) => declared.unwrap_or(Cow::Borrowed(crate::detect::log::kind_name(kind))),
        };
        let id = string("id", e.id, limits.label_bytes)?.filter(|s| !s.is_empty());
        let group = string("group", e.group, limits.label_bytes)?.filter(|s| !s.is_empty());
        let record = Record {
            index,
            kind,
            timestamp_ms: timestamp(e.timestamp)?,
            group: group.as_deref(),
            id: id.as_deref(),
            metadata: object("metadata", e.metadata, limits.label_bytes)?,
            format,
            text: &text,
        };
        self.0.take(&stream, &record)
    }
}

/// Whether the record as a whole is data, in a shape of its sender's own.
fn is_own(fields: &Fields<'_>) -> bool {
    fields.data.is_none() && fields.value.is_none() && fields.has_own
}

fn string<'a>(
    field: &'static str,
    value: Option<Value<'a>>,
    max: usize,
) -> std::result::Result<Option<Cow<'a, str>>, Refusal> {
    let Some(value) = value else {
        return Ok(None);
    };
    let text = value
        .text()
        .map_err(|_| (code_of(field), format!("`{field}` is not a string")))?;
    if text.len() > max {
        return Err((
            code_of(field),
            format!("`{field}` has {} bytes, the limit is {max}", text.len()),
        ));
    }
    Ok(Some(text))
}

fn code_of(field: &str) -> &'static str {
    match field {
        "stream" => "invalid_stream",
        "event_type" => "invalid_event_type",
        "id" => "invalid_id",
        "group" => "invalid_group",
        _ => "invalid_event",
    }
}

fn object<'a>(
    field: &'static str,
    value: Option<Value<'a>>,
    max: usize,
) -> std::result::Result<Option<&'a str>, Refusal> {
    match value {
        None | Some(Value::Json("{}")) => Ok(None),
        Some(Value::Json(t)) if t.starts_with('{') && t.len() <= max => Ok(Some(t)),
        Some(Value::Json(t)) if t.starts_with('{') => Err((
            "invalid_metadata",
            format!("`{field}` has {} bytes, the limit is {max}", t.len()),
        )),
        Some(_) => Err(("invalid_metadata", format!("`{field}` is not an object"))),
    }
}

fn timestamp(value: Option<Value<'_>>) -> std::result::Result<Option<i64>, Refusal> {
    let Some(value) = value else {
        return Ok(None);
    };
    let ms = match value.text() {
        Ok(text) => time::from_rfc3339(&text),
        Err(json) => serde_json::from_str::<f64>(json)
            .ok()
            .and_then(time::from_number),
    };
    ms.map(Some).ok_or_else(|| {
        (
            "invalid_timestamp",
            "`timestamp` is neither RFC 3339 nor a Unix time in seconds or milliseconds".into(),
        )
    })
}

/// The kind that a type names.
pub fn kind_of(declared: Option<&str>) -> std::result::Result<Option<Kind>, Refusal> {
    Ok(match declared {
        None => None,
        Some("log" | "logs") => Some(Kind::Log),
        Some("metric" | "metrics") => Some(Kind::Metric),
        Some("trace" | "traces" | "span") => Some(Kind::Trace),
        Some("llm" | "llm_io") => Some(Kind::Llm),
        Some(_) => {
            return Err((
                "invalid_event_type",
                "`event_type` is not log, metric, trace or llm".into(),
            ));
        }
    })
}

type Taken<'a> = (Kind, Cow<'a, str>, Format);

fn payload<'a>(e: &Fields<'a>, declared: Option<&str>) -> std::result::Result<Taken<'a>, Refusal> {
    let kind = kind_of(declared)?;
    let (kind, text, format) = match (e.data, e.value) {
        (Some(data), _) => {
            let kind = kind.unwrap_or(Kind::Log);
            match data.text() {
                Ok(text) => (kind, text, Format::Text),
                Err(json) => (kind, Cow::Borrowed(json), Format::Json),
            }
        }
        (None, Some(Value::Json(value))) if serde_json::from_str::<f64>(value).is_ok() => (
            kind.unwrap_or(Kind::Metric),
            Cow::Owned(format!("{{\"value\":{value}}}")),
            Format::Json,
        ),
        (None, Some(_)) => return Err(("invalid_value", "`value` is not a number".into())),
        (None, None) => return Err(("missing_data", "the event has no `data`".into())),
    };
    Ok((kind, text, format))
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
