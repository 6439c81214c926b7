//! `POST /v1/events`: split, score in the objects that own the streams, answer with what was found.

use super::limits::{Limits, Rejected};
use super::pipeline::{self, Delivered, Sender, StreamState};
use super::quota::QuotaNote;
use super::redact::Counts;
use super::{cloudevents, deferred, events};
use crate::auth::api_key;
use crate::auth::principal::Principal;
use crate::error::{Code, Error, Result};
use crate::http::{Request, Response};
use crate::platform::{Ctx, objects};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Takes events.
pub async fn post(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let key = request_key(principal, request)?;
    let sender = Sender::new(ctx, principal);
    let terms = sender.terms(Limits::default());
    let media_type = request.media_type();
    let header = request.header("driftlock-stream").filter(|s| !s.is_empty());
    let (batches, by_line) = match cloudevents::parse(request, &media_type, terms) {
        Some(batches) => (batches?, false),
        None => (
            events::parse(&request.body, &media_type, header, terms)?,
            events::is_ndjson(&media_type),
        ),
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
    let mut delivered = pipeline::deliver(ctx, principal, batches, key.as_deref()).await?;
    if by_line {
        name_lines(&request.body, &mut delivered.rejected);
    }
    let wants_lines = request
        .header("accept")
        .is_some_and(|a| events::is_ndjson(a.split(';').next().unwrap_or("").trim()));
    if wants_lines && by_line {
        return Ok(lines(&request.body, &delivered));
    }
    Ok(Response::json(200, &delivered))
}

/// Names the line of what was refused after the body was read.
fn name_lines(body: &[u8], rejected: &mut [Rejected]) {
    if rejected.iter().all(|r| r.line.is_some()) {
        return;
    }
    let lines: Vec<u32> = events::numbered(body).map(|(line, _)| line).collect();
    for refused in rejected.iter_mut().filter(|r| r.line.is_none()) {
        refused.line = lines.get(refused.index as usize).copied();
    }
}

/// The last line of an answer line by line.
#[derive(Serialize)]
struct Totals<'a> {
    accepted: u32,
    rejected: usize,
    duplicates: u32,
    streams: &'a [StreamState],
    #[serde(skip_serializing_if = "Counts::is_empty")]
    redacted: &'a Counts,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<&'a QuotaNote>,
    #[serde(skip_serializing_if = "pipeline::is_zero")]
    without_metadata: u32,
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
    let repeated: BTreeSet<u32> = delivered.repeated.iter().collect();
    for (index, (line, _)) in (0u32..).zip(events::numbered(body)) {
        let refused = rejected.next_if(|r| r.index == index);
        let anomaly = anomalies.next_if(|a| a.index == index);
        put(match (refused, anomaly) {
            (Some(r), _) => {
                json!({ "line": line, "status": "rejected", "code": r.code, "detail": r.detail })
            }
            (None, Some(a)) => json!({ "line": line, "status": "taken", "anomaly": a }),
            (None, None) if repeated.contains(&index) => {
                json!({ "line": line, "status": "duplicate" })
            }
            (None, None) => json!({ "line": line, "status": "taken" }),
        });
    }
    put(json!(Totals {
        accepted: delivered.accepted,
        rejected: delivered.rejected.len(),
        duplicates: delivered.duplicates,
        streams: &delivered.streams,
        redacted: &delivered.redacted,
        quota: delivered.quota.as_ref(),
        without_metadata: delivered.without_metadata,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::runs::Runs;

    #[test]
    fn lines_say_what_became_of_each_and_the_last_one_all_the_rest() {
        let refused = |index, line| Rejected {
            index,
            code: "stream_limit",
            detail: "no place".into(),
            line,
            is_part: false,
        };
        let body = b"{}\n\n{}\n{}\n{}\n";
        let mut repeated = Runs::default();
        repeated.push(2);
        let mut delivered = Delivered {
            accepted: 1,
            rejected: vec![refused(1, None), refused(3, Some(77))],
            duplicates: 1,
            repeated,
            quota: Some(QuotaNote {
                plan: "developer".into(),
                recording: false,
                included_detections: 1,
                unrecorded: 1,
                detail: "used up".into(),
            }),
            without_metadata: 1,
            ..Delivered::default()
        };
        name_lines(body, &mut delivered.rejected);
        let lines: Vec<Option<u32>> = delivered.rejected.iter().map(|r| r.line).collect();
        assert_eq!(lines, [Some(3), Some(77)]);
        let answer = lines_of(body, &delivered);
        let status = |at: usize| answer[at]["status"].as_str().unwrap_or("").to_owned();
        assert_eq!(
            [0, 1, 2, 3].map(status),
            ["taken", "rejected", "duplicate", "rejected"]
        );
        assert_eq!(
            answer[4],
            json!({
                "accepted": 1, "rejected": 2, "duplicates": 1, "streams": [], "without_metadata": 1,
                "quota": { "plan": "developer", "recording": false, "included_detections": 1, "unrecorded": 1, "detail": "used up" },
            })
        );
    }

    fn lines_of(body: &[u8], delivered: &Delivered) -> Vec<serde_json::Value> {
        let answer = lines(body, delivered);
        let text = String::from_utf8(answer.body).expect("text");
        let parsed = text.lines().map(serde_json::from_str);
        parsed.collect::<std::result::Result<_, _>>().expect("JSON")
    }
}
