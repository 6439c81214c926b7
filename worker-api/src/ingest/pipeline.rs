//! The one way of every event into the detector, whatever format it came in.
//!
//! A format's reader hands each event to [`Collector::take`] as a [`Record`]; nothing else makes batches, so what has to happen
//! to every event (limits, and whatever looks at or changes its text) happens there. [`deliver`] then sends each stream's batch to
//! the object that owns it: all parts of a request arrive, or the whole is answered with 503 and the retry is recognised.

use super::limits::{Limits, Refusal, Rejected};
use super::quota::{self, Allowance, NEAR, QuotaNote};
use super::redact::{Counts, Redaction, Redactor};
use super::route;
use crate::auth::principal::Principal;
use crate::detect::log::{Format, Reader, Record, Writer};
use crate::detect::name::{self, ObjectName};
use crate::detect::runs::Runs;
use crate::detect::stream_object::{Found, IngestAnswer};
use crate::error::{Code, Error, Result};
use crate::platform::Ctx;
use futures_util::future::join_all;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// A request's events by stream.
#[derive(Debug, Default)]
pub struct Batches {
    /// One batch per stream name, in name order.
    pub streams: BTreeMap<String, Writer>,
    /// Those of them that hold only what goes with events of others, by which records count.
    pub parts: BTreeSet<String>,
    /// What was not taken.
    pub rejected: Vec<Rejected>,
    /// What was taken out.
    pub redacted: Counts,
    /// Events whose metadata was too long to be kept.
    pub without_metadata: u32,
}

/// Who sends, and what holds for everything sent.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'p> {
    /// The organisation's id, as text.
    pub org: &'p str,
    /// The stream prefix the credential is bound to.
    pub prefix: Option<&'p str>,
    /// What is taken.
    pub limits: Limits,
    /// What is taken out of every event before it goes any further.
    pub redaction: Option<&'p Redaction>,
    /// The clock, in milliseconds since the Unix epoch.
    pub now_ms: i64,
}

/// What a request's [`Terms`] borrow from.
#[derive(Debug)]
pub struct Sender<'p> {
    org: String,
    prefix: Option<&'p str>,
    redaction: Option<Redaction>,
    now_ms: i64,
}

impl<'p> Sender<'p> {
    /// Who sends, and what their organisation wants taken out.
    pub fn new(ctx: &Ctx, principal: &'p Principal) -> Self {
        Self {
            org: principal.org.to_string(),
            prefix: principal.stream_prefix(),
            redaction: Redaction::of(ctx, principal),
            now_ms: ctx.now_ms(),
        }
    }

    /// What holds for a request.
    pub fn terms(&self, limits: Limits) -> Terms<'_> {
        Terms {
            org: &self.org,
            prefix: self.prefix,
            limits,
            redaction: self.redaction.as_ref(),
            now_ms: self.now_ms,
        }
    }
}

/// The room made beforehand for a request's first stream, in bytes at most.
const MOST_EXPECTED: usize = 1 << 20;

/// Takes a request's events one by one.
#[derive(Debug)]
pub struct Collector<'p> {
    /// What holds for the request.
    pub terms: Terms<'p>,
    /// The line of an NDJSON body that is being read.
    pub line: Option<u32>,
    redactor: Option<Redactor>,
    batches: Batches,
    /// The stream of the newest event that was taken: mostly that of the next one too.
    latest: Option<String>,
    /// About how many bytes the first stream's events will be.
    expected: usize,
    /// What was taken, see [`Limits::kept`].
    kept_bytes: usize,
    /// Why nothing more is taken.
    overflow: Option<Refusal>,
}

impl<'p> Collector<'p> {
    /// Nothing yet.
    pub fn new(terms: Terms<'p>) -> Self {
        Self {
            redactor: terms.redaction.map(Redactor::new),
            line: None,
            terms,
            batches: Batches::default(),
            latest: None,
            expected: 0,
            kept_bytes: 0,
            overflow: None,
        }
    }

    /// Makes room for a body of so many bytes, most of which is the events of one stream.
    pub fn expect(&mut self, bytes: usize) {
        self.expected = bytes;
    }

