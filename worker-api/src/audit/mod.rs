//! `GET /v1/audit` and `GET /v1/audit/verify`: who changed what, and whether the record is whole.
//!
//! Entries are written by triggers in the database; the Worker only says who acts.

use crate::auth::principal::Principal;
use crate::error::{Code, Error, Result};
use crate::http::query::{instant, typed};
use crate::http::{Request, Response};
use crate::platform::Ctx;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const COLUMNS: &str = "seq,at,actor_type,actor_id,actor_name,address,request_id,action,target_type,target_id,before,after,previous_hash,hash";
const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;
/// Bytes of an actor's id.
const MAX_ACTOR: usize = 320;

/// One change.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    seq: i64,
    at: String,
    actor_type: String,
    actor_id: Option<String>,
    actor_name: Option<String>,
    address: Option<String>,
    request_id: Option<String>,
    action: String,
    target_type: String,
    target_id: String,
    before: Option<Value>,
    after: Option<Value>,
    previous_hash: String,
    hash: String,
}

/// A page of the log, newest first.
pub async fn list(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let limit =
        typed::<usize>(request, "limit", "a number from 1 to 200")?.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::parameter("limit", "a number from 1 to 200"));
    }
    let query = principal.query(ctx, "audit_log");
    let mut query = query
        .select(COLUMNS)
        .eq("org_id", &principal.org.to_string());
    if let Some(action) = request.param("action") {
        let form = action.len() <= 64
            && action
                .bytes()
                .all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'.'));
        if !form {
            return Err(Error::parameter(
                "action",
                "an action, e.g. api_key.revoked",
            ));
        }
        query = query.eq("action", action);
    }
    if let Some(actor) = request.param("actor") {
        if !(1..=MAX_ACTOR).contains(&actor.len()) {
            return Err(Error::parameter("actor", "the actor_id of an entry"));
        }
        query = query.eq("actor_id", actor);
    }
    if let Some(from) = instant(request, "from")? {
        query = query.gte("at", &from);
    }
    if let Some(to) = instant(request, "to")? {
        query = query.lt("at", &to);
    }
    if let Some(cursor) = request.param("cursor") {
        let before = cursor.parse::<i64>().map_err(|_| {
            Error::new(
                Code::InvalidCursor,
                "the cursor was not issued for this list",
            )
            .field("cursor", "the next_cursor of the previous page, unchanged")
        })?;
        query = query.lt("seq", &before.to_string());
    }
    let mut entries: Vec<Entry> = query.order("seq.desc").limit(limit + 1).rows().await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next_cursor = entries.last().filter(|_| more).map(|e| e.seq.to_string());
    Ok(Response::json(
        200,
        &json!({ "entries": entries, "next_cursor": next_cursor }),
    ))
}

/// Recomputes the chain of hashes.
pub async fn verify(ctx: &Ctx, principal: &Principal) -> Result<Response> {
    let state: Value = principal
        .call(ctx, "verify_audit", &json!({ "p_org": principal.org }))
        .await?;
    Ok(Response::json(200, &state))
}
