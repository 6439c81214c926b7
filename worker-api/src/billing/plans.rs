//! The one table of plans: prices, allowances and limits. SQL seed, docs, `scripts/stripe-setup` and the dashboard are
//! generated from it, and a test fails where one of them differs (see `plans_export.rs`).
//!
//! Detections are what is sold, events are the fair-use limit. Money is whole micro-dollars (10⁻⁶ USD): no rounding anywhere.

use crate::http::Response;
use serde_json::{Value, json};

/// Micro-dollars in a dollar.
pub const USD: u64 = 1_000_000;
/// Days that a first subscription can be tried for nothing.
pub const TRIAL_DAYS: i64 = 14;
/// The plan that can be tried.
pub const TRIAL_PLAN: &str = "standard";
/// Days after a failed payment until the organisation goes on as Developer.
pub const GRACE_DAYS: i64 = 7;
/// Shares of the allowance, in percent, that are announced once each in a period. The last one is the soft cap's notice.
pub const THRESHOLDS: [u32; 4] = [70, 90, 100, 120];

/// One plan. Where a limit is `None` it is agreed on by contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Stable name.
    pub id: &'static str,
    /// Shown to people.
    pub name: &'static str,
    /// Micro-dollars a month.
    pub price: Option<u64>,
    /// Detections a month that the price includes.
    pub detections: Option<u64>,
    /// Micro-dollars of each further one; `None`: recording stops at the allowance (or the contract says).
    pub overage: Option<u64>,
    /// Events a month.
    pub events: Option<u64>,
    /// Streams.
    pub streams: Option<u32>,
    /// People, open invitations included.
    pub members: Option<u32>,
    /// Days that anomalies are kept.
    pub retention_days: u32,
    /// Days that an anomaly's evidence (witness, baseline, window) is kept with it.
    pub evidence_days: u32,
    /// Requests a minute of one key.
    pub key_rate: u32,
    /// Requests a minute of the whole organisation.
    pub rate: u32,
}

/// Every plan, the smallest first.
pub const PLANS: [Plan; 4] = [
    Plan {
        id: "developer",
        name: "Developer",
        price: Some(0),
        detections: Some(1_000),
        overage: None,
        events: Some(1_000_000),
        streams: Some(25),
        members: Some(10),
        retention_days: 30,
        evidence_days: 7,
        key_rate: 3_000,
        rate: 6_000,
    },
    Plan {
        id: "standard",
        name: "Standard",
        price: Some(49 * USD),
        detections: Some(50_000),
        overage: Some(1_000),
        events: Some(50_000_000),
        streams: Some(500),
        members: Some(25),
        retention_days: 90,
        evidence_days: 30,
        key_rate: 12_000,
        rate: 24_000,
    },
    Plan {
        id: "growth",
        name: "Growth",
        price: Some(249 * USD),
        detections: Some(500_000),
        overage: Some(500),
        events: Some(500_000_000),
        streams: Some(5_000),
        members: Some(100),
        retention_days: 180,
        evidence_days: 90,
        key_rate: 60_000,
        rate: 120_000,
    },
    Plan {
        id: "enterprise",
        name: "Enterprise",
        price: None,
        detections: None,
        overage: None,
        events: None,
        streams: None,
        members: None,
        retention_days: 730,
        evidence_days: 730,
        key_rate: 120_000,
        rate: 600_000,
    },
];

/// The plan of that name; an unknown one counts as Developer.
pub fn of(id: &str) -> &'static Plan {
    find(id).unwrap_or(&PLANS[0])
}

/// The plan of that name.
pub fn find(id: &str) -> Option<&'static Plan> {
    PLANS.iter().find(|p| p.id == id)
}

/// A plan that anyone can subscribe to.
pub fn for_sale(id: &str) -> Option<&'static Plan> {
    find(id).filter(|p| p.is_for_sale())
}

impl Plan {
    /// Whether it has a list price above zero.
    pub fn is_for_sale(&self) -> bool {
        self.price.is_some_and(|p| p > 0)
    }

    /// Micro-dollars for a month with so many detections; `None` where the plan cannot hold them or has no list price.
    pub fn monthly(&self, detections: u64) -> Option<u64> {
        let further = detections.saturating_sub(self.detections?);
        if further == 0 {
            return self.price;
        }
        Some(self.price? + further * self.overage?)
    }

    /// As `GET /v1/plans` and the dashboard show it.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "price_usd": self.price.map(dollars), "included_detections": self.detections,
            "overage_usd": self.overage.map(dollars), "included_events": self.events, "streams": self.streams, "members": self.members,
            "retention_days": self.retention_days, "evidence_days": self.evidence_days, "requests_per_minute": self.rate,
        })
    }
}

/// A JSON number of dollars: whole where it is whole.
pub fn dollars(micro: u64) -> Value {
    if micro.is_multiple_of(USD) {
        json!(micro / USD)
    } else {
        json!(micro as f64 / USD as f64)
    }
}

/// A whole number in groups of three.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `GET /v1/plans`.
pub fn list() -> Response {
    let plans: Vec<Value> = PLANS.iter().map(Plan::to_json).collect();
    Response::json(200, &json!({ "plans": plans })).header("cache-control", "public, max-age=300")
}

#[cfg(test)]
#[path = "plans_export.rs"]
mod export;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_costs_its_price_and_each_further_detection() {
        assert_eq!(of("standard").monthly(50_000), Some(49 * USD));
        assert_eq!(of("standard").monthly(60_000), Some(59 * USD));
        assert_eq!(of("growth").monthly(500_001), Some(249 * USD + 500));
        assert_eq!(of("developer").monthly(1_000), Some(0));
        assert_eq!(of("developer").monthly(1_001), None);
        assert_eq!(of("enterprise").monthly(1), None);
    }

    #[test]
    fn unknown_names_get_the_least() {
        assert_eq!(of("gold").id, "developer");
        assert!(for_sale("developer").is_none() && for_sale("enterprise").is_none());
        assert!(for_sale("standard").is_some() && for_sale("growth").is_some());
    }

    #[test]
    fn a_larger_plan_is_never_smaller_in_anything() {
        for pair in PLANS.windows(2) {
            let (small, large) = (&pair[0], &pair[1]);
            let grows = |a: Option<u64>, b: Option<u64>| b.is_none() || a <= b;
            assert!(grows(small.detections, large.detections) && grows(small.events, large.events));
            assert!(grows(
                small.streams.map(u64::from),
                large.streams.map(u64::from)
            ));
            assert!(grows(
                small.members.map(u64::from),
                large.members.map(u64::from)
            ));
            assert!(
                small.retention_days < large.retention_days
                    && small.evidence_days < large.evidence_days
            );
            assert!(small.rate < large.rate && small.key_rate < large.key_rate);
        }
        assert!(PLANS.iter().all(|p| p.evidence_days <= p.retention_days));
    }
}
