//! What the plan still allows, on the way in, without asking anyone for each request.
//!
//! Events: the database's recent sum, which comes with the credential. Detections of plans that stop at their allowance: the
//! organisation's object counts them as they are published, and an isolate asks it once in [`LEASE_MS`]. Streams: the object of a
//! new stream asks once in its life. What is found beyond the allowance is counted, but not recorded, and every answer says so.

use crate::auth::key_object::{OrgFacts, PlanFacts};
use crate::auth::principal::Principal;
use crate::billing::plans;
use crate::error::{Code, Error, Result};
use crate::ingest::time;
use crate::platform::{Ctx, log, objects};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use uuid::Uuid;

/// How long an isolate goes on with what it was told.
const LEASE_MS: i64 = 2_000;
/// With less than this left, a request's streams take their turns, so that together they stay within it.
pub const NEAR: u64 = 1_000;
const MAX_LEASES: usize = 10_000;

thread_local!(static LEASES: RefCell<BTreeMap<Uuid, Lease>> = const { RefCell::new(BTreeMap::new()) });

#[derive(Clone, Debug, PartialEq)]
struct Lease {
    from: String,
    used: u64,
    at: i64,
}

/// Question to the organisation's object: how many detections this period has seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PeriodClaim {
    /// The period's first day.
    pub from: String,
    /// As many as the database knows of.
    pub used: u64,
}

/// What holds for one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Allowance {
    /// Detections that may still be recorded; `None` for any number.
    pub left: Option<u64>,
    /// Streams of the plan.
    pub streams: Option<u32>,
    included: u64,
    from: String,
    plan: String,
}

/// In every answer while nothing is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuotaNote {
    /// The plan in effect.
    pub plan: String,
    /// `false`.
    pub recording: bool,
    /// Detections of a period.
    pub included_detections: u64,
    /// Detections of this request that were counted and not recorded.
    pub unrecorded: u32,
    /// A sentence.
    pub detail: String,
}

/// A plan's limits as an organisation has them: by contract where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Detections of a period.
    pub detections: Option<u64>,
    /// Events of a period.
    pub events: Option<u64>,
    /// Streams.
    pub streams: Option<u64>,
    /// Whether recording stops at the allowance.
    pub stops: bool,
}

/// See [`Limits`].
pub fn limits(facts: &OrgFacts, own: &PlanFacts) -> Limits {
    let plan = plans::of(&facts.plan);
    let limit = |name: &str, of_plan: Option<u64>| match own.contract.get(name) {
        Some(by_contract) => by_contract.as_u64(),
        None => of_plan,
    };
    Limits {
        detections: limit("detections", plan.detections),
        events: limit("events", plan.events),
        streams: limit("streams", plan.streams.map(u64::from)),
        stops: own.hard_cap || plan.overage.is_none(),
    }
}

/// The period's first day and what the database knew to be used of it: nothing, where a new one has begun since.
fn period(own: &PlanFacts, now: i64) -> (String, u64, u64) {
    let today = time::day(now);
    match (&own.usage_from, &own.usage_until) {
        (Some(from), Some(until)) if today < *until => {
            (from.clone(), own.usage_detections, own.usage_events)
        }
        (_, Some(until)) => (until.clone(), 0, 0),
        _ => (format!("{}-01", today.get(..7).unwrap_or("")), 0, 0),
    }
}

/// What the caller's plan allows now. An error where the events of the period are used up.
pub async fn allowance(ctx: &Ctx, principal: &Principal) -> Result<Allowance> {
    allowance_of(ctx, principal.org, &principal.facts).await
}

/// See [`allowance`].
pub async fn allowance_of(ctx: &Ctx, org: Uuid, facts: &OrgFacts) -> Result<Allowance> {
    let now = ctx.billing_now_ms();
    let Some(own) = facts
        .subscriptions
        .as_ref()
        .filter(|_| ctx.settings.plan_limits)
    else {
        return Ok(Allowance::default());
    };
    let limits = limits(facts, own);
    let (from, used, events) = period(own, now);
    if let Some(most) = limits.events.filter(|most| limits.stops && events >= *most) {
        return Err(Error::new(
            Code::QuotaExhausted,
            format!(
                "the {} plan's {most} events of this period are used up; what is stored stays readable",
                facts.plan
            ),
        ));
    }
    let streams = limits.streams.and_then(|n| u32::try_from(n).ok());
    let mut allowance = Allowance {
        streams,
        plan: facts.plan.clone(),
        from,
        ..Allowance::default()
    };
    if let Some(most) = limits.detections.filter(|_| limits.stops) {
        allowance.included = most;
        let claim = PeriodClaim {
            from: allowance.from.clone(),
            used,
        };
        allowance.left = Some(most.saturating_sub(used_now(ctx, org, &claim).await));
    }
    Ok(allowance)
}

