//! What only time brings, every few minutes: events that failed, mails of trial and grace, the end of grace, sums, thresholds and
//! the meter. Each step starts from the database, so that a pause of any length is caught up with.

use super::plans::THRESHOLDS;
use super::subscription::{self, UNPAID};
use super::{duplicates, events, mailer, meter, prices, webhook};
use crate::error::Result;
use crate::ingest::time;
use crate::platform::stripe::{self, Form, StripeError};
use crate::platform::{Ctx, log, postgrest};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// A trial's end is announced this many days before it (day 11 of 14).
const TRIAL_NOTICE_DAYS: i32 = 3;
/// Days of grace on which a mail goes out; the first is the failed payment's own.
const GRACE_MAIL_DAYS: [i32; 3] = [0, 3, 6];

/// What our cancellation of a deleted organisation's subscription says of itself.
const DELETED: &str = "organisation deleted";

/// A subscription to look at.
#[derive(Debug, Deserialize)]
struct Due {
    org: Uuid,
    subscription: String,
    why: String,
}

/// All steps. One that fails does not hold up the others; the next run tries again.
pub async fn run(ctx: &Ctx) -> Value {
    let mut done = json!({});
    if stripe::is_configured(ctx) {
        done["events"] = outcome("billing.events", webhook::drain(ctx, None).await);
        done["subscriptions"] = outcome("billing.clock", look_at_due(ctx).await);
        done["closed"] = outcome("billing.close", close_accounts(ctx).await);
    }
    done["usage"] = outcome("billing.usage", evaluate(ctx).await);
    done["flushes"] = outcome("billing.meter", meter::flush(ctx).await);
    mailer::send_due(ctx).await;
    done
}

fn outcome<T: serde::Serialize>(step: &str, result: Result<T>) -> Value {
    match result {
        Ok(value) => json!(value),
        Err(error) => {
            log::error(step, &error.to_string());
            json!({ "error": error.code.as_str() })
        }
    }
}

async fn look_at_due(ctx: &Ctx) -> Result<usize> {
    let now = time::to_rfc3339(ctx.billing_now_ms());
    let arguments = json!({ "p_now": now, "p_trial_notice_days": TRIAL_NOTICE_DAYS, "p_grace_days": GRACE_MAIL_DAYS });
    let due: Vec<Due> = postgrest::call(ctx, "billing_clock", &arguments).await?;
    for item in &due {
        if let Err(error) = look_at(ctx, item).await {
            log::error("billing.look_at", &error.to_string());
        }
    }
    Ok(due.len())
}

async fn look_at(ctx: &Ctx, due: &Due) -> Result<()> {
    let Some(mut found) = subscription::fetch(ctx, &due.subscription).await? else {
        log::error(
            "billing.look_at",
            "stripe does not know a subscription of ours",
        );
        return Ok(());
    };
    let ended = found["status"] == "canceled";
    let deleted = due.why == "deleted";
    // paid meanwhile, or ended meanwhile: then only our row is behind
    if !ended && (deleted || (due.why == "grace_over" && is_grace_over(ctx, due, &found).await?)) {
        let comment = if deleted { DELETED } else { UNPAID };
        // a deleted organisation's usage (by now at the meter) is charged at once; nobody is charged once more for what they did not pay
        let form = Form::new()
            .set("cancellation_details[comment]", comment)
            .set("invoice_now", deleted)
            .set("expand[]", "latest_invoice");
        found = stripe::delete(
            ctx,
            &format!("/v1/subscriptions/{}", due.subscription),
            &form,
        )
        .await?;
    }
    let prices = prices::load(ctx).await?;
    let row = subscription::row(&found, &prices)?;
    if row.unpaid {
        subscription::void_open(ctx, &due.subscription).await?;
    }
    let mails = if row.status == "canceled" {
        json!([events::ended_mail(&row)])
    } else {
        json!([])
    };
    let actor = json!({ "type": "system", "id": "billing" });
    subscription::sync(ctx, due.org, &found, &mails, &actor).await?;
    Ok(())
}

/// Whether grace is over as Stripe has the subscription now: paid and owed anew, its grace is another one than that of our row.
async fn is_grace_over(ctx: &Ctx, due: &Due, found: &Value) -> Result<bool> {
    let actor = json!({ "type": "system", "id": "billing" });
    subscription::sync(ctx, due.org, found, &json!([]), &actor).await?;
    let over: Vec<Value> = postgrest::as_service(ctx, "subscriptions")
        .select("org_id")
        .eq("org_id", &due.org.to_string())
        .eq("stripe_subscription", &due.subscription)
        .eq("status", "grace")
        .lte("grace_ends_at", &time::to_rfc3339(ctx.billing_now_ms()))
        .rows()
        .await?;
    Ok(!over.is_empty())
}

/// A customer of a deleted organisation.
#[derive(Debug, Deserialize)]
struct Closing {
    org: Uuid,
    customer: String,
}

/// Confirms that Stripe has nothing running for deleted organisations: until then they are not removed. What runs without our
/// having heard of it is cancelled, and looked for again by the next run.
async fn close_accounts(ctx: &Ctx) -> Result<usize> {
    let now = time::to_rfc3339(ctx.billing_now_ms());
    let list: Vec<Closing> =
        postgrest::call(ctx, "accounts_to_close", &json!({ "p_now": now })).await?;
    if list.is_empty() {
        return Ok(0);
    }
    let prices = prices::load(ctx).await?;
    let mut closed = 0;
    for account in &list {
        let ended = match duplicates::running(ctx, &account.customer, &prices).await {
            Ok(None) | Err(StripeError::Missing) => true,
            Ok(Some(running)) => {
                let id = running["id"].as_str().unwrap_or("");
                let form = Form::new().set("cancellation_details[comment]", DELETED);
                if let Err(error) =
                    stripe::delete(ctx, &format!("/v1/subscriptions/{id}"), &form).await
                {
                    log::error("billing.close", &error.to_string());
                }
                false
            }
            Err(error) => {
                log::error("billing.close", &error.to_string());
                false
            }
        };
        if ended {
            let arguments =
                json!({ "p_org": account.org, "p_customer": account.customer, "p_now": now });
            let noted: bool = postgrest::call(ctx, "close_account", &arguments).await?;
            closed += usize::from(noted);
        }
    }
    Ok(closed)
}

async fn evaluate(ctx: &Ctx) -> Result<Value> {
    let now = time::to_rfc3339(ctx.billing_now_ms());
    postgrest::call(
        ctx,
        "evaluate_usage",
        &json!({ "p_now": now, "p_thresholds": THRESHOLDS }),
    )
    .await
}

/// What of billing needs a person's look, for `/readyz`.
pub async fn health(ctx: &Ctx) -> Result<Value> {
    let now = time::to_rfc3339(ctx.now_ms());
    postgrest::call(ctx, "billing_health", &json!({ "p_now": now })).await
}
