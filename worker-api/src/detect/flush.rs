//! From the stream object to the live feed and the database: after the answer, by alarm, as often as it takes.

use super::engine::Engine;
use super::outbox::{self, BATCH};
use super::record::{Anomaly, Pending};
use super::stream_object::StreamObject;
use crate::error::{Error, Result};
use crate::ingest::time;
use crate::platform::postgrest::{self, WriteError};
use crate::platform::storage::{Sql, Value, integer, text};
use crate::platform::{log, metrics, objects, random};
use cbad::measures::{WindowOptions, window_report};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Batches sent in one go before the object takes a breath.
const ROUNDS: usize = 20;
/// How long anomalies wait after others were sent: a call to the feed and one to the database cost the same for ten as for one.
const GATHER_MS: i64 = 1_000;

/// What the database was last told of the stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Reported {
    at_ms: i64,
    state: String,
    events: u64,
    detections: u64,
    failures: u32,
    /// Spreads the next report over some time after it is due.
    jitter: u8,
}

impl Reported {
    /// When the database was last told, and of how many events; `None` where it has not been, or not for certain.
    pub(super) fn told(&self) -> Option<(i64, u64)> {
        let told = self.at_ms > 0 && self.failures == 0;
        told.then_some((self.at_ms, self.events))
    }

    /// A stream that has seen nothing yet: there is nothing to tell until it does.
    pub(super) fn nothing_new(now_ms: i64) -> Self {
        Self {
            at_ms: now_ms,
            state: "learning".into(),
            ..Self::default()
        }
    }
}

/// Usage that the database has not heard of, apart from what is still in the counters ([`StreamObject::fold`]).
pub(super) const UNSENT_USAGE: &str = "SELECT u.generation, u.day, u.events, u.detections, coalesce(x.count, 0) FROM usage u \
    LEFT JOIN unrecorded x ON x.generation = u.generation AND x.day = u.day WHERE u.events > u.sent_events OR u.detections > u.sent_detections";

/// Whether there is anything that the database has not heard of.
pub(super) fn waits(sql: &Sql) -> Result<bool> {
    let some = sql.integer(
        "SELECT EXISTS (SELECT 1 FROM outbox) OR EXISTS (SELECT 1 FROM repeats WHERE count > sent) \
         OR EXISTS (SELECT 1 FROM usage WHERE events > sent_events OR detections > sent_detections)",
        vec![],
    )?;
    Ok(some == Some(1))
}

/// Notes that the database has heard of it.
pub(super) fn mark_sent(sql: &Sql, usage: Vec<Vec<Value>>) -> Result<()> {
    for row in usage {
        if let [generation, day, events, detections, ..] = row.as_slice() {
            let values = vec![
                events.clone(),
                detections.clone(),
                generation.clone(),
                day.clone(),
            ];
            sql.run("UPDATE usage SET sent_events = ?, sent_detections = ? WHERE generation = ? AND day = ?", values)?;
        }
    }
    Ok(())
}

/// A row of the outbox.
struct Row {
    id: i64,
    pending: Pending,
    published: bool,
}

impl StreamObject {
    /// Sends everything that is due.
    pub(super) async fn flush(&self) -> Result<()> {
        if self.flushing.replace(true) {
            self.asked_again.set(true);
            return Ok(());
        }
        let result = self.flush_all().await;
        self.flushing.set(false);
        result
    }

    async fn flush_all(&self) -> Result<()> {
        let sql = self.ready()?;
        for _ in 0..ROUNDS {
            let now = self.ctx.now_ms();
            if self.paused_until(now) > now {
                break;
            }
            let rows = oldest_rows(&sql)?;
            if rows.is_empty() {
                break;
            }
            let is_all = rows.len() < BATCH;
            self.asked_again.set(false);
            // a queue that is longer than what goes at once is no storm to wait for
            self.sent_at.set(if is_all { now } else { 0 });
            // what came in meanwhile waits for others, unless somebody waits for it
            if !self.send(&sql, rows).await? || (is_all && !self.asked_again.get()) {
                break;
            }
        }
        self.send_repeats(&sql).await?;
        self.report(&sql).await
    }

