//! A Stripe subscription as our table keeps it: a pure function of the object, so that the order in which news of it arrives
//! makes no difference.

use super::plans::GRACE_DAYS;
use super::prices::{self, Prices};
use crate::error::{Error, Result};
use crate::ingest::time;
use crate::platform::stripe::{self, Form, StripeError};
use crate::platform::{Ctx, postgrest};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

const DAY: i64 = 86_400;

/// Where the time of asking stands in a fetched object, in milliseconds: no name of Stripe's.
const FETCHED: &str = "driftlock_fetched_ms";
/// What our cancellation of an unpaid subscription says of itself.
pub const UNPAID: &str = "grace_over";

/// The columns that Stripe decides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Ours: `trialing`, `active`, `past_due`, `grace`, `paused` or `canceled`.
    pub status: &'static str,
    /// What is paid for.
    pub plan: String,
    /// `sub_…`
    pub stripe_subscription: String,
    /// Stripe's own word.
    pub stripe_status: String,
    /// RFC 3339, as are all times here.
    pub stripe_created: Option<String>,
    /// Real money.
    pub livemode: bool,
    /// End of the trial, also when it is over.
    pub trial_end: Option<String>,
    /// See `current_period_end`.
    pub current_period_start: Option<String>,
    /// Stripe keeps periods on items; ours share one.
    pub current_period_end: Option<String>,
    /// Ends with the period.
    pub cancel_at_period_end: bool,
    /// Ended.
    pub ended_at: Option<String>,
    /// The invoice that is unpaid, while it is. The database knows when its payment was first seen to fail, which is when grace begins.
    pub grace_invoice: Option<String>,
    /// Days of grace from then on.
    pub grace_days: Option<i64>,
    /// First UTC day whose detections are metered.
    pub metering_from: Option<String>,
    /// First UTC day whose detections are not.
    pub metering_until: Option<String>,
    /// When Stripe was asked: of two writers the one with the later news wins.
    pub fetched_at: Option<String>,
    /// It was ended by us, because it stayed unpaid.
    #[serde(skip)]
    pub unpaid: bool,
}

