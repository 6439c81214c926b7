//! What a stream object keeps in its SQLite: counters, log, checkpoint, ids, answers, outbox.
//!
//! Reading is done statement by statement; everything a request changes is collected as statements and written in one
//! transaction by [`Sql::transaction`].

use super::dedupe::{self, Window};
use super::engine::{Applied, Counters, Engine, IngestAnswer, Used};
use super::log;
use super::name::ObjectName;
use super::record::Pending;
use super::shards::{ALL, Answered, Ask, Slots};
use crate::error::{Error, Result};
use crate::ingest::time;
use crate::platform::storage::{Sql, Statement, Value, bytes, integer, text};
use serde::{Deserialize, Serialize};

/// Largest value stored: Cloudflare refuses one over 2 MB, and a log that cannot be written would be refused for ever.
const CHUNK: usize = 1_000_000;
/// In place of the number of events, in a row of an earlier build's log that goes on with the one before.
const CONTINUED: i64 = -1;
/// A checkpoint is due after this many logged events …
const LOG_EVENTS: u64 = 10_000;
/// … or this many bytes of log, apart from the counters in it (a few hundred with every entry).
const LOG_BYTES: u64 = 4 << 20;
/// Anomalies whose repeats the counters hold: they are written with every batch.
const REPEATS: usize = 20;
/// Bytes that wait at most to be written together.
const MOST_UNWRITTEN: usize = 1 << 18;
/// Answers remembered for `Idempotency-Key`.
const ANSWERS: i64 = 5_000;
/// A row of the log takes the place of one that a checkpoint stands for by now: written over it, which takes SQLite less time than
/// a new row, and leaves none to delete. An update: SQLite puts what it replaces into new pages.
const JOURNAL: &str = "INSERT INTO journal (slot, seq, body) VALUES (?, ?, ?) ON CONFLICT (slot) DO UPDATE SET seq = excluded.seq, body = excluded.body";
/// Slots are taken from the first on after each checkpoint: once a row is older than that, all behind it are.
const JOURNALED: &str = "SELECT seq, body FROM journal WHERE slot > ? ORDER BY slot LIMIT ?";
/// Rows of the log read at once.
const PAGE_ROWS: usize = 100;

const SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS counters (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY, events INTEGER NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS journal (slot INTEGER PRIMARY KEY, seq INTEGER NOT NULL, body BLOB NOT NULL)",
    // the log of earlier builds, which is read, and what keeps them from going on without this one's: a row that they cannot read
    "INSERT OR IGNORE INTO log (seq, events, body) VALUES (0, 0, x'04')",
    "CREATE TABLE IF NOT EXISTS checkpoint (chunk INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS ids (row INTEGER PRIMARY KEY, at INTEGER NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, request TEXT NOT NULL, answer TEXT NOT NULL, at INTEGER NOT NULL, \
     slots INTEGER NOT NULL DEFAULT 65535) WITHOUT ROWID",
    // an index would be one more row to write for every request, for a look that is taken once in a checkpoint
    "DROP INDEX IF EXISTS answers_at",
    "CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, published INTEGER NOT NULL DEFAULT 0, \
     attempts INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS dead (id INTEGER PRIMARY KEY, body TEXT NOT NULL, cause TEXT NOT NULL, at INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS repeats (seq INTEGER PRIMARY KEY, count INTEGER NOT NULL, sent INTEGER NOT NULL DEFAULT 0)",
    "CREATE TABLE IF NOT EXISTS unrecorded (generation INTEGER, day TEXT, count INTEGER NOT NULL, PRIMARY KEY (generation, day)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS usage (generation INTEGER, day TEXT, events INTEGER NOT NULL, detections INTEGER NOT NULL, \
     sent_events INTEGER NOT NULL DEFAULT 0, sent_detections INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (generation, day)) WITHOUT ROWID",
];

/// A retried request that was answered before.
pub enum Earlier {
    /// Same body: the same answer, and the slots whose events it is about.
    Same(String, Slots),
    /// Another body under the same key.
    Different,
}

/// A caller's `Idempotency-Key` and body, hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestKey {
    /// Hash of the key.
    pub key: String,
    /// Hash of the body.
    pub body: String,
}

