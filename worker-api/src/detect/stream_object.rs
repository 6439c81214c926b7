//! The Durable Object that owns one stream: it scores, logs, and sends on.
//!
//! Invariants: what was answered with 2xx is in SQLite (the runtime holds the answer back until the write is on disk); the engine
//! in memory is ahead of the store only by batches that nobody has an answer to yet ([`Engine::unwritten`]), and a failed write
//! aborts the object with them. Scoring and storing happen without an `await` between them, so requests cannot interleave there; what
//! waits is stored by a timer, or along with whatever is stored next.
#![expect(
    missing_docs,
    reason = "the durable_object macro makes undocumented items"
)]

use super::engine::Engine;
pub use super::engine::{Found, IngestAnswer};
use super::flush;
use super::gathering::Gathering;
use super::latest::Latest;
use super::lesson::Lesson;
use super::measuring::Budget;
use super::name::ObjectName;
use super::outbox;
use super::pressure::{self, Level};
use super::resident;
use super::shards::{ALL, Ask, Change, Slots};
use super::store::{self, Changes, Earlier, RequestKey};
use crate::error::{Code, Error, Result};
use crate::platform::storage::{self, Sql};
use crate::platform::{Ctx, alarm_ms, log, metrics, objects};
use serde::{Deserialize, Serialize};
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use worker::{DurableObject, Env, Request, Response, State, durable_object};

/// An anomaly that was found elsewhere, to be recorded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordFound {
    /// `log`, `metric`, `trace` or `llm`.
    pub event_type: String,
    /// `low`, `medium` or `high`.
    pub severity: String,
    /// The caller's own data.
    pub metadata: serde_json::Value,
    /// The caller's own sentence.
    pub reason: Option<String>,
    /// `key:body` hashes of the request's `Idempotency-Key`.
    pub request_key: Option<String>,
    /// Streams of the plan.
    #[serde(default)]
    pub stream_limit: Option<u32>,
}

/// How readily a stream raises alarms.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Sensitivity {
    /// The stream's own setting, 0 to 1; `None` follows the organisation's.
    pub own: Option<f64>,
    /// The organisation's.
    pub default: f64,
}

/// See the module.
#[durable_object]
pub struct StreamObject {
    pub(super) state: State,
    sql: Sql,
    /// Read once: the runtime answers with a new text every time.
    name: OnceCell<ObjectName>,
    pub(super) ctx: Ctx,
    pub(super) engine: Rc<RefCell<Option<Engine>>>,
    /// Set while a flush runs, so that an alarm and a request do not send the same rows side by side.
    pub(super) flushing: Cell<bool>,
    /// Whether a flush was asked for while one was running.
    pub(super) asked_again: Cell<bool>,
    /// When anomalies were last sent.
    pub(super) sent_at: Cell<i64>,
    pub(super) reported: RefCell<flush::Reported>,
    /// When the database was last told of repeats, or could not be.
    pub(super) repeats_told: Cell<i64>,
    pub(super) measuring: RefCell<Budget>,
    pub(super) gathering: RefCell<Gathering>,
    /// Rows in the outbox; `None` until they were counted.
    pub(super) waiting: Cell<Option<i64>>,
    /// The step last told to the list of streams under pressure.
    level: Cell<Level>,
    /// After a failure nothing is sent before this time, whatever comes in meanwhile …
    pub(super) paused_until: Cell<i64>,
    /// … and how many failures there were in a row.
    pub(super) failures: Cell<u32>,
    alarm_at: Rc<Cell<i64>>,
    /// The time that the runtime was last given for an alarm.
    alarm_set: Cell<i64>,
    migrated: Cell<bool>,
    /// Set while a change of the stream's shards is carried out.
    pub(super) changing: Cell<bool>,
}

