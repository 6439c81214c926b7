//! What an organisation's people see of its money: `GET /v1/me/billing`, `/v1/subscription`, invoices, and the hard cap.

use crate::auth::actor::Actor;
use crate::auth::principal::Principal;
use crate::error::{Code, Error, Result};
use crate::http::query::typed;
use crate::http::{Request, Response};
use crate::ingest::time;
use crate::onboarding::input::refuse;
use crate::platform::stripe::{self, Form};
use crate::platform::{Ctx, postgrest};
use crate::usage::report::{self, Report};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

const DAY_MS: i64 = 86_400_000;

/// What of our row the routes need. Stripe's ids stay inside.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Account {
    /// See `subscription::Row`; `none` before the first.
    pub status: String,
    /// What is paid for.
    pub plan: String,
    /// `cus_…`
    pub stripe_customer: Option<String>,
    /// `sub_…`
    pub stripe_subscription: Option<String>,
    /// RFC 3339.
    pub trial_end: Option<String>,
    /// Whether there was a trial.
    pub trial_used: bool,
    /// RFC 3339.
    pub current_period_start: Option<String>,
    /// RFC 3339.
    pub current_period_end: Option<String>,
    /// Ends with the period.
    pub cancel_at_period_end: bool,
    /// RFC 3339.
    pub grace_ends_at: Option<String>,
    /// RFC 3339.
    pub disputed_at: Option<String>,
    /// Stop recording at the allowance.
    pub hard_cap: bool,
}

impl Account {
    /// Whether Stripe goes on with it.
    pub fn is_live(&self) -> bool {
        matches!(
            self.status.as_str(),
            "trialing" | "active" | "grace" | "paused"
        )
    }
}

/// The account of an organisation.
pub async fn load(ctx: &Ctx, org: Uuid) -> Result<Account> {
    let rows: Vec<Account> = postgrest::as_service(ctx, "subscriptions")
        .select("status,plan,stripe_customer,stripe_subscription,trial_end,trial_used,current_period_start,current_period_end,cancel_at_period_end,grace_ends_at,disputed_at,hard_cap")
        .eq("org_id", &org.to_string())
        .rows()
        .await?;
    rows.into_iter()
        .next()
        .ok_or_else(|| Error::not_found("organisation"))
}

/// `GET /v1/me/billing`.
pub async fn me(ctx: &Ctx, principal: &Principal) -> Result<Response> {
    let now = ctx.billing_now_ms();
    let report = report::load(ctx, principal.org, now).await?;
    Ok(Response::json(200, &overview(&report, now)))
}

/// See the route.
fn overview(report: &Report, now: i64) -> Value {
    let account = &report.subscription;
    let trialing = account.status == "trialing";
    let in_grace = account.status == "grace";
    let days_until = |end: Option<&str>| {
        end.and_then(time::from_rfc3339)
            .map(|end| (end - now + DAY_MS - 1).max(0) / DAY_MS)
    };
    let trial_days = days_until(account.trial_end.as_deref()).filter(|_| trialing);
    let grace_days = days_until(account.grace_ends_at.as_deref()).filter(|_| in_grace);
    json!({
        "status": account.status, "plan": report.plan, "trial_ends_at": account.trial_end.as_deref().filter(|_| trialing), "trial_days_remaining": trial_days,
        "grace_period_ends_at": account.grace_ends_at, "grace_days_remaining": grace_days, "current_period_start": account.current_period_start, "current_period_end": account.current_period_end,
        "cancel_at_period_end": account.cancel_at_period_end, "disputed_at": account.disputed_at, "trial_available": !account.trial_used && !account.is_live(),
        "hard_cap": account.hard_cap, "cap_reached": report.cap_reached(), "usage": report.to_json(now),
    })
}

/// `GET /v1/subscription`.
pub async fn subscription(ctx: &Ctx, principal: &Principal) -> Result<Response> {
    let account = load(ctx, principal.org).await?;
    Ok(Response::json(
        200,
        &json!({ "subscription": to_json(&account) }),
    ))
}

/// A subscription as callers see it; null where there never was one.
pub fn to_json(account: &Account) -> Value {
    if account.status == "none" {
        return Value::Null;
    }
    json!({
        "status": account.status, "plan": account.plan, "trial_ends_at": account.trial_end, "current_period_start": account.current_period_start,
        "current_period_end": account.current_period_end, "cancel_at_period_end": account.cancel_at_period_end, "grace_period_ends_at": account.grace_ends_at,
        "hard_cap": account.hard_cap,
    })
}

/// `GET /v1/billing/invoices`.
pub async fn invoices(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let limit = typed::<u32>(request, "limit", "a number from 1 to 100")?.unwrap_or(20);
    if !(1..=100).contains(&limit) {
        return Err(Error::parameter("limit", "a number from 1 to 100"));
    }
    let cursor = request.param("cursor");
    if cursor.is_some_and(|c| {
        !c.starts_with("in_") || !c.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    }) {
        return Err(Error::new(
            Code::InvalidCursor,
            "the cursor was not issued for this list",
        ));
    }
    let Some(customer) = load(ctx, principal.org).await?.stripe_customer else {
        return Ok(Response::json(
            200,
            &json!({ "invoices": [], "next_cursor": null }),
        ));
    };
    let form = Form::new()
        .set("customer", customer)
        .set("limit", limit)
        .maybe("starting_after", cursor);
    let list = stripe::get(ctx, "/v1/invoices", &form).await?;
    let data = list["data"].as_array().map_or(&[][..], Vec::as_slice);
    let invoices: Vec<Value> = data
        .iter()
        .map(|i| {
            json!({
                "id": i["id"], "number": i["number"], "status": i["status"], "amount_due": i["amount_due"], "currency": i["currency"],
                "created_at": i["created"].as_i64().map(|s| time::to_rfc3339(s * 1000)), "pdf_url": i["invoice_pdf"], "hosted_url": i["hosted_invoice_url"],
            })
        })
        .collect();
    let next = data
        .last()
        .filter(|_| list["has_more"] == true)
        .map(|i| i["id"].clone());
    Ok(Response::json(
        200,
        &json!({ "invoices": invoices, "next_cursor": next }),
    ))
}

/// `PATCH /v1/billing/settings`.
pub async fn settings(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let body = crate::json::body(&request.body)?;
    let hard_cap = body["hard_cap"]
        .as_bool()
        .filter(|_| body.as_object().is_some_and(|o| o.len() == 1))
        .ok_or_else(|| refuse("hard_cap", "true or false"))?;
    let arguments = json!({ "p_org": principal.org, "p_hard_cap": hard_cap, "p_actor": Actor::of(principal, request) });
    let _nothing: Value = postgrest::call(ctx, "set_hard_cap", &arguments).await?;
    Ok(Response::json(200, &json!({ "hard_cap": hard_cap })))
}