impl RequestKey {
    /// Reads `key:body`.
    pub fn parse(text: &str) -> Option<Self> {
        let (key, body) = text.split_once(':')?;
        Some(Self {
            key: key.to_owned(),
            body: body.to_owned(),
        })
    }
}

/// Creates the tables.
pub fn migrate(sql: &Sql) -> Result<()> {
    SCHEMA
        .iter()
        .try_for_each(|statement| sql.run(statement, vec![]))?;
    // objects from before streams could be split
    let slots = "SELECT count(*) FROM pragma_table_info('answers') WHERE name = 'slots'";
    if sql.integer(slots, vec![])? == Some(0) {
        sql.run(
            "ALTER TABLE answers ADD COLUMN slots INTEGER NOT NULL DEFAULT 65535",
            vec![],
        )?;
    }
    Ok(())
}

/// Rebuilds the engine from checkpoint and log.
pub fn load(sql: &Sql, name: ObjectName) -> Result<Engine> {
    let counters: Counters = match sql.text("SELECT body FROM counters WHERE one = 1", vec![])? {
        Some(body) => serde_json::from_str(&body).map_err(Error::internal)?,
        None => Counters::default(),
    };
    let mut window = Window::default();
    for row in sql.rows("SELECT row, at, body FROM ids ORDER BY row", vec![])? {
        if let Ok([key, at, body]) = <[Value; 3]>::try_from(row) {
            window.add(
                integer(&key).unwrap_or(0),
                integer(&at).unwrap_or(0),
                dedupe::unpack(&bytes(body).unwrap_or_default()),
            );
        }
    }
    let mut checkpoint = Vec::new();
    for row in sql.rows("SELECT body FROM checkpoint ORDER BY chunk", vec![])? {
        checkpoint.extend(row.into_iter().next().and_then(bytes).unwrap_or_default());
    }
    let old = "SELECT seq, events, body FROM log WHERE seq > 0 ORDER BY seq";
    let old = joined(sql.rows(old, vec![])?)?;
    let log = journaled(counters.checkpoint_seq, |after| {
        sql.rows(JOURNALED, vec![after.into(), (PAGE_ROWS as i64).into()])
    })?;
    rebuilt(name, counters, window, &checkpoint, old, log)
}

/// An entry of the log, with the number of its last row, and how the stream stood after it where it says so.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    seq: i64,
    state: Option<Counters>,
    body: Vec<u8>,
}

impl Entry {
    fn new(seq: i64, state: &[u8], body: &[u8]) -> Result<Self> {
        let state = (!state.is_empty()).then(|| crate::json::read(state));
        Ok(Self {
            seq,
            state: state.transpose().map_err(Error::internal)?,
            body: body.to_vec(),
        })
    }
}

/// The engine as checkpoint and log have it, of which an earlier build has written the `old` part; `counters` are those of their own row,
/// which the log may be ahead of.
fn rebuilt(
    name: ObjectName,
    mut counters: Counters,
    window: Window,
    checkpoint: &[u8],
    old: Vec<Entry>,
    new: Vec<Entry>,
) -> Result<Engine> {
    let has_new = !new.is_empty();
    let mut log = old;
    log.extend(new);
    for entry in &mut log {
        if let Some(stated) = entry.state.take().filter(|s| s.log_seq > counters.log_seq) {
            counters = stated;
        }
    }
    // counters from before they knew of the log's rows
    let last = log.last().map_or(0, |entry| entry.seq);
    counters.log_seq = counters.log_seq.max(last);
    if !has_new {
        // the first slot is for the next row, also behind an earlier build's
        counters.checkpoint_seq = counters.log_seq;
    }
    let mut engine = if checkpoint.is_empty() {
        Engine::new(name, counters, window)
    } else {
        Engine::restore(name, counters, window, checkpoint).map_err(Error::internal)?
    };
    for entry in log {
        engine.replay(&entry.body).map_err(Error::internal)?;
    }
    Ok(engine)
}