impl DurableObject for StreamObject {
    fn new(state: State, env: Env) -> Self {
        Self {
            ctx: Ctx::new(env, "stream-object"),
            sql: Sql::new(&state),
            state,
            name: OnceCell::new(),
            engine: Rc::default(),
            flushing: Cell::new(false),
            asked_again: Cell::new(false),
            sent_at: Cell::new(0),
            reported: RefCell::default(),
            repeats_told: Cell::new(0),
            measuring: RefCell::default(),
            gathering: RefCell::default(),
            waiting: Cell::new(None),
            level: Cell::default(),
            paused_until: Cell::new(0),
            failures: Cell::new(0),
            alarm_at: Rc::default(),
            alarm_set: Cell::new(0),
            migrated: Cell::new(false),
            changing: Cell::new(false),
        }
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let path = request.path();
        let outcome = match path.as_str() {
            "/record" => {
                let body = request.bytes().await?;
                self.record(&body).await
            }
            "/delivery" => self
                .ready()
                .and_then(|sql| flush::delivery(&sql))
                .and_then(|d| serde_json::to_string(&d).map_err(Error::internal)),
            "/sensitivity" => {
                let setting: Sensitivity = request.json().await?;
                self.set_sensitivity(setting)
            }
            "/purge" => self.purge().await,
            "/reset" => self.reset().await,
            "/lesson" => {
                let lesson: Lesson = request.json().await?;
                self.lesson(&lesson)
            }
            "/latest" => self.latest(),
            "/wake" => self.wake().await,
            "/layout" => self.view().await,
            "/resize" => {
                let shards: u32 = request.json().await?;
                self.resize(shards).await
            }
            "/adopt" => {
                let change: Change = request.json().await?;
                self.adopt(&change).await
            }
            "/take" => {
                let (giver, grown): (String, bool) = request.json().await?;
                match ObjectName::parse(&giver) {
                    Some(giver) => self.take(&giver, grown).await,
                    None => Err(Error::internal("no stream has this name")),
                }
            }
            "/give" => {
                let ask: Ask = request.json().await?;
                self.give(&ask)
            }
            "/panic" if self.ctx.settings.test_hooks => {
                panic!("deliberate panic in a stream object")
            }
            _ => return Response::error("no such command", 404),
        };
        match outcome {
            Ok(answer) => Ok(Response::ok(answer)?),
            Err(error) => {
                let answer =
                    Response::error(error.detail.clone(), error.code.status().clamp(400, 503))?;
                if let Some(seconds) = error.retry_after {
                    answer.headers().set("retry-after", &seconds.to_string())?;
                }
                Ok(answer)
            }
        }
    }

    async fn alarm(&self) -> worker::Result<Response> {
        self.alarm_at.set(0);
        if let Err(error) = self.on_alarm().await {
            log::error("stream.alarm", &error.to_string());
            self.wake_at(self.ctx.now_ms() + 5_000);
        }
        Response::ok("")
    }
}

impl StreamObject {
    /// Whether events can be taken now.
    pub(super) async fn open(&self, limit: Option<u64>) -> Result<()> {
        self.admitted(limit).await?;
        self.settle().await
    }

    /// A stream that has seen nothing needs a place among the plan's.
    async fn admitted(&self, limit: Option<u64>) -> Result<()> {
        let (Some(limit), name) = (limit, self.name()?) else {
            return Ok(());
        };
        // tables stay: a stream without a place must not get any
        let tables = "SELECT count(*) FROM sqlite_master WHERE name = 'counters'";
        let is_blank = self.sql.integer(tables, vec![])? == Some(0);
        // one that was deleted has given its place back
        let is_new = is_blank
            || self.with_engine(&self.ready()?, |e| {
                Ok(e.counters.events == 0 && e.counters.found == 0)
            })?;
        if !is_new || name.shard > 0 {
            return Ok(());
        }
        crate::live::quota::admit(&self.ctx, &name, limit).await
    }

