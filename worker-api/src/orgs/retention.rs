//! How long things are kept, and the hourly job that removes what is older.

use super::purge;
use crate::billing::plans;
use crate::error::Result;
use crate::ingest::time;
use crate::platform::{Ctx, identity, log, postgrest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// An account whose address was never confirmed is removed after a week.
const ABANDONED_MS: i64 = 7 * 86_400_000;
/// Accounts removed in one run.
const ABANDONED_MOST: u32 = 100;
/// Portions of old anomalies, and of old evidence, removed in one run; the next goes on.
const PORTIONS: u32 = 50;
/// Anomalies whose evidence is removed in one call: far from the statement timeout also where each has much of it.
const EVIDENCE_PORTION: u32 = 5_000;

/// Days of a plan.
pub fn of_plan(plan: &str) -> u32 {
    plans::of(plan).retention_days
}

/// Days that hold for an organisation: its own wish, never more than the plan's.
pub fn effective(plan: &str, wished: Option<u32>) -> u32 {
    wished.map_or(of_plan(plan), |days| days.min(of_plan(plan)))
}

/// What the database removed.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Removed {
    anomalies: u64,
    audit_entries: u64,
    organizations: u64,
    /// There is more to remove.
    more: bool,
}

impl Removed {
    fn add(&mut self, portion: &Self) {
        self.anomalies += portion.anomalies;
        self.audit_entries += portion.audit_entries;
        self.organizations += portion.organizations;
        self.more = portion.more;
    }
}

/// What the database removed of evidence.
#[derive(Debug, Default, Deserialize)]
struct Pruned {
    evidence: u64,
    more: bool,
}

/// What the cron trigger runs, as of `now` (milliseconds since the Unix epoch). A step that fails is named in `failed` and holds up no
/// other; the next run tries again.
pub async fn run(ctx: &Ctx, now: i64) -> Value {
    let mut failed = Vec::new();
    let old = step(&mut failed, "anomalies", remove_old(ctx, now).await);
    let evidence = step(&mut failed, "evidence", prune_evidence(ctx, now).await);
    let objects = step(&mut failed, "objects", purge::run(ctx).await);
    let accounts = step(&mut failed, "accounts", remove_abandoned(ctx, now).await);
    json!({
        "anomalies": old.anomalies, "audit_entries": old.audit_entries, "organizations": old.organizations, "more": old.more || evidence.more,
        "evidence": evidence.evidence, "accounts": accounts, "objects": objects.emptied, "objects_left": objects.failed, "failed": failed,
    })
}

fn step<T: Default>(failed: &mut Vec<&'static str>, name: &'static str, result: Result<T>) -> T {
    result.unwrap_or_else(|error| {
        log::error("retention.run", &format!("{name}: {error}"));
        failed.push(name);
        T::default()
    })
}

/// Of each plan the days that `days` says, as the database's functions take them.
fn arguments(now: i64, days: fn(&plans::Plan) -> u32) -> Value {
    let days: serde_json::Map<String, Value> = plans::PLANS
        .iter()
        .map(|plan| (plan.id.to_owned(), json!(days(plan))))
        .collect();
    json!({ "p_days": days, "p_now": time::to_rfc3339(now) })
}

async fn remove_old(ctx: &Ctx, now: i64) -> Result<Removed> {
    let arguments = arguments(now, |plan| plan.retention_days);
    let mut done = Removed::default();
    for _ in 0..PORTIONS {
        let portion: Removed = postgrest::call(ctx, "apply_retention", &arguments).await?;
        done.add(&portion);
        if !portion.more {
            break;
        }
    }
    Ok(done)
}

async fn prune_evidence(ctx: &Ctx, now: i64) -> Result<Pruned> {
    let mut arguments = arguments(now, |plan| plan.evidence_days);
    arguments["p_limit"] = EVIDENCE_PORTION.into();
    let mut done = Pruned::default();
    for _ in 0..PORTIONS {
        let portion: Pruned = postgrest::call(ctx, "prune_evidence", &arguments).await?;
        done.evidence += portion.evidence;
        done.more = portion.more;
        if !portion.more {
            break;
        }
    }
    Ok(done)
}

/// Removes accounts that never confirmed their address. Gives how many.
async fn remove_abandoned(ctx: &Ctx, now: i64) -> Result<u32> {
    let arguments =
        json!({ "p_before": time::to_rfc3339(now - ABANDONED_MS), "p_limit": ABANDONED_MOST });
    let abandoned: Vec<Uuid> = postgrest::call(ctx, "abandoned_users", &arguments).await?;
    let mut removed = 0;
    for id in abandoned {
        match identity::delete_user(ctx, id).await {
            Ok(()) => removed += 1,
            // the next run tries again
            Err(_) => log::warn(
                "retention.user",
                "an abandoned account could not be removed",
            ),
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_never_exceeds_the_plan() {
        assert_eq!(
            (
                effective("developer", None),
                effective("developer", Some(7)),
                effective("developer", Some(90))
            ),
            (30, 7, 30)
        );
        assert_eq!(of_plan("unknown"), 30);
    }
}