/// A subscription with its newest invoice, as it is now; `None` where there is no such.
pub async fn fetch(ctx: &Ctx, id: &str) -> std::result::Result<Option<Value>, StripeError> {
    let form = Form::new().set("expand[]", "latest_invoice");
    let asked = ctx.now_ms();
    match stripe::get(ctx, &format!("/v1/subscriptions/{id}"), &form).await {
        Ok(mut subscription) => {
            subscription[FETCHED] = asked.into();
            Ok(Some(subscription))
        }
        Err(StripeError::Missing) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Voids what a subscription that was ended unpaid still asks for: paying it later would buy nothing.
pub async fn void_open(ctx: &Ctx, id: &str) -> std::result::Result<(), StripeError> {
    let form = Form::new()
        .set("subscription", id)
        .set("status", "open")
        .set("limit", 100);
    let open = stripe::get(ctx, "/v1/invoices", &form).await?;
    for invoice in open["data"].as_array().map_or(&[][..], Vec::as_slice) {
        let path = format!("/v1/invoices/{}/void", invoice["id"].as_str().unwrap_or(""));
        match stripe::post_again(ctx, &path, &Form::new()).await {
            // paid or voided in the meantime
            Ok(_) | Err(StripeError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The row of a subscription; an error where its price stands for no plan of ours.
pub fn row(subscription: &Value, prices: &[Prices]) -> Result<Row> {
    let s = subscription;
    let stripe_status = s["status"].as_str().unwrap_or("");
    let items = s["items"]["data"].as_array().map_or(&[][..], Vec::as_slice);
    let plan = prices::plan_of(s, prices)
        .ok_or_else(|| Error::internal("a subscription without a price of plan_price_map"))?;
    let item = items.first().unwrap_or(&Value::Null);
    let status = match stripe_status {
        "trialing" => "trialing",
        "active" => "active",
        // the first payment is still to come
        "incomplete" => "past_due",
        "past_due" | "unpaid" => "grace",
        "paused" => "paused",
        _ => "canceled",
    };
    let unpaid = unpaid_invoice(s);
    let ended = s["ended_at"].as_i64();
    let from = s["start_date"].as_i64().or(s["created"].as_i64());
    Ok(Row {
        status,
        plan: plan.plan.clone(),
        stripe_subscription: s["id"].as_str().unwrap_or("").to_owned(),
        stripe_status: stripe_status.to_owned(),
        stripe_created: at(s["created"].as_i64()),
        livemode: s["livemode"].as_bool().unwrap_or(false),
        trial_end: at(s["trial_end"].as_i64()),
        current_period_start: at(item["current_period_start"].as_i64()),
        current_period_end: at(item["current_period_end"].as_i64()),
        cancel_at_period_end: s["cancel_at_period_end"].as_bool().unwrap_or(false)
            || s["cancel_at"].as_i64().is_some(),
        ended_at: at(ended),
        grace_days: unpaid.is_some().then_some(GRACE_DAYS),
        grace_invoice: unpaid,
        metering_from: from.map(|t| time::day(t * 1000)),
        // a day that had begun counts
        metering_until: ended.map(|t| time::day((t + DAY - 1) * 1000)),
        fetched_at: s[FETCHED].as_i64().map(time::to_rfc3339),
        unpaid: s["cancellation_details"]["comment"] == UNPAID,
    })
}

/// The invoice whose payment failed, where one did.
fn unpaid_invoice(subscription: &Value) -> Option<String> {
    let unpaid = matches!(subscription["status"].as_str(), Some("past_due" | "unpaid"));
    let invoice = &subscription["latest_invoice"];
    let id = invoice["id"].as_str().or(invoice.as_str());
    unpaid
        .then(|| id.or(subscription["id"].as_str()).map(str::to_owned))
        .flatten()
}

fn at(seconds: Option<i64>) -> Option<String> {
    seconds.map(|s| time::to_rfc3339(s * 1000))
}

/// Fetches a subscription and writes it: for a step that no event brought. Gives the row.
pub async fn sync(
    ctx: &Ctx,
    org: Uuid,
    subscription: &Value,
    mails: &Value,
    actor: &Value,
) -> Result<Row> {
    let mut row = row(subscription, &prices::load(ctx).await?)?;
    // the answer to a change of ours is as new as can be
    row.fetched_at
        .get_or_insert_with(|| time::to_rfc3339(ctx.now_ms()));
    let arguments = json!({ "p_org": org, "p_row": row, "p_mails": mails, "p_actor": actor, "p_now": time::to_rfc3339(ctx.billing_now_ms()) });
    let _written: bool = postgrest::call(ctx, "sync_subscription", &arguments).await?;
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices() -> Vec<Prices> {
        ["standard", "growth"]
            .iter()
            .map(|plan| Prices {
                plan: (*plan).into(),
                base_price: format!("price_{plan}"),
                metered_price: format!("price_{plan}_m"),
                meter: "mtr_1".into(),
                event_name: "d".into(),
                portal_configuration: None,
                current: true,
            })
            .collect()
    }

    fn subscription(status: &str) -> Value {
        json!({
            "id": "sub_1", "object": "subscription", "status": status, "created": 1_795_219_200, "start_date": 1_795_219_200, "livemode": false,
            "trial_end": 1_796_428_800, "cancel_at_period_end": false, "cancel_at": null, "ended_at": null, "customer": "cus_1",
            "items": { "data": [
                { "id": "si_1", "price": { "id": "price_standard" }, "current_period_start": 1_795_219_200, "current_period_end": 1_796_428_800 },
                { "id": "si_2", "price": { "id": "price_standard_m" }, "current_period_start": 1_795_219_200, "current_period_end": 1_796_428_800 } ] },
            "latest_invoice": { "id": "in_1", "status": "open", "created": 1_796_428_800, "status_transitions": { "finalized_at": 1_796_432_400 } },
        })
    }

    #[test]
    fn each_status_of_stripe_has_one_of_ours() {
        for (theirs, ours) in [
            ("trialing", "trialing"),
            ("active", "active"),
            ("incomplete", "past_due"),
            ("past_due", "grace"),
            ("unpaid", "grace"),
            ("paused", "paused"),
            ("canceled", "canceled"),
            ("incomplete_expired", "canceled"),
        ] {
            let row = row(&subscription(theirs), &prices()).expect(theirs);
            assert_eq!((row.status, row.plan.as_str()), (ours, "standard"));
            assert_eq!(row.grace_invoice.is_some(), ours == "grace", "{theirs}");
        }
    }

    #[test]
    fn grace_is_of_the_newest_invoice() {
        let mut s = subscription("past_due");
        let first = row(&s, &prices()).expect("row");
        assert_eq!(
            (first.grace_invoice.as_deref(), first.grace_days),
            (Some("in_1"), Some(GRACE_DAYS))
        );
        s["latest_invoice"]["id"] = json!("in_2");
        let second = row(&s, &prices()).expect("row");
        assert_eq!(second.grace_invoice.as_deref(), Some("in_2"));
        // not expanded
        s["latest_invoice"] = json!("in_3");
        let third = row(&s, &prices()).expect("row");
        assert_eq!(third.grace_invoice.as_deref(), Some("in_3"));
        s["status"] = json!("active");
        assert_eq!(row(&s, &prices()).expect("row").grace_days, None);
    }

    #[test]
    fn metering_covers_whole_days() {
        let mut s = subscription("canceled");
        s["ended_at"] = json!(1_796_428_800); // midnight: that day is not metered
        let whole = row(&s, &prices()).expect("row");
        assert_eq!(
            (
                whole.metering_from.as_deref(),
                whole.metering_until.as_deref()
            ),
            (Some("2026-11-21"), Some("2026-12-05"))
        );
        s["ended_at"] = json!(1_796_428_801);
        assert_eq!(
            row(&s, &prices()).expect("row").metering_until.as_deref(),
            Some("2026-12-06")
        );
    }

    #[test]
    fn a_foreign_price_is_an_error_not_a_guess() {
        let mut s = subscription("active");
        s["items"]["data"][0]["price"]["id"] = json!("price_other");
        assert!(row(&s, &prices()).is_err());
    }
}