    fn set_sensitivity(&self, setting: Sensitivity) -> Result<String> {
        let sql = self.ready()?;
        self.with_engine(&sql, |engine| {
            engine.counters.sensitivity = setting.own;
            engine.set_sensitivity(setting.own.unwrap_or(setting.default));
            self.store_sensitivity(engine)?;
            Ok(engine.sensitivity().to_string())
        })
    }

    /// Teaches the stream that an event is expected, or that it no longer is. A retry finds it done.
    fn lesson(&self, lesson: &Lesson) -> Result<String> {
        let sql = self.ready()?;
        self.with_engine(&sql, |engine| {
            let (effect, entry) = engine.learn_lesson(lesson);
            if let Some(entry) = entry {
                let mut changes = Changes::new(engine, self.ctx.now_ms());
                changes.lesson(entry);
                self.store(changes.finish()?)?;
            }
            serde_json::to_string(&effect).map_err(Error::internal)
        })
    }

    fn latest(&self) -> Result<String> {
        let sql = self.ready()?;
        self.with_engine(&sql, |engine| {
            let latest = Latest::of(engine);
            serde_json::to_string(&latest).map_err(Error::internal)
        })
    }

    /// A stream without a setting of its own follows the organisation's.
    pub(super) fn apply_sensitivity(
        &self,
        engine: &mut Engine,
        default: Option<f64>,
    ) -> Result<()> {
        let wanted = engine
            .counters
            .sensitivity
            .or(default)
            .unwrap_or_else(|| engine.sensitivity());
        if (wanted - engine.sensitivity()).abs() < 1e-9 {
            return Ok(());
        }
        engine.set_sensitivity(wanted);
        self.store_sensitivity(engine)
    }

    /// A checkpoint, because the log does not say with which sensitivity its events were judged.
    fn store_sensitivity(&self, engine: &mut Engine) -> Result<()> {
        let mut changes = Changes::new(engine, self.ctx.now_ms());
        changes.checkpoint();
        self.store(changes.finish()?)
    }

    async fn record(&self, body: &[u8]) -> Result<String> {
        let now = self.ctx.now_ms();
        let found: RecordFound = crate::json::read(body).map_err(Error::internal)?;
        self.open(found.stream_limit.map(u64::from)).await?;
        let sql = self.ready()?;
        let key = found.request_key.as_deref().and_then(RequestKey::parse);
        if let Some(answer) = key
            .as_ref()
            .map(|k| earlier(&sql, k, now))
            .transpose()?
            .flatten()
        {
            self.wake_at(self.next_due(now)?);
            return Ok(answer.0);
        }
        let level = self.pressure(&sql)?;
        if level == Level::Full {
            return Err(full());
        }
        let answer = self.with_engine(&sql, |engine| {
            if engine.counters.event_type.is_empty() {
                engine.counters.event_type.clone_from(&found.event_type);
            }
            let mut pending = engine.record_found(&found, now);
            // answers are trimmed with a checkpoint, which a stream without events would never make
            engine.counters.log_events += 1;
            pending.complete(None);
            let answer = serde_json::to_string(&pending.anomaly()).map_err(Error::internal)?;
            let mut changes = Changes::new(engine, now);
            changes.found(&pending)?;
            if let Some(key) = &key {
                changes.answer(key, answer.clone(), ALL);
            }
            self.store(changes.finish()?)?;
            self.has_stored(1);
            Ok(answer)
        })?;
        // so that a read right after the answer finds it, if the database is there; otherwise the alarm goes on
        if let Err(error) = self.flush().await {
            log::warn("stream.flush", &error.to_string());
        }
        self.wake_at(self.next_due(now)?);
        Ok(answer)
    }

    /// Forgets everything, as if the stream had never been. Saying it twice changes nothing.
    pub(super) async fn purge(&self) -> Result<String> {
        if self.flushing.get() {
            // what the flush is about to write would come after
            return Err(Error::new(Code::StreamUnavailable, "the stream is busy"));
        }
        self.write()?;
        *self.engine.borrow_mut() = None;
        let storage = self.state.storage();
        storage.delete_alarm().await.map_err(Error::internal)?;
        storage.delete_all().await.map_err(Error::internal)?;
        self.forget_delivery(flush::Reported::default());
        self.alarm_at.set(0);
        self.migrated.set(false);
        Ok("true".to_owned())
    }

