//! Log records: severity, body, scope and attributes make the event; the trace or session is its group. Times and ids stay out
//! of what is scored. A message of a language model is taken as such (see `genai`); a record that tells of a call beside what it
//! says itself gives both.

use super::genai::{self, Place};
use super::intake::{Intake, Made};
use super::origin::{Origin, STREAM};
use super::proto::opentelemetry::proto::common::v1::InstrumentationScope;
use super::proto::opentelemetry::proto::logs::v1::LogRecord;
use super::proto::opentelemetry::proto::resource::v1::Resource;
use super::read::Sink;
use super::value;
use cbad::Kind;

/// Reads log records into events.
pub struct Logs<'i, 'p> {
    intake: &'i mut Intake<'p>,
    origin: Origin,
}

impl<'i, 'p> Logs<'i, 'p> {
    /// Into `intake`.
    pub fn new(intake: &'i mut Intake<'p>) -> Self {
        Self {
            intake,
            origin: Origin::default(),
        }
    }
}

impl Sink<LogRecord> for Logs<'_, '_> {
    fn resource(&mut self, resource: Option<&Resource>) {
        self.origin = Origin::of(resource, self.intake);
    }
    fn scope(&mut self, scope: Option<&InstrumentationScope>) {
        self.origin.scoped(scope);
    }
    fn record(&mut self, record: Result<LogRecord, String>) {
        if !self.intake.begin() {
            return;
        }
        match record {
            Ok(record) => self.take(&record),
            Err(detail) => self.intake.refuse(("invalid_record", detail)),
        }
    }
}

impl Logs<'_, '_> {
    fn take(&mut self, r: &LogRecord) {
        let (trace, span) = (value::id(&r.trace_id, 16), value::id(&r.span_id, 8));
        let nanos = if r.time_unix_nano == 0 {
            r.observed_time_unix_nano
        } else {
            r.time_unix_nano
        };
        let at = value::milliseconds(nanos);
        let call = genai::of_log(r);
        let tells_of_call = call.is_some();
        let is_message = call.as_ref().is_some_and(|call| call.is_message);
        if !is_message {
            self.record_itself(r, at, trace.as_deref(), span.as_deref(), tells_of_call);
        }
        if let Some(call) = call {
            let Self { intake, origin } = self;
            call.take(
                intake,
                origin,
                &r.attributes,
                Place {
                    timestamp_ms: at,
                    trace: trace.as_deref(),
                    span: span.as_deref(),
                    is_part: !is_message,
                },
            );
        }
    }

    /// What every log record gives. What `tells_of_call` is not said again.
    fn record_itself(
        &mut self,
        r: &LogRecord,
        at: Option<i64>,
        trace: Option<&str>,
        span: Option<&str>,
        tells_of_call: bool,
    ) {
        let Self { intake, origin } = self;
        intake.clear();
        let out = &mut intake.text;
        out.push('{');
        if let Some(severity) = severity(r) {
            out.push_str("\"severity\":");
            value::string(out, severity);
            out.push(',');
        }
        for (name, text) in [
            ("scope", origin.scope.as_bytes()),
            ("event", &r.event_name[..]),
        ] {
            if !text.is_empty() {
                out.push_str(&format!("\"{name}\":"));
                value::string(out, text);
                out.push(',');
            }
        }
        out.push_str("\"body\":");
        value::any(out, r.body.as_ref());
        let kept = |k: &str| {
            let is_known = [STREAM, "session.id", "log.record.uid"].contains(&k);
            !is_known && (!tells_of_call || !genai::is_content(k))
        };
        if r.attributes
            .iter()
            .any(|kv| kept(std::str::from_utf8(&kv.key).unwrap_or("")))
        {
            out.push_str(",\"attributes\":");
            value::attributes(out, &r.attributes, &kept);
        }
        out.push('}');

        intake.place(origin, trace, span);
        intake.metadata.push('}');
        let session = value::text(&r.attributes, "session.id");
        let id = value::text(&r.attributes, "log.record.uid");
        intake.take(Made {
            stream: &origin.stream(&r.attributes, "logs"),
            kind: Kind::Log,
            timestamp_ms: at,
            group: trace.or(session.as_deref()).or(origin.session.as_deref()),
            id: id.as_deref(),
            is_part: false,
        });
    }
}

/// The severity by its number, whose names are the same in every language; else as the sender spells it.
fn severity(r: &LogRecord) -> Option<&[u8]> {
    let names: [&[u8]; 6] = [b"TRACE", b"DEBUG", b"INFO", b"WARN", b"ERROR", b"FATAL"];
    let step = usize::try_from(r.severity_number - 1).ok().map(|n| n / 4);
    let name = step.and_then(|s| names.get(s)).copied();
    name.or(Some(&r.severity_text[..]).filter(|t| !t.is_empty()))
}
