//! One organisation, one subscription. Two checkout pages that were open at once may both have been paid: then the newer
//! subscription stays, and each older one is cancelled and its payment refunded. Every step can be repeated; the record (audit log
//! and mail) is made by the cancellation's own event.

use super::prices::{self, Prices};
use crate::platform::Ctx;
use crate::platform::stripe::{self, Form, StripeError};
use serde_json::Value;

/// What our cancellation of a second subscription says of itself.
pub const DUPLICATE: &str = "duplicate";
/// Seconds after which a cancelled duplicate's refund is no longer looked after: events are retried for hours, not for days.
const LOOK_BACK: i64 = 3 * 86_400;

/// The customer's subscriptions to plans of ours, newest first.
async fn subscriptions(
    ctx: &Ctx,
    customer: &str,
    status: &str,
    prices: &[Prices],
) -> Result<Vec<Value>, StripeError> {
    let form = Form::new()
        .set("customer", customer)
        .set("status", status)
        .set("limit", 100)
        .set("expand[]", "data.latest_invoice");
    let mut list = stripe::get(ctx, "/v1/subscriptions", &form).await?;
    let Value::Array(mut found) = list["data"].take() else {
        return Ok(Vec::new());
    };
    found.retain(|s| prices::plan_of(s, prices).is_some());
    found.sort_by_key(|s| std::cmp::Reverse((s["created"].as_i64(), s["id"].to_string())));
    Ok(found)
}

fn is_live(subscription: &Value) -> bool {
    matches!(
        subscription["status"].as_str(),
        Some("trialing" | "active" | "past_due" | "unpaid" | "paused")
    )
}

/// The subscription that Stripe has running for a customer, heard of or not.
pub async fn running(
    ctx: &Ctx,
    customer: &str,
    prices: &[Prices],
) -> Result<Option<Value>, StripeError> {
    let found = subscriptions(ctx, customer, "all", prices).await?;
    Ok(found.into_iter().find(is_live))
}

/// Cancels and refunds all of a customer's subscriptions but the newest that runs.
pub async fn settle(ctx: &Ctx, customer: &str, prices: &[Prices]) -> Result<(), StripeError> {
    let found = subscriptions(ctx, customer, "all", prices).await?;
    let mut older = found.iter().skip_while(|s| !is_live(s));
    let _kept = older.next();
    let recent = ctx.billing_now_ms() / 1000 - LOOK_BACK;
    for subscription in older {
        let id = subscription["id"].as_str().unwrap_or("");
        let was_ours = subscription["cancellation_details"]["comment"] == DUPLICATE
            && subscription["ended_at"].as_i64() > Some(recent);
        if is_live(subscription) {
            let form = Form::new().set("cancellation_details[comment]", DUPLICATE);
            stripe::delete(ctx, &format!("/v1/subscriptions/{id}"), &form).await?;
        } else if !was_ours {
            continue;
        }
        if let Some((invoice, _)) = first_payment(subscription) {
            refund(ctx, &invoice).await?;
        }
    }
    Ok(())
}

/// The invoice with which a subscription began, where it was paid: id and amount. Later ones paid for time that was used.
pub fn first_payment(subscription: &Value) -> Option<(String, i64)> {
    let invoice = &subscription["latest_invoice"];
    let amount = invoice["amount_paid"].as_i64().filter(|a| *a > 0)?;
    if invoice["billing_reason"] != "subscription_create" {
        return None;
    }
    Some((invoice["id"].as_str()?.to_owned(), amount))
}

async fn refund(ctx: &Ctx, invoice: &str) -> Result<(), StripeError> {
    let form = Form::new().set("invoice", invoice).set("status", "paid");
    let payments = stripe::get(ctx, "/v1/invoice_payments", &form).await?;
    for payment in payments["data"].as_array().map_or(&[][..], Vec::as_slice) {
        let Some(intent) = payment["payment"]["payment_intent"].as_str() else {
            continue;
        };
        let form = Form::new()
            .set("payment_intent", intent)
            .set("reason", "duplicate");
        match stripe::post(ctx, "/v1/refunds", &form, &format!("duplicate-{intent}")).await {
            Ok(_) => {}
            Err(StripeError::Refused { kind, .. }) if kind == "charge_already_refunded" => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
