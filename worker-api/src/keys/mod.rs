//! API keys: listed without their secret, made, regenerated with an overlap, revoked.
//!
//! `/v1/keys` and `/v1/me/keys` are two spellings of the same. A revocation is written to the key's object first and to the
//! database second, so that it holds at once even while the database is away; the object never forgets it.

mod input;

use crate::auth::actor::Actor;
use crate::auth::api_key;
use crate::auth::key_object::KeyEnd;
use crate::auth::principal::{Principal, Role};
use crate::error::{Error, Result};
use crate::http::{Request, Response};
use crate::ingest::time;
use crate::platform::{Ctx, objects, postgrest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const COLUMNS: &str = "id,name,scopes,stream_prefix,environment,created_by,created_at,last_used_at,expires_at,revoked_at";

/// A key as everyone may see it.
#[derive(Debug, Serialize, Deserialize)]
struct Key {
    id: String,
    name: String,
    scopes: Vec<String>,
    stream_prefix: Option<String>,
    environment: String,
    created_by: Option<uuid::Uuid>,
    created_at: String,
    last_used_at: Option<String>,
    expires_at: Option<String>,
    revoked_at: Option<String>,
}

/// A key that was just made: the only time its secret is seen.
#[derive(Serialize)]
struct Fresh {
    #[serde(flatten)]
    key: Key,
    secret: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Key>,
}

/// Every key of the organisation, newest first, ended ones too.
pub async fn list(ctx: &Ctx, principal: &Principal) -> Result<Response> {
    let query = principal.query(ctx, "api_keys");
    let keys: Vec<Key> = query
        .select(COLUMNS)
        .eq("org_id", &principal.org.to_string())
        .order("created_at.desc,id.asc")
        .rows()
        .await?;
    Ok(Response::json(200, &json!({ "keys": keys })))
}

/// A new key.
pub async fn create(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let wanted = input::create(&request.body, ctx.now_ms())?;
    let (secret, kept) = api_key::generate(wanted.environment)?;
    let key = json!({
        "id": kept.id, "hash": kept.hash, "name": wanted.name, "scopes": wanted.scopes, "stream_prefix": wanted.stream_prefix,
        "environment": wanted.environment, "expires_at": wanted.expires_at, "created_by": principal.user_id(),
    });
    let arguments =
        json!({ "p_org": principal.org, "p_key": key, "p_actor": Actor::of(principal, request) });
    let key: Key = postgrest::call(ctx, "create_api_key", &arguments).await?;
    introduce(ctx, &key.id).await;
    Ok(Response::json(
        201,
        &Fresh {
            key,
            secret,
            previous: None,
        },
    ))
}

/// A successor with the same name and rights; the old key goes on for the overlap.
pub async fn regenerate(
    ctx: &Ctx,
    principal: &Principal,
    path_id: &str,
    request: &Request,
) -> Result<Response> {
    #[derive(Deserialize)]
    struct Answer {
        key: Key,
        previous: Key,
    }
    let body = input::object(&request.body)?;
    let id = input::id(&body, path_id)?;
    let overlap = input::overlap_seconds(&body)?;
    let environment = owned_environment(ctx, principal, &id).await?;
    let (secret, kept) = api_key::generate(&environment)?;
    let expires_at = input::expiry(&body, ctx.now_ms())?;
    let ends = time::to_rfc3339(ctx.now_ms() + overlap * 1000);
    let key = json!({ "id": kept.id, "hash": kept.hash, "expires_at": expires_at, "created_by": principal.user_id() });
    let arguments = json!({
        "p_org": principal.org, "p_id": id, "p_key": key, "p_old_expires_at": ends, "p_actor": Actor::of(principal, request),
    });
    let answer: Answer = postgrest::call(ctx, "regenerate_api_key", &arguments).await?;
    // if this fails the object hears of it from the database within half a minute
    let end = KeyEnd {
        revoked_at: None,
        expires_at: answer.previous.expires_at.clone(),
    };
    if objects::end_key(ctx, &id, &end).await.is_err() {
        crate::platform::log::warn("key.expiry", "the object was not told");
    }
    introduce(ctx, &answer.key.id).await;
    Ok(Response::json(
        201,
        &Fresh {
            key: answer.key,
            secret,
            previous: Some(answer.previous),
        },
    ))
}

/// The end of a key. Repeating it changes nothing.
pub async fn revoke(
    ctx: &Ctx,
    principal: &Principal,
    path_id: &str,
    request: &Request,
) -> Result<Response> {
    let body = if path_id.is_empty() {
        input::object(&request.body)?
    } else {
        Value::Null
    };
    let id = input::id(&body, path_id)?;
    let known = objects::introduce_key(ctx, &id)
        .await?
        .filter(|k| k.org_id == principal.org);
    if known.is_none() {
        return Err(Error::not_found("key"));
    }
    // the object never takes an end back, so that who was just removed must be known before it is told
    principal.recheck(ctx, Role::Admin).await?;
    let now = time::to_rfc3339(ctx.now_ms());
    objects::end_key(
        ctx,
        &id,
        &KeyEnd {
            revoked_at: Some(now.clone()),
            expires_at: None,
        },
    )
    .await?;
    let arguments = json!({ "p_org": principal.org, "p_id": id, "p_revoked_at": now, "p_actor": Actor::of(principal, request) });
    let key: Key = postgrest::call(ctx, "revoke_api_key", &arguments).await?;
    Ok(Response::json(200, &key))
}

/// Lets a new key's object know it, so that its first use is not among the unknown ones. Without that it is looked up then.
async fn introduce(ctx: &Ctx, id: &str) {
    if objects::introduce_key(ctx, id).await.is_err() {
        crate::platform::log::warn("key.introduce", "the object was not told");
    }
}

/// `live` or `test`, of a key of this organisation; 404 for any other.
async fn owned_environment(ctx: &Ctx, principal: &Principal, id: &str) -> Result<String> {
    #[derive(Deserialize)]
    struct Row {
        environment: String,
    }
    let rows: Vec<Row> = postgrest::as_service(ctx, "api_keys")
        .select("environment")
        .eq("id", id)
        .eq("org_id", &principal.org.to_string())
        .rows()
        .await?;
    rows.into_iter()
        .next()
        .map(|r| r.environment)
        .ok_or_else(|| Error::not_found("key"))
}
