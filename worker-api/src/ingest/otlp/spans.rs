//! Spans. Each becomes an event of what was done (name, kind, caller, status, attributes: status and structure) and a number, its
//! duration, in a stream of its operation. Spans of language models also give what was said (see `genai`).

use super::genai::{self, Place};
use super::intake::{Intake, Made};
use super::origin::{NAMED_BYTES, Origin, STREAM, room};
use super::proto::opentelemetry::proto::common::v1::InstrumentationScope;
use super::proto::opentelemetry::proto::resource::v1::Resource;
use super::proto::opentelemetry::proto::trace::v1::Span;
use super::read::Sink;
use super::value;
use cbad::Kind;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Bytes of an operation's name in a stream's.
const OPERATION_BYTES: usize = 64;

/// Attributes, events and links of all spans of a request that are kept at the same time: some 40 MB.
const MOST_PARTS: usize = 400_000;

/// Collects spans, since a caller's name may come after what it called.
pub struct Spans<'i, 'p> {
    intake: &'i mut Intake<'p>,
    origin: Rc<Origin>,
    spans: Vec<(Rc<Origin>, Result<Span, String>)>,
    /// Attributes, events and links of those.
    parts: usize,
    /// Spans that came when no more were kept.
    beyond: u64,
}

impl<'i, 'p> Spans<'i, 'p> {
    /// Into `intake`.
    pub fn new(intake: &'i mut Intake<'p>) -> Self {
        Self {
            intake,
            origin: Rc::default(),
            spans: Vec::new(),
            parts: 0,
            beyond: 0,
        }
    }

    /// Takes all spans, now that their callers are known.
    pub fn finish(self) {
        let names: BTreeMap<&[u8], &[u8]> = self
            .spans
            .iter()
            .filter_map(|(_, span)| span.as_ref().ok())
            .map(|s| (&s.span_id[..], &s.name[..]))
            .collect();
        for (origin, span) in &self.spans {
            if !self.intake.begin() {
                continue;
            }
            match span {
                Ok(span) => take(
                    self.intake,
                    origin,
                    span,
                    names.get(&span.parent_span_id[..]).copied(),
                ),
                Err(detail) => self.intake.refuse(("invalid_record", detail.clone())),
            }
        }
        self.intake.beyond(self.beyond);
    }
}

impl Sink<Span> for Spans<'_, '_> {
    fn resource(&mut self, resource: Option<&Resource>) {
        self.origin = Rc::new(Origin::of(resource, self.intake));
    }
    fn scope(&mut self, scope: Option<&InstrumentationScope>) {
        Rc::make_mut(&mut self.origin).scoped(scope);
    }
    fn record(&mut self, record: Result<Span, String>) {
        // an empty span has two bytes in a body and hundreds in memory
        if self.spans.len() >= self.intake.most() || self.parts >= MOST_PARTS {
            self.beyond += 1;
            return;
        }
        if let Ok(span) = &record {
            self.parts += span.attributes.len() + span.events.len() + span.links.len();
        }
        self.spans.push((Rc::clone(&self.origin), record));
    }
}

