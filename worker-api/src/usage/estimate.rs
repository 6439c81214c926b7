//! `GET /v1/billing/estimate?events=&detections=`: what so much would cost on each plan.

use crate::billing::plans::{PLANS, Plan, dollars};
use crate::error::Result;
use crate::http::query::typed;
use crate::http::{Request, Response};
use serde_json::{Value, json};

/// More than anybody sends; the sums stay exact.
const MOST: u64 = 1_000_000_000_000;

/// See the module.
pub fn get(request: &Request) -> Result<Response> {
    let number = |name| -> Result<u64> {
        let value = typed::<u64>(request, name, "a whole number")?.unwrap_or(0);
        if value > MOST {
            return Err(crate::error::Error::parameter(
                name,
                "a whole number up to 10^12",
            ));
        }
        Ok(value)
    };
    let (events, detections) = (number("events")?, number("detections")?);
    let plans: Vec<Value> = PLANS
        .iter()
        .map(|plan| of(plan, events, detections))
        .collect();
    Ok(Response::json(
        200,
        &json!({ "events": events, "detections": detections, "plans": plans }),
    ))
}

fn of(plan: &Plan, events: u64, detections: u64) -> Value {
    let reason = if plan.price.is_none() {
        Some("by contract".to_owned())
    } else if plan.events.is_some_and(|most| events > most) {
        Some(format!(
            "more than {} events a month",
            plan.events.unwrap_or(0)
        ))
    } else if plan.monthly(detections).is_none() {
        Some(format!(
            "records {} detections a month and no more",
            plan.detections.unwrap_or(0)
        ))
    } else {
        None
    };
    let fits = reason.is_none() || plan.price.is_none();
    let usd = plan
        .monthly(detections)
        .filter(|_| reason.is_none())
        .map(dollars);
    json!({ "plan": plan.id, "fits": fits, "monthly_usd": usd, "reason": reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_plan_says_its_price_or_why_not() {
        let all = |events, detections| {
            PLANS
                .iter()
                .map(|p| of(p, events, detections))
                .collect::<Vec<_>>()
        };
        let small = all(1_000_000, 1_000);
        assert_eq!(
            (small[0]["fits"].as_bool(), small[0]["monthly_usd"].as_f64()),
            (Some(true), Some(0.0))
        );
        let more = all(2_000_000, 60_000);
        assert_eq!(
            (
                more[0]["fits"].as_bool(),
                more[1]["monthly_usd"].as_f64(),
                more[2]["monthly_usd"].as_f64()
            ),
            (Some(false), Some(59.0), Some(249.0))
        );
        assert_eq!(
            (more[3]["fits"].as_bool(), more[3]["reason"].as_str()),
            (Some(true), Some("by contract"))
        );
        assert_eq!(
            all(60_000_000, 0)[1]["reason"],
            "more than 50000000 events a month"
        );
    }
}
