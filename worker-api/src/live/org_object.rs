//! The Durable Object of an organisation's live feed: numbers anomalies, keeps the newest, and passes them on.
//!
//! Watchers are hibernating WebSockets held by Workers that serve server-sent events; an idle feed costs nothing. Publishing
//! is idempotent by anomaly id: a stream object may publish again after a crash.
//!
//! It also holds what limits requests: the token buckets of the organisation (in memory: one that is idle long enough to be
//! evicted is full again) and, in objects named by a network address, the times of recent requests to open routes.
#![expect(
    missing_docs,
    reason = "the durable_object macro makes undocumented items"
)]

use crate::detect::record::Anomaly;
use crate::error::{Error, Result};
use crate::http::rate_limit::{Bucket, Claim, Grant};
use crate::ingest::quota::PeriodClaim;
use crate::live::quota::{self, Admission};
use crate::platform::now_ms;
use crate::platform::objects::reply;
use crate::platform::storage::{Sql, integer, text};
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use worker::{
    DurableObject, Env, Request, Response, ScheduledTime, State, WebSocket,
    WebSocketIncomingMessage, WebSocketPair, durable_object,
};

/// Anomalies kept for `Last-Event-ID`.
const RING: i64 = 5_000;

/// See the module.
#[durable_object]
pub struct OrgObject {
    state: State,
    migrated: Cell<bool>,
    buckets: RefCell<BTreeMap<String, Bucket>>,
}

impl DurableObject for OrgObject {
    fn new(state: State, _env: Env) -> Self {
        Self {
            state,
            migrated: Cell::new(false),
            buckets: RefCell::default(),
        }
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let outcome = match request.path().as_str() {
            "/publish" => {
                let body = request.bytes().await?;
                self.publish(&body)
                    .and_then(|n| reply(&n).map_err(Error::internal))
            }
            "/purge" => self
                .purge()
                .await
                .and_then(|()| reply(&true).map_err(Error::internal)),
            "/forget" => {
                let stream: String = request.json().await?;
                self.forget(&stream)
                    .and_then(|()| reply(&true).map_err(Error::internal))
            }
            "/connect" => {
                let after = request
                    .url()?
                    .query_pairs()
                    .find(|(n, _)| n == "after")
                    .and_then(|(_, v)| v.parse().ok());
                self.watch(after)
            }
            "/lease" => {
                let claims: Vec<Claim> = request.json().await?;
                reply(&self.lease(&claims)).map_err(Error::internal)
            }
            "/detections" => {
                let claim: PeriodClaim = request.json().await?;
                self.sql()
                    .and_then(|sql| quota::detections(&sql, &claim))
                    .and_then(|n| reply(&n).map_err(Error::internal))
            }
            "/admit" => {
                let wish: Admission = request.json().await?;
                self.sql()
                    .and_then(|sql| quota::place(&sql, &wish, now_ms()))
                    .and_then(|a| reply(&a).map_err(Error::internal))
            }
            "/count" => {
                let claim: Claim = request.json().await?;
                match self.count(&claim) {
                    Ok(grant) => {
                        let until = now_ms() + i64::from(claim.quota.window) * 1000;
                        // the longest look back decides when everything may go
                        if self.state.storage().get_alarm().await?.unwrap_or(0) < until {
                            let when =
                                ScheduledTime::new(js_sys::Date::new(&(until as f64).into()));
                            self.state.storage().set_alarm(when).await?;
                        }
                        reply(&grant).map_err(Error::internal)
                    }
                    Err(error) => Err(error),
                }
            }
            _ => return Response::error("no such command", 404),
        };
        outcome.or_else(|error| Response::error(error.detail, 500))
    }

    /// Only objects of a network address set one: nothing of it is kept longer than its limits look back.
    async fn alarm(&self) -> worker::Result<Response> {
        self.migrated.set(false);
        self.state.storage().delete_all().await?;
        Response::ok("")
    }

    async fn websocket_message(
        &self,
        _: WebSocket,
        _: WebSocketIncomingMessage,
    ) -> worker::Result<()> {
        Ok(())
    }
    async fn websocket_close(
        &self,
        ws: WebSocket,
        code: usize,
        _: String,
        _: bool,
    ) -> worker::Result<()> {
        // 1005 and 1006 are not codes one may send (RFC 6455 section 7.4.1)
        let code = u16::try_from(code)
            .ok()
            .filter(|c| !matches!(c, 1005 | 1006))
            .unwrap_or(1000);
        let _ = ws.close(Some(code), Some(""));
        Ok(())
    }
    async fn websocket_error(&self, _: WebSocket, _: worker::Error) -> worker::Result<()> {
        Ok(())
    }
}

impl OrgObject {
    fn sql(&self) -> Result<Sql> {
        let sql = Sql::new(&self.state);
        if !self.migrated.replace(true) {
            sql.run("CREATE TABLE IF NOT EXISTS ring (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL)", vec![])?;
        }
        Ok(sql)
    }

