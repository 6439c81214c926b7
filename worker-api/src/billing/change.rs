//! `POST /v1/billing/change` and its preview: another plan, or Developer, which means the end of the subscription with its period.

use super::account::{self, Account};
use super::checkout::{self, note};
use super::plans::{self, Plan, USD};
use super::prices::{self, Prices};
use super::subscription;
use crate::auth::actor::Actor;
use crate::auth::principal::Principal;
use crate::error::{Code, Error, Result};
use crate::http::{Request, Response};
use crate::onboarding::input::refuse;
use crate::platform::Ctx;
use crate::platform::stripe::{self, Form};
use crate::usage::report;
use serde_json::{Value, json};

/// Seconds that lie between our asking and Stripe's clock at most: the end of a trial has to lie ahead.
const MARGIN: i64 = 300;

/// A wish, checked, and what it is about.
struct Wish {
    plan: String,
    /// Seconds.
    now: i64,
    proration_date: i64,
    subscription: String,
    customer: String,
    account: Account,
    /// What Stripe has now: the items to exchange.
    current: Value,
    prices: Vec<Prices>,
}

async fn read(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Wish> {
    let body = crate::json::body(&request.body)?;
    let plan = body["plan"]
        .as_str()
        .ok_or_else(|| refuse("plan", "the plan's id"))?
        .to_owned();
    let prices = prices::load(ctx).await?;
    if plan != "developer" {
        prices::find(&prices, &plan)?;
    }
    let now = ctx.billing_now_ms() / 1000;
    let proration_date = match &body["proration_date"] {
        Value::Null => now,
        given => given
            .as_i64()
            .filter(|t| (now - 86_400..=now + 300).contains(t))
            .ok_or_else(|| refuse("proration_date", "the preview's, not older than a day"))?,
    };
    let account = account::load(ctx, principal.org).await?;
    let none = || {
        Error::new(
            Code::NoSubscription,
            "there is no running subscription; use the checkout",
        )
    };
    let (Some(customer), Some(id), true) = (
        account.stripe_customer.clone(),
        account.stripe_subscription.clone(),
        account.is_live(),
    ) else {
        return Err(none());
    };
    let current = subscription::fetch(ctx, &id).await?.ok_or_else(none)?;
    if plan != "developer" && plan != account.plan && is_owed(&current) {
        return Err(Error::new(
            Code::InvalidTransition,
            "a payment is overdue: pay the open invoice first, or change to developer",
        ));
    }
    Ok(Wish {
        plan,
        now,
        proration_date,
        subscription: id,
        customer,
        account,
        current,
        prices,
    })
}

/// Whether an invoice is overdue. A change of plan would make a newer invoice: one over nothing counts as paid and ends grace,
/// any other one begins grace anew.
fn is_owed(subscription: &Value) -> bool {
    matches!(
        subscription["status"].as_str(),
        Some("past_due" | "unpaid" | "incomplete")
    )
}

impl Wish {
    /// Whether the plan itself changes; otherwise only whether it ends.
    fn changes_prices(&self) -> bool {
        self.plan != "developer" && self.plan != self.account.plan
    }

    /// Another plan ends a trial with the day (UTC): only the trial's plan is free, and periods begin at midnight.
    fn trial_end(&self) -> Option<i64> {
        let trialing = self.current["status"] == "trialing" && self.changes_prices();
        let end = self.current["trial_end"].as_i64().filter(|_| trialing)?;
        Some(end.min(checkout::midnight_after(self.now + MARGIN)))
    }

    /// The exchange of both items, with each name under `prefix`.
    fn items(&self, form: Form, prefix: &str) -> Result<Form> {
        let (_, to) = prices::find(&self.prices, &self.plan)?;
        let name = |rest: &str| {
            if prefix.is_empty() {
                rest.to_owned()
            } else {
                let (head, tail) = rest.split_once('[').unwrap_or((rest, ""));
                format!("{prefix}[{head}][{tail}")
            }
        };
        let items = self.current["items"]["data"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let mut form = form;
        for (i, item) in items.iter().enumerate() {
            let old = item["price"]["id"].as_str().unwrap_or("");
            // former prices among them
            let price = if self.prices.iter().any(|p| p.base_price == old) {
                &to.base_price
            } else {
                &to.metered_price
            };
            form = form
                .set(
                    &name(&format!("items[{i}][id]")),
                    item["id"].as_str().unwrap_or(""),
                )
                .set(&name(&format!("items[{i}][price]")), price);
        }
        Ok(form)
    }
}

/// What is counted in the period is priced by the plan that holds at its end: the difference to the present plan, in cents, as a line
/// that says when it is due. Stripe's own preview leaves it out.
fn repriced(from: &str, to: &str, detections: u64) -> Option<Value> {
    let cents = |plan: &Plan| {
        let further = detections.saturating_sub(plan.detections.unwrap_or(u64::MAX));
        (further * plan.overage.unwrap_or(0) / (USD / 100)).cast_signed()
    };
    let to = plans::of(to);
    let difference = cents(to) - cents(plans::of(from));
    let description = format!(
        "Not due now, with the period's end: the {detections} detections counted so far, at the prices of {}",
        to.name
    );
    (difference != 0).then(|| json!({ "description": description, "amount": difference }))
}

/// What the change would cost now. Nothing changes.
pub async fn preview(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let wish = read(ctx, principal, request).await?;
    if !wish.changes_prices() {
        return Ok(Response::json(
            200,
            &json!({ "amount_due": 0, "currency": "usd", "lines": [], "proration_date": wish.proration_date }),
        ));
    }
    let form = Form::new()
        .set("customer", &wish.customer)
        .set("subscription", &wish.subscription);
    let form = match wish.trial_end() {
        // what the first month costs when the trial ends
        Some(end) => form
            .set("subscription_details[trial_end]", end)
            .set("subscription_details[proration_behavior]", "none"),
        None => form
            .set("subscription_details[proration_date]", wish.proration_date)
            .set("subscription_details[proration_behavior]", "always_invoice"),
    };
    let form = wish.items(form, "subscription_details")?;
    let key = format!("preview-{}", request.request_id);
    let invoice = stripe::post(ctx, "/v1/invoices/create_preview", &form, &key).await?;
    let lines = invoice["lines"]["data"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let mut lines: Vec<Value> = lines
        .iter()
        .map(|l| json!({ "description": l["description"], "amount": l["amount"] }))
        .collect();
    if wish.trial_end().is_none() {
        let used = report::load(ctx, principal.org, ctx.billing_now_ms()).await?;
        lines.extend(repriced(&wish.account.plan, &wish.plan, used.detections()));
    }
    Ok(Response::json(
        200,
        &json!({ "amount_due": invoice["amount_due"], "currency": invoice["currency"], "lines": lines, "proration_date": wish.proration_date }),
    ))
}

/// Makes the change: another plan at once, with the difference charged or credited; Developer with the end of the period; the
/// present plan again takes an end back.
pub async fn change(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let wish = read(ctx, principal, request).await?;
    let ends = wish.plan == "developer";
    let mut form = Form::new()
        .set("cancel_at_period_end", ends)
        .set("expand[]", "latest_invoice");
    if wish.changes_prices() {
        form = wish
            .items(form, "")?
            .set("payment_behavior", "allow_incomplete");
        form = match wish.trial_end() {
            Some(end) => form.set("trial_end", end).set("proration_behavior", "none"),
            None => form
                .set("proration_behavior", "always_invoice")
                .set("proration_date", wish.proration_date),
        };
    }
    let path = format!("/v1/subscriptions/{}", wish.subscription);
    let key = format!("change-{}", request.request_id);
    let changed = stripe::post(ctx, &path, &form, &key).await?;
    let actor = serde_json::to_value(Actor::of(principal, request)).map_err(Error::internal)?;
    subscription::sync(ctx, principal.org, &changed, &json!([]), &actor).await?;
    let action = if ends {
        "subscription.cancel_requested"
    } else {
        "subscription.change_requested"
    };
    let after = json!({ "from": wish.account.plan, "to": wish.plan });
    note(ctx, principal, request, action, &changed["id"], after).await?;
    crate::auth::principal::forget_memberships();
    let account = account::load(ctx, principal.org).await?;
    Ok(Response::json(
        200,
        &json!({ "subscription": account::to_json(&account) }),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_says_what_counted_detections_will_cost_at_other_prices() {
        let amount =
            |from, to, detections| repriced(from, to, detections).map(|l| l["amount"].clone());
        assert_eq!(
            amount("growth", "standard", 400_000),
            Some(json!(35_000)),
            "350,000 beyond Standard's allowance at 0.1 cent"
        );
        assert_eq!(
            amount("standard", "growth", 60_000),
            Some(json!(-1_000)),
            "which Growth includes"
        );
        assert_eq!(amount("growth", "standard", 50_000), None);
    }
}
