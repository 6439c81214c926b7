//! `/v1/anomalies/{id}/feedback`: what people say of an anomaly. "expected" teaches the stream's detector.
//!
//! The detector comes first, the record second: both are idempotent, so a retry after a failure between them ends in the same state.

use crate::auth::actor::Actor;
use crate::auth::principal::Principal;
use crate::detect::lesson::{Effect, Lesson};
use crate::detect::name::ObjectName;
use crate::error::{Error, Result};
use crate::http::{Request, Response};
use crate::onboarding::input::refuse;
use crate::platform::{Ctx, objects, postgrest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

const KINDS: &[&str] = &["expected", "false_alarm", "real"];

/// What a lesson needs to know of an anomaly.
#[derive(Debug, Deserialize)]
struct Subject {
    stream: String,
    shard: u32,
    generation: u32,
    seq: Option<u64>,
    event_type: String,
    event_format: Option<String>,
    event_text: Option<String>,
    group_key: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    feedback: Option<Value>,
    /// What this very event would score now; null where the anomaly was found elsewhere.
    effect: Option<Effect>,
}

/// What was said, and what the event would score now.
pub async fn get(ctx: &Ctx, principal: &Principal, segment: &str) -> Result<Response> {
    let (id, subject) = subject(ctx, principal, segment).await?;
    let query = principal.query(ctx, "anomaly_feedback");
    let said: Vec<Value> = query
        .select("kind,taught,at:updated_at")
        .eq("org_id", &principal.org.to_string())
        .eq("anomaly_id", &id.to_string())
        .rows()
        .await?;
    let effect = lesson(ctx, principal, &subject, false, true).await?;
    Ok(Response::json(
        200,
        &Answer {
            feedback: said.into_iter().next(),
            effect,
        },
    ))
}

/// Says something; the same again changes nothing.
pub async fn post(
    ctx: &Ctx,
    principal: &Principal,
    segment: &str,
    request: &Request,
) -> Result<Response> {
    let kind = kind(&request.body)?;
    let (id, subject) = subject(ctx, principal, segment).await?;
    let effect = lesson(ctx, principal, &subject, kind == "expected", false).await?;
    let taught = effect.as_ref().is_some_and(|e| e.taught);
    let feedback = record(ctx, principal, request, id, Some(kind), taught).await?;
    Ok(Response::json(
        200,
        &Answer {
            feedback: Some(feedback),
            effect,
        },
    ))
}

/// Takes it back.
pub async fn delete(
    ctx: &Ctx,
    principal: &Principal,
    segment: &str,
    request: &Request,
) -> Result<Response> {
    let (id, subject) = subject(ctx, principal, segment).await?;
    let effect = lesson(ctx, principal, &subject, false, false).await?;
    record(ctx, principal, request, id, None, false).await?;
    Ok(Response::json(
        200,
        &Answer {
            feedback: None,
            effect,
        },
    ))
}

async fn subject(ctx: &Ctx, principal: &Principal, segment: &str) -> Result<(Uuid, Subject)> {
    let id = Uuid::parse_str(segment).map_err(|_| Error::not_found("anomaly"))?;
    let query = principal.query(ctx, "anomalies");
    let rows: Vec<Subject> = query
        .select("stream,shard,generation,seq,event_type,event_format,event_text,group_key")
        .eq("org_id", &principal.org.to_string())
        .eq("id", &id.to_string())
        .rows()
        .await?;
    let visible = |s: &Subject| {
        principal
            .stream_prefix()
            .is_none_or(|p| s.stream.starts_with(p))
    };
    let subject = rows.into_iter().next().filter(visible);
    subject
        .map(|s| (id, s))
        .ok_or_else(|| Error::not_found("anomaly"))
}

/// What the stream's detector makes of it; nothing for an anomaly found elsewhere, of which it knows no event.
async fn lesson(
    ctx: &Ctx,
    principal: &Principal,
    subject: &Subject,
    teach: bool,
    look: bool,
) -> Result<Option<Effect>> {
    let (Some(sequence), Some(text)) = (subject.seq, &subject.event_text) else {
        return Ok(None);
    };
    let lesson = Lesson {
        sequence,
        generation: subject.generation,
        event_type: subject.event_type.clone(),
        json: subject.event_format.as_deref() == Some("json"),
        text: text.clone(),
        group: subject.group_key.clone(),
        teach,
        look,
    };
    let first = ObjectName::first(principal.org, &subject.stream);
    let own = first.with_shard(subject.shard);
    if !look {
        // the next event of this kind may come to any shard
        for shard in objects::shards(ctx, &first).await? {
            if shard != own {
                objects::lesson(ctx, &shard, &lesson).await?;
            }
        }
    }
    objects::lesson(ctx, &own, &lesson).await.map(Some)
}

async fn record(
    ctx: &Ctx,
    principal: &Principal,
    request: &Request,
    id: Uuid,
    kind: Option<&str>,
    taught: bool,
) -> Result<Value> {
    let arguments = json!({
        "p_org": principal.org, "p_anomaly": id, "p_kind": kind, "p_taught": taught, "p_actor": Actor::of(principal, request),
    });
    postgrest::call(ctx, "record_feedback", &arguments).await
}

fn kind(body: &[u8]) -> Result<&'static str> {
    let body = crate::json::body(body)?;
    let given = body.get("kind").and_then(Value::as_str);
    KINDS
        .iter()
        .find(|k| Some(**k) == given)
        .copied()
        .ok_or_else(|| refuse("kind", &KINDS.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        assert_eq!(kind(br#"{"kind":"expected"}"#).expect("known"), "expected");
        for bad in ["{}", "[]", r#"{"kind":"perhaps"}"#, r#"{"kind":1}"#, "x"] {
            assert!(kind(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