    /// What memory holds of a stream that went: its outbox is empty now, and the pause after its failures is over.
    pub(super) fn forget_delivery(&self, reported: flush::Reported) {
        *self.engine.borrow_mut() = None;
        self.reported.replace(reported);
        self.waiting.set(Some(0));
        self.note_level(false);
        self.waiting.set(None);
        self.paused_until.set(0);
        self.sent_at.set(0);
        self.failures.set(0);
    }

    async fn on_alarm(&self) -> Result<()> {
        let sql = self.ready()?;
        self.with_engine(&sql, |_| Ok(()))?;
        if self.flushing.get() {
            // what is due now is still due until the other flush has ended
            self.wake_at(self.ctx.now_ms() + 1_000);
            return Ok(());
        }
        let before = self.reported.borrow().told();
        self.flush().await?;
        if let Some(share) = self.told_since(before) {
            self.split_if_hot(share).await;
        }
        let now = self.ctx.now_ms();
        self.wake_at(self.next_due(now)?);
        Ok(())
    }

    /// Sees to it that what waits for the database is sent, also where the alarm for that was lost. Says whether anything waits.
    async fn wake(&self) -> Result<String> {
        let sql = self.ready()?;
        self.fold(&sql)?;
        let waits = flush::waits(&sql)?;
        if waits {
            self.wake_at(self.paused_until(self.ctx.now_ms()));
        }
        Ok(waits.to_string())
    }

    /// The step the outbox is in. Counted once in the object's life, then kept up.
    pub(super) fn pressure(&self, sql: &Sql) -> Result<Level> {
        let waiting = match self.waiting.get() {
            Some(waiting) => waiting,
            None => {
                let counted = sql
                    .integer("SELECT count(*) FROM outbox", vec![])?
                    .unwrap_or(0);
                self.waiting.set(Some(counted));
                self.note_level(false);
                counted
            }
        };
        Ok(self.ctx.settings.outbox.level(waiting))
    }

    pub(super) fn has_stored(&self, anomalies: usize) {
        metrics::add("driftlock_anomalies_total", anomalies as u64);
        self.waiting
            .set(self.waiting.get().map(|w| w + anomalies as i64));
        self.note_level(false);
    }

    /// Tells the list of streams under pressure when the step has changed, or, to renew the entry, `again`.
    pub(super) fn note_level(&self, again: bool) {
        let waiting = self.waiting.get().unwrap_or(0);
        let level = self.ctx.settings.outbox.level(waiting);
        let changed = self.level.replace(level) != level;
        let renew = again && level != Level::Normal;
        if !changed && !renew {
            return;
        }
        let Ok(name) = self.name() else { return };
        let entry = pressure::Entry {
            object: name.to_string(),
            level,
            waiting,
        };
        let ctx = self.ctx.clone();
        self.state.wait_until(async move {
            // best effort: the list is for people and alarms
            if objects::note_pressure(&ctx, &entry).await.is_err() {
                log::warn("outbox.pressure", "not noted");
            }
        });
    }

    /// When the outbox may be sent again; a pause further ahead than any was set by a clock that has gone back.
    pub(super) fn paused_until(&self, now: i64) -> i64 {
        let until = self.paused_until.get();
        if outbox::is_due(until, now) {
            now
        } else {
            until
        }
    }

    /// The database with its tables.
    pub(super) fn ready(&self) -> Result<Sql> {
        if !self.migrated.replace(true) {
            store::migrate(&self.sql)?;
        }
        Ok(self.sql.clone())
    }

