//! `GET`, `PATCH` and `DELETE /v1/streams/{id}`: one stream, how readily it raises alarms, and over how many objects it is spread. The id is the name, percent-encoded.

use super::{COLUMNS, Stream};
use crate::auth::actor::Actor;
use crate::auth::principal::{Principal, Role};
use crate::detect::latest::Latest;
use crate::detect::name::{ObjectName, is_stream};
use crate::detect::shards::COUNTS;
use crate::detect::stream_object::Sensitivity;
use crate::error::{Code, Error, Result};
use crate::http::{Request, Response};
use crate::onboarding::input::refuse;
use crate::platform::{Ctx, objects, postgrest};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Serialize)]
struct Settings {
    #[serde(flatten)]
    stream: Stream,
    effective_sensitivity: f64,
}

/// One stream.
pub async fn get(ctx: &Ctx, principal: &Principal, segment: &str) -> Result<Response> {
    let name = name(principal, segment)?;
    show(ctx, principal, &name).await
}

/// Sets a stream's sensitivity; `null` follows the organisation's again.
pub async fn patch(
    ctx: &Ctx,
    principal: &Principal,
    segment: &str,
    request: &Request,
) -> Result<Response> {
    let name = name(principal, segment)?;
    let wish = wish(&crate::json::body(&request.body)?)?;
    let actor = Actor::of(principal, request);
    let first = ObjectName::first(principal.org, &name);
    if let Some(own) = wish.sensitivity {
        let arguments = json!({ "p_org": principal.org, "p_stream": name, "p_sensitivity": own, "p_actor": actor });
        known(postgrest::call(ctx, "set_stream_sensitivity", &arguments).await?)?;
        set_sensitivity(ctx, principal, &first, own).await?;
    }
    if let Some(shards) = wish.shards {
        // the database first: whoever removes the organisation must know of every object
        let arguments = json!({ "p_org": principal.org, "p_stream": name, "p_shards": shards, "p_actor": actor });
        known(postgrest::call(ctx, "set_stream_shards", &arguments).await?)?;
        objects::resize(ctx, &first, shards).await?;
    }
    show(ctx, principal, &name).await
}

fn known(changed: u32) -> Result<()> {
    if changed == 0 {
        return Err(Error::not_found("stream"));
    }
    Ok(())
}