    /// Publishes and stores one batch; `false` if the database is away.
    async fn send(&self, sql: &Sql, mut rows: Vec<Row>) -> Result<bool> {
        self.publish(sql, &rows).await?;
        let now = self.ctx.now_ms();
        for row in &mut rows {
            if !row.pending.measured {
                let options = self.measuring.borrow_mut().options(now);
                measure(sql, row, &options)?;
            }
        }
        let bodies: Vec<&serde_json::Map<String, serde_json::Value>> =
            rows.iter().map(|r| &r.pending.row).collect();
        let outcome = outbox::deliver(rows.len(), |from, to| {
            postgrest::insert_new(&self.ctx, "anomalies", &bodies[from..to])
        })
        .await;
        let now = self.ctx.now_ms();
        for at in &outcome.stored {
            sql.run("DELETE FROM outbox WHERE id = ?", vec![rows[*at].id.into()])?;
        }
        for (at, cause) in &outcome.dead {
            log::error("outbox.dead_letter", cause);
            let values = vec![
                rows[*at].id.into(),
                cause.clone().into(),
                now.into(),
                rows[*at].id.into(),
            ];
            sql.run("INSERT INTO dead (id, body, cause, at) SELECT ?, body, ?, ? FROM outbox WHERE id = ?", values)?;
            sql.run("DELETE FROM outbox WHERE id = ?", vec![rows[*at].id.into()])?;
        }
        let gone = outcome.stored.len() + outcome.dead.len();
        self.waiting
            .set(self.waiting.get().map(|w| (w - gone as i64).max(0)));
        metrics::add("driftlock_outbox_sent_total", outcome.stored.len() as u64);
        metrics::add("driftlock_outbox_dead_total", outcome.dead.len() as u64);
        let Some(cause) = outcome.unavailable else {
            self.failures.set(0);
            self.note_level(false);
            return Ok(true);
        };
        log::warn("outbox.unavailable", &cause);
        metrics::add("driftlock_outbox_failures_total", 1);
        // the whole queue waits: what cannot be sent now could not be sent behind it either. The pause is in memory alone, since
        // a row for each waiting anomaly would be written at every attempt; after a restart the next attempt comes at once
        let attempts = self.failures.get();
        self.failures.set(attempts.saturating_add(1));
        self.paused_until
            .set(outbox::next_attempt(now, attempts, jitter()));
        self.note_level(true);
        Ok(false)
    }

    async fn publish(&self, sql: &Sql, rows: &[Row]) -> Result<()> {
        let fresh: Vec<Anomaly> = rows
            .iter()
            .filter(|r| !r.published)
            .map(|r| r.pending.anomaly())
            .collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let name = self.name()?;
        let list: Vec<&Anomaly> = fresh.iter().collect();
        // the feed is a convenience: its failure must not hold up the record
        match objects::publish(&self.ctx, name.org, &list).await {
            Ok(()) => {
                for row in rows {
                    sql.run(
                        "UPDATE outbox SET published = 1 WHERE id = ?",
                        vec![row.id.into()],
                    )?;
                }
            }
            Err(error) => log::warn("live.publish", &error.to_string()),
        }
        Ok(())
    }

    async fn send_repeats(&self, sql: &Sql) -> Result<()> {
        let now = self.ctx.now_ms();
        if self.next_repeats(now) > now {
            return Ok(());
        }
        if self.holds_repeats(sql)? {
            self.fold(sql)?;
        }
        let rows = sql.rows(
            "SELECT seq, count FROM repeats WHERE count > sent LIMIT 500",
            vec![],
        )?;
        // an anomaly still in the outbox has no row to raise yet
        if rows.is_empty() || sql.integer("SELECT count(*) FROM outbox", vec![])? != Some(0) {
            return Ok(());
        }
        let name = self.name()?;
        let generation = self.with_engine(sql, |e| Ok(e.counters.generation))?;
        let counts: Vec<(i64, i64)> = rows
            .iter()
            .filter_map(|r| Some((integer(r.first()?)?, integer(r.get(1)?)?)))
            .collect();
        let body: Vec<_> = counts.iter()
            .map(|(seq, count)| json!({ "id": name.anomaly_id(generation, *seq as u64), "org_id": name.org, "repeats": count }))
            .collect();
        let told = postgrest::rpc(&self.ctx, "record_repeats", &json!({ "rows": body })).await;
        // from the end of the call: one that hung until its time was up is not followed by the next at once
        self.repeats_told.set(self.ctx.now_ms());
        match told {
            Ok(()) => {
                for (seq, count) in counts {
                    sql.run(
                        "UPDATE repeats SET sent = ? WHERE seq = ?",
                        vec![count.into(), seq.into()],
                    )?;
                }
                Ok(())
            }
            Err(error) => {
                log_write("repeats", &error);
                Ok(())
            }
        }
    }

