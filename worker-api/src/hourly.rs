//! What the hourly cron trigger runs. One step that fails does not hold up the others; the next run tries again.

use crate::detect::sweep;
use crate::orgs::retention;
use crate::platform::{Ctx, log};
use serde_json::{Value, json};

/// Wakes streams whose alarm was lost, and removes what is older than it may be, as of `now` (milliseconds since the Unix epoch).
pub async fn run(ctx: &Ctx, now: i64) -> Value {
    let streams = match sweep::run(ctx, now).await {
        Ok(swept) => json!(swept),
        Err(error) => {
            log::error("sweep.run", &error.to_string());
            json!({ "error": error.code.as_str() })
        }
    };
    let mut done = retention::run(ctx, now).await;
    done["streams"] = streams;
    done
}
