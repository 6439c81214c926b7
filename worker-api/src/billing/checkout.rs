//! `POST /v1/billing/checkout` and `/portal`: ways to Stripe's own pages, where cards are typed.

use super::account::{self, Account};
use super::plans::{TRIAL_DAYS, TRIAL_PLAN};
use super::{duplicates, prices, subscription};
use crate::auth::actor::Actor;
use crate::auth::principal::{Caller, Principal};
use crate::error::{Code, Error, Result};
use crate::http::{Request, Response};
use crate::onboarding::input::refuse;
use crate::platform::stripe::{self, Form, StripeError};
use crate::platform::{Ctx, postgrest, random};
use serde_json::{Value, json};

const DAY: i64 = 86_400;
/// A page of Stripe's is good for an hour: the billing day it names must still lie ahead when it is used.
const PAGE_SECONDS: i64 = 3_600;
/// When a page was asked for, in milliseconds, among its metadata: Stripe's own time of creation has seconds only.
const ASKED: &str = "asked_ms";

/// A page on which the organisation subscribes.
pub async fn checkout(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let body = crate::json::body(&request.body)?;
    let wanted = body["plan"]
        .as_str()
        .ok_or_else(|| refuse("plan", "the plan's id"))?;
    let price_map = prices::load(ctx).await?;
    let (plan, prices) = prices::find(&price_map, wanted)?;
    let (success, cancel) = pages(
        ctx,
        request,
        &body,
        "checkout=success",
        "checkout=cancelled",
    )?;
    let account = account::load(ctx, principal.org).await?;
    if account.is_live() {
        return Err(already_subscribed());
    }
    let customer = customer(ctx, principal, request, &account).await?;
    if let Some(found) = duplicates::running(ctx, &customer, &price_map).await? {
        // its event is still on the way
        let actor = serde_json::to_value(Actor::of(principal, request)).map_err(Error::internal)?;
        subscription::sync(ctx, principal.org, &found, &json!([]), &actor).await?;
        return Err(already_subscribed());
    }
    let org = principal.org;
    let mut form = Form::new()
        .set("mode", "subscription")
        .set("customer", &customer)
        .set("client_reference_id", org)
        .set("success_url", success)
        .set("cancel_url", cancel)
        .set("expires_at", ctx.billing_now_ms() / 1000 + PAGE_SECONDS)
        .set("line_items[0][price]", &prices.base_price)
        .set("line_items[0][quantity]", 1)
        .set("line_items[1][price]", &prices.metered_price)
        .set("payment_method_collection", "always")
        .set(&format!("metadata[{ASKED}]"), ctx.billing_now_ms())
        .set("subscription_data[metadata][org_id]", org);
    form = period(form, &account, plan.id, ctx.billing_now_ms() / 1000);
    form = match body["promotion_code"].as_str().filter(|c| !c.is_empty()) {
        Some(code) => form.set("discounts[0][promotion_code]", promotion(ctx, code).await?),
        None => form.set("allow_promotion_codes", true),
    };
    if ctx.settings.stripe_automatic_tax {
        form = form
            .set("automatic_tax[enabled]", true)
            .set("customer_update[address]", "auto")
            .set("tax_id_collection[enabled]", true)
            .set("customer_update[name]", "auto");
    }
    let key = format!("checkout-{}", request.request_id);
    let session = stripe::post(ctx, "/v1/checkout/sessions", &form, &key).await?;
    let session = keep_newest(ctx, &customer, session).await?;
    note(
        ctx,
        principal,
        request,
        "checkout.started",
        &session["id"],
        json!({ "plan": plan.id }),
    )
    .await?;
    Ok(Response::json(200, &json!({ "url": session["url"] })))
}

fn already_subscribed() -> Error {
    Error::new(
        Code::AlreadySubscribed,
        "change the plan, or the payment method, of the subscription there is",
    )
}

/// One page can be paid: of all that are open the one that was asked for last stays, and is given. Where one of the others has been
/// paid in the meantime, it is closed too. (Two that are paid all the same are settled by `duplicates`.)
async fn keep_newest(ctx: &Ctx, customer: &str, made: Value) -> Result<Value> {
    let form = Form::new()
        .set("customer", customer)
        .set("status", "open")
        .set("limit", 100);
    let mut list = stripe::get(ctx, "/v1/checkout/sessions", &form).await?;
    let mut open: Vec<Value> = match list["data"].take() {
        Value::Array(open) => open.into_iter().filter(|s| s["id"] != made["id"]).collect(),
        _ => Vec::new(),
    };
    open.push(made);
    let asked_ms = |s: &Value| {
        s["metadata"][ASKED]
            .as_str()
            .and_then(|t| t.parse::<i64>().ok())
    };
    open.sort_by_key(|s| (asked_ms(s), s["id"].to_string()));
    let Some(newest) = open.pop() else {
        return Err(Error::internal("no checkout page"));
    };
    for session in &open {
        match expire(ctx, session).await {
            // not open any more: expired by itself, or paid
            Err(StripeError::Refused { .. }) => {
                let id = session["id"].as_str().unwrap_or("");
                let path = format!("/v1/checkout/sessions/{id}");
                if stripe::get(ctx, &path, &Form::new()).await?["status"] == "complete" {
                    expire(ctx, &newest).await?;
                    return Err(already_subscribed());
                }
            }
            other => drop(other?),
        }
    }
    Ok(newest)
}

async fn expire(ctx: &Ctx, session: &Value) -> stripe::Answer {
    let id = session["id"].as_str().unwrap_or("");
    let path = format!("/v1/checkout/sessions/{id}/expire");
    stripe::post(ctx, &path, &Form::new(), &format!("expire-{id}")).await
}