/// The entries of the log that are newer than the checkpoint; `page` gives the rows behind a slot.
fn journaled(
    checkpoint_seq: i64,
    page: impl Fn(i64) -> Result<Vec<Vec<Value>>>,
) -> Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut slot = 0;
    loop {
        let rows = page(slot)?;
        let is_last = rows.len() < PAGE_ROWS;
        slot += rows.len() as i64;
        for row in rows {
            let Ok([seq, body]) = <[Value; 2]>::try_from(row) else {
                continue;
            };
            let seq = integer(&seq).unwrap_or(0);
            if seq <= checkpoint_seq {
                return Ok(entries);
            }
            let body = bytes(body).unwrap_or_default();
            let row = log::Row::read(&body).map_err(Error::internal)?;
            match entries.last_mut().filter(|_| row.goes_on) {
                Some(entry) => {
                    entry.seq = seq;
                    entry.body.extend_from_slice(row.entry);
                }
                None => entries.push(Entry::new(seq, row.state, row.entry)?),
            }
        }
        if is_last {
            return Ok(entries);
        }
    }
}

/// The entries of an earlier build's log, each from its row and those that go on with it.
fn joined(rows: Vec<Vec<Value>>) -> Result<Vec<Entry>> {
    let mut whole: Vec<(i64, Vec<u8>)> = Vec::new();
    for row in rows {
        let Ok([seq, events, body]) = <[Value; 3]>::try_from(row) else {
            continue;
        };
        let seq = integer(&seq).unwrap_or(0);
        let body = bytes(body).unwrap_or_default();
        match whole.last_mut() {
            Some((last, entry)) if integer(&events) == Some(CONTINUED) => {
                *last = seq;
                entry.extend_from_slice(&body);
            }
            _ => whole.push((seq, body)),
        }
    }
    let entries = whole.iter().map(|(seq, row)| {
        let (state, body) = log::unstated(row).map_err(Error::internal)?;
        Entry::new(*seq, state.unwrap_or_default(), body)
    });
    entries.collect()
}

/// The answer given to an earlier request with the same key.
pub fn earlier(sql: &Sql, key: &RequestKey, now_ms: i64) -> Result<Option<Earlier>> {
    let rows = sql.rows(
        "SELECT request, answer, slots, at FROM answers WHERE key = ?",
        vec![key.key.clone().into()],
    )?;
    Ok(rows.first().and_then(|row| judged(row, key, now_ms)))
}

/// What a row of answers is to a request. The same body is recognised as long as it is remembered, so that a clock that jumps does
/// not count twice; another body is a mistake for as long as the key is claimed (`detect::claims`), then a new request.
fn judged(row: &[Value], key: &RequestKey, now_ms: i64) -> Option<Earlier> {
    let [request, answer, slots, at] = row else {
        return None;
    };
    if text(request) == Some(key.body.as_str()) {
        let answer = text(answer).unwrap_or("").to_owned();
        return Some(Earlier::Same(answer, slots_of(slots)));
    }
    let is_claimed = now_ms - integer(at).unwrap_or(0) < dedupe::MAX_AGE_MS;
    is_claimed.then_some(Earlier::Different)
}

fn slots_of(value: &Value) -> Slots {
    integer(value)
        .and_then(|n| Slots::try_from(n).ok())
        .unwrap_or(ALL)
}

/// Answers of a page, and the bytes it may have.
const PAGE_ANSWERS: i64 = 500;
const PAGE_BYTES: usize = 1 << 20;

/// Answered requests in the order of their keys, as many as fit into a page; the last key, where there are more.
pub fn answered(sql: &Sql, ask: &Ask) -> Result<(Vec<Answered>, Option<String>)> {
    let values = vec![
        ask.after.clone().unwrap_or_default().into(),
        PAGE_ANSWERS.into(),
    ];
    let rows = sql.rows(
        "SELECT key, request, answer, at, slots FROM answers WHERE key > ? ORDER BY key LIMIT ?",
        values,
    )?;
    let is_last = (rows.len() as i64) < PAGE_ANSWERS;
    let count = rows.len();
    let mut bytes = 0;
    let mut page = Vec::new();
    for row in rows {
        let [key, request, answer, at, slots] = row.as_slice() else {
            continue;
        };
        let string = |v| text(v).unwrap_or("").to_owned();
        let answer = if ask.blank {
            serde_json::to_string(&IngestAnswer::default()).map_err(Error::internal)?
        } else {
            string(answer)
        };
        bytes += answer.len();
        page.push(Answered {
            key: string(key),
            request: string(request),
            answer,
            slots: slots_of(slots),
            at: integer(at).unwrap_or(0),
        });
        if bytes > PAGE_BYTES {
            break;
        }
    }
    let more = page.last().filter(|_| !is_last || page.len() < count);
    let more = more.map(|a| a.key.clone());
    Ok((page, more))
}