    /// A text that becomes part of a stream's name. Redacted before it is made to fit a name, which would hide what it holds.
    pub fn named<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        match self.redactor.as_mut().map(|r| r.label(text)) {
            // `secret:` would look like the name of a credential
            Some(Cow::Owned(changed)) => Cow::Owned(changed.replace(':', "-")),
            _ => Cow::Borrowed(text),
        }
    }

    /// The same for a JSON object whose values become part of the name.
    pub fn named_json<'t>(&mut self, json: &'t str) -> Cow<'t, str> {
        match &mut self.redactor {
            Some(redactor) => redactor.json_label(json),
            None => Cow::Borrowed(json),
        }
    }

    /// Whether an event of a stream was taken.
    pub fn has(&self, stream: &str) -> bool {
        self.batches.streams.contains_key(stream)
    }

    /// Why nothing more of the request is taken, where that is so: then nothing more has to be made ready.
    pub fn overflow(&self) -> Option<Refusal> {
        self.overflow.clone()
    }

    /// Takes an event of a stream, or says why not. Every event of every format comes through here.
    pub fn take(&mut self, stream: &str, record: &Record<'_>) -> std::result::Result<(), Refusal> {
        let Terms {
            limits,
            prefix,
            now_ms,
            ..
        } = self.terms;
        if self.latest.as_deref() != Some(stream) {
            check_name(stream, prefix)?;
        }
        limits.size(record.text)?;
        if let Some(refusal) = self.overflow() {
            return Err(refusal);
        }
        let size = record.size();
        if let Err(refusal) = limits.kept(self.kept_bytes, size) {
            self.overflow = Some(refusal.clone());
            return Err(refusal);
        }
        if record.format == Format::Json {
            limits.shape(record.text)?;
        }
        if let Some(ms) = record.timestamp_ms {
            limits.time(ms, now_ms)?;
        }
        match self.redactor.take() {
            None => self.writer(stream)?.push(record),
            Some(mut redactor) => {
                let taken = self.take_redacted(stream, record, &mut redactor);
                self.redactor = Some(redactor);
                taken?;
            }
        }
        self.kept_bytes += size;
        Ok(())
    }

    fn take_redacted(
        &mut self,
        stream: &str,
        record: &Record<'_>,
        redactor: &mut Redactor,
    ) -> std::result::Result<(), Refusal> {
        // a name cannot be changed without making another stream of it; each is looked at once in a request
        if !self.batches.streams.contains_key(stream) && redactor.is_personal(stream) {
            return Err((
                "invalid_stream",
                "the stream's name holds personal data, which the organisation's policy keeps out"
                    .into(),
            ));
        }
        let group = record.group.map(|g| redactor.label(g));
        let id = record.id.map(|i| redactor.label(i));
        let metadata = record.metadata.map(|m| redactor.json(m));
        let text = match record.format {
            Format::Text => redactor.text(record.text),
            Format::Json => redactor.json(record.text),
        };
        self.writer(stream)?.push(&Record {
            group: group.as_deref(),
            id: id.as_deref(),
            metadata: metadata.as_deref(),
            text: &text,
            ..record.clone()
        });
        Ok(())
    }

    /// The batch of a stream; refused where the request has too many.
    fn writer(&mut self, stream: &str) -> std::result::Result<&mut Writer, Refusal> {
        let streams = &mut self.batches.streams;
        if self.latest.as_deref() != Some(stream) {
            if !streams.contains_key(stream) {
                let limit = self.terms.limits.streams;
                if streams.len() >= limit {
                    let detail = format!(
                        "the request has more than {limit} streams: send the others in another"
                    );
                    return Err(("too_many_streams", detail));
                }
                let expected = std::mem::take(&mut self.expected).min(MOST_EXPECTED);
                streams.insert(stream.to_owned(), Writer::with_capacity(expected));
            }
            self.latest = Some(stream.to_owned());
        }
        streams
            .get_mut(stream)
            .ok_or_else(|| ("invalid_stream", "the stream has no batch".into()))
    }

    /// Notes that an event is taken without its metadata.
    pub fn leaves_metadata(&mut self) {
        self.batches.without_metadata += 1;
    }

    /// Notes that the record at `index` is not taken.
    pub fn reject(&mut self, index: u32, (code, detail): Refusal) {
        self.batches.rejected.push(Rejected {
            index,
            code,
            detail,
            line: self.line,
            is_part: false,
        });
    }

    /// The batches.
    pub fn finish(mut self) -> Batches {
        if let Some(redactor) = &self.redactor {
            self.batches.redacted = redactor.counts().clone();
        }
        self.batches
    }
}

fn check_name(stream: &str, prefix: Option<&str>) -> std::result::Result<(), Refusal> {
    if !name::is_stream(stream) {
        return Err((
            "invalid_stream",
            format!("`stream` does not match {}", name::STREAM_PATTERN),
        ));
    }
    if prefix.is_some_and(|p| !stream.starts_with(p)) {
        return Err((
            "stream_not_allowed",
            "the API key is limited to other streams".into(),
        ));
    }
    Ok(())
}

