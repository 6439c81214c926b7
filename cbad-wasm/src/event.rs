//! What goes in: one event of a stream.

use serde::{Deserialize, Serialize};

/// What an event is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A log line or record.
    #[default]
    Log,
    /// One or several numbers at a time.
    Metric,
    /// A span of a trace.
    Trace,
    /// A prompt or an answer of a language model.
    Llm,
}

impl Kind {
    /// The lower-case name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Log => "log",
            Kind::Metric => "metric",
            Kind::Trace => "trace",
            Kind::Llm => "llm",
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = UnknownKind;
    fn from_str(s: &str) -> Result<Kind, UnknownKind> {
        Ok(match s {
            "log" => Kind::Log,
            "metric" => Kind::Metric,
            "trace" => Kind::Trace,
            "llm" => Kind::Llm,
            _ => return Err(UnknownKind),
        })
    }
}

/// A name that is not one of the four kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the kind must be one of log, metric, trace, llm")]
pub struct UnknownKind;

/// The content of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// Free text, unescaped.
    Text(&'a str),
    /// Raw JSON text as received: object, array, number, boolean or null. What is not valid JSON is read as text.
    Json(&'a str),
}

impl<'a> Payload<'a> {
    /// The text as received; byte offsets in a verdict point into it.
    pub fn as_str(&self) -> &'a str {
        match self {
            Payload::Text(s) | Payload::Json(s) => s,
        }
    }
}

/// One event as the detector sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// What the event is about.
    pub kind: Kind,
    /// When it happened, in milliseconds since 1970-01-01 UTC.
    pub timestamp_ms: Option<i64>,
    /// The session or trace it belongs to.
    pub group: Option<&'a str>,
    /// Its content.
    pub payload: Payload<'a>,
}

impl<'a> Event<'a> {
    /// A log line without time or group.
    pub fn text(line: &'a str) -> Event<'a> {
        Event {
            kind: Kind::Log,
            timestamp_ms: None,
            group: None,
            payload: Payload::Text(line),
        }
    }
    /// A JSON record without time or group.
    pub fn json(raw: &'a str) -> Event<'a> {
        Event {
            kind: Kind::Log,
            timestamp_ms: None,
            group: None,
            payload: Payload::Json(raw),
        }
    }
}
