//! `GET /v1/streams`: what is known of each stream.

pub mod settings;

use crate::auth::principal::Principal;
use crate::detect::flush::Delivery;
use crate::detect::name::{ObjectName, STREAM_PATTERN, is_stream};
use crate::error::{Code, Error, Result};
use crate::http::query::typed;
use crate::http::{Request, Response};
use crate::platform::{Ctx, objects};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

const COLUMNS: &str = "stream:name,event_type,state,events_seen,anomalies_seen,sensitivity,shards,generation,algorithm,first_event_at,last_event_at,created_at";
const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 500;

/// A stream in the list.
#[derive(Debug, Serialize, Deserialize)]
struct Stream {
    stream: String,
    event_type: String,
    state: String,
    events_seen: u64,
    anomalies_seen: u64,
    sensitivity: Option<f64>,
    shards: u32,
    generation: u32,
    algorithm: Option<String>,
    first_event_at: Option<String>,
    last_event_at: Option<String>,
    created_at: String,
}

#[derive(Serialize)]
struct Page {
    streams: Vec<Stream>,
    next_cursor: Option<String>,
}

/// A page of streams by name.
pub async fn list(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let limit =
        typed::<usize>(request, "limit", "a number from 1 to 500")?.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::parameter("limit", "a number from 1 to 500"));
    }
    let query = principal.query(ctx, "streams");
    let mut query = query
        .select(COLUMNS)
        .eq("org_id", &principal.org.to_string());
    if let Some(prefix) = principal.stream_prefix() {
        query = query.gte("name", prefix).lt("name", &format!("{prefix}~"));
    }
    if let Some(text) = request.param("cursor") {
        query = query.gt("name", &decode(text)?);
    }
    let mut streams: Vec<Stream> = query.order("name.asc").limit(limit + 1).rows().await?;
    let more = streams.len() > limit;
    streams.truncate(limit);
    let next_cursor = streams
        .last()
        .filter(|_| more)
        .map(|s| URL_SAFE_NO_PAD.encode(&s.stream));
    Ok(Response::json(
        200,
        &Page {
            streams,
            next_cursor,
        },
    ))
}

/// What of one stream is still on its way to the database, and what the database refused: `GET /v1/delivery?stream=…`.
pub async fn delivery(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let stream = request
        .param("stream")
        .filter(|s| is_stream(s))
        .ok_or_else(|| Error::parameter("stream", STREAM_PATTERN))?;
    if principal
        .stream_prefix()
        .is_some_and(|p| !stream.starts_with(p))
    {
        return Err(Error::not_found("stream"));
    }
    let shards = objects::shards(ctx, &ObjectName::first(principal.org, stream)).await?;
    let parts = try_join_all(shards.iter().map(|shard| objects::delivery(ctx, shard))).await?;
    Ok(Response::json(200, &Delivery::of_shards(parts)))
}

fn decode(cursor: &str) -> Result<String> {
    let name = URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|b| String::from_utf8(b).ok())
        .filter(|n| is_stream(n));
    name.ok_or_else(|| {
        Error::new(
            Code::InvalidCursor,
            "the cursor was not issued for this list",
        )
        .field("cursor", "the next_cursor of the previous page, unchanged")
    })
}
