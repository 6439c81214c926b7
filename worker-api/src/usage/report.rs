//! The present period in figures: what was used of what is included, what the rest costs, and where it is going.

use crate::billing::account::Account;
use crate::billing::plans::{self, USD};
use crate::error::Result;
use crate::ingest::time;
use crate::platform::{Ctx, postgrest};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

const HOUR_MS: i64 = 3_600_000;

/// What the database adds up.
#[derive(Clone, Debug, Deserialize)]
pub struct Report {
    /// The organisation's account.
    pub subscription: Account,
    /// The plan in effect.
    pub plan: String,
    period_start: String,
    /// The day after the last.
    period_end: String,
    events: u64,
    detections: u64,
    unrecorded: u64,
    included_events: Option<u64>,
    included_detections: Option<u64>,
    streams: u64,
    members: u64,
    alerts: Value,
}

/// The report of an organisation.
pub async fn load(ctx: &Ctx, org: Uuid, now: i64) -> Result<Report> {
    postgrest::call(
        ctx,
        "usage_report",
        &json!({ "p_org": org, "p_now": time::to_rfc3339(now) }),
    )
    .await
}

impl Report {
    /// Midnight of the period's first day.
    pub fn starts_ms(&self) -> i64 {
        midnight(&self.period_start)
    }

    /// Detections of the period that were recorded.
    pub fn detections(&self) -> u64 {
        self.detections
    }

    /// Whether detections beyond the allowance are recorded no more.
    pub fn cap_reached(&self) -> bool {
        let stops = plans::of(&self.plan).overage.is_none() || self.subscription.hard_cap;
        stops
            && self
                .included_detections
                .is_some_and(|most| self.detections >= most)
    }

    /// As callers see it.
    pub fn to_json(&self, now: i64) -> Value {
        let plan = plans::of(&self.plan);
        let further = self
            .included_detections
            .map_or(0, |most| self.detections.saturating_sub(most));
        // nothing is charged for a trial
        let trial = self.subscription.status == "trialing";
        let each = if trial { 0 } else { plan.overage.unwrap_or(0) };
        let month = if trial { 0 } else { plan.price.unwrap_or(0) };
        let cost = further * each;
        let found = self.detections + self.unrecorded;
        let share = |used: u64, most: Option<u64>| {
            most.filter(|m| *m > 0)
                .map_or(0.0, |m| used as f64 * 100.0 / m as f64)
        };
        let percent =
            share(found, self.included_detections).max(share(self.events, self.included_events));
        let (events, detections) = (
            self.ahead(self.events, now),
            self.ahead(self.detections, now),
        );
        let ahead = self
            .included_detections
            .map_or(0, |most| detections.saturating_sub(most))
            * each;
        json!({
            "period_start": self.period_start, "period_end": self.period_end, "events": self.events, "detections": self.detections,
            "unrecorded_detections": self.unrecorded, "included_events": self.included_events, "included_detections": self.included_detections,
            "percent": (percent * 100.0).round() / 100.0, "overage_detections": further, "overage_cost_usd": usd(cost),
            "forecast": { "events": events, "detections": detections, "cost_usd": usd(month + ahead) },
            "recording": !self.cap_reached(), "streams": self.streams, "members": self.members, "alerts": self.alerts,
        })
    }

    /// A count carried on evenly to the period's end; what counts less than six hours is not carried further than those would.
    fn ahead(&self, used: u64, now: i64) -> u64 {
        let (start, end) = (self.starts_ms(), midnight(&self.period_end));
        let elapsed = (now - start).clamp(6 * HOUR_MS, (end - start).max(6 * HOUR_MS));
        let whole = (end - start).max(elapsed);
        (used as f64 * (whole as f64 / elapsed as f64)).round() as u64
    }
}

fn midnight(day: &str) -> i64 {
    time::from_rfc3339(&format!("{day}T00:00:00Z")).unwrap_or(0)
}

/// Micro-dollars as dollars.
fn usd(micro: u64) -> f64 {
    micro as f64 / USD as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(plan: &str, detections: u64, unrecorded: u64) -> Report {
        let limits = plans::of(plan);
        Report {
            subscription: Account::default(),
            plan: plan.into(),
            period_start: "2026-11-01".into(),
            period_end: "2026-12-01".into(),
            events: 1_000,
            detections,
            unrecorded,
            included_events: limits.events,
            included_detections: limits.detections,
            streams: 1,
            members: 1,
            alerts: json!([]),
        }
    }
    /// The eleventh, midnight: a third of the month.
    const NOW: i64 = 1_794_355_200_000;

    #[test]
    fn overage_and_forecast() {
        let standard = report("standard", 60_000, 0).to_json(NOW);
        assert_eq!(
            (
                standard["percent"].as_f64(),
                standard["overage_detections"].as_u64(),
                standard["overage_cost_usd"].as_f64()
            ),
            (Some(120.0), Some(10_000), Some(10.0))
        );
        assert_eq!(
            (
                standard["forecast"]["detections"].as_u64(),
                standard["forecast"]["cost_usd"].as_f64()
            ),
            (Some(180_000), Some(179.0))
        );
        assert_eq!(standard["recording"], true);
    }

    #[test]
    fn a_trials_overage_costs_nothing() {
        let mut trial = report("standard", 60_000, 0);
        trial.subscription.status = "trialing".into();
        let trial = trial.to_json(NOW);
        assert_eq!(
            (
                trial["overage_detections"].as_u64(),
                trial["overage_cost_usd"].as_f64(),
                trial["forecast"]["cost_usd"].as_f64()
            ),
            (Some(10_000), Some(0.0), Some(0.0))
        );
    }

    #[test]
    fn developer_stops_recording_and_says_so() {
        let developer = report("developer", 1_000, 200).to_json(NOW);
        assert_eq!(
            (
                developer["recording"].as_bool(),
                developer["percent"].as_f64(),
                developer["overage_cost_usd"].as_f64()
            ),
            (Some(false), Some(120.0), Some(0.0))
        );
        assert!(!report("developer", 999, 0).cap_reached());
        let mut capped = report("standard", 50_000, 0);
        assert!(!capped.cap_reached());
        capped.subscription.hard_cap = true;
        assert!(capped.cap_reached());
        assert!(!report("enterprise", u64::MAX / 2, 0).cap_reached());
    }

    #[test]
    fn the_first_hours_forecast_no_fortune() {
        let report = report("standard", 100, 0);
        let minutes_in = report.starts_ms() + 60_000;
        assert_eq!(
            report.to_json(minutes_in)["forecast"]["detections"],
            100 * 30 * 4
        );
    }
}
