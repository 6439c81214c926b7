//! Detections on their way to Stripe's meter.
//!
//! A flush is written down before it is sent: organisation, day, what the meter was told before, and how much more. Its identifier
//! follows from these, so that sending it again within a day is recognised by Stripe. After that nobody recognises it any more:
//! then the meter's own sum of the day decides whether it had arrived.

use super::prices;
use crate::error::Result;
use crate::ingest::time;
use crate::platform::stripe::{self, Form, StripeError};
use crate::platform::{Ctx, log, postgrest};
use serde::Deserialize;
use serde_json::{Value, json};

/// Stripe promises to recognise an identifier for 24 hours; the last one is left alone.
const RECOGNISED_MS: i64 = 23 * 3_600_000;
const DAY: i64 = 86_400;
const BATCH: u32 = 200;
const LEASE_SECONDS: u32 = 120;

/// A flush out of `meter_flushes`.
#[derive(Clone, Debug, Deserialize)]
struct Flush {
    identifier: String,
    customer: String,
    day: String,
    value: u64,
    at: String,
    first_attempt_at: Option<String>,
    attempts: u32,
    /// Sum of the day's flushes that are known to have arrived.
    sent_total: u64,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Arrived,
    /// Tried again later; `true` if its identifier begins a new life.
    Waits(String, bool),
    /// A person has to look.
    Review(String),
}

/// Sends everything that is due. Gives how many flushes arrived.
pub async fn flush(ctx: &Ctx) -> Result<usize> {
    if !stripe::is_configured(ctx) {
        return Ok(0);
    }
    let Some(prices) = prices::load(ctx).await?.into_iter().next() else {
        return Ok(0);
    };
    let now = ctx.billing_now_ms();
    let arguments =
        json!({ "p_now": time::to_rfc3339(now), "p_limit": BATCH, "p_seconds": LEASE_SECONDS });
    let due: Vec<Flush> = postgrest::call(ctx, "claim_meter_flushes", &arguments).await?;
    let mut arrived = 0;
    for (i, flush) in due.iter().enumerate() {
        let fate = if is_unclear(flush, now) {
            compare(ctx, &prices.meter, flush).await
        } else {
            send(ctx, &prices.event_name, flush).await
        };
        arrived += usize::from(fate == Fate::Arrived);
        let away = matches!(fate, Fate::Waits(_, false));
        finish(ctx, flush, fate, now).await?;
        if away {
            // each further one would wait for the same; mails are next
            release(ctx, &due[i + 1..]).await?;
            break;
        }
    }
    Ok(arrived)
}

/// Gives back what was claimed and not tried.
async fn release(ctx: &Ctx, untried: &[Flush]) -> Result<()> {
    if untried.is_empty() {
        return Ok(());
    }
    let identifiers: Vec<&str> = untried.iter().map(|f| f.identifier.as_str()).collect();
    let arguments = json!({ "p_identifiers": identifiers });
    Ok(postgrest::rpc(ctx, "release_meter_flushes", &arguments).await?)
}

/// Whether the first attempt lies so far back that Stripe may have forgotten it.
fn is_unclear(flush: &Flush, now: i64) -> bool {
    let first = flush
        .first_attempt_at
        .as_deref()
        .and_then(time::from_rfc3339);
    first.is_some_and(|first| now - first > RECOGNISED_MS)
}

async fn send(ctx: &Ctx, event_name: &str, flush: &Flush) -> Fate {
    let at = time::from_rfc3339(&flush.at).unwrap_or(0) / 1000;
    let form = Form::new()
        .set("event_name", event_name)
        .set("identifier", &flush.identifier)
        .set("timestamp", at)
        .set("payload[stripe_customer_id]", &flush.customer)
        .set("payload[value]", flush.value);
    fate(stripe::post_again(ctx, "/v1/billing/meter_events", &form).await)
}

fn fate(answer: stripe::Answer) -> Fate {
    match answer {
        Ok(_) => Fate::Arrived,
        Err(StripeError::Unavailable(cause)) => Fate::Waits(cause, false),
        // an earlier attempt arrived and its answer got lost
        Err(StripeError::Refused { kind, .. })
            if matches!(
                kind.as_str(),
                "duplicate_meter_event" | "resource_already_exists"
            ) =>
        {
            Fate::Arrived
        }
        Err(error) => Fate::Review(error.to_string()),
    }
}

/// Asks the meter for the day's sum, and decides.
async fn compare(ctx: &Ctx, meter: &str, flush: &Flush) -> Fate {
    match told(ctx, meter, &flush.customer, &flush.day).await {
        Ok(Told::Sum(sum)) => decide(flush, sum),
        Ok(Told::Refused(cause)) => Fate::Review(cause),
        Err(error) => Fate::Waits(error.to_string(), false),
    }
}

