//! `POST /v1/events`: split, score in the objects that own the streams, answer with what was found.

use super::events;
use super::limits::Limits;
use super::pipeline::{self, Terms};
use super::redact::Redaction;
use crate::auth::principal::Principal;
use crate::error::{Code, Error, Result};
use crate::http::{Request, Response};
use crate::platform::{Ctx, objects};
use sha2::{Digest, Sha256};

/// Takes events.
pub async fn post(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let key = request_key(principal, request)?;
    let org = principal.org.to_string();
    let redaction = Redaction::of(ctx, principal);
    let terms = Terms {
        redaction: redaction.as_ref(),
        org: &org,
        prefix: principal.stream_prefix(),
        limits: Limits::default(),
        now_ms: ctx.now_ms(),
    };
    let batches = events::parse(&request.body, &request.media_type(), terms)?;
    claim(ctx, principal, key.as_deref()).await?;
    let delivered = pipeline::deliver(ctx, principal, batches, key.as_deref()).await?;
    Ok(Response::json(200, &delivered))
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
fn short_hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().take(16).map(|b| format!("{b:02x}")).collect()
}
