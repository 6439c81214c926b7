//! `POST /v1/events`: split, score in the objects that own the streams, answer with what was found.

use super::limits::Limits;
use super::pipeline::{self, Delivered, Sender};
use super::{cloudevents, deferred, events};
use crate::auth::api_key;
use crate::auth::principal::Principal;
use crate::error::{Code, Error, Result};
use crate::http::{Request, Response};
use crate::platform::{Ctx, objects};
use serde_json::json;
use sha2::{Digest, Sha256};

/// Takes events.
pub async fn post(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let key = request_key(principal, request)?;
    let sender = Sender::new(ctx, principal);
    let terms = sender.terms(Limits::default());
    let media_type = request.media_type();
    let header = request.header("driftlock-stream").filter(|s| !s.is_empty());
    let batches = match cloudevents::parse(request, &media_type, terms) {
        Some(batches) => batches?,
        None => events::parse(&request.body, &media_type, header, terms)?,
    };
    claim(ctx, principal, key.as_deref()).await?;
    let batches = if deferred::is_preferred(request) {
        match deferred::defer(ctx, principal, batches, key.as_deref()).await? {
            Ok(queued) => return Ok(queued),
            Err(batches) => batches,
        }
    } else {
        batches
    };
    let delivered = pipeline::deliver(ctx, principal, batches, key.as_deref()).await?;
    let wants_lines = request
        .header("accept")
        .is_some_and(|a| events::is_ndjson(a.split(';').next().unwrap_or("").trim()));
    if wants_lines && events::is_ndjson(&media_type) {
        return Ok(lines(&request.body, &delivered));
    }
    Ok(Response::json(200, &delivered))
}

/// The answer line by line, for a body sent line by line: what became of each, and the whole at the end.
fn lines(body: &[u8], delivered: &Delivered) -> Response {
    let mut out = String::new();
    let mut put = |value: serde_json::Value| {
        out.push_str(&value.to_string());
        out.push('\n');
    };
    let mut rejected = delivered.rejected.iter().peekable();
    let mut anomalies = delivered.anomalies.iter().peekable();
    for (index, (line, _)) in (0u32..).zip(events::numbered(body)) {
        let refused = rejected.next_if(|r| r.index == index);
        let anomaly = anomalies.next_if(|a| a.index == index);
        put(match (refused, anomaly) {
            (Some(r), _) => {
                json!({ "line": line, "status": "rejected", "code": r.code, "detail": r.detail })
            }
            (None, Some(a)) => json!({ "line": line, "status": "taken", "anomaly": a }),
            (None, None) => json!({ "line": line, "status": "taken" }),
        });
    }
    put(json!({
        "accepted": delivered.accepted,
        "rejected": delivered.rejected.len(),
        "duplicates": delivered.duplicates,
        "streams": delivered.streams,
    }));
    Response {
        status: 200,
        headers: vec![("content-type".into(), "application/x-ndjson".into())],
        body: out.into_bytes(),
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

/// What makes a retry recognisable: the key, hashed with organisation and route, and the hash of the body. `None` without a key.
pub fn request_key(principal: &Principal, request: &Request) -> Result<Option<String>> {
    let Some(key) = idempotency(request)? else {
        return Ok(None);
    };
    let scope = format!(
        "{}\n{} {}\n{key}",
        principal.org, request.method, request.path
    );
    Ok(Some(format!(
        "{}:{}",
        short_hash(scope.as_bytes()),
        short_hash(&request.body)
    )))
}

/// Refuses a key that the organisation used with another body, also where that body went to other streams.
pub async fn claim(ctx: &Ctx, principal: &Principal, request_key: Option<&str>) -> Result<()> {
    match request_key {
        Some(key) => objects::claim(ctx, principal.org, key).await,
        None => Ok(()),
    }
}

/// The same where the body itself is the key: organisation, route, stream override and body.
pub fn body_key(principal: &Principal, request: &Request) -> String {
    let body = short_hash(&request.body);
    let stream = request.header("driftlock-stream").unwrap_or("");
    let scope = format!(
        "body\n{}\n{}\n{stream}\n{body}",
        principal.org, request.path
    );
    format!("{}:{body}", short_hash(scope.as_bytes()))
}

/// 128 bits of SHA-256, in hexadecimal.
pub fn short_hash(bytes: &[u8]) -> String {
    api_key::hex(&Sha256::digest(bytes)[..16])
}
