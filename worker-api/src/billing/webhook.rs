//! `POST /stripe-webhook`: verify, store, answer; then process and mark, here or by cron, until it is done or given up visibly.

use super::events::{self, Claimed};
use super::signature;
use crate::error::{Code, Error, Result};
use crate::http::{Request, Response};
use crate::ingest::time;
use crate::platform::{Ctx, log, postgrest};
use serde_json::{Value, json};

/// How long an event may be worked on before another takes over.
const LEASE_SECONDS: i64 = 30;
/// Events worked off in one go.
const ROUND: usize = 100;
/// Attempts before an event is given up.
const ATTEMPTS: u32 = 10;

/// Takes one delivery. What does not verify is stored nowhere.
pub async fn receive(ctx: &Ctx, request: &Request) -> Result<Response> {
    let secrets = &ctx.settings.stripe_webhook_secrets;
    if secrets.is_empty() {
        return Err(Error::new(
            Code::DependencyUnavailable,
            "STRIPE_WEBHOOK_SECRET is not configured",
        ));
    }
    let seconds = ctx.now_ms() / 1000;
    if !signature::verify(
        request.header("stripe-signature"),
        &request.body,
        secrets,
        seconds,
    ) {
        return Err(Error::new(
            Code::InvalidSignature,
            "the webhook's signature does not match, or is more than 300 s off",
        )
        .field("stripe-signature", "t=…,v1=… over the body as sent"));
    }
    let event = envelope(&request.body)?;
    let subject = event["subject"].as_str().map(str::to_owned);
    let arguments = json!({ "p_event": event, "p_now": time::to_rfc3339(ctx.billing_now_ms()) });
    let new: bool = postgrest::call(ctx, "store_stripe_event", &arguments).await?;
    // a repeated delivery also works off what an earlier one left behind
    let after = ctx.clone();
    ctx.after_answer(async move {
        if let Err(error) = drain(&after, subject.as_deref()).await {
            log::warn("billing.drain", &error.to_string());
        }
    });
    Ok(Response::json(
        200,
        &json!({ "received": true, "duplicate": !new }),
    ))
}

/// Of an event only what is needed to fetch its object: id, type, time, object and customer. Snapshot events and thin ones.
fn envelope(body: &[u8]) -> Result<Value> {
    let refuse = || {
        Error::new(Code::InvalidBody, "the body is not a Stripe event")
            .field("body", "an event or an event notification")
    };
    let event: Value = crate::json::read(body).map_err(|_| refuse())?;
    let id = event["id"]
        .as_str()
        .filter(|id| id.starts_with("evt_"))
        .ok_or_else(refuse)?;
    let kind = event["type"]
        .as_str()
        .filter(|t| (1..=120).contains(&t.len()))
        .ok_or_else(refuse)?;
    let created = match &event["created"] {
        Value::String(text) => time::from_rfc3339(text).map(|ms| ms / 1000),
        number => number.as_i64(),
    };
    let object = if event["object"] == "v2.core.event" {
        &event["related_object"]
    } else {
        &event["data"]["object"]
    };
    let object_id = object["id"].as_str();
    let customer = object["customer"]
        .as_str()
        .or(object["customer"]["id"].as_str());
    Ok(json!({
        "id": id, "type": kind, "created": created.ok_or_else(refuse)?, "object_id": object_id, "subject": customer.or(object_id).unwrap_or(id),
        "livemode": event["livemode"].as_bool().unwrap_or(false),
    }))
}

/// Works off what is due: of one subject, or of all. Gives how many events were finished.
pub async fn drain(ctx: &Ctx, subject: Option<&str>) -> Result<usize> {
    let mut finished = 0;
    for _ in 0..ROUND {
        let now = time::to_rfc3339(ctx.billing_now_ms());
        let arguments = json!({ "p_subject": subject, "p_now": now, "p_seconds": LEASE_SECONDS });
        let claimed: Option<Claimed> =
            postgrest::call(ctx, "claim_stripe_event", &arguments).await?;
        let Some(event) = claimed else { break };
        finished += usize::from(process(ctx, &event).await?);
    }
    super::mailer::send_due(ctx).await;
    Ok(finished)
}

async fn process(ctx: &Ctx, event: &Claimed) -> Result<bool> {
    match apply(ctx, event).await {
        Ok(applied) => Ok(applied),
        Err(events::Failure(cause)) => {
            let dead = event.attempts >= ATTEMPTS;
            if dead {
                log::error("billing.dead_letter", &event.id);
            }
            let due = time::to_rfc3339(ctx.billing_now_ms() + pause_ms(event.attempts));
            // where it was applied all the same, and only the answer got lost, this finds nothing to do
            let arguments = json!({ "p_id": event.id, "p_lease": event.lease, "p_cause": cause, "p_due": due, "p_dead": dead });
            postgrest::rpc(ctx, "fail_stripe_event", &arguments).await?;
            Ok(false)
        }
    }
}

/// Works out what follows from an event and writes it. Either can fail, and neither may hold up the events of others.
async fn apply(ctx: &Ctx, event: &Claimed) -> std::result::Result<bool, events::Failure> {
    let now = ctx.billing_now_ms();
    let effects = events::effects(ctx, event).await?;
    let arguments = json!({ "p_id": event.id, "p_lease": event.lease, "p_effects": effects, "p_now": time::to_rfc3339(now) });
    let applied: Value = postgrest::call(ctx, "apply_stripe_event", &arguments).await?;
    Ok(applied["applied"] == true)
}

/// Doubling pauses from 15 s to an hour.
fn pause_ms(attempts: u32) -> i64 {
    (15_000_i64 << attempts.saturating_sub(1).min(8)).min(3_600_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelopes_name_object_and_customer() {
        let event = envelope(br#"{"id":"evt_1","object":"event","type":"invoice.paid","created":1700000000,"livemode":false,"data":{"object":{"id":"in_1","object":"invoice","customer":"cus_1"}}}"#).expect("event");
        assert_eq!(
            (event["object_id"].as_str(), event["subject"].as_str()),
            (Some("in_1"), Some("cus_1"))
        );
        let customer = envelope(br#"{"id":"evt_1","type":"customer.deleted","created":1,"data":{"object":{"id":"cus_9","object":"customer"}}}"#).expect("event");
        assert_eq!(customer["subject"], "cus_9");
        let thin = envelope(br#"{"id":"evt_2","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered","created":"2026-11-21T10:00:00.000Z","related_object":{"id":"mtr_1","type":"billing.meter","url":"/v1/billing/meters/mtr_1"}}"#).expect("thin");
        assert_eq!(
            (thin["object_id"].as_str(), thin["created"].as_i64()),
            (Some("mtr_1"), Some(1_795_255_200))
        );
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"id":"x","type":"y","created":1}"#,
            r#"{"id":"evt_1","created":1}"#,
            r#"{"id":"evt_1","type":"y"}"#,
        ] {
            assert!(envelope(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn pauses_grow_to_an_hour() {
        assert_eq!(
            (pause_ms(1), pause_ms(2), pause_ms(9), pause_ms(99)),
            (15_000, 30_000, 3_600_000, 3_600_000)
        );
        // ten attempts outlast an outage of an hour
        assert!((1..ATTEMPTS).map(pause_ms).sum::<i64>() > 3_600_000);
    }
}
