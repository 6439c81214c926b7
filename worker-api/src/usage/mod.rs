//! What was used: `GET /v1/usage`, `/v1/me/usage/details`, and what it would cost on each plan.

pub mod estimate;
pub mod report;

use crate::auth::principal::Principal;
use crate::error::{Error, Result};
use crate::http::{Request, Response};
use crate::ingest::time;
use crate::platform::Ctx;
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;
/// Days that one request can ask for.
const MOST_DAYS: i64 = 400;

/// `GET /v1/usage`: the present period.
pub async fn get(ctx: &Ctx, principal: &Principal) -> Result<Response> {
    let now = ctx.billing_now_ms();
    let report = report::load(ctx, principal.org, now).await?;
    Ok(Response::json(200, &report.to_json(now)))
}

/// `GET /v1/me/usage/details`: per day and per stream; the present period unless `from` and `to` (days, inclusive) say otherwise.
pub async fn details(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let now = ctx.billing_now_ms();
    let to = day(request, "to")?.unwrap_or(now);
    let from = match day(request, "from")? {
        Some(from) => from,
        None => report::load(ctx, principal.org, now)
            .await?
            .starts_ms()
            .min(to),
    };
    if from > to || to - from > MOST_DAYS * DAY_MS {
        return Err(Error::parameter(
            "from",
            "a day not after `to`, at most 400 days before it",
        ));
    }
    let arguments = json!({
        "p_org": principal.org, "p_from": time::day(from), "p_to": time::day(to), "p_prefix": principal.stream_prefix(),
    });
    let details: Value = principal.call(ctx, "usage_details", &arguments).await?;
    Ok(Response::json(200, &details))
}

fn day(request: &Request, name: &str) -> Result<Option<i64>> {
    request
        .param(name)
        .map(|text| {
            let midnight = (text.len() == 10)
                .then(|| time::from_rfc3339(&format!("{text}T00:00:00Z")))
                .flatten();
            midnight.ok_or_else(|| Error::parameter(name, "a day, YYYY-MM-DD"))
        })
        .transpose()
}