/// What became of a request's events.
#[derive(Debug, Default, Serialize)]
pub struct Delivered {
    /// Events scored and counted now.
    pub accepted: u32,
    /// Records that were not taken.
    pub rejected: Vec<Rejected>,
    /// Events recognised by their id.
    pub duplicates: u32,
    /// Recorded anomalies.
    pub anomalies: Vec<Found>,
    /// Streams that took part.
    pub streams: Vec<StreamState>,
    /// How many finds of each kind of personal data were taken out.
    #[serde(skip_serializing_if = "Counts::is_empty")]
    pub redacted: Counts,
    /// While detections are counted, but not recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<QuotaNote>,
    /// Events taken without their metadata, which was too long.
    #[serde(skip_serializing_if = "is_zero")]
    pub without_metadata: u32,
    /// Which records were the duplicates.
    #[serde(skip)]
    pub repeated: Runs,
    /// Detections of this request that are counted, but not recorded.
    #[serde(skip)]
    pub unrecorded: u32,
}

/// For fields of an answer that are left out.
pub fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// A stream after the request.
#[derive(Debug, Serialize)]
pub struct StreamState {
    /// Its name.
    pub stream: String,
    /// The detector's state.
    pub state: String,
    /// Events scored.
    pub events_seen: u64,
}

/// Scores all batches side by side in the objects that own the streams. If one cannot take its part the whole fails as
/// retryable, and on the retry the others recognise what they have by event id or `request_key`.
pub async fn deliver(
    ctx: &Ctx,
    principal: &Principal,
    batches: Batches,
    request_key: Option<&str>,
) -> Result<Delivered> {
    let mut allowance = quota::allowance(ctx, principal).await?;
    let send = |stream: String, batch: Vec<u8>, allowance: Allowance| async move {
        let name = ObjectName::first(principal.org, &stream);
        let terms = route::Terms {
            request_key,
            sensitivity: principal.facts.default_sensitivity,
            allowance: &allowance,
        };
        let part = route::deliver(ctx, &name, &batch, terms).await;
        (stream, batch, part)
    };
    let mut delivered = Delivered {
        rejected: batches.rejected,
        redacted: batches.redacted,
        without_metadata: batches.without_metadata,
        ..Delivered::default()
    };
    let mut parts = Vec::new();
    let streams = batches.streams.into_iter().map(|(s, w)| (s, w.finish()));
    if allowance.left.is_some_and(|left| left < NEAR) {
        for (stream, batch) in streams {
            let part = send(stream, batch, allowance.clone()).await;
            let recorded = part.2.as_ref().map_or(0, |p| p.anomalies.len());
            allowance.spend(principal.org, recorded);
            parts.push(part);
        }
    } else {
        parts = join_all(streams.map(|(s, b)| send(s, b, allowance.clone()))).await;
        let recorded = parts.iter().filter_map(|p| p.2.as_ref().ok());
        allowance.spend(principal.org, recorded.map(|p| p.anomalies.len()).sum());
    }
    for (stream, batch, part) in parts {
        match part {
            Ok(part) => delivered.add(stream, part),
            Err(error) if error.code == Code::LimitReached => {
                let is_part = batches.parts.contains(&stream);
                delivered.refuse(&batch, &error.detail, is_part);
            }
            Err(error) => return Err(retryable(error)),
        }
    }
    delivered.quota = allowance.note(delivered.unrecorded);
    delivered.anomalies.sort_by_key(|a| a.index);
    delivered.rejected.sort_by_key(|r| r.index);
    Ok(delivered)
}

impl Delivered {
    /// All events of a stream that the plan has no place for.
    fn refuse(&mut self, batch: &[u8], detail: &str, is_part: bool) {
        for record in Reader::new(batch).into_iter().flatten().flatten() {
            self.rejected.push(Rejected {
                index: record.index,
                code: "stream_limit",
                detail: detail.to_owned(),
                line: None,
                is_part,
            });
        }
    }

    fn add(&mut self, stream: String, part: IngestAnswer) {
        self.accepted += part.accepted;
        self.duplicates += part.duplicates;
        self.repeated.extend(part.repeated);
        self.unrecorded += part.unrecorded;
        self.anomalies.extend(part.anomalies);
        self.streams.push(StreamState {
            stream,
            state: part.state,
            events_seen: part.events_seen,
        });
    }
}

/// An object that broke off has stored nothing or everything: either way the same request may be sent again.
fn retryable(error: Error) -> Error {
    if error.code != Code::Internal {
        return error;
    }
    Error::new(
        Code::StreamUnavailable,
        "a stream of the request could not take its part; send the same request again",
    )
}
