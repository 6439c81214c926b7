//! A stream that begins anew: what it learnt, recorded and remembered goes, its generation grows, and what was used stays counted.

use super::engine::Counters;
use super::flush::{self, Reported, usage_row};
use super::shards::Layout;
use super::stream_object::StreamObject;
use crate::error::{Code, Error, Result};
use crate::platform::postgrest;
use crate::platform::storage::{self, Sql};
use serde_json::json;

const FORGET: &[&str] = &[
    "DELETE FROM journal",
    "DELETE FROM log WHERE seq > 0",
    "DELETE FROM checkpoint",
    "DELETE FROM ids",
    "DELETE FROM answers",
    "DELETE FROM outbox",
    "DELETE FROM dead",
    "DELETE FROM repeats",
];

impl StreamObject {
    /// Forgets the stream. Usage that the database has not heard of is sent first: without that nothing happens.
    pub(super) async fn reset(&self) -> Result<String> {
        if !self.forget_shards().await? {
            self.forget(Layout::default()).await?;
        }
        Ok("true".to_owned())
    }

    /// Forgets what this object holds; the stream goes on with `layout`.
    pub(super) async fn forget(&self, layout: Layout) -> Result<()> {
        if self.flushing.replace(true) {
            return Err(Error::new(Code::StreamUnavailable, "the stream is busy"));
        }
        let result = self.forget_all(layout).await;
        self.flushing.set(false);
        result
    }

    async fn forget_all(&self, layout: Layout) -> Result<()> {
        let sql = self.ready()?;
        self.send_usage(&sql).await?;
        // from here on nothing waits: no request comes between. What was used while that was sent stays in its table
        self.fold(&sql)?;
        let generation = self.with_engine(&sql, |e| Ok(e.counters.generation))?;
        let counters = Counters {
            generation: generation + 1,
            layout,
            ..Counters::default()
        };
        let body = serde_json::to_string(&counters).map_err(Error::internal)?;
        let mut statements: Vec<storage::Statement> = FORGET.iter().map(|s| (*s, vec![])).collect();
        statements.push((
            "INSERT INTO counters (one, body) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET body = excluded.body",
            vec![body.into()],
        ));
        self.store(statements)?;
        self.forget_delivery(Reported::nothing_new(self.ctx.now_ms()));
        Ok(())
    }

    pub(super) async fn send_usage(&self, sql: &Sql) -> Result<()> {
        self.fold(sql)?;
        let usage = sql.rows(flush::UNSENT_USAGE, vec![])?;
        if usage.is_empty() {
            return Ok(());
        }
        let name = self.name()?;
        let rows: Vec<_> = usage.iter().map(|r| usage_row(&name, r)).collect();
        postgrest::rpc(&self.ctx, "record_usage", &json!({ "rows": rows }))
            .await
            .map_err(|_| Error::new(Code::StreamUnavailable, "usage cannot be recorded now"))?;
        flush::mark_sent(sql, usage)
    }
}
