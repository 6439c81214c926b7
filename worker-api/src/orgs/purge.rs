//! The end of a deleted organisation outside the database: its Durable Objects are emptied, each until it has been.
//!
//! The database wrote their names down when it removed the organisation (table `purges`). Emptying an empty object changes
//! nothing, so a run that was cut short is simply repeated by the next.

use crate::detect::name::ObjectName;
use crate::error::{Error, Result};
use crate::platform::{Ctx, log, objects, postgrest};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// Objects emptied side by side.
const BATCH: usize = 50;
/// Batches in one run.
const BATCHES: usize = 20;

/// An object to be emptied.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Purge {
    org_id: Uuid,
    kind: String,
    name: String,
}

/// What a run did.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Objects emptied.
    pub emptied: usize,
    /// Objects that could not be; the next run tries again.
    pub failed: usize,
}

/// Empties what is due.
pub async fn run(ctx: &Ctx) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for _ in 0..BATCHES {
        let due: Vec<Purge> = postgrest::as_service(ctx, "purges")
            .select("org_id,kind,name")
            .order("attempts.asc,created_at.asc")
            .limit(BATCH)
            .rows()
            .await?;
        let results = join_all(due.iter().map(|purge| purge.empty(ctx))).await;
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for (purge, result) in due.iter().zip(results) {
            match result {
                Ok(()) => done.push(purge),
                Err(error) => {
                    log::warn(
                        "purge.failed",
                        &format!("{}: {}", purge.kind, error.code.as_str()),
                    );
                    failed.push(purge);
                }
            }
        }
        let arguments = json!({ "p_done": done, "p_failed": failed });
        let _struck: u32 = postgrest::call(ctx, "finish_purges", &arguments).await?;
        outcome.emptied += done.len();
        outcome.failed = failed.len();
        // those that failed come again after all others
        if due.len() < BATCH || done.is_empty() {
            break;
        }
    }
    Ok(outcome)
}

impl Purge {
    async fn empty(&self, ctx: &Ctx) -> Result<()> {
        match self.kind.as_str() {
            "stream" => objects::purge_stream(ctx, &self.stream()?).await,
            "key" => objects::purge_key(ctx, &self.name).await,
            "organization" => objects::purge_organization(ctx, self.org_id).await,
            _ => Err(Error::internal("an object of an unknown kind")),
        }
    }

    fn stream(&self) -> Result<ObjectName> {
        ObjectName::parse(&format!("v1:{}:{}", self.org_id, self.name))
            .ok_or_else(|| Error::internal("no stream has this name"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_with_its_shard() {
        let purge = |name: &str| Purge {
            org_id: Uuid::from_u128(1),
            kind: "stream".into(),
            name: name.into(),
        };
        let name = purge("metrics/cpu#3").stream().expect("a name");
        assert_eq!(
            (name.org, name.stream.as_str(), name.shard),
            (Uuid::from_u128(1), "metrics/cpu", 3)
        );
        assert!(purge("no shard").stream().is_err());
    }
}