/// The meter's answer about a customer's day.
pub(super) enum Told {
    /// What it has.
    Sum(u64),
    /// It cannot say: why.
    Refused(String),
}

/// Asks the meter what it has of a customer's UTC day. An error is only that Stripe is away.
pub(super) async fn told(
    ctx: &Ctx,
    meter: &str,
    customer: &str,
    day: &str,
) -> std::result::Result<Told, StripeError> {
    let Some(start) = time::from_rfc3339(&format!("{day}T00:00:00Z")) else {
        return Ok(Told::Refused("the day does not read".into()));
    };
    let form = Form::new()
        .set("customer", customer)
        .set("start_time", start / 1000)
        .set("end_time", start / 1000 + DAY)
        .set("limit", 100);
    let path = format!("/v1/billing/meters/{meter}/event_summaries");
    match stripe::get(ctx, &path, &form).await {
        Ok(list) => Ok(Told::Sum(sum(&list))),
        Err(StripeError::Unavailable(cause)) => Err(StripeError::Unavailable(cause)),
        Err(error) => Ok(Told::Refused(error.to_string())),
    }
}

/// Sum of a list of event summaries. Counts are whole.
fn sum(list: &Value) -> u64 {
    let data = list["data"].as_array().map_or(&[][..], Vec::as_slice);
    data.iter()
        .filter_map(|s| s["aggregated_value"].as_f64())
        .map(|v| v.round() as u64)
        .sum()
}

fn decide(flush: &Flush, told: u64) -> Fate {
    if told == flush.sent_total + flush.value {
        Fate::Arrived
    } else if told == flush.sent_total {
        // it never arrived: from now on its identifier is new to Stripe again
        Fate::Waits("not at the meter; sent again".into(), true)
    } else {
        Fate::Review(format!(
            "the meter says {told}, known are {} and {} unclear",
            flush.sent_total, flush.value
        ))
    }
}

async fn finish(ctx: &Ctx, flush: &Flush, fate: Fate, now: i64) -> Result<()> {
    let pause = (60_000_i64 << flush.attempts.min(5)).min(1_800_000);
    let (state, cause, due, again) = match fate {
        Fate::Arrived => ("sent", None, None, false),
        Fate::Waits(cause, true) => ("pending", Some(cause), Some(now), true),
        Fate::Waits(cause, false) => ("pending", Some(cause), Some(now + pause), false),
        Fate::Review(cause) => {
            log::error("billing.meter_review", &cause);
            ("review", Some(cause), None, false)
        }
    };
    let arguments = json!({
        "p_identifier": flush.identifier, "p_state": state, "p_cause": cause, "p_due": due.map(time::to_rfc3339), "p_now": time::to_rfc3339(now), "p_again": again,
    });
    Ok(postgrest::rpc(ctx, "finish_meter_flush", &arguments).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(sent_total: u64) -> Flush {
        Flush {
            identifier: "dlk-x-2026-11-21-0".into(),
            customer: "cus_1".into(),
            day: "2026-11-21".into(),
            value: 7,
            at: "2026-11-21T12:00:00Z".into(),
            first_attempt_at: Some("2026-11-21T12:00:00Z".into()),
            attempts: 1,
            sent_total,
        }
    }

    #[test]
    fn the_meters_own_sum_decides_what_nobody_remembers() {
        assert_eq!(decide(&pending(10), 17), Fate::Arrived);
        assert!(matches!(decide(&pending(10), 10), Fate::Waits(_, true)));
        assert!(matches!(decide(&pending(10), 12), Fate::Review(_)));
        assert_eq!(
            sum(&json!({ "data": [{ "aggregated_value": 10.0 }, { "aggregated_value": 7 }] })),
            17
        );
    }

    #[test]
    fn an_identifier_is_trusted_for_less_than_a_day() {
        let first = time::from_rfc3339("2026-11-21T12:00:00Z").expect("time");
        assert!(!is_unclear(&pending(0), first + RECOGNISED_MS));
        assert!(is_unclear(&pending(0), first + RECOGNISED_MS + 1));
    }

    #[test]
    fn a_lost_answer_is_no_failure() {
        let refused = |kind: &str| {
            Err(StripeError::Refused {
                status: 400,
                kind: kind.into(),
                param: None,
            })
        };
        assert_eq!(fate(refused("duplicate_meter_event")), Fate::Arrived);
        assert!(matches!(
            fate(refused("parameter_invalid_integer")),
            Fate::Review(_)
        ));
        assert!(matches!(
            fate(Err(StripeError::Unavailable("x".into()))),
            Fate::Waits(_, false)
        ));
    }
}