    /// Forgets everything and sends watchers away.
    async fn purge(&self) -> Result<()> {
        for ws in self.state.get_websockets() {
            let _ = ws.close(Some(1001), Some("the organisation is gone"));
        }
        let storage = self.state.storage();
        storage.delete_alarm().await.map_err(Error::internal)?;
        storage.delete_all().await.map_err(Error::internal)?;
        self.migrated.set(false);
        self.buckets.borrow_mut().clear();
        Ok(())
    }

    /// Drops what the ring holds of a stream.
    /// A stream was deleted: its anomalies go, and its place among the plan's is free.
    fn forget(&self, stream: &str) -> Result<()> {
        let sql = self.sql()?;
        sql.run(
            "DELETE FROM ring WHERE json_extract(body, '$.stream') = ?",
            vec![stream.into()],
        )?;
        quota::leave(&sql, stream)
    }

    fn lease(&self, claims: &[Claim]) -> Vec<Grant> {
        let now = now_ms();
        let mut buckets = self.buckets.borrow_mut();
        claims
            .iter()
            .map(|c| {
                let bucket = buckets
                    .entry(c.bucket.clone())
                    .or_insert_with(|| Bucket::full(c.quota, now));
                bucket.claim(c.quota, c.want, c.unspent, now)
            })
            .collect()
    }

    /// Exact: at most `quota.requests` in any window, remembered across restarts.
    fn count(&self, claim: &Claim) -> Result<Grant> {
        let sql = self.sql()?;
        sql.run(
            "CREATE TABLE IF NOT EXISTS hits (bucket TEXT NOT NULL, at INTEGER NOT NULL)",
            vec![],
        )?;
        let (now, window) = (now_ms(), i64::from(claim.quota.window) * 1000);
        sql.run(
            "DELETE FROM hits WHERE bucket = ? AND at <= ?",
            vec![claim.bucket.clone().into(), (now - window).into()],
        )?;
        let seen = sql
            .integer(
                "SELECT count(*) FROM hits WHERE bucket = ?",
                vec![claim.bucket.clone().into()],
            )?
            .unwrap_or(0);
        let first = sql
            .integer(
                "SELECT min(at) FROM hits WHERE bucket = ?",
                vec![claim.bucket.clone().into()],
            )?
            .unwrap_or(now);
        let left = i64::from(claim.quota.requests) - seen;
        let wait_ms = u64::try_from(first + window - now).unwrap_or(0);
        if left <= 0 {
            return Ok(Grant {
                tokens: 0,
                remaining: 0,
                wait_ms,
            });
        }
        sql.run(
            "INSERT INTO hits (bucket, at) VALUES (?, ?)",
            vec![claim.bucket.clone().into(), now.into()],
        )?;
        Ok(Grant {
            tokens: 1,
            remaining: u32::try_from(left - 1).unwrap_or(0),
            wait_ms,
        })
    }

    /// Stores what is new and sends it to every watcher.
    fn publish(&self, body: &[u8]) -> Result<usize> {
        let anomalies: Vec<Anomaly> = crate::json::read(body).map_err(Error::internal)?;
        let sql = self.sql()?;
        let mut frames = Vec::new();
        for anomaly in &anomalies {
            let text = serde_json::to_string(anomaly).map_err(Error::internal)?;
            let values = vec![anomaly.id.to_string().into(), text.clone().into()];
            if let Some(seq) = sql.integer("INSERT INTO ring (id, body) VALUES (?, ?) ON CONFLICT (id) DO NOTHING RETURNING seq", values)? {
                frames.push(frame(seq, &text));
            }
        }
        quota::published(&sql, frames.len())?;
        sql.run(
            "DELETE FROM ring WHERE seq <= (SELECT max(seq) FROM ring) - ?",
            vec![RING.into()],
        )?;
        for ws in self.state.get_websockets() {
            // a watcher that is gone is found by the runtime and closed
            for frame in &frames {
                let _ = ws.send_with_str(frame);
            }
        }
        Ok(frames.len())
    }

    /// Opens a watcher; what came after `after` is sent first.
    fn watch(&self, after: Option<i64>) -> Result<Response> {
        let sql = self.sql()?;
        let pair = WebSocketPair::new().map_err(Error::internal)?;
        self.state.accept_web_socket(&pair.server);
        if let Some(after) = after {
            let oldest = sql
                .integer("SELECT min(seq) FROM ring", vec![])?
                .unwrap_or(0);
            if oldest > after + 1 {
                let _ = pair
                    .server
                    .send_with_str(json!({ "missed": oldest - after - 1 }).to_string());
            }
            for row in sql.rows(
                "SELECT seq, body FROM ring WHERE seq > ? ORDER BY seq",
                vec![after.into()],
            )? {
                if let (Some(seq), Some(body)) =
                    (row.first().and_then(integer), row.get(1).and_then(text))
                {
                    let _ = pair.server.send_with_str(frame(seq, body));
                }
            }
        }
        Response::from_websocket(pair.client).map_err(Error::internal)
    }
}

/// `{"seq":7,"anomaly":{…}}`
fn frame(seq: i64, anomaly: &str) -> String {
    format!("{{\"seq\":{seq},\"anomaly\":{anomaly}}}")
}