/// An answer that fits into a row: of a thousand anomalies and more, first the sentences go, then the last ones.
fn bounded(answer: String) -> String {
    if answer.len() <= CHUNK {
        return answer;
    }
    let Ok(mut whole) = serde_json::from_str::<IngestAnswer>(&answer) else {
        return answer;
    };
    whole.anomalies.iter_mut().for_each(|a| a.reason.clear());
    loop {
        let text = serde_json::to_string(&whole).unwrap_or_default();
        if text.len() <= CHUNK {
            return text;
        }
        whole.anomalies.truncate(whole.anomalies.len() / 2);
    }
}

/// Rows that so many bytes of the log take.
fn rows_of(bytes: usize) -> i64 {
    bytes.div_ceil(CHUNK).max(1) as i64
}

/// Collects what a request changes.
pub struct Changes<'e> {
    engine: &'e mut Engine,
    now_ms: i64,
    /// Whether new anomalies are kept without their evidence (`detect::pressure`).
    slim: bool,
    /// The log's entry of this change.
    entry: Option<Vec<u8>>,
    /// Whether the counters get their own row, though there is an entry that could say them.
    settles: bool,
    /// Whether a checkpoint stands in place of the log.
    has_checkpoint: bool,
    statements: Vec<Statement>,
}

impl<'e> Changes<'e> {
    /// Changes of `engine` at `now_ms`.
    pub fn new(engine: &'e mut Engine, now_ms: i64) -> Self {
        Self {
            engine,
            now_ms,
            slim: false,
            entry: None,
            settles: false,
            has_checkpoint: false,
            statements: Vec::new(),
        }
    }

    /// Keeps new anomalies without their evidence.
    #[must_use]
    pub fn slim(mut self, slim: bool) -> Self {
        self.slim = slim;
        self
    }

    /// A scored batch: log, ids, usage, outbox, repeats.
    pub fn applied(&mut self, applied: &mut Applied) -> Result<()> {
        if let Some(log) = applied.log.take() {
            self.entry = Some(log);
            self.usage(applied.answer.accepted, applied.anomalies.len());
            self.unrecorded(applied.answer.unrecorded);
        }
        if !applied.ids.is_empty() {
            // the newest event's position is unique and grows
            let row = self.engine.counters.events as i64;
            self.statements.push((
                "INSERT INTO ids (row, at, body) VALUES (?, ?, ?)",
                vec![
                    row.into(),
                    self.now_ms.into(),
                    dedupe::pack(&applied.ids).into(),
                ],
            ));
            self.engine
                .window
                .add(row, self.now_ms, applied.ids.clone());
            if let Some(dropped) = self.engine.window.expire(self.now_ms) {
                self.statements
                    .push(("DELETE FROM ids WHERE row <= ?", vec![dropped.into()]));
            }
        }
        for pending in &applied.anomalies {
            self.outbox(pending)?;
        }
        for first in &applied.repeats {
            self.repeat(*first);
        }
        Ok(())
    }

    fn repeat(&mut self, first: u64) {
        let repeats = &mut self.engine.counters.repeats;
        match repeats.iter_mut().find(|(seq, _)| *seq == first) {
            Some((_, count)) => *count += 1,
            None => repeats.push((first, 1)),
        }
        if repeats.len() > REPEATS {
            self.fold();
            self.settles = true;
        }
    }

    /// An anomaly that was found elsewhere.
    pub fn found(&mut self, pending: &Pending) -> Result<()> {
        self.usage(0, 1);
        self.outbox(pending)
    }

    /// What somebody taught the stream, in its place among the events.
    pub fn lesson(&mut self, entry: Vec<u8>) {
        self.entry = Some(entry);
    }

    /// The counters for a row of the log to say with its entry; none where they get a row of their own, or both are too long for one.
    fn stated(&self, entry: &[u8]) -> Result<Option<Vec<u8>>> {
        if self.settles {
            return Ok(None);
        }
        let state = serde_json::to_vec(&self.engine.counters).map_err(Error::internal)?;
        Ok(Some(state).filter(|state| state.len() + entry.len() <= CHUNK))
    }

