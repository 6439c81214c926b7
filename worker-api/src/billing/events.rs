//! What a Stripe event means for us. The event only says what to look at: the object is fetched afresh, and the effects are a
//! function of it as it is now, so that neither order nor repetition matters.

use super::duplicates::{self, DUPLICATE};
use super::meter_errors;
use super::prices;
use super::subscription::{self, Row};
use crate::error::Error;
use crate::ingest::time;
use crate::platform::stripe::{self, Form, StripeError};
use crate::platform::{Ctx, log, postgrest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Hours that a period's invoice stays open for usage that comes late.
pub const LATE_USAGE_HOURS: i64 = 6;

/// An event out of our inbox.
#[derive(Clone, Debug, Deserialize)]
pub struct Claimed {
    /// `evt_…`
    pub id: String,
    /// Its type.
    pub r#type: String,
    /// What to fetch.
    pub object_id: Option<String>,
    /// The right to finish it.
    pub lease: uuid::Uuid,
    /// This attempt's number.
    pub attempts: u32,
}

/// What the database writes in one transaction, together with the event's mark.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Effects {
    /// Whom it concerns.
    pub customer: Option<String>,
    /// The subscription as it is now.
    pub subscription: Option<Row>,
    /// Mails to the owners: `{kind, key, data, of?}`; with `of` (a subscription that ended) only if no other one runs.
    pub mails: Vec<Value>,
    /// Entries of the audit log: `{action, target, after}`.
    pub audit: Vec<Value>,
    /// For whoever looks at the inbox.
    pub outcome: &'static str,
    /// A dispute was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disputed_at: Option<String>,
    /// It was ended by us, as a second one: cents that go back.
    #[serde(skip)]
    pub refunded: Option<i64>,
    /// The customer was deleted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub customer_gone: bool,
}

/// Why an event could not be processed now.
#[derive(Debug)]
pub struct Failure(pub String);

impl From<StripeError> for Failure {
    fn from(error: StripeError) -> Self {
        Self(error.to_string())
    }
}
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}
/// What processing an event gives.
pub(super) type Outcome = std::result::Result<Effects, Failure>;

/// Fetches what the event is about and says what follows from it.
pub async fn effects(ctx: &Ctx, event: &Claimed) -> Outcome {
    let id = event.object_id.as_deref().unwrap_or("");
    let kind = event.r#type.as_str();
    match kind {
        "checkout.session.completed" => checkout_completed(ctx, id).await,
        "customer.subscription.created"
        | "customer.subscription.updated"
        | "customer.subscription.deleted"
        | "customer.subscription.paused"
        | "customer.subscription.resumed"
        | "customer.subscription.trial_will_end" => subscription_changed(ctx, kind, id).await,
        "invoice.created"
        | "invoice.finalized"
        | "invoice.paid"
        | "invoice.payment_succeeded"
        | "invoice.payment_failed"
        | "invoice.payment_action_required"
        | "invoice.voided" => invoice_changed(ctx, kind, id).await,
        "customer.updated" | "customer.deleted" => customer_changed(ctx, kind, id).await,
        "charge.refunded" => refunded(ctx, id).await,
        "charge.dispute.created" => disputed(ctx, id).await,
        "v1.billing.meter.error_report_triggered" | "v1.billing.meter.no_meter_found" => {
            meter_errors::set_aside(ctx, &event.id).await
        }
        _ => Ok(nothing("not handled")),
    }
}

pub(super) fn nothing(outcome: &'static str) -> Effects {
    Effects {
        outcome,
        ..Effects::default()
    }
}