/// The first midnight (UTC) from then on, in seconds.
pub fn midnight_after(t: i64) -> i64 {
    (t + DAY - 1) / DAY * DAY
}

/// Periods begin at midnight UTC, so that a day's detections belong to one of them: the trial ends at one, and without a trial
/// the billing day is the next (the hours until then are charged in proportion).
fn period(form: Form, account: &Account, plan: &str, now: i64) -> Form {
    if plan == TRIAL_PLAN && !account.trial_used {
        return form
            .set(
                "subscription_data[trial_end]",
                midnight_after(now + TRIAL_DAYS * DAY),
            )
            .set(
                "subscription_data[trial_settings][end_behavior][missing_payment_method]",
                "cancel",
            );
    }
    form.set(
        "subscription_data[billing_cycle_anchor]",
        midnight_after(now + 2 * PAGE_SECONDS),
    )
}

/// A page on which cards, addresses and invoices are looked after.
pub async fn portal(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let body = if request.body.is_empty() {
        json!({})
    } else {
        crate::json::body(&request.body)?
    };
    let (back, _) = pages(
        ctx,
        request,
        &json!({ "success_url": body["return_url"] }),
        "",
        "",
    )?;
    let customer = account::load(ctx, principal.org)
        .await?
        .stripe_customer
        .ok_or_else(|| {
            Error::new(
                Code::NoSubscription,
                "there is nothing to look after before the first checkout",
            )
        })?;
    let configuration = prices::load(ctx)
        .await?
        .into_iter()
        .find_map(|p| p.portal_configuration);
    let form = Form::new()
        .set("customer", customer)
        .set("return_url", back)
        .maybe("configuration", configuration);
    let key = format!("portal-{}", request.request_id);
    let session = stripe::post(ctx, "/v1/billing_portal/sessions", &form, &key).await?;
    note(
        ctx,
        principal,
        request,
        "portal.opened",
        &session["id"],
        Value::Null,
    )
    .await?;
    Ok(Response::json(200, &json!({ "url": session["url"] })))
}

/// The organisation's customer, made on first use. Of two that are made at once the database keeps the first. The key is random:
/// with a fixed one, Stripe would answer with a customer that has been deleted since.
async fn customer(
    ctx: &Ctx,
    principal: &Principal,
    request: &Request,
    account: &Account,
) -> Result<String> {
    if let Some(customer) = &account.stripe_customer {
        return Ok(customer.clone());
    }
    let email = match &principal.caller {
        Caller::Person { email, .. } => Some(email.as_str()),
        Caller::Key(_) => None,
    };
    let form = Form::new()
        .set("metadata[org_id]", principal.org)
        .maybe("email", email);
    let key = format!("customer-{}-{}", principal.org, random::request_id());
    let made = stripe::post(ctx, "/v1/customers", &form, &key).await?;
    let arguments = json!({ "p_org": principal.org, "p_customer": made["id"], "p_actor": Actor::of(principal, request) });
    postgrest::call(ctx, "set_stripe_customer", &arguments).await
}

async fn promotion(ctx: &Ctx, code: &str) -> Result<String> {
    let unknown = || refuse("promotion_code", "a code that is valid now");
    if code.len() > 100 {
        return Err(unknown());
    }
    let form = Form::new()
        .set("code", code)
        .set("active", true)
        .set("limit", 1);
    let found = stripe::get(ctx, "/v1/promotion_codes", &form).await?;
    found["data"][0]["id"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(unknown)
}

/// Where Stripe sends people back to: pages of this installation, nowhere else.
fn pages(
    ctx: &Ctx,
    request: &Request,
    body: &Value,
    success: &str,
    cancel: &str,
) -> Result<(String, String)> {
    let base = ctx.public_url(request)?;
    let ours = |url: &str| {
        let origins =
            std::iter::once(&base).chain(ctx.settings.cors_origins.iter().filter(|o| *o != "*"));
        origins.into_iter().any(|o| {
            url == o.as_str()
                || url
                    .strip_prefix(o.as_str())
                    .is_some_and(|rest| rest.starts_with(['/', '?']))
        })
    };
    let page = |field: &str, default: &str| match &body[field] {
        Value::Null if default.is_empty() => Ok(format!("{base}/app/billing")),
        Value::Null => Ok(format!("{base}/app/billing?{default}")),
        given => given
            .as_str()
            .filter(|url| ours(url))
            .map(str::to_owned)
            .ok_or_else(|| refuse(field, "a page of this installation")),
    };
    Ok((page("success_url", success)?, page("cancel_url", cancel)?))
}

/// An entry of the audit log.
pub async fn note(
    ctx: &Ctx,
    principal: &Principal,
    request: &Request,
    action: &str,
    target: &Value,
    after: Value,
) -> Result<()> {
    let target = target.as_str().unwrap_or("");
    let arguments = json!({ "p_org": principal.org, "p_action": action, "p_target": target, "p_after": after, "p_actor": Actor::of(principal, request) });
    Ok(postgrest::rpc(ctx, "note_billing_action", &arguments).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_begin_at_midnight() {
        let now = 1_795_267_800; // 2026-11-21 13:30
        let encoded = |used: bool, plan: &str| {
            let account = Account {
                trial_used: used,
                ..Account::default()
            };
            period(Form::new(), &account, plan, now).encode()
        };
        assert!(
            encoded(false, "standard").contains("trial%5Fend%5D=1796515200"),
            "2026-12-06, at least 14 days"
        );
        for (used, plan) in [(true, "standard"), (false, "growth")] {
            assert_eq!(
                encoded(used, plan),
                "subscription%5Fdata%5Bbilling%5Fcycle%5Fanchor%5D=1795305600",
                "2026-11-22"
            );
        }
    }
}
