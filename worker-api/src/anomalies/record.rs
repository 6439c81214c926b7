//! `POST /v1/anomalies`: an anomaly that was found elsewhere is kept beside our own.

use super::list::SEVERITIES;
use crate::auth::principal::Principal;
use crate::detect::name::{ObjectName, STREAM_PATTERN, is_stream};
use crate::detect::record::Anomaly;
use crate::detect::stream_object::RecordFound;
use crate::error::{Code, Error, Result};
use crate::http::{Request, Response};
use crate::ingest::post_events::{claim, request_key};
use crate::ingest::quota;
use crate::ingest::redact::{Counts, Redaction, Redactor};
use crate::platform::{Ctx, objects};
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;

/// Bytes of metadata.
const MAX_METADATA: usize = 65_536;

/// Takes the anomaly; 201 once it is stored.
pub async fn post(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let body = crate::json::body(&request.body)?;
    let (stream, mut found) = read(
        &body,
        &principal.org.to_string(),
        request_key(principal, request)?,
    )?;
    if principal
        .stream_prefix()
        .is_some_and(|p| !stream.starts_with(p))
    {
        return Err(Error::new(
            Code::InsufficientScope,
            "the API key is limited to other streams",
        ));
    }
    let redacted = match Redaction::of(ctx, principal) {
        Some(redaction) => redact(&stream, &mut found, Redactor::new(&redaction))?,
        None => Counts::default(),
    };
    claim(ctx, principal, found.request_key.as_deref()).await?;
    let mut allowance = quota::allowance(ctx, principal).await?;
    if let Some(note) = allowance.note(0) {
        return Err(Error::new(Code::QuotaExhausted, note.detail));
    }
    found.stream_limit = allowance.streams;
    let anomaly =
        objects::record_found(ctx, &ObjectName::first(principal.org, &stream), &found).await?;
    allowance.spend(principal.org, 1);
    let location = format!("/v1/anomalies/{}", anomaly.id);
    Ok(Response::json(201, &Recorded { anomaly, redacted }).header("location", location))
}

#[derive(Serialize)]
struct Recorded {
    #[serde(flatten)]
    anomaly: Anomaly,
    /// How many finds of each kind of personal data were taken out.
    #[serde(skip_serializing_if = "Counts::is_empty")]
    redacted: Counts,
}

/// Takes personal data out of what the caller wrote.
fn redact(stream: &str, found: &mut RecordFound, mut redactor: Redactor) -> Result<Counts> {
    if redactor.is_personal(stream) {
        return Err(Error::new(
            Code::InvalidBody,
            "the stream's name holds personal data, which the organisation's policy keeps out",
        )
        .field("stream", "a name without personal data"));
    }
    if let Cow::Owned(changed) = redactor.json(&found.metadata.to_string()) {
        found.metadata = serde_json::from_str(&changed).map_err(Error::internal)?;
    }
    if let Some(reason) = &found.reason {
        found.reason = Some(redactor.text(reason).into_owned());
    }
    Ok(redactor.counts().clone())
}

fn read(body: &Value, org: &str, request_key: Option<String>) -> Result<(String, RecordFound)> {
    let fields = body.as_object().ok_or_else(|| {
        Error::new(Code::InvalidBody, "the body is not an object").field("body", "a JSON object")
    })?;
    let get = |name: &str| fields.get(name).filter(|v| !v.is_null());
    let refuse = |field: &str, expected: &str| {
        Error::new(
            Code::InvalidBody,
            format!("`{field}` is missing or not valid"),
        )
        .field(field, expected)
    };
    if get("organization_id")
        .is_some_and(|v| !v.as_str().is_some_and(|s| s.eq_ignore_ascii_case(org)))
    {
        return Err(Error::new(
            Code::OrganizationMismatch,
            "`organization_id` is not the credential's organisation",
        )
        .field(
            "organization_id",
            "the organisation of the credential, or nothing",
        ));
    }
    let event_type = match get("event_type")
        .or_else(|| get("stream_type"))
        .and_then(Value::as_str)
    {
        Some("log" | "logs") => "log",
        Some("metric" | "metrics") => "metric",
        Some("trace" | "traces") => "trace",
        Some("llm") => "llm",
        _ => return Err(refuse("event_type", "log, metric, trace or llm")),
    };
    let severity = get("severity")
        .and_then(Value::as_str)
        .filter(|s| SEVERITIES.contains(s))
        .ok_or_else(|| refuse("severity", "low, medium or high"))?;
    let metadata = get("metadata")
        .cloned()
        .unwrap_or_else(|| Value::Object(serde_json::Map::default()));
    if !metadata.is_object() || metadata.to_string().len() > MAX_METADATA {
        return Err(refuse("metadata", "a JSON object of at most 65536 bytes"));
    }
    let stream = match get("stream") {
        None => event_type,
        Some(v) => v
            .as_str()
            .filter(|s| is_stream(s))
            .ok_or_else(|| refuse("stream", STREAM_PATTERN))?,
    };
    let reason = match get("reason") {
        None => None,
        Some(v) => Some(
            v.as_str()
                .filter(|s| s.len() <= 1000)
                .ok_or_else(|| refuse("reason", "text of at most 1000 bytes"))?
                .to_owned(),
        ),
    };
    let found = RecordFound {
        event_type: event_type.into(),
        severity: severity.into(),
        metadata,
        reason,
        request_key,
        stream_limit: None,
    };
    Ok((stream.to_owned(), found))
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::error::Code;
    use serde_json::json;

    #[test]
    fn reads_and_refuses() {
        let (stream, found) = read(
            &json!({"event_type": "logs", "severity": "high", "metadata": {"a": 1}}),
            "o",
            None,
        )
        .expect("valid");
        assert_eq!(
            (
                stream.as_str(),
                found.event_type.as_str(),
                found.severity.as_str()
            ),
            ("log", "log", "high")
        );
        for (body, code) in [
            (json!([]), Code::InvalidBody),
            (json!({"severity": "high"}), Code::InvalidBody),
            (json!({"event_type": "log"}), Code::InvalidBody),
            (
                json!({"event_type": "log", "severity": "awful"}),
                Code::InvalidBody,
            ),
            (
                json!({"event_type": "log", "severity": "low", "metadata": []}),
                Code::InvalidBody,
            ),
            (
                json!({"event_type": "log", "severity": "low", "stream": "a b"}),
                Code::InvalidBody,
            ),
            (
                json!({"event_type": "log", "severity": "low", "organization_id": "x"}),
                Code::OrganizationMismatch,
            ),
        ] {
            assert_eq!(
                read(&body, "o", None).expect_err("bad").code,
                code,
                "{body}"
            );
        }
    }
}
