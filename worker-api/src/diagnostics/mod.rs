//! `GET /`, `/health`, `/healthz`, `/readyz`, `/v1/version`, `/config.json`.

pub mod metrics;

use crate::billing::cycle;
use crate::error::{Code, Error, Result};
use crate::http::Response;
use crate::http::rate_limit::{Bucket, Quota};
use crate::platform::{Ctx, fetch, objects, postgrest, stripe};
use futures_util::future::join3;
use serde::Serialize;
use serde_json::json;
use std::cell::RefCell;
use std::time::Duration;

/// How long a dependency may take to count as ready.
const LIMIT: Duration = Duration::from_secs(3);

/// What of billing needs a person's look (`billing_health` of the database).
const STUCK: [&str; 4] = [
    "dead_events",
    "flushes_to_review",
    "dead_mails",
    "unclosed_accounts",
];

/// Probes of each isolate: six at once, one a second. Monitors get a fresh answer; whoever asks more often gets the last one, so
/// that a question of anybody's does not become one to every dependency.
const PROBES: Quota = Quota {
    requests: 60,
    window: 60,
};

/// The last answer, and whether another may be had.
struct Readiness {
    probes: Bucket,
    last: Option<Response>,
}

thread_local!(static READINESS: RefCell<Option<Readiness>> = const { RefCell::new(None) });

impl Readiness {
    fn new(now: i64) -> Self {
        Self {
            probes: Bucket::full(PROBES, now),
            last: None,
        }
    }

    /// The last answer, where it has to do.
    fn recent(&mut self, now: i64) -> Option<Response> {
        if self.probes.claim(PROBES, 1, 0, now).tokens > 0 {
            return None;
        }
        self.last.clone()
    }
}

#[derive(Serialize)]
struct Dependency {
    name: &'static str,
    state: &'static str,
    needed: bool,
    latency_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// What this is and where to go.
pub fn index() -> Response {
    Response::json(
        200,
        &json!({
            "name": "driftlock", "version": env!("CARGO_PKG_VERSION"), "algorithm": cbad::ALGORITHM,
            "documentation": "https://github.com/driftlock/driftlock", "events": "/v1/events", "anomalies": "/v1/anomalies", "readiness": "/readyz",
        }),
    )
}

/// The Worker runs.
pub fn health() -> Response {
    Response::json(200, &json!({ "status": "ok" }))
}

/// What is deployed.
pub fn version(ctx: &Ctx) -> Response {
    Response::json(
        200,
        &json!({
            "version": env!("CARGO_PKG_VERSION"), "commit": option_env!("DRIFTLOCK_COMMIT").unwrap_or("unknown"), "algorithm": cbad::ALGORITHM,
            "environment": ctx.settings.environment,
        }),
    )
}

/// What the dashboard has to know before anyone has signed in.
pub fn config(ctx: &Ctx) -> Response {
    Response::json(
        200,
        &json!({
            "supabase_url": ctx.settings.supabase_url, "supabase_publishable_key": ctx.settings.publishable_key, "api_url": "",
        }),
    )
}

/// Whether everything that is needed answers; 503 if not.
pub async fn ready(ctx: &Ctx) -> Response {
    let now = ctx.now_ms();
    let recent = READINESS.with_borrow_mut(|r| {
        let readiness = r.get_or_insert_with(|| Readiness::new(now));
        readiness.recent(now)
    });
    if let Some(answer) = recent {
        return answer;
    }
    let answer = probe_all(ctx).await;
    READINESS.with_borrow_mut(|r| {
        if let Some(readiness) = r {
            readiness.last = Some(answer.clone());
        }
    });
    answer
}

async fn probe_all(ctx: &Ctx) -> Response {
    let (database, identity, objects) = join3(
        probe(ctx, "database", true, postgrest::ping(ctx, LIMIT)),
        // access tokens go on being verified with the keys at hand
        probe(ctx, "identity", false, async {
            fetch::within(LIMIT, async {
                fetch::get_json(&ctx.settings.jwks_url).await.map(|_| ())
            })
            .await
        }),
        probe(
            ctx,
            "objects",
            true,
            fetch::within(LIMIT, async {
                objects::key_record(ctx, "readyz").await.map(|_| ())
            }),
        ),
    )
    .await;
    let mut list = vec![database, identity, objects, outbox(ctx).await];
    let sells = stripe::is_configured(ctx);
    let billing = probe(
        ctx,
        "billing",
        false,
        fetch::within(LIMIT, billing(ctx, sells)),
    )
    .await;
    // without a key there is nothing to say, unless something was sold before it was taken away
    if sells || billing.state != "up" {
        list.push(billing);
    }
    let ready = list.iter().all(|d| !d.needed || d.state == "up");
    let status = if ready { "ready" } else { "unavailable" };
    let answer = Response::json(
        if ready { 200 } else { 503 },
        &json!({ "status": status, "dependencies": list }),
    );
    if ready {
        answer
    } else {
        answer.header("retry-after", "5")
    }
}

/// Whether streams leave out evidence, or refuse events, because the database was away for long (`detect::pressure`).
async fn outbox(ctx: &Ctx) -> Dependency {
    let start = ctx.now_ms();
    let pressure = fetch::within(LIMIT, objects::pressure(ctx)).await;
    let (state, detail) = match pressure {
        Ok(p) if p.full > 0 => (
            "full",
            Some(format!(
                "{} streams refuse events, {} anomalies wait",
                p.full, p.waiting
            )),
        ),
        Ok(p) if p.slim > 0 => (
            "slim",
            Some(format!(
                "{} streams leave out evidence, {} anomalies wait",
                p.slim, p.waiting
            )),
        ),
        Ok(_) => ("up", None),
        Err(error) => ("down", Some(error.detail)),
    };
    Dependency {
        name: "outbox",
        state,
        needed: false,
        latency_ms: ctx.now_ms() - start,
        detail,
    }
}

/// Nothing that billing gave up waits for a person.
async fn billing(ctx: &Ctx, sells: bool) -> Result<()> {
    let health = match cycle::health(ctx).await {
        // that the database is away is said of the database
        Err(_) if !sells => return Ok(()),
        health => health?,
    };
    let stuck: Vec<String> = STUCK
        .iter()
        .filter_map(|name| Some((name, health[*name].as_u64().filter(|n| *n > 0)?)))
        .map(|(name, n)| format!("{name}: {n}"))
        .collect();
    if stuck.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        Code::DependencyUnavailable,
        format!("needs a look: {}", stuck.join(", ")),
    ))
}

async fn probe(
    ctx: &Ctx,
    name: &'static str,
    needed: bool,
    work: impl Future<Output = Result<()>>,
) -> Dependency {
    let start = ctx.now_ms();
    let outcome = work.await;
    Dependency {
        name,
        needed,
        latency_ms: ctx.now_ms() - start,
        state: if outcome.is_ok() { "up" } else { "down" },
        detail: outcome.err().map(|e| e.detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_questions_gets_the_last_answer() {
        let mut readiness = Readiness::new(0);
        let fresh = |r: &mut Readiness, now| r.recent(now).is_none();
        assert!((0..6).all(|_| fresh(&mut readiness, 0)));
        assert!(fresh(&mut readiness, 0), "there is no last answer yet");
        readiness.last = Some(health());
        let probes = (0..10_000).filter(|ms| fresh(&mut readiness, *ms)).count();
        assert_eq!(probes, 9, "one a second");
        assert!(fresh(&mut readiness, 60_000), "a monitor's own");
    }
}