/// The object, or `None` where it is gone.
pub(super) async fn object(ctx: &Ctx, path: &str, form: &Form) -> Result<Option<Value>, Failure> {
    match stripe::get(ctx, path, form).await {
        Ok(object) => Ok(Some(object)),
        Err(StripeError::Missing) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().or(value["id"].as_str()).map(str::to_owned)
}

async fn checkout_completed(ctx: &Ctx, id: &str) -> Outcome {
    let path = format!("/v1/checkout/sessions/{id}");
    let Some(session) = object(ctx, &path, &Form::new()).await? else {
        return Ok(nothing("gone"));
    };
    let Some(subscription) = text(&session["subscription"]) else {
        return Ok(nothing("not a subscription"));
    };
    let mut effects = current(ctx, &subscription).await?;
    settle_duplicates(ctx, &effects).await?;
    effects.audit.push(json!({ "action": "checkout.completed", "target": id, "after": { "subscription": subscription } }));
    Ok(effects)
}

/// The effects that any news of a subscription has: it is written as it is now.
async fn current(ctx: &Ctx, id: &str) -> Outcome {
    let Some(found) = subscription::fetch(ctx, id).await? else {
        return Ok(nothing("gone"));
    };
    let customer = text(&found["customer"]);
    // the account may sell other things, too
    if !is_ours(ctx, customer.as_deref(), id).await? {
        return Ok(nothing("not ours"));
    }
    let row = subscription::row(&found, &prices::load(ctx).await?)?;
    let duplicate = found["cancellation_details"]["comment"] == DUPLICATE;
    Ok(Effects {
        customer,
        subscription: Some(row),
        refunded: duplicate
            .then(|| duplicates::first_payment(&found).map_or(0, |(_, amount)| amount)),
        outcome: "written",
        ..Effects::default()
    })
}

/// A subscription that begins beside another one of the same customer replaces it.
async fn settle_duplicates(ctx: &Ctx, effects: &Effects) -> Result<(), Failure> {
    match (&effects.customer, &effects.subscription) {
        (Some(customer), Some(row)) if row.status != "canceled" => {
            let prices = prices::load(ctx).await?;
            Ok(duplicates::settle(ctx, customer, &prices).await?)
        }
        _ => Ok(()),
    }
}

/// Whether a customer, or a subscription whose customer is gone, belongs to an organisation here.
async fn is_ours(ctx: &Ctx, customer: Option<&str>, subscription: &str) -> Result<bool, Failure> {
    for (column, value) in [
        ("stripe_customer", customer.unwrap_or("")),
        ("stripe_subscription", subscription),
    ] {
        let rows: Vec<Value> = postgrest::as_service(ctx, "subscriptions")
            .select("org_id")
            .eq(column, value)
            .rows()
            .await?;
        if !rows.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn subscription_changed(ctx: &Ctx, kind: &str, id: &str) -> Outcome {
    let mut effects = current(ctx, id).await?;
    if kind == "customer.subscription.created" {
        settle_duplicates(ctx, &effects).await?;
    }
    if let Some(row) = &effects.subscription {
        let mail = match kind {
            "customer.subscription.trial_will_end"
                if row.status == "trialing" && !row.cancel_at_period_end =>
            {
                Some(
                    json!({ "kind": "trial_ending", "key": format!("trial-ending:{id}"), "data": { "plan": row.plan, "at": row.trial_end } }),
                )
            }
            "customer.subscription.deleted" if row.status == "canceled" => {
                if row.unpaid {
                    subscription::void_open(ctx, id).await?;
                }
                Some(match effects.refunded {
                    Some(amount) => {
                        let after = json!({ "plan": row.plan, "refunded": amount });
                        effects.audit.push(json!({ "action": "subscription.duplicate_cancelled", "target": id, "after": after }));
                        json!({ "kind": "duplicate", "key": format!("duplicate:{id}"), "data": { "plan": row.plan, "amount": amount, "currency": "usd" } })
                    }
                    None => ended_mail(row),
                })
            }
            _ => None,
        };
        effects.mails.extend(mail);
    }
    Ok(effects)
}

/// The one mail about a subscription's end, whoever notices it first.
pub fn ended_mail(row: &Row) -> Value {
    let kind = if row.unpaid { "grace_over" } else { "ended" };
    json!({ "kind": kind, "key": format!("ended:{}", row.stripe_subscription), "of": row.stripe_subscription, "data": { "plan": row.plan, "at": row.ended_at } })
}

async fn invoice_changed(ctx: &Ctx, kind: &str, id: &str) -> Outcome {
    let path = format!("/v1/invoices/{id}");
    let Some(invoice) = object(ctx, &path, &Form::new()).await? else {
        return Ok(nothing("gone"));
    };
    let subscription = text(&invoice["parent"]["subscription_details"]["subscription"]);
    let customer = text(&invoice["customer"]);
    if !is_ours(
        ctx,
        customer.as_deref(),
        subscription.as_deref().unwrap_or(""),
    )
    .await?
    {
        return Ok(nothing("not ours"));
    }
    if kind == "invoice.created" {
        wait_for_late_usage(ctx, &invoice).await?;
    }
    let mut effects = match subscription {
        Some(subscription) => current(ctx, &subscription).await?,
        None => nothing("written"),
    };
    effects.customer = customer;
    effects.mails.extend(mail_about(kind, &invoice));
    effects.audit.push(json!({ "action": kind, "target": id, "after": {
        "number": invoice["number"], "status": invoice["status"], "amount_due": invoice["amount_due"], "amount_paid": invoice["amount_paid"], "currency": invoice["currency"] } }));
    Ok(effects)
}

/// Mail about an invoice as it is now: nobody is told of a failed payment that has been made since.
fn mail_about(kind: &str, invoice: &Value) -> Option<Value> {
    let id = invoice["id"].as_str()?;
    let open = invoice["status"] == "open";
    let paid = invoice["status"] == "paid" && invoice["amount_paid"].as_i64().unwrap_or(0) > 0;
    let data = json!({ "number": invoice["number"], "amount": if paid { &invoice["amount_paid"] } else { &invoice["amount_due"] },
        "currency": invoice["currency"], "url": invoice["hosted_invoice_url"], "pdf": invoice["invoice_pdf"] });
    let (mail, key) = match kind {
        "invoice.paid" | "invoice.payment_succeeded" if paid => ("receipt", "receipt"),
        "invoice.payment_failed" if open => ("payment_failed", "payment-failed"),
        "invoice.payment_action_required" if open => ("action_required", "action-required"),
        _ => return None,
    };
    Some(json!({ "kind": mail, "key": format!("{key}:{id}"), "data": data }))
}

/// A period's draft stays open until the last flushes of the period are in.
async fn wait_for_late_usage(ctx: &Ctx, invoice: &Value) -> Result<(), Failure> {
    let (Some(id), Some(created)) = (invoice["id"].as_str(), invoice["created"].as_i64()) else {
        return Ok(());
    };
    let metered = invoice["billing_reason"] == "subscription_cycle";
    if invoice["status"] != "draft" || !metered {
        return Ok(());
    }
    let form = Form::new().set(
        "automatically_finalizes_at",
        created + LATE_USAGE_HOURS * 3600,
    );
    match stripe::post_again(ctx, &format!("/v1/invoices/{id}"), &form).await {
        Ok(_) => Ok(()),
        // it was finalised meanwhile: what comes late is listed by the reconciliation
        Err(StripeError::Refused { .. } | StripeError::Missing) => {
            log::warn("billing.finalize", "the invoice is not a draft any more");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

async fn customer_changed(ctx: &Ctx, kind: &str, id: &str) -> Outcome {
    let customer = object(ctx, &format!("/v1/customers/{id}"), &Form::new()).await?;
    let gone = customer.is_none_or(|c| c["deleted"] == true);
    let action = if gone { "customer.deleted" } else { kind };
    Ok(Effects {
        customer: Some(id.to_owned()),
        customer_gone: gone,
        audit: vec![json!({ "action": action, "target": id })],
        outcome: "written",
        ..Effects::default()
    })
}

async fn refunded(ctx: &Ctx, id: &str) -> Outcome {
    let Some(charge) = object(ctx, &format!("/v1/charges/{id}"), &Form::new()).await? else {
        return Ok(nothing("gone"));
    };
    let data = json!({ "amount": charge["amount_refunded"], "currency": charge["currency"] });
    Ok(Effects {
        customer: text(&charge["customer"]),
        mails: vec![
            json!({ "kind": "refund", "key": format!("refund:{id}:{}", charge["amount_refunded"]), "data": data }),
        ],
        audit: vec![json!({ "action": "charge.refunded", "target": id, "after": data })],
        outcome: "written",
        ..Effects::default()
    })
}

async fn disputed(ctx: &Ctx, id: &str) -> Outcome {
    let form = Form::new().set("expand[]", "charge");
    let Some(dispute) = object(ctx, &format!("/v1/disputes/{id}"), &form).await? else {
        return Ok(nothing("gone"));
    };
    let data = json!({ "amount": dispute["amount"], "currency": dispute["currency"], "reason": dispute["reason"] });
    Ok(Effects {
        customer: text(&dispute["charge"]["customer"]),
        disputed_at: dispute["created"]
            .as_i64()
            .map(|s| time::to_rfc3339(s * 1000)),
        mails: vec![json!({ "kind": "dispute", "key": format!("dispute:{id}"), "data": data })],
        audit: vec![json!({ "action": "charge.dispute.created", "target": id, "after": data })],
        outcome: "written",
        ..Effects::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_follow_what_the_invoice_is_now() {
        let invoice = |status: &str, paid: i64| json!({ "id": "in_1", "status": status, "amount_due": 4900, "amount_paid": paid, "currency": "usd" });
        let kind = |event, invoice: &Value| {
            mail_about(event, invoice).map(|m| m["kind"].as_str().unwrap_or("").to_owned())
        };
        assert_eq!(
            kind("invoice.payment_failed", &invoice("open", 0)).as_deref(),
            Some("payment_failed")
        );
        assert_eq!(kind("invoice.payment_failed", &invoice("paid", 4900)), None);
        // both events of one payment have the same key: one receipt
        let paid = invoice("paid", 4900);
        assert_eq!(
            mail_about("invoice.paid", &paid),
            mail_about("invoice.payment_succeeded", &paid)
        );
        assert_eq!(
            kind("invoice.paid", &invoice("paid", 0)),
            None,
            "a trial's invoice over nothing"
        );
        assert_eq!(kind("invoice.voided", &invoice("void", 0)), None);
    }
}
