//! Takes the records of one request: counts them, keeps what was refused and why, and hands events to the pipeline.

use super::origin::{Origin, slug};
use crate::detect::log::{Format, Record};
use crate::ingest::limits::Refusal;
use crate::ingest::pipeline::{Batches, Collector, Terms};
use cbad::Kind;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// An event made of a record; its text and metadata are in the intake's buffers.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    /// Which stream.
    pub stream: &'a str,
    /// What it is.
    pub kind: Kind,
    /// When it happened.
    pub timestamp_ms: Option<i64>,
    /// Trace or session.
    pub group: Option<&'a str>,
    /// The sender's own id of it.
    pub id: Option<&'a str>,
    /// Whether it only goes with another event, by which its record counts as taken or not.
    pub is_part: bool,
}

/// The code of what is beyond the limit on records.
const TOO_MANY: &str = "too_many_events";

/// What was refused for one reason.
#[derive(Debug)]
struct Reason {
    count: u64,
    first: u32,
    detail: String,
}

/// See the module.
pub struct Intake<'p> {
    collector: Collector<'p>,
    /// The stream that the request's header names.
    pub header: Option<&'p str>,
    next: u32,
    current: u32,
    refused: u64,
    last_refused: Option<u32>,
    /// Events that were refused while their record was taken.
    parts_refused: u64,
    /// Streams that hold only what goes with other events.
    parts: BTreeSet<String>,
    /// Events whose metadata was too long to be kept.
    without_metadata: u64,
    reasons: BTreeMap<&'static str, Reason>,
    /// The payload being written.
    pub text: String,
    /// The metadata being written.
    pub metadata: String,
}

impl<'p> Intake<'p> {
    /// Nothing yet.
    pub fn new(terms: Terms<'p>, header: Option<&'p str>) -> Self {
        Self {
            collector: Collector::new(terms),
            header,
            next: 0,
            current: 0,
            refused: 0,
            last_refused: None,
            parts_refused: 0,
            parts: BTreeSet::new(),
            without_metadata: 0,
            reasons: BTreeMap::new(),
            text: String::with_capacity(1024),
            metadata: String::with_capacity(512),
        }
    }

    /// Counts the next record; `false` where the request has too many, or is too large already.
    pub fn begin(&mut self) -> bool {
        self.current = self.next;
        self.next = self.next.saturating_add(1);
        let limit = self.collector.terms.limits.events;
        if (self.current as usize) < limit {
            let Some(refusal) = self.collector.overflow() else {
                return true;
            };
            self.refuse(refusal);
            return false;
        }
        let detail = format!("the request has more than {limit} records: send smaller batches");
        self.refuse((TOO_MANY, detail));
        false
    }

    /// A text as a part of a stream's name (see `slug`), without what redaction takes out.
    pub fn slug(&mut self, text: &str, max: usize) -> String {
        slug(&self.collector.named(text), max)
    }

    /// Attributes in JSON as what tells streams apart, without what redaction takes out.
    pub fn named_json<'t>(&mut self, json: &'t str) -> Cow<'t, str> {
        self.collector.named_json(json)
    }

    /// Records that a request may have.
    pub fn most(&self) -> usize {
        self.collector.terms.limits.events
    }

    /// Counts records beyond those that the request may have, which nobody kept.
    pub fn beyond(&mut self, count: u64) {
        if count == 0 {
            return;
        }
        self.next = self
            .next
            .max(u32::try_from(self.most()).unwrap_or(u32::MAX));
        self.begin();
        self.refused += count - 1;
        if let Some(reason) = self.reasons.get_mut(TOO_MANY) {
            reason.count += count - 1;
        }
    }

    /// Starts an event's text and metadata afresh.
    pub fn clear(&mut self) {
        self.text.clear();
        self.metadata.clear();
    }

    /// Notes that the present record is not taken. Several refusals of one record count once.
    pub fn refuse(&mut self, refusal: Refusal) {
        if self.last_refused != Some(self.current) {
            self.refused += 1;
        }
        self.last_refused = Some(self.current);
        self.note(refusal);
    }

    fn note(&mut self, (code, detail): Refusal) {
        let first = self.current;
        let reason = self.reasons.entry(code).or_insert(Reason {
            count: 0,
            first,
            detail,
        });
        reason.count += 1;
    }

    /// Takes the event in the buffers.
    pub fn take(&mut self, made: Made<'_>) {
        let limit = self.collector.terms.limits.label_bytes;
        let is_new = made.is_part && !self.collector.has(made.stream);
        let too_long =
            made.group.is_some_and(|g| g.len() > limit) || made.id.is_some_and(|i| i.len() > limit);
        let taken = if too_long {
            Err((
                "invalid_group",
                format!("a session or record id is longer than {limit} bytes"),
            ))
        } else {
            let record = Record {
                index: self.current,
                kind: made.kind,
                timestamp_ms: made.timestamp_ms,
                group: made.group,
                id: made.id,
                // metadata that is too long is not worth an event
                metadata: Some(self.metadata.as_str())
                    .filter(|m| !m.is_empty() && m.len() <= limit),
                format: Format::Json,
                text: &self.text,
            };
            self.collector.take(made.stream, &record)
        };
        match taken {
            Ok(()) if is_new => drop(self.parts.insert(made.stream.to_owned())),
            Ok(()) if !made.is_part => drop(self.parts.remove(made.stream)),
            _ => {}
        }
        match taken {
            Err(refusal) if made.is_part => {
                if self.last_refused != Some(self.current) {
                    self.parts_refused += 1;
                }
                self.note(refusal);
            }
            Err(refusal) => self.refuse(refusal),
            Ok(()) if self.metadata.len() > limit => self.without_metadata += 1,
            Ok(()) => {}
        }
    }

    /// Writes the beginning of metadata: ids where there are any, then the resource. The caller closes the object.
    pub fn place(&mut self, origin: &Origin, trace: Option<&str>, span: Option<&str>) {
        self.metadata.push('{');
        for (name, id) in [("trace_id", trace), ("span_id", span)] {
            if let Some(id) = id {
                self.metadata.push_str(&format!("\"{name}\":\"{id}\","));
            }
        }
        self.metadata.push_str(&origin.resource);
    }

    /// Records that were not taken, and the message about them.
    pub fn refusals(&self, noun: &str) -> (u64, String) {
        let warning = match self.without_metadata {
            0 => String::new(),
            n => format!(
                "{n} events taken without their metadata, which is longer than {} bytes",
                self.collector.terms.limits.label_bytes
            ),
        };
        let mut beginning = Vec::new();
        if self.refused > 0 {
            beginning.push(format!("{} {noun} rejected", self.refused));
        }
        if self.parts_refused > 0 {
            beginning.push(format!(
                "{} events not taken that go with {noun} that were",
                self.parts_refused
            ));
        }
        if beginning.is_empty() {
            return (0, warning);
        }
        let reasons: Vec<String> = self
            .reasons
            .iter()
            .map(|(code, r)| {
                format!(
                    "{} × {code} (first: record {}: {})",
                    r.count, r.first, r.detail
                )
            })
            .collect();
        let mut message = format!("{}: {}", beginning.join(", "), reasons.join("; "));
        if !warning.is_empty() {
            message = format!("{message}; {warning}");
        }
        (self.refused, message)
    }

    /// The batches.
    pub fn finish(self) -> Batches {
        Batches {
            parts: self.parts,
            ..self.collector.finish()
        }
    }
}
