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
/// Portions of old anomalies removed in one run; the next goes on.
const PORTIONS: u32 = 50;

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

/// What the cron trigger runs, as of `now` (milliseconds since the Unix epoch).
pub async fn run(ctx: &Ctx, now: i64) -> Result<Value> {
    let days: serde_json::Map<String, Value> = plans::PLANS
        .iter()
        .map(|plan| (plan.id.to_owned(), json!(plan.retention_days)))
        .collect();
    let arguments = json!({ "p_days": days, "p_now": time::to_rfc3339(now) });
    let mut done = Removed::default();
    for _ in 0..PORTIONS {
        let portion: Removed = postgrest::call(ctx, "apply_retention", &arguments).await?;
        done.add(&portion);
        if !portion.more {
            break;
        }
    }
    let days: serde_json::Map<String, Value> = plans::PLANS
        .iter()
        .map(|plan| (plan.id.to_owned(), json!(plan.evidence_days)))
        .collect();
    let arguments = json!({ "p_days": days, "p_now": time::to_rfc3339(now) });
    let evidence: u64 = postgrest::call(ctx, "prune_evidence", &arguments).await?;
    let objects = purge::run(ctx).await?;
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
    Ok(json!({
        "anomalies": done.anomalies, "audit_entries": done.audit_entries, "organizations": done.organizations, "more": done.more, "evidence": evidence,
        "accounts": removed, "objects": objects.emptied, "objects_left": objects.failed,
    }))
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
