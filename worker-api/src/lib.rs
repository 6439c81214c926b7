//! The Driftlock Worker: ingestion, detection, anomalies and the live feed at the edge.
//!
//! This file holds the entry points and nothing else. `router` shows the HTTP surface, `platform` is the only way to the
//! runtime, and everything between is plain Rust that compiles and is tested natively.

pub mod anomalies;
pub mod audit;
pub mod auth;
pub mod billing;
pub mod config;
pub mod demo;
pub mod detect;
pub mod diagnostics;
pub mod error;
pub mod feedback;
pub mod hourly;
pub mod http;
pub mod ingest;
mod json;
pub mod keys;
pub mod live;
pub mod members;
pub mod onboarding;
pub mod orgs;
pub mod platform;
pub mod router;
pub mod streams;
pub mod usage;

use crate::http::{Request, Response, cors, problem, security_headers};
use crate::platform::queue::Part;
use crate::platform::{Ctx, random, request};
use crate::router::Answer;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::worker_sys::web_sys;
use worker::{Context, Env, ScheduleContext, ScheduledEvent, event};

/// The trigger of wrangler.toml that is for billing.
const BILLING_CRON: &str = "*/5 * * * *";

/// Requests as the entry script hands them over: a class, since those are what the generated script exports.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Requests;

#[wasm_bindgen]
impl Requests {
    /// Answers one HTTP request: calls `done` with the answer, without making a promise of its own.
    pub fn begin(
        incoming: web_sys::Request,
        env: Env,
        context: worker::worker_sys::Context,
        done: js_sys::Function,
    ) {
        platform::task::start(async move {
            let answer = respond(incoming, env, Context::new(context)).await;
            let answer = answer.unwrap_or_else(|error| {
                platform::log::error("request.answer", &error.to_string());
                request::failed()
            });
            // it settles a promise, which throws nothing
            let _ = done.call1(&JsValue::UNDEFINED, &answer);
        });
    }
}

async fn respond(
    incoming: web_sys::Request,
    env: Env,
    context: Context,
) -> worker::Result<web_sys::Response> {
    let mut head = request::take_over(&incoming);
    let request_id = match head.header("cf-ray") {
        Some(ray) => ray.to_owned(),
        None => random::request_id(),
    };
    head.request_id.clone_from(&request_id);
    let ctx = Ctx::new(env, &request_id).with_context(context);
    let origin = head.header("origin").map(str::to_owned);
    let answer = if head.method == "OPTIONS" {
        Ok(Answer::Whole(preflight()))
    } else {
        answer(&ctx, &incoming, &mut head).await
    };
    let response = match answer {
        Ok(Answer::Whole(response)) => {
            finish(&ctx, response, origin.as_deref(), head.method == "HEAD")
        }
        Ok(Answer::Page(page)) => return Ok(page.into_response().into()),
        Ok(Answer::Feed(feed)) => return stream(&ctx, feed.into_response(), origin.as_deref()),
        Ok(Answer::Download(file)) => {
            return stream(&ctx, file.into_response(), origin.as_deref());
        }
        Err(error) => finish(
            &ctx,
            ingest::otlp::refusal(&head, &error)
                .unwrap_or_else(|| problem::response(&error, &request_id)),
            origin.as_deref(),
            head.method == "HEAD",
        ),
    };
    request::respond(&response)
}

async fn answer(
    ctx: &Ctx,
    incoming: &web_sys::Request,
    head: &mut Request,
) -> error::Result<Answer> {
    let path = head.path.clone();
    let matched = router::find(&head.method, &path)?;
    if matches!(head.method.as_str(), "POST" | "PATCH" | "PUT") {
        head.body = request::read_body(incoming, head, ctx.settings.max_body_bytes)
            .await?
            .into();
    }
    router::dispatch(ctx, head, &matched).await
}

fn preflight() -> Response {
    Response {
        status: 204,
        headers: Vec::new(),
        body: Vec::new(),
    }
}

fn finish(ctx: &Ctx, mut response: Response, origin: Option<&str>, head_only: bool) -> Response {
    response
        .headers
        .extend(cors::headers(&ctx.settings.cors_origins, origin));
    response
        .headers
        .push(("request-id".into(), ctx.request_id.to_string()));
    if head_only {
        response.body.clear();
    }
    response
}

fn stream(
    ctx: &Ctx,
    response: worker::Response,
    origin: Option<&str>,
) -> worker::Result<web_sys::Response> {
    let headers = response.headers();
    headers.set("cache-control", "no-store")?;
    headers.set("request-id", &ctx.request_id)?;
    for (name, value) in security_headers::HEADERS {
        headers.set(name, value)?;
    }
    for (name, value) in cors::headers(&ctx.settings.cors_origins, origin) {
        headers.set(&name, &value)?;
    }
    Ok(response.into())
}

/// The cron triggers: billing every few minutes; streams without an alarm, retention and abandoned accounts every hour.
#[event(scheduled)]
async fn scheduled(event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    let ctx = Ctx::new(env, "scheduled");
    if event.cron() == BILLING_CRON {
        billing::cycle::run(&ctx).await;
        return;
    }
    hourly::run(&ctx, ctx.now_ms()).await;
}

/// Scores what was answered 202.
#[event(queue)]
async fn queue(
    batch: worker::MessageBatch<Part>,
    env: Env,
    _context: Context,
) -> worker::Result<()> {
    platform::queue::consume(&Ctx::new(env, "queue"), &batch).await
}

/// Keeps the message of a panic for the log of the entry script.
#[event(start)]
fn start() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        // the place only: a message may quote data
        platform::log::error("panic", &place);
    }));
}