    /// Tells the database the stream's state and its usage, at most once per flush interval.
    async fn report(&self, sql: &Sql) -> Result<()> {
        let now = self.ctx.now_ms();
        if self.next_report(now) > now {
            return Ok(());
        }
        let name = self.name()?;
        let (counters, state) = self.with_engine(sql, |e| Ok((e.counters.clone(), e.state())))?;
        let stream = json!({
            "org_id": name.org, "name": name.stream, "shard": name.shard, "split": !counters.layout.is_first(), "event_type": counters.event_type, "state": state, "events_seen": counters.events,
            "anomalies_seen": counters.detections, "generation": counters.generation, "algorithm": cbad::ALGORITHM,
            "first_event_at": counters.first_ms.map(time::to_rfc3339), "last_event_at": counters.last_ms.map(time::to_rfc3339),
        });
        self.fold(sql)?;
        let usage = sql.rows(UNSENT_USAGE, vec![])?;
        let rows: Vec<_> = usage.iter().map(|r| usage_row(&name, r)).collect();
        let mut sent =
            postgrest::rpc(&self.ctx, "touch_streams", &json!({ "rows": [stream] })).await;
        if sent.is_ok() && !rows.is_empty() {
            sent = postgrest::rpc(&self.ctx, "record_usage", &json!({ "rows": rows })).await;
        }
        let mut reported = self.reported.borrow_mut();
        reported.at_ms = now;
        reported.jitter = jitter();
        match sent {
            Ok(()) => {
                *reported = Reported {
                    at_ms: now,
                    state: state.into(),
                    events: counters.events,
                    detections: counters.detections,
                    failures: 0,
                    jitter: reported.jitter,
                };
                mark_sent(sql, usage)?;
            }
            Err(error) => {
                reported.failures += 1;
                log_write("report", &error);
            }
        }
        Ok(())
    }

    /// When the next report of state and usage is due; `i64::MAX` where there is nothing to tell.
    pub(super) fn next_report(&self, now: i64) -> i64 {
        let engine = self.engine.borrow();
        engine
            .as_ref()
            .map_or(now, |engine| self.next_report_of(engine, now))
    }

    /// See [`Self::next_report`].
    pub(super) fn next_report_of(&self, engine: &Engine, now: i64) -> i64 {
        let r = self.reported.borrow();
        let changed =
            r.events != engine.counters.events || r.detections != engine.counters.detections;
        let interval = self.ctx.settings.flush_seconds.max(0) * 1000;
        // told in what is the future now: the clock was set back, and it is time
        let at_ms = if r.at_ms > now { 0 } else { r.at_ms };
        if r.failures > 0 {
            return outbox::next_attempt(at_ms, r.failures, r.jitter).max(now);
        }
        if !changed {
            return i64::MAX;
        }
        // the first report, and one after a change of state, do not wait
        if at_ms == 0 || r.state != engine.state() {
            return now;
        }
        at_ms + interval + interval * i64::from(r.jitter) / 1024
    }

    /// Whether there are repeats beside their table.
    fn holds_repeats(&self, sql: &Sql) -> Result<bool> {
        self.with_engine(sql, |engine| Ok(!engine.counters.repeats.is_empty()))
    }

    /// When the database may hear of repeats: a cause that goes on is not worth a call for every batch.
    pub(super) fn next_repeats(&self, now: i64) -> i64 {
        let told = self.repeats_told.get();
        let interval = self.ctx.settings.flush_seconds.clamp(1, 10) * 1000;
        // told in what is the future now: the clock was set back, and it is time
        let due = if told > now { now } else { told + interval };
        due.max(now).max(self.paused_until(now))
    }

    /// When new anomalies are sent: at once, or a moment after the last ones, together with those that come until then.
    pub(super) fn next_sending(&self, now: i64) -> i64 {
        let sent = self.sent_at.get();
        // sent in what is the future now: the clock was set back, and it is time
        let due = if sent > now { now } else { sent + GATHER_MS };
        due.max(self.paused_until(now))
    }

    /// When an alarm rings for repeats. Not before anomalies that are being gathered: it would send those too.
    pub(super) fn next_telling(&self, now: i64, has_rows: bool) -> i64 {
        let repeats = self.next_repeats(now);
        if has_rows {
            repeats.max(self.next_sending(now))
        } else {
            repeats
        }
    }

    /// When anything at all is due.
    pub(super) fn next_due(&self, now: i64) -> Result<i64> {
        let sql = self.ready()?;
        let waits = sql.integer("SELECT 1 FROM outbox LIMIT 1", vec![])?;
        let has_rows = waits.is_some();
        let outbox = waits.map_or(i64::MAX, |_| self.next_sending(now));
        let untold = "SELECT 1 FROM repeats WHERE count > sent LIMIT 1";
        let repeats = if self.holds_repeats(&sql)? || sql.integer(untold, vec![])?.is_some() {
            self.next_telling(now, has_rows)
        } else {
            i64::MAX
        };
        Ok(outbox.max(now).min(repeats).min(self.next_report(now)))
    }
}

