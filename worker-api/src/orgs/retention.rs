//! How long things are kept, and the hourly job that removes what is older.

use crate::billing::plans;
use crate::error::Result;
use crate::ingest::time;
use crate::platform::{Ctx, identity, log, postgrest};
use serde_json::{Value, json};
use uuid::Uuid;

/// An account whose address was never confirmed is removed after a week.
const ABANDONED_MS: i64 = 7 * 86_400_000;
/// Accounts removed in one run.
const ABANDONED_MOST: u32 = 100;

/// Days of a plan.
pub fn of_plan(plan: &str) -> u32 {
    plans::of(plan).retention_days
}

/// Days that hold for an organisation: its own wish, never more than the plan's.
pub fn effective(plan: &str, wished: Option<u32>) -> u32 {
    wished.map_or(of_plan(plan), |days| days.min(of_plan(plan)))
}

/// What the cron trigger runs.
pub async fn run(ctx: &Ctx) -> Result<Value> {
    let now = ctx.now_ms();
    let days: serde_json::Map<String, Value> = plans::PLANS
        .iter()
        .map(|plan| (plan.id.to_owned(), json!(plan.retention_days)))
        .collect();
    let mut done: Value = postgrest::call(
        ctx,
        "apply_retention",
        &json!({ "p_days": days, "p_now": time::to_rfc3339(now) }),
    )
    .await?;
    let days: serde_json::Map<String, Value> = plans::PLANS
        .iter()
        .map(|plan| (plan.id.to_owned(), json!(plan.evidence_days)))
        .collect();
    let arguments = json!({ "p_days": days, "p_now": time::to_rfc3339(now) });
    let evidence: u64 = postgrest::call(ctx, "prune_evidence", &arguments).await?;
    done["evidence"] = json!(evidence);
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
    done["accounts"] = json!(removed);
    Ok(done)
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
