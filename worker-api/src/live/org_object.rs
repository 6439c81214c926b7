//! The Durable Object of an organisation's live feed: numbers anomalies, keeps the newest, and passes them on.
//!
//! Watchers are hibernating WebSockets held by Workers that serve server-sent events; an idle feed costs nothing. Publishing
//! is idempotent by anomaly id: a stream object may publish again after a crash.
#![expect(
    missing_docs,
    reason = "the durable_object macro makes undocumented items"
)]

use crate::detect::record::Anomaly;
use crate::error::{Error, Result};
use crate::platform::objects::reply;
use crate::platform::storage::{Sql, integer, text};
use serde_json::json;
use std::cell::Cell;
use worker::{
    DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage,
    WebSocketPair, durable_object,
};

/// Anomalies kept for `Last-Event-ID`.
const RING: i64 = 5_000;

/// See the module.
#[durable_object]
pub struct OrgObject {
    state: State,
    migrated: Cell<bool>,
}

impl DurableObject for OrgObject {
    fn new(state: State, _env: Env) -> Self {
        Self {
            state,
            migrated: Cell::new(false),
        }
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let outcome = match request.path().as_str() {
            "/publish" => {
                let body = request.bytes().await?;
                self.publish(&body)
                    .and_then(|n| reply(&n).map_err(Error::internal))
            }
            "/connect" => {
                let after = request
                    .url()?
                    .query_pairs()
                    .find(|(n, _)| n == "after")
                    .and_then(|(_, v)| v.parse().ok());
                self.watch(after)
            }
            _ => return Response::error("no such command", 404),
        };
        outcome.or_else(|error| Response::error(error.detail, 500))
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

    /// Stores what is new and sends it to every watcher.
    fn publish(&self, body: &[u8]) -> Result<usize> {
        let anomalies: Vec<Anomaly> = serde_json::from_slice(body).map_err(Error::internal)?;
        let sql = self.sql()?;
        let mut frames = Vec::new();
        for anomaly in &anomalies {
            let text = serde_json::to_string(anomaly).map_err(Error::internal)?;
            let values = vec![anomaly.id.to_string().into(), text.clone().into()];
            if let Some(seq) = sql.integer("INSERT INTO ring (id, body) VALUES (?, ?) ON CONFLICT (id) DO NOTHING RETURNING seq", values)? {
                frames.push(frame(seq, &text));
            }
        }
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