    /// Puts usage and repeats into their tables, where reports are made from.
    pub(super) fn fold(&self, sql: &Sql) -> Result<()> {
        self.with_engine(sql, |engine| {
            if engine.counters.used.is_none() && engine.counters.repeats.is_empty() {
                return Ok(());
            }
            self.store(Changes::new(engine, self.ctx.now_ms()).finish()?)
        })
    }

    /// The stream this object owns.
    pub(super) fn name(&self) -> Result<ObjectName> {
        if let Some(name) = self.name.get() {
            return Ok(name.clone());
        }
        let name = ObjectName::parse(&self.state.id().name().unwrap_or_default())
            .ok_or_else(|| Error::internal("a stream object without a stream's name"))?;
        Ok(self.name.get_or_init(|| name).clone())
    }

    /// Runs `work` on the engine, loading it first. Any error leaves memory behind: it may be ahead of the store.
    pub(super) fn with_engine<T>(
        &self,
        sql: &Sql,
        work: impl FnOnce(&mut Engine) -> Result<T>,
    ) -> Result<T> {
        let mut slot = self.engine.borrow_mut();
        if slot.is_none() {
            *slot = Some(store::load(sql, self.name()?)?);
        }
        let engine = slot.as_mut().ok_or_else(|| Error::internal("no engine"))?;
        let result = work(engine);
        if result.is_err() {
            if self.gathering.borrow_mut().lose() {
                // others wait for that to be written: all are sent again, since nothing is
                storage::abort(&self.state, "unwritten");
            }
            *slot = None;
        }
        drop(slot);
        resident::used(&self.engine);
        result
    }

    /// Writes in one transaction; a failure ends the object, and the next request finds what was stored before.
    pub(super) fn store(&self, statements: Vec<storage::Statement>) -> Result<()> {
        self.sql.transaction(statements).map_err(|_| {
            storage::abort(&self.state, "storage failed");
            Error::new(
                Code::StreamUnavailable,
                "the stream's storage refused the write",
            )
        })?;
        // whatever is written takes along what waits for that
        self.gathering.borrow_mut().written();
        Ok(())
    }

    /// Makes sure that an alarm rings at `at` or before. The call reaches storage before this returns, so the alarm becomes durable
    /// together with the writes before it.
    pub(super) fn wake_at(&self, at: i64) {
        let pending = self.alarm_at.get();
        // one that should have rung minutes ago was set by a clock that has jumped since
        let overdue = pending != 0 && pending < self.ctx.now_ms() - outbox::LONGEST_PAUSE_MS;
        if at == i64::MAX || (pending != 0 && pending <= at && !overdue) {
            return;
        }
        self.alarm_at.set(at);
        let mut when = alarm_ms(at);
        // the time of the alarm that rings just now changes nothing in storage, so the runtime would not tell its clock of it
        // anew, and the alarm would be lost
        if when == self.alarm_set.get() {
            when += 1;
        }
        self.alarm_set.set(when);
        let set = self.sql.set_alarm(when);
        let alarm_at = self.alarm_at.clone();
        spawn_local(async move {
            let heard = match set {
                Ok(promise) => JsFuture::from(promise).await.is_ok(),
                Err(_) => false,
            };
            if !heard {
                alarm_at.set(0);
                log::error("stream.set_alarm", "not set");
            }
        });
    }
}

pub(super) fn full() -> Error {
    metrics::add("driftlock_batches_refused_total", 1);
    let mut error = Error::new(
        Code::StreamUnavailable,
        "the database has been away for so long that the stream's outbox is full",
    );
    error.retry_after = Some(pressure::RETRY_SECONDS);
    error
}

pub(super) fn earlier(sql: &Sql, key: &RequestKey, now_ms: i64) -> Result<Option<(String, Slots)>> {
    match store::earlier(sql, key, now_ms)? {
        None => Ok(None),
        Some(Earlier::Same(answer, slots)) => Ok(Some((answer, slots))),
        Some(Earlier::Different) => Err(Error::new(
            Code::IdempotencyKeyReused,
            "the Idempotency-Key was used with another body",
        )),
    }
}
