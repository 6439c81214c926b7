//! OTLP/HTTP 1.x: `POST /v1/logs`, `/v1/metrics` and `/v1/traces`, in protobuf and JSON.
//!
//! <https://opentelemetry.io/docs/specs/otlp/#otlphttp>

pub mod answer;
mod genai;
mod histogram;
mod intake;
pub mod json;
mod logs;
mod messages;
mod metrics;
pub mod origin;
#[rustfmt::skip]
pub mod proto;
mod read;
mod spans;
pub mod value;
mod wire;

use self::answer::{Encoding, Signal};
use self::intake::Intake;
use super::deferred;
use super::limits::Limits;
use super::pipeline::{self, Sender};
use super::post_events;
use crate::auth::principal::Principal;
use crate::error::{Code, Error, Result};
use crate::http::{Request, Response};
use crate::platform::Ctx;
use prost::bytes::Bytes;
use std::collections::BTreeSet;

/// Streams in one request: a collector's batch has many series.
const STREAMS: usize = 256;
/// The header that names the stream of a request's records.
const STREAM_HEADER: &str = "driftlock-stream";

/// Takes a request. Its parts arrive all or the answer is 503, and since the same body is recognised, it can be sent again.
pub async fn post(
    ctx: &Ctx,
    principal: &Principal,
    request: &Request,
    signal: Signal,
) -> Result<Response> {
    let encoding = Encoding::of(&request.media_type()).ok_or_else(unsupported)?;
    let sender = Sender::new(ctx, principal);
    let limits = Limits {
        streams: STREAMS,
        ..Limits::default()
    };
    let mut intake = Intake::new(
        sender.terms(limits),
        request
            .header(STREAM_HEADER)
            .map(str::trim)
            .filter(|s| !s.is_empty()),
    );
    read(&mut intake, &request.body, encoding, signal)?;
    let (rejected, message) = intake.refusals(signal.noun());
    let named = post_events::request_key(principal, request)?;
    post_events::claim(ctx, principal, named.as_deref()).await?;
    let key = named.unwrap_or_else(|| post_events::body_key(principal, request));
    let batches = intake.finish();
    let redacted = batches.redacted.to_string();
    let with_finds = |answer: Response| match redacted.as_str() {
        "" => answer,
        finds => answer.header("driftlock-redacted", finds),
    };
    // the specification knows no 202: what is durably queued is a success, and what the plan will not record is not said
    if deferred::is_preferred(request)
        && deferred::enqueue(ctx, principal, &batches, Some(&key))
            .await?
            .is_some()
    {
        let answer = answer::taken(encoding, signal, rejected, message);
        return Ok(with_finds(
            answer.header(deferred::APPLIED.0, deferred::APPLIED.1),
        ));
    }
    let delivered = pipeline::deliver(ctx, principal, batches, Some(&key)).await?;
    // what the plan did not take or record, too
    let beyond = delivered.rejected.first().map(|r| r.detail.clone());
    let notes = beyond
        .into_iter()
        .chain(delivered.quota.as_ref().map(|q| q.detail.clone()));
    let message = std::iter::once(message)
        .filter(|m| !m.is_empty())
        .chain(notes)
        .collect::<Vec<_>>()
        .join("; ");
    // a record may have made several events, and counts by its own
    let own = delivered.rejected.iter().filter(|r| !r.is_part);
    let refused: BTreeSet<u32> = own.map(|r| r.index).collect();
    let rejected = rejected + refused.len() as u64;
    let answer = answer::taken(encoding, signal, rejected, message);
    Ok(with_finds(answer.header(
        "driftlock-anomalies",
        delivered.anomalies.len().to_string(),
    )))
}

/// Reads a body's records into the intake.
fn read(intake: &mut Intake<'_>, body: &Bytes, encoding: Encoding, signal: Signal) -> Result<()> {
    match signal {
        Signal::Logs => each(body, encoding, &mut logs::Logs::new(intake)),
        Signal::Metrics => each(body, encoding, &mut metrics::Metrics::new(intake)),
        Signal::Traces => {
            let mut spans = spans::Spans::new(intake);
            each(body, encoding, &mut spans)?;
            spans.finish();
            Ok(())
        }
    }
}

fn each<R: read::Carried>(
    body: &Bytes,
    encoding: Encoding,
    sink: &mut impl read::Sink<R>,
) -> Result<()> {
    match encoding {
        Encoding::Protobuf => read::protobuf(body.clone(), sink),
        Encoding::Json => read::json(body, sink),
    }
}

fn unsupported() -> Error {
    Error::new(
        Code::UnsupportedMediaType,
        "this content type is not supported",
    )
    .field("content-type", "application/x-protobuf or application/json")
}

/// An error as OTLP wants it, where the request was for one of its routes.
pub fn refusal(request: &Request, error: &Error) -> Option<Response> {
    Signal::of(&request.path)?;
    let encoding = Encoding::of(&request.media_type()).unwrap_or(Encoding::Json);
    Some(answer::refusal(encoding, error, &request.request_id))
}

#[cfg(test)]
pub(super) mod tests;