    /// Writes to the log, in as many rows as it takes; the counters know of them already.
    fn log(&mut self, state: &[u8], entry: &[u8]) {
        let counters = &self.engine.counters;
        let first = counters.log_seq + 1 - rows_of(entry.len());
        for (seq, entry) in (first..).zip(entry.chunks(CHUNK)) {
            let goes_on = seq > first;
            let row = log::Row {
                goes_on,
                state,
                entry,
            };
            let slot = seq - counters.checkpoint_seq;
            let values = vec![slot.into(), seq.into(), row.to_bytes().into()];
            self.statements.push((JOURNAL, values));
        }
    }

    /// The answer about the events of some slots, for a retry.
    pub fn answer(&mut self, key: &RequestKey, answer: String, slots: Slots) {
        self.answered(Answered {
            key: key.key.clone(),
            request: key.body.clone(),
            answer,
            slots,
            at: self.now_ms,
        });
    }

    /// See `answer`.
    pub fn answered(&mut self, answered: Answered) {
        let values = vec![
            answered.key.into(),
            answered.request.into(),
            bounded(answered.answer).into(),
            answered.at.into(),
            i64::from(answered.slots).into(),
        ];
        self.statements.push((
            "INSERT INTO answers (key, request, answer, at, slots) VALUES (?, ?, ?, ?, ?) \
             ON CONFLICT (key) DO UPDATE SET request = excluded.request, answer = excluded.answer, at = excluded.at, slots = excluded.slots",
            values,
        ));
    }

    /// Puts the ids of another shard beside this one's.
    pub fn merge_ids(&mut self, other: &[(i64, Vec<u64>)]) {
        let last_row = self.engine.counters.events as i64;
        self.engine.window = self.engine.window.merged(other, last_row);
        self.engine.window.expire(self.now_ms);
        self.statements.push(("DELETE FROM ids", vec![]));
        for (row, at, ids) in self.engine.window.rows() {
            let values = vec![row.into(), at.into(), ids.into()];
            self.statements
                .push(("INSERT INTO ids (row, at, body) VALUES (?, ?, ?)", values));
        }
    }

    /// The engine whose changes these are.
    pub fn engine(&mut self) -> &mut Engine {
        self.engine
    }

    /// Leaves a batch to be written with others that come at the same time; `false` where more than its entry changed, or enough waits.
    pub fn wait(&mut self) -> bool {
        let is_alone = self.statements.is_empty() && !self.settles && !self.has_checkpoint;
        let unwritten = &mut self.engine.unwritten;
        match self
            .entry
            .take_if(|e| is_alone && e.len() + unwritten.len() <= MOST_UNWRITTEN)
        {
            Some(entry) => {
                log::append(unwritten, &entry);
                true
            }
            None => false,
        }
    }

    /// What waits, as the entry of this change.
    pub fn waited(&mut self) {
        self.entry = Some(std::mem::take(&mut self.engine.unwritten)).filter(|u| !u.is_empty());
    }

    /// What waits comes before the entry of this change: into the same where that is a batch too, else as an entry of its own.
    fn write_waiting(&mut self) {
        let mut unwritten = std::mem::take(&mut self.engine.unwritten);
        if unwritten.is_empty() || self.has_checkpoint {
            return;
        }
        match &mut self.entry {
            Some(entry) if entry.first() == Some(&log::VERSION) => {
                log::append(&mut unwritten, entry);
                *entry = unwritten;
            }
            _ => {
                self.engine.counters.log_seq += rows_of(unwritten.len());
                self.log(&[], &unwritten);
            }
        }
    }

    /// All statements, and what waited to be written with them. The counters are in the log's entry, or last in a row of their own; where
    /// the log has grown enough, a checkpoint takes its place.
    pub fn finish(mut self) -> Result<Vec<Statement>> {
        let counters = &self.engine.counters;
        if counters.log_events >= LOG_EVENTS || counters.log_bytes >= LOG_BYTES {
            self.checkpoint();
        }
        self.write_waiting();
        if let Some(entry) = self.entry.take().filter(|_| !self.has_checkpoint) {
            self.engine.counters.log_seq += rows_of(entry.len());
            let state = self.stated(&entry)?;
            self.log(state.as_deref().unwrap_or_default(), &entry);
            if state.is_some() {
                return Ok(self.statements);
            }
        }
        self.fold();
        let body = serde_json::to_string(&self.engine.counters).map_err(Error::internal)?;
        self.statements.push(("INSERT INTO counters (one, body) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET body = excluded.body", vec![body.into()]));
        Ok(self.statements)
    }

