//! `POST /v1/events`: split, score in the objects that own the streams, answer with what was found.

use super::events::{self, Limits, Rejected};
use crate::auth::principal::Principal;
use crate::detect::name::ObjectName;
use crate::detect::stream_object::{Found, IngestAnswer};
use crate::error::{Code, Error, Result};
use crate::http::{Request, Response};
use crate::platform::{Ctx, objects};
use futures_util::future::join_all;
use serde::Serialize;
use sha2::{Digest, Sha256};

#[derive(Debug, Default, Serialize)]
struct Answer {
    accepted: u32,
    rejected: Vec<Rejected>,
    duplicates: u32,
    anomalies: Vec<Found>,
    streams: Vec<StreamState>,
}

#[derive(Debug, Serialize)]
struct StreamState {
    stream: String,
    state: String,
    events_seen: u64,
}

/// Takes events. All streams of a request are scored side by side; if one of them cannot take its part the whole answers 503,
/// and on the retry the others recognise what they have by event id or `Idempotency-Key`.
pub async fn post(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let key = idempotency(request)?
        .map(|_| ())
        .and_then(|()| request_key(principal, request));
    let org = principal.org.to_string();
    let batches = events::parse(
        &request.body,
        &request.media_type(),
        &org,
        principal.stream_prefix(),
        Limits::default(),
    )?;
    let parts = batches.streams.into_iter().map(|(stream, writer)| {
        let key = key.as_deref();
        async move {
            let name = ObjectName::first(principal.org, &stream);
            let answer = objects::ingest(
                ctx,
                &name,
                &writer.finish(),
                key,
                principal.facts.default_sensitivity,
            )
            .await;
            (stream, answer)
        }
    });
    let mut answer = Answer {
        rejected: batches.rejected,
        ..Answer::default()
    };
    for (stream, part) in join_all(parts).await {
        answer.add(stream, part?);
    }
    answer.anomalies.sort_by_key(|a| a.index);
    answer.rejected.sort_by_key(|r| r.index);
    Ok(Response::json(200, &answer))
}

impl Answer {
    fn add(&mut self, stream: String, part: IngestAnswer) {
        self.accepted += part.accepted;
        self.duplicates += part.duplicates;
        self.anomalies.extend(part.anomalies);
        self.streams.push(StreamState {
            stream,
            state: part.state,
            events_seen: part.events_seen,
        });
    }
}

/// The `Idempotency-Key` header, checked for form.
fn idempotency(request: &Request) -> Result<Option<&str>> {
    match request.header("idempotency-key").map(str::trim) {
        None | Some("") => Ok(None),
        Some(key) if key.len() <= 255 => Ok(Some(key)),
        Some(_) => Err(
            Error::new(Code::InvalidParameter, "the Idempotency-Key is too long")
                .field("idempotency-key", "at most 255 characters"),
        ),
    }
}

/// What makes a retry recognisable: the key, hashed with organisation and route, and the hash of the body.
pub fn request_key(principal: &Principal, request: &Request) -> Option<String> {
    let key = idempotency(request).ok().flatten()?;
    let scope = format!(
        "{}\n{} {}\n{key}",
        principal.org, request.method, request.path
    );
    Some(format!(
        "{}:{}",
        hex(&Sha256::digest(scope.as_bytes())[..16]),
        hex(&Sha256::digest(&request.body)[..16])
    ))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
