//! Streams that fell silent are asked once whether anything still waits in them.
//!
//! A stream's object wakes itself by an alarm to tell the database what is new. If the runtime is killed just then, the alarm can
//! be lost, and nobody wakes the object before its next event. A stream that goes on telling has its alarm; so only one that has
//! told nothing for [`SILENT_MS`] is asked, and not again before it has told something.

use super::name::ObjectName;
use crate::error::Result;
use crate::ingest::time;
use crate::platform::{Ctx, log, objects, postgrest};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// Longer than any pause between two attempts to tell the database something.
const SILENT_MS: i64 = 3 * super::outbox::LONGEST_PAUSE_MS;
/// Streams asked side by side.
const BATCH: usize = 25;
/// Batches in one run; the next run goes on where this one ended.
const BATCHES: usize = 20;

/// A stream as the database knows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Silent {
    org_id: Uuid,
    name: String,
    /// Objects that may hold something of it.
    shards: u32,
    /// What it had reported.
    total: u64,
}

/// What a run did.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Streams asked.
    pub asked: usize,
    /// Of these, streams in which something waited.
    pub woken: usize,
    /// Streams that did not answer; a later run tries again.
    pub failed: usize,
}

/// Asks the streams that have told nothing for a while, as of `now` (milliseconds since the Unix epoch).
pub async fn run(ctx: &Ctx, now: i64) -> Result<Swept> {
    let before = now - SILENT_MS - 2 * ctx.settings.flush_seconds.max(0) * 1000;
    let mut swept = Swept::default();
    let mut after = (Uuid::nil(), String::new());
    for _ in 0..BATCHES {
        let arguments = json!({ "p_before": time::to_rfc3339(before), "p_org": after.0, "p_name": after.1, "p_limit": BATCH });
        let silent: Vec<Silent> = postgrest::call(ctx, "silent_streams", &arguments).await?;
        let Some(last) = silent.last() else { break };
        after = (last.org_id, last.name.clone());
        let answers = join_all(silent.iter().map(|stream| stream.ask(ctx))).await;
        let mut asked = Vec::new();
        for (stream, answer) in silent.iter().zip(answers) {
            match answer {
                Ok(woken) => {
                    asked.push(stream);
                    swept.woken += usize::from(woken);
                }
                Err(error) => {
                    swept.failed += 1;
                    log::warn("sweep.failed", error.code.as_str());
                }
            }
        }
        swept.asked += asked.len();
        let _noted: i64 = postgrest::call(ctx, "note_asked", &json!({ "p_rows": asked })).await?;
        if silent.len() < BATCH {
            break;
        }
    }
    Ok(swept)
}

impl Silent {
    /// Whether anything waited in any of its objects.
    async fn ask(&self, ctx: &Ctx) -> Result<bool> {
        let first = ObjectName::first(self.org_id, &self.name);
        let mut woken = false;
        for shard in 0..self.shards.max(1) {
            woken |= objects::wake_stream(ctx, &first.with_shard(shard)).await?;
        }
        Ok(woken)
    }
}