    /// A checkpoint in place of the log.
    pub fn checkpoint(&mut self) {
        self.has_checkpoint = true;
        let counters = &mut self.engine.counters;
        let slots = counters.log_seq - counters.checkpoint_seq;
        counters.log_events = 0;
        counters.log_bytes = 0;
        counters.checkpoint_seq = counters.log_seq;
        // rows that were not written over since the checkpoint before: a restart reads a hundred rows at once, and what a customer has
        // sent should not lie there for good
        self.statements
            .push(("DELETE FROM journal WHERE slot > ?", vec![slots.into()]));
        self.statements.push(("DELETE FROM checkpoint", vec![]));
        self.statements
            .push(("DELETE FROM log WHERE seq > 0", vec![]));
        for (i, chunk) in self.engine.snapshot().chunks(CHUNK).enumerate() {
            let values = vec![(i as i64).into(), chunk.to_vec().into()];
            self.statements
                .push(("INSERT INTO checkpoint (chunk, body) VALUES (?, ?)", values));
        }
        // the newest stay whatever their age, as with ids; old answers go now and then: looking for them in every request would read more rows than the request writes
        let values = vec![(self.now_ms - dedupe::MAX_AGE_MS).into(), ANSWERS.into()];
        self.statements.push(("DELETE FROM answers WHERE (at < ?1 AND at < (SELECT at FROM answers ORDER BY at DESC LIMIT 1 OFFSET 200)) OR at < (SELECT at FROM answers ORDER BY at DESC LIMIT 1 OFFSET ?2)", values));
    }

    fn usage(&mut self, events: u32, detections: usize) {
        let day = time::day(self.now_ms);
        if self
            .engine
            .counters
            .used
            .as_ref()
            .is_some_and(|u| u.day != day)
        {
            self.fold();
            self.settles = true;
        }
        let used = self.engine.counters.used.get_or_insert_with(|| Used {
            day,
            ..Used::default()
        });
        used.events += u64::from(events);
        used.detections += detections as u64;
    }

    /// Moves usage and repeats into their tables. The counters have to follow in a row of their own.
    fn fold(&mut self) {
        for (first, count) in std::mem::take(&mut self.engine.counters.repeats) {
            let values = vec![(first as i64).into(), i64::from(count).into()];
            // the first sight of it counts too
            self.statements.push(("INSERT INTO repeats (seq, count) VALUES (?1, 1 + ?2) ON CONFLICT (seq) DO UPDATE SET count = count + ?2", values));
        }
        let Some(used) = self.engine.counters.used.take() else {
            return;
        };
        let values = vec![
            i64::from(self.engine.counters.generation).into(),
            used.day.into(),
            (used.events as i64).into(),
            (used.detections as i64).into(),
        ];
        self.statements.push(("INSERT INTO usage (generation, day, events, detections) VALUES (?, ?, ?, ?) \
            ON CONFLICT (generation, day) DO UPDATE SET events = events + excluded.events, detections = detections + excluded.detections", values));
    }

    fn unrecorded(&mut self, count: u32) {
        if count == 0 {
            return;
        }
        let values = vec![
            i64::from(self.engine.counters.generation).into(),
            time::day(self.now_ms).into(),
            i64::from(count).into(),
        ];
        self.statements.push((
            "INSERT INTO unrecorded (generation, day, count) VALUES (?, ?, ?) \
            ON CONFLICT (generation, day) DO UPDATE SET count = count + excluded.count",
            values,
        ));
    }

    fn outbox(&mut self, pending: &Pending) -> Result<()> {
        let body = if self.slim {
            serde_json::to_string(&pending.slim())
        } else {
            serde_json::to_string(pending)
        };
        let mut body = body.map_err(Error::internal)?;
        // an event of control characters grows sixfold in JSON, and each of its tokens has evidence
        if body.len() > CHUNK {
            body = serde_json::to_string(&pending.small()).map_err(Error::internal)?;
        }
        self.statements.push((
            "INSERT INTO outbox (body, due) VALUES (?, ?)",
            vec![body.into(), self.now_ms.into()],
        ));
        Ok(())
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