fn oldest_rows(sql: &Sql) -> Result<Vec<Row>> {
    let rows = sql.rows(
        "SELECT id, body, published FROM outbox ORDER BY id LIMIT ?",
        vec![(BATCH as i64).into()],
    )?;
    rows.iter()
        .map(|r| {
            let number = |i: usize| r.get(i).and_then(integer).unwrap_or(0);
            let body = r.get(1).and_then(text).unwrap_or("");
            let pending = serde_json::from_str(body).map_err(Error::internal)?;
            Ok(Row {
                id: number(0),
                pending,
                published: number(2) != 0,
            })
        })
        .collect()
}

/// Computes the window measures once and keeps them, so that a retry sends the same row without the work.
fn measure(sql: &Sql, row: &mut Row, options: &WindowOptions) -> Result<()> {
    let bytes = |events: &[String]| {
        events
            .iter()
            .map(|e| e.as_bytes().to_vec())
            .collect::<Vec<_>>()
    };
    let (baseline, window) = (bytes(&row.pending.baseline), bytes(&row.pending.window));
    let (b, w): (Vec<&[u8]>, Vec<&[u8]>) = (
        baseline.iter().map(Vec::as_slice).collect(),
        window.iter().map(Vec::as_slice).collect(),
    );
    let report = (!b.is_empty() && !w.is_empty()).then(|| window_report(&b, &w, options));
    row.pending.complete(report.as_ref());
    let body = serde_json::to_string(&row.pending).map_err(Error::internal)?;
    sql.run(
        "UPDATE outbox SET body = ? WHERE id = ?",
        vec![body.into(), row.id.into()],
    )
}

pub(super) fn usage_row(name: &super::name::ObjectName, row: &[Value]) -> serde_json::Value {
    let number = |i: usize| row.get(i).and_then(integer).unwrap_or(0);
    json!({
        "org_id": name.org, "stream": name.stream, "shard": name.shard, "generation": number(0), "day": row.get(1).and_then(text),
        "events": number(2), "detections": number(3), "unrecorded": number(4),
    })
}

fn log_write(what: &str, error: &WriteError) {
    match error {
        WriteError::Unavailable(cause) => log::warn(&format!("{what}.unavailable"), cause),
        WriteError::Refused(cause) => log::error(&format!("{what}.refused"), cause),
    }
}

fn jitter() -> u8 {
    random::bytes::<1>().map_or(128, |[b]| b)
}

/// Rows waiting, and rows the database refused for good.
pub(super) fn delivery(sql: &Sql) -> Result<Delivery> {
    let rows = sql.rows(
        "SELECT body, cause, at FROM dead ORDER BY id DESC LIMIT 100",
        vec![],
    )?;
    let dead_letters = rows
        .iter()
        .filter_map(|r| {
            let pending: Pending = serde_json::from_str(text(r.first()?)?).ok()?;
            Some(DeadLetter {
                anomaly: pending.anomaly(),
                cause: text(r.get(1)?)?.to_owned(),
                at: time::to_rfc3339(integer(r.get(2)?)?),
            })
        })
        .collect();
    Ok(Delivery {
        waiting: sql
            .integer("SELECT count(*) FROM outbox", vec![])?
            .unwrap_or(0),
        dead_letters,
    })
}

/// The state of a stream's way to the database.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// Anomalies not yet stored in the database.
    pub waiting: i64,
    /// Anomalies the database refused for good, newest first, at most 100.
    pub dead_letters: Vec<DeadLetter>,
}

impl Delivery {
    /// What the shards of a stream have together.
    pub fn of_shards(shards: Vec<Delivery>) -> Self {
        let waiting = shards.iter().map(|s| s.waiting).sum();
        let mut dead_letters: Vec<DeadLetter> =
            shards.into_iter().flat_map(|s| s.dead_letters).collect();
        dead_letters.sort_by(|a, b| b.at.cmp(&a.at));
        dead_letters.truncate(100);
        Self {
            waiting,
            dead_letters,
        }
    }
}

/// An anomaly the database refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeadLetter {
    /// What was to be stored.
    pub anomaly: Anomaly,
    /// Status and SQLSTATE of the refusal.
    pub cause: String,
    /// When it was given up, RFC 3339.
    pub at: String,
}