async fn set_sensitivity(
    ctx: &Ctx,
    principal: &Principal,
    first: &ObjectName,
    own: Option<f64>,
) -> Result<()> {
    let setting = Sensitivity {
        own,
        default: principal.facts.default_sensitivity,
    };
    for shard in objects::shards(ctx, first).await? {
        objects::set_sensitivity(ctx, &shard, &setting).await?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Recent {
    stream: String,
    #[serde(flatten)]
    latest: Latest,
    /// The promised rate of false alarms at this sensitivity.
    alpha: f64,
    /// Position of the first score in the stream.
    first_index: u64,
    /// Events that the stream learns from before it judges.
    learning_events: u64,
}

/// The newest scores: what would have been flagged at another sensitivity can be told from them.
pub async fn recent(ctx: &Ctx, principal: &Principal, segment: &str) -> Result<Response> {
    let name = name(principal, segment)?;
    let query = principal.query(ctx, "streams");
    let found: Vec<Value> = query
        .select("name")
        .eq("org_id", &principal.org.to_string())
        .eq("name", &name)
        .rows()
        .await?;
    if found.is_empty() {
        return Err(Error::not_found("stream"));
    }
    let shards = objects::shards(ctx, &ObjectName::first(principal.org, &name)).await?;
    let latest = try_join_all(shards.iter().map(|shard| objects::latest(ctx, shard))).await?;
    let latest = Latest::of_shards(latest);
    Ok(Response::json(
        200,
        &Recent {
            stream: name,
            alpha: cbad::Config::alpha(latest.sensitivity),
            first_index: latest
                .events_seen
                .saturating_sub(latest.scores.len() as u64),
            learning_events: match latest.event_type.as_str() {
                "metric" => cbad::Config::MIN_POINTS,
                _ => cbad::Config::MIN_EVENTS,
            },
            latest,
        },
    ))
}

/// What the database removed of a stream.
#[derive(Deserialize)]
struct Removed {
    more: bool,
}

/// Portions of anomalies removed by one request.
const PORTIONS: u32 = 50;

/// Removes a stream with its anomalies. What was used stays counted; events under the same name begin a stream anew.
pub async fn delete(
    ctx: &Ctx,
    principal: &Principal,
    segment: &str,
    request: &Request,
) -> Result<Response> {
    let name = name(principal, segment)?;
    load(ctx, principal, &name).await?;
    principal.recheck(ctx, Role::Admin).await?;
    // the object first: what it still had to send would come back otherwise
    objects::reset_stream(ctx, &ObjectName::first(principal.org, &name)).await?;
    let arguments = json!({ "p_org": principal.org, "p_stream": name, "p_actor": Actor::of(principal, request) });
    for _ in 0..PORTIONS {
        let removed: Removed = postgrest::call(ctx, "delete_stream", &arguments).await?;
        if !removed.more {
            return Ok(Response {
                status: 204,
                headers: Vec::new(),
                body: Vec::new(),
            });
        }
    }
    Err(Error::new(
        Code::DependencyUnavailable,
        "there is more to remove; ask again",
    ))
}

async fn show(ctx: &Ctx, principal: &Principal, name: &str) -> Result<Response> {
    let stream = load(ctx, principal, name).await?;
    let effective_sensitivity = stream
        .sensitivity
        .unwrap_or(principal.facts.default_sensitivity);
    Ok(Response::json(
        200,
        &Settings {
            stream,
            effective_sensitivity,
        },
    ))
}

async fn load(ctx: &Ctx, principal: &Principal, name: &str) -> Result<Stream> {
    let query = principal.query(ctx, "streams");
    let rows: Vec<Stream> = query
        .select(COLUMNS)
        .eq("org_id", &principal.org.to_string())
        .eq("name", name)
        .rows()
        .await?;
    rows.into_iter()
        .next()
        .ok_or_else(|| Error::not_found("stream"))
}

/// The stream that a path names, if the caller may know of it.
fn name(principal: &Principal, segment: &str) -> Result<String> {
    let name = percent_encoding::percent_decode_str(segment)
        .decode_utf8()
        .map_err(|_| Error::not_found("stream"))?
        .into_owned();
    let visible = principal
        .stream_prefix()
        .is_none_or(|p| name.starts_with(p));
    if is_stream(&name) && visible {
        Ok(name)
    } else {
        Err(Error::not_found("stream"))
    }
}

/// What is to change.
#[derive(Debug, PartialEq)]
struct Wish {
    sensitivity: Option<Option<f64>>,
    shards: Option<u32>,
}

fn wish(body: &Value) -> Result<Wish> {
    let fields = body
        .as_object()
        .ok_or_else(|| refuse("body", "a JSON object"))?;
    if let Some(other) = fields
        .keys()
        .find(|k| *k != "sensitivity" && *k != "shards")
    {
        return Err(refuse(
            other,
            "nothing; only sensitivity and shards can be set",
        ));
    }
    let sensitivity = fields.get("sensitivity").map(sensitivity).transpose()?;
    let shards = fields.get("shards").map(shards).transpose()?;
    if sensitivity.is_none() && shards.is_none() {
        return Err(refuse("sensitivity", SENSITIVITY));
    }
    Ok(Wish {
        sensitivity,
        shards,
    })
}

fn shards(value: &Value) -> Result<u32> {
    let given = value.as_u64();
    COUNTS
        .into_iter()
        .find(|n| Some(u64::from(*n)) == given)
        .ok_or_else(|| refuse("shards", "1, 2, 4, 8 or 16"))
}

const SENSITIVITY: &str =
    "a number from 0 to 1, sensitive, balanced, strict, or null for the organisation's";

fn sensitivity(value: &Value) -> Result<Option<f64>> {
    let given = match value {
        Value::Null => return Ok(None),
        Value::String(name) => cbad::Config::profile(name),
        v => v.as_f64().filter(|s| (0.0..=1.0).contains(s)),
    };
    given
        .map(Some)
        .ok_or_else(|| refuse("sensitivity", SENSITIVITY))
}

#[cfg(test)]
mod tests {
    use super::{Wish, wish};
    use serde_json::json;

    #[test]
    fn settings() {
        let of = |body| wish(&body).expect("a wish");
        let sensitivity = |s| Wish {
            sensitivity: Some(s),
            shards: None,
        };
        assert_eq!(of(json!({"sensitivity": 0.8})), sensitivity(Some(0.8)));
        assert_eq!(of(json!({"sensitivity": null})), sensitivity(None));
        assert_eq!(
            of(json!({"sensitivity": "strict"})),
            sensitivity(Some(0.25))
        );
        let both = of(json!({"sensitivity": null, "shards": 4}));
        assert_eq!((both.sensitivity, both.shards), (Some(None), Some(4)));
        for bad in [
            json!({}),
            json!([]),
            json!({"sensitivity": 2}),
            json!({"sensitivity": "x"}),
            json!({"sensitivity": 0.5, "state": "ready"}),
            json!({"shards": 0}),
            json!({"shards": 3}),
            json!({"shards": 32}),
            json!({"shards": "4"}),
            json!({"shards": null}),
        ] {
            assert!(wish(&bad).is_err(), "{bad}");
        }
    }
}