fn take(intake: &mut Intake<'_>, origin: &Origin, s: &Span, parent: Option<&[u8]>) {
    let trace = value::id(&s.trace_id, 16);
    let (Some(trace), Some(span)) = (trace, value::id(&s.span_id, 8)) else {
        let detail = "a span needs a trace id of 16 bytes and a span id of 8, not all zero";
        intake.refuse(("invalid_record", detail.into()));
        return;
    };
    let session = value::text(&s.attributes, "session.id");
    let made = Made {
        stream: "",
        kind: Kind::Trace,
        timestamp_ms: value::milliseconds(s.start_time_unix_nano),
        group: Some(session.as_deref().unwrap_or(&trace)),
        id: None,
        is_part: false,
    };
    intake.clear();
    describe(&mut intake.text, origin, s, parent);
    intake.place(origin, Some(&trace), Some(&span));
    let duration = duration_ms(s);
    if let Some(ms) = duration {
        intake.metadata.push_str(",\"duration_ms\":");
        value::number(&mut intake.metadata, ms);
    }
    intake.metadata.push('}');
    intake.take(Made {
        stream: &origin.stream(&s.attributes, "traces"),
        ..made
    });
    if let Some(ms) = duration {
        // the same metadata: it says which call took so long
        intake.text.clear();
        intake.text.push_str("{\"duration_ms\":");
        value::number(&mut intake.text, ms);
        intake.text.push('}');
        let named = origin.named(&s.attributes);
        let base = named.map(|n| intake.slug(&n, NAMED_BYTES));
        let base = format!("{}/latency/", base.as_deref().unwrap_or(&origin.service));
        let most = room(base.len(), 1, OPERATION_BYTES);
        let operation = intake.slug(&value::lossless(&s.name), most);
        intake.take(Made {
            stream: &format!("{base}{operation}"),
            kind: Kind::Metric,
            is_part: true,
            ..made
        });
    }
    if let Some(call) = genai::of_span(s, duration) {
        call.take(
            intake,
            origin,
            &s.attributes,
            Place {
                timestamp_ms: made.timestamp_ms,
                trace: Some(&trace),
                span: Some(&span),
                is_part: true,
            },
        );
    }
}

/// How long a span took; none where it has not both ends in order.
fn duration_ms(s: &Span) -> Option<f64> {
    let nanos = s.end_time_unix_nano.checked_sub(s.start_time_unix_nano)?;
    (s.start_time_unix_nano != 0).then_some(nanos as f64 / 1e6)
}

fn describe(out: &mut String, origin: &Origin, s: &Span, parent: Option<&[u8]>) {
    out.push_str("{\"name\":");
    value::string(out, &s.name);
    let kinds = ["internal", "server", "client", "producer", "consumer"];
    let kind = usize::try_from(s.kind - 1).ok().and_then(|k| kinds.get(k));
    if let Some(kind) = kind {
        out.push_str(&format!(",\"kind\":\"{kind}\""));
    }
    // a caller that came in another request is neither named nor denied
    let root: Option<&[u8]> = s.parent_span_id.is_empty().then_some(b"(root)");
    if let Some(parent) = parent.or(root) {
        out.push_str(",\"parent\":");
        value::string(out, parent);
    }
    let status = s.status.as_ref();
    let code = match status.map_or(0, |s| s.code) {
        1 => "OK",
        2 => "ERROR",
        _ => "UNSET",
    };
    out.push_str(&format!(",\"status\":\"{code}\""));
    if let Some(message) = status.map(|s| &s.message).filter(|m| !m.is_empty()) {
        out.push_str(",\"message\":");
        value::string(out, message);
    }
    if !origin.scope.is_empty() {
        out.push_str(",\"scope\":");
        value::string(out, origin.scope.as_bytes());
    }
    let kept = |k: &str| ![STREAM, "session.id"].contains(&k) && !genai::is_content(k);
    if s.attributes
        .iter()
        .any(|kv| kept(std::str::from_utf8(&kv.key).unwrap_or("")))
    {
        out.push_str(",\"attributes\":");
        value::attributes(out, &s.attributes, &kept);
    }
    let mut events = s
        .events
        .iter()
        .filter(|e| !e.name.starts_with(b"gen_ai."))
        .peekable();
    if events.peek().is_some() {
        out.push_str(",\"events\":[");
        for (i, event) in events.enumerate() {
            out.push_str(if i > 0 { ",{\"name\":" } else { "{\"name\":" });
            value::string(out, &event.name);
            if !event.attributes.is_empty() {
                out.push_str(",\"attributes\":");
                value::attributes(out, &event.attributes, &|_| true);
            }
            out.push('}');
        }
        out.push(']');
    }
    if !s.links.is_empty() {
        out.push_str(&format!(",\"links\":{}", s.links.len()));
    }
    out.push('}');
}