/// Detections of the period, as of at most [`LEASE_MS`] ago, and all of this isolate's own.
async fn used_now(ctx: &Ctx, org: Uuid, claim: &PeriodClaim) -> u64 {
    let now = ctx.now_ms();
    let known = LEASES.with_borrow(|l| l.get(&org).filter(|l| l.from == claim.from).cloned());
    if let Some(lease) = known.as_ref().filter(|l| now - l.at < LEASE_MS) {
        return lease.used.max(claim.used);
    }
    let floor = known.map_or(0, |l| l.used).max(claim.used);
    let used = match objects::period_detections(ctx, org, claim).await {
        Ok(used) => used.max(floor),
        // a limit must not become what breaks ingestion
        Err(_) => {
            log::warn("quota.lease", "no answer; going on with what is known");
            floor
        }
    };
    LEASES.with_borrow_mut(|leases| {
        if leases.len() >= MAX_LEASES {
            leases.clear();
        }
        let lease = leases.entry(org).or_insert(Lease {
            from: claim.from.clone(),
            used,
            at: now,
        });
        // another request of this isolate may have recorded while the object was asked
        let used = if lease.from == claim.from {
            used.max(lease.used)
        } else {
            used
        };
        *lease = Lease {
            from: claim.from.clone(),
            used,
            at: now,
        };
        used
    })
}

impl Allowance {
    /// Notes what was recorded, for this isolate's next requests.
    pub fn spend(&mut self, org: Uuid, recorded: usize) {
        let Some(left) = &mut self.left else { return };
        *left = left.saturating_sub(recorded as u64);
        LEASES.with_borrow_mut(|leases| {
            if let Some(lease) = leases.get_mut(&org).filter(|l| l.from == self.from) {
                lease.used += recorded as u64;
            }
        });
    }

    /// What an answer says; nothing while everything is recorded.
    pub fn note(&self, unrecorded: u32) -> Option<QuotaNote> {
        if self.left != Some(0) && unrecorded == 0 {
            return None;
        }
        Some(QuotaNote {
            plan: self.plan.clone(),
            recording: false,
            included_detections: self.included,
            unrecorded,
            detail: format!(
                "the period's {} detections are used up: events are scored and detections counted, but not recorded",
                self.included
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn facts(plan: &str) -> OrgFacts {
        OrgFacts {
            plan: plan.into(),
            ..OrgFacts::default()
        }
    }

    #[test]
    fn contracts_replace_limits_one_by_one() {
        let own = PlanFacts {
            contract: json!({ "detections": null, "streams": 3 }),
            ..PlanFacts::default()
        };
        let limits = limits(&facts("developer"), &own);
        assert_eq!(
            (limits.detections, limits.streams, limits.events),
            (None, Some(3), Some(1_000_000))
        );
    }

    #[test]
    fn only_developer_and_the_hard_cap_stop() {
        for (plan, hard_cap, stops) in [
            ("developer", false, true),
            ("standard", false, false),
            ("standard", true, true),
            ("growth", true, true),
        ] {
            let own = PlanFacts {
                hard_cap,
                ..PlanFacts::default()
            };
            assert_eq!(limits(&facts(plan), &own).stops, stops, "{plan} {hard_cap}");
        }
        assert_eq!(
            limits(&facts("enterprise"), &PlanFacts::default()).detections,
            None
        );
    }

    #[test]
    fn a_new_period_begins_with_nothing_used() {
        let own = PlanFacts {
            usage_from: Some("2026-11-01".into()),
            usage_until: Some("2026-12-01".into()),
            usage_detections: 900,
            usage_events: 5,
            ..PlanFacts::default()
        };
        let at = |text: &str| period(&own, time::from_rfc3339(text).expect("time"));
        assert_eq!(at("2026-11-30T23:59:59Z"), ("2026-11-01".into(), 900, 5));
        assert_eq!(at("2026-12-01T00:00:00Z"), ("2026-12-01".into(), 0, 0));
        assert_eq!(
            period(
                &PlanFacts::default(),
                time::from_rfc3339("2026-11-21T00:00:00Z").expect("time")
            )
            .0,
            "2026-11-01"
        );
    }

    #[test]
    fn answers_speak_up_at_the_end_of_the_allowance() {
        let allowance = |left| Allowance {
            left,
            included: 1_000,
            ..Allowance::default()
        };
        assert_eq!(allowance(None).note(0), None);
        assert_eq!(allowance(Some(5)).note(0), None);
        assert!(allowance(Some(0)).note(0).is_some_and(|n| !n.recording));
        assert_eq!(allowance(Some(0)).note(3).map(|n| n.unrecorded), Some(3));
    }
}
