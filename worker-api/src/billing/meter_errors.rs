//! What the meter could not use of what it had taken. Its reports count errors and name a few events as samples; which flushes the
//! others were follows from the meter's own sums. All of them are set aside for a person, with an entry in their organisation's
//! audit log, and nothing is sent again by itself.

use super::events::{Outcome, nothing, object};
use super::meter::{self, Told};
use super::prices;
use crate::error::Result;
use crate::ingest::time;
use crate::platform::stripe::Form;
use crate::platform::{Ctx, log, postgrest};
use serde::Deserialize;
use serde_json::{Value, json};

/// Days of customers compared for one report.
const MOST: u32 = 200;
/// A report's window is when Stripe looked, which may be a little after we sent.
const SLACK_MS: i64 = 15 * 60_000;
/// We write down that something was sent when the answer is there, which may be after Stripe looked.
const ANSWER_MS: i64 = 60_000;

/// What was sent of a customer's day.
#[derive(Clone, Debug, Deserialize)]
struct Day {
    customer: String,
    day: String,
    /// In the order of sending.
    flushes: Vec<Sent>,
    /// Sum of everything sent, also at other times.
    sent_total: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Sent {
    identifier: String,
    value: u64,
}

/// A flush, and why it is set aside.
type Refused = (String, String);

/// Sets aside what a report (a thin event) is about.
pub(super) async fn set_aside(ctx: &Ctx, event: &str) -> Outcome {
    let path = format!("/v2/core/events/{event}");
    let Some(event) = object(ctx, &path, &Form::new()).await? else {
        return Ok(nothing("gone"));
    };
    let data = &event["data"];
    let named = samples(&data["reason"]);
    let errors = data["reason"]["error_count"].as_u64().unwrap_or(0);
    let mut set_aside = review(ctx, &named).await?;
    if errors > named.len() as u64 {
        let found = unnamed(ctx, data).await?;
        set_aside += review(ctx, &found).await?;
    }
    log::error(
        "billing.meter_errors",
        &format!(
            "{errors} errors, {} named, {set_aside} flushes set aside",
            named.len()
        ),
    );
    Ok(nothing("meter errors set aside"))
}

/// The events that a report names.
fn samples(reason: &Value) -> Vec<Refused> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut named = Vec::new();
    for kind in list(&reason["error_types"]) {
        let cause = kind["code"].as_str().unwrap_or("unknown").to_owned();
        for sample in list(&kind["sample_errors"]) {
            if let Some(identifier) = sample["request"]["identifier"].as_str() {
                named.push((identifier.to_owned(), cause.clone()));
            }
        }
    }
    named
}

async fn review(ctx: &Ctx, refused: &[Refused]) -> Result<u64> {
    if refused.is_empty() {
        return Ok(0);
    }
    for (identifier, cause) in refused {
        log::error("billing.flush_refused", &format!("{identifier}: {cause}"));
    }
    let rows: Vec<Value> = refused
        .iter()
        .map(|(identifier, cause)| json!({ "identifier": identifier, "cause": cause }))
        .collect();
    postgrest::call(ctx, "review_meter_flushes", &json!({ "p_refused": rows })).await
}

/// The flushes of the report's time whose day the meter has less of than it was sent.
async fn unnamed(
    ctx: &Ctx,
    data: &Value,
) -> std::result::Result<Vec<Refused>, super::events::Failure> {
    let at = |name: &str| data[name].as_str().and_then(time::from_rfc3339);
    let (Some(from), Some(until)) = (at("validation_start"), at("validation_end")) else {
        return Ok(Vec::new());
    };
    let Some(prices) = prices::load(ctx).await?.into_iter().next() else {
        return Ok(Vec::new());
    };
    let arguments = json!({ "p_from": time::to_rfc3339(from - SLACK_MS), "p_until": time::to_rfc3339(until + ANSWER_MS), "p_limit": MOST });
    let days: Vec<Day> = postgrest::call(ctx, "meter_flushes_sent", &arguments).await?;
    let mut found = Vec::new();
    for day in &days {
        match meter::told(ctx, &prices.meter, &day.customer, &day.day).await? {
            Told::Sum(sum) => found.extend(missing(day, sum)),
            Told::Refused(cause) => found.extend(all(day, &cause)),
        }
    }
    Ok(found)
}

/// Which flushes of a day are missing from the meter's sum: the one whose value it is, or else none can be excluded.
fn missing(day: &Day, told: u64) -> Vec<Refused> {
    let lacking = day.sent_total.saturating_sub(told);
    if lacking == 0 {
        return Vec::new();
    }
    let cause = format!("the meter has {told} of {} sent of the day", day.sent_total);
    let mut same = day.flushes.iter().filter(|f| f.value == lacking);
    match (same.next(), same.next()) {
        (Some(only), None) => vec![(only.identifier.clone(), cause)],
        _ => all(day, &cause),
    }
}

fn all(day: &Day, cause: &str) -> Vec<Refused> {
    let flushes = day.flushes.iter();
    flushes
        .map(|f| (f.identifier.clone(), cause.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(values: &[u64], earlier: u64) -> Day {
        let flushes = values.iter().enumerate();
        Day {
            customer: "cus_1".into(),
            day: "2026-11-21".into(),
            flushes: flushes
                .map(|(i, &value)| Sent {
                    identifier: format!("f{i}"),
                    value,
                })
                .collect(),
            sent_total: values.iter().sum::<u64>() + earlier,
        }
    }

    fn names(refused: Vec<Refused>) -> Vec<String> {
        refused
            .into_iter()
            .map(|(identifier, _)| identifier)
            .collect()
    }

    #[test]
    fn the_flush_that_the_sum_lacks_is_found() {
        assert!(missing(&day(&[5, 7], 10), 22).is_empty());
        assert!(
            missing(&day(&[5, 7], 10), 30).is_empty(),
            "more than was sent is no refusal"
        );
        assert_eq!(names(missing(&day(&[5, 7], 10), 15)), ["f1"]);
        assert_eq!(names(missing(&day(&[5, 7], 10), 10)), ["f0", "f1"]);
        assert_eq!(
            names(missing(&day(&[5, 5], 0), 5)),
            ["f0", "f1"],
            "either of two that are the same"
        );
        assert_eq!(names(missing(&day(&[5, 7], 10), 20)), ["f0", "f1"]);
    }

    #[test]
    fn samples_name_flushes_and_causes() {
        let reason = json!({ "error_count": 3, "error_types": [
            { "code": "meter_event_customer_not_found", "sample_errors": [{ "request": { "identifier": "a" } }, { "request": {} }] },
            { "code": "timestamp_too_far_in_past", "sample_errors": [{ "request": { "identifier": "b" } }] }] });
        let named = samples(&reason);
        assert_eq!(named.len(), 2);
        assert_eq!(named[1], ("b".into(), "timestamp_too_far_in_past".into()));
        assert!(samples(&Value::Null).is_empty());
    }
}
