//! `GET /v1/anomalies` and `GET /v1/anomalies/{id}`.

use super::{EXPLANATION, SUMMARY, id, query, visible};
use crate::auth::principal::Principal;
use crate::detect::name::{STREAM_PATTERN, is_stream};
use crate::detect::record::Anomaly;
use crate::error::{Error, Result};
use crate::http::pagination::Cursor;
use crate::http::query::{instant, one_of, typed};
use crate::http::{Request, Response};
use crate::platform::Ctx;
use crate::platform::postgrest::Query;
use serde::Serialize;
use serde_json::{Value, json};

/// Rows of a page where the caller names no limit.
const DEFAULT_LIMIT: usize = 50;
/// Most rows of a page.
const MAX_LIMIT: usize = 200;
/// `only_significant` keeps anomalies of which at most this share is expected to be false (q-value), and those found elsewhere.
const SIGNIFICANT_Q: &str = "0.05";
/// Bytes of a token to look for.
const MAX_TOKEN: usize = 256;

/// The statuses, in the order of the work.
pub const STATUSES: &[&str] = &["new", "acknowledged", "resolved", "false_positive"];
const TYPES: &[&str] = &["log", "metric", "trace", "llm"];
/// Severities from bad to worse.
pub const SEVERITIES: &[&str] = &["low", "medium", "high"];

#[derive(Serialize)]
struct Page {
    anomalies: Vec<Anomaly>,
    next_cursor: Option<String>,
}

/// A page of anomalies, newest first.
pub async fn list(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let limit =
        typed::<usize>(request, "limit", "a number from 1 to 200")?.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::parameter("limit", "a number from 1 to 200"));
    }
    let filtered = filters(query(ctx, principal).select(SUMMARY), principal, request)?;
    let mut anomalies: Vec<Anomaly> = filtered
        .order("detected_at.desc,id.desc")
        .limit(limit + 1)
        .rows()
        .await?;
    let more = anomalies.len() > limit;
    anomalies.truncate(limit);
    let next_cursor = anomalies.last().filter(|_| more).map(|last| {
        Cursor {
            time: last.detected_at.clone(),
            id: last.id,
        }
        .encode(principal.org)
    });
    Ok(Response::json(
        200,
        &Page {
            anomalies,
            next_cursor,
        },
    ))
}

/// One anomaly with its explanation.
pub async fn get(ctx: &Ctx, principal: &Principal, path_id: &str) -> Result<Response> {
    let found: Vec<Value> = query(ctx, principal)
        .select(&format!("{SUMMARY},{EXPLANATION}"))
        .eq("id", &id(path_id)?.to_string())
        .rows()
        .await?;
    let anomaly = found
        .into_iter()
        .next()
        .filter(|a| visible(principal, a["stream"].as_str().unwrap_or("")));
    anomaly
        .map(|a| Response::json(200, &a))
        .ok_or_else(|| Error::not_found("anomaly"))
}

fn filters(mut query: Query, principal: &Principal, request: &Request) -> Result<Query> {
    if let Some(stream) = request.param("stream") {
        if !is_stream(stream) {
            return Err(Error::parameter("stream", STREAM_PATTERN));
        }
        query = query.eq("stream", stream);
    }
    if let Some(prefix) = principal.stream_prefix() {
        // the prefix is made of characters that are not special in a range; `~` sorts after all of them
        query = query
            .gte("stream", prefix)
            .lt("stream", &format!("{prefix}~"));
    }
    for (name, column, allowed) in [
        ("type", "event_type", TYPES),
        ("event_type", "event_type", TYPES),
        ("status", "status", STATUSES),
        ("severity", "severity", SEVERITIES),
    ] {
        // `pending` is the old name of `new`
        let pending = name == "status" && request.param(name) == Some("pending");
        let value = if pending {
            Some("new")
        } else {
            one_of(request, name, allowed)?
        };
        if let Some(value) = value {
            query = query.eq(column, value);
        }
    }
    if let Some(score) = number(request, "min_score", f64::MIN, f64::MAX)? {
        query = query.gte("score", &score.to_string());
    }
    if let Some(p) = number(request, "max_p", 0.0, 1.0)? {
        query = query.lte("p_value", &p.to_string());
    }
    if let Some(token) = request.param("token") {
        if !(1..=MAX_TOKEN).contains(&token.len()) {
            return Err(Error::parameter("token", "text of 1 to 256 bytes"));
        }
        // tokens have no index: the time bounds how many anomalies are looked through
        if request.param("from").is_none() {
            return Err(Error::parameter("from", "a time, beside `token`"));
        }
        query = query.contains("tokens", &json!([{ "text": token }]).to_string());
    }
    if let Some(from) = instant(request, "from")? {
        query = query.gte("detected_at", &from);
    }
    if let Some(to) = instant(request, "to")? {
        query = query.lt("detected_at", &to);
    }
    if one_of(request, "only_significant", &["true", "false"])? == Some("true") {
        query = query.or(&format!("q_value.lte.{SIGNIFICANT_Q},source.eq.api"));
    }
    if let Some(cursor) = request.param("cursor") {
        let Cursor { time, id } = Cursor::decode(cursor, principal.org)?;
        query = query.or(&format!(
            "detected_at.lt.\"{time}\",and(detected_at.eq.\"{time}\",id.lt.{id})"
        ));
    }
    Ok(query)
}

fn number(request: &Request, name: &str, least: f64, most: f64) -> Result<Option<f64>> {
    let value = typed::<f64>(request, name, "a number")?;
    match value {
        Some(v) if !(least..=most).contains(&v) => Err(Error::parameter(
            name,
            &format!("a number from {least} to {most}"),
        )),
        other => Ok(other),
    }
}
