//! How a batch comes into a stream's object, and what becomes of it there: screened, scored, stored, answered.
//!
//! Nothing is waited for between scoring and storing (see `stream_object`), nor anywhere else on the common path.

use super::engine::{Engine, IngestAnswer};
use super::pressure::Level;
use super::reshard;
use super::shards::{self, Slots};
use super::store::{Changes, RequestKey};
use super::stream_object::{StreamObject, earlier, full};
use crate::error::{Code, Error, Result};
use crate::platform::metrics;
use crate::platform::storage::Sql;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// What holds for a batch, as the Worker says.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The organisation's sensitivity.
    pub sensitivity: f64,
    /// Detections that may still be recorded.
    pub recordable: u64,
    /// Streams of the plan.
    pub streams: Option<u64>,
    /// The layout by which the batch was split.
    pub epoch: u64,
    /// Recognises a retry.
    pub key: Option<RequestKey>,
    /// Whether an answer may be a number ([`IngestAnswer::packed`]).
    pub brief: bool,
    /// Whether the batch may wait for others before it is written.
    pub patient: bool,
}

impl Terms {
    /// From what an object's method gets, where less than nothing stands for no limit.
    fn new(
        sensitivity: f64,
        left: f64,
        streams: f64,
        epoch: u32,
        key: Option<&str>,
        brief: bool,
    ) -> Self {
        let limit = |n: f64| (n >= 0.0).then_some(n as u64);
        Self {
            sensitivity,
            recordable: limit(left).unwrap_or(u64::MAX),
            streams: limit(streams),
            epoch: epoch.into(),
            key: key.and_then(RequestKey::parse),
            brief,
            patient: false,
        }
    }
}

/// What is said to the caller.
enum Reply {
    /// The JSON text of [`IngestAnswer`].
    Text(String),
    /// See [`IngestAnswer::packed`].
    Packed(f64),
    /// The same, once it is written ([`StreamObject::write_waiting`]).
    Waiting(f64),
}

/// A batch as it is before scoring.
enum Screened {
    /// There is nothing to score: the answer, and when the object has to wake up.
    Answered(Reply, i64),
    /// It is to be scored.
    Open(Open),
}

struct Open {
    /// The slots whose events are this object's.
    owned: Slots,
    /// What a part of the request was answered before, and the slots that was about.
    before: Option<(String, Slots)>,
    /// Whether anomalies are kept without their evidence.
    slim: bool,
}

/// How a batch comes in: two methods that the entry script calls as RPC, without a request and an answer around it. An answer is the
/// JSON text of [`IngestAnswer`], where the caller takes it a number that says the same (below zero by one and more as long as that is
/// not written), or an array of status, text and seconds after which the batch may be sent again.
#[wasm_bindgen]
impl StreamObject {
    /// Scores a batch at once, without making a task and a promise for it; answers nothing where something has to be waited for
    /// first, which is for [`Self::ingest_later`].
    #[wasm_bindgen(js_name = ingestNow)]
    #[expect(
        clippy::too_many_arguments,
        reason = "an object around them would be made for each batch"
    )]
    pub fn ingest_now(
        &self,
        sensitivity: f64,
        left: f64,
        streams: f64,
        epoch: u32,
        key: Option<String>,
        batch: &[u8],
        brief: bool,
    ) -> JsValue {
        let mut terms = Terms::new(sensitivity, left, streams, epoch, key.as_deref(), brief);
        terms.patient = brief;
        if !self.is_open(&terms) {
            return JsValue::UNDEFINED;
        }
        // a batch has a version at least
        assert!(
            !(batch.is_empty() && self.ctx.settings.test_hooks),
            "deliberate panic as a batch comes in"
        );
        answer_of(self.ingest(batch, &terms))
    }

    /// Writes the batches that wait; answers nothing, or the refusal that holds for all of them.
    #[wasm_bindgen(js_name = writeWaiting)]
    pub fn write_waiting(&self) -> JsValue {
        self.write().map_or_else(refusal, |()| JsValue::UNDEFINED)
    }

    /// Scores a batch of a stream that has to be loaded, admitted or settled first.
    #[wasm_bindgen(js_name = ingestLater)]
    #[expect(
        clippy::too_many_arguments,
        reason = "an object around them would be made for each batch"
    )]
    pub async fn ingest_later(
        &self,
        sensitivity: f64,
        left: f64,
        streams: f64,
        epoch: u32,
        key: Option<String>,
        batch: Vec<u8>,
        brief: bool,
    ) -> JsValue {
        let terms = Terms::new(sensitivity, left, streams, epoch, key.as_deref(), brief);
        let opened = self.open(terms.streams).await;
        answer_of(opened.and_then(|()| self.ingest(&batch, &terms)))
    }
}

fn answer_of(outcome: Result<Reply>) -> JsValue {
    match outcome {
        Ok(Reply::Text(answer)) => JsValue::from_str(&answer),
        Ok(Reply::Packed(answer)) => answer.into(),
        Ok(Reply::Waiting(answer)) => (-1.0 - answer).into(),
        Err(error) => refusal(error),
    }
}

fn refusal(error: Error) -> JsValue {
    let status = error.code.status().clamp(400, 503);
    let seconds = error.retry_after.map_or(JsValue::NULL, JsValue::from);
    js_sys::Array::of3(&status.into(), &error.detail.into(), &seconds).into()
}

impl StreamObject {
    fn ingest(&self, batch: &[u8], terms: &Terms) -> Result<Reply> {
        let now = self.ctx.now_ms();
        let sql = self.ready()?;
        let taken = self.with_engine(&sql, |engine| {
            match self.screen(engine, &sql, terms, now) {
                Ok(Screened::Answered(answer, due)) => Ok(Ok((answer, due))),
                Ok(Screened::Open(open)) => self.score(engine, batch, terms, &open, now),
                // nothing has changed yet: the engine stays
                Err(refusal) => Ok(Err(refusal)),
            }
        });
        let (answer, due) = taken??;
        self.wake_at(due);
        Ok(answer)
    }

    /// Writes what waits for that, where no other change has taken it along.
    pub(super) fn write(&self) -> Result<()> {
        let gathering = self.gathering.borrow();
        let (is_waiting, is_lost) = (gathering.is_waiting(), gathering.is_lost());
        drop(gathering);
        if !is_waiting && !is_lost {
            return Ok(());
        }
        let sql = self.ready()?;
        self.with_engine(&sql, |engine| {
            if is_lost || engine.unwritten.is_empty() {
                return Err(Error::new(
                    Code::StreamUnavailable,
                    "the stream broke off before the events were stored",
                ));
            }
            let mut changes = Changes::new(engine, self.ctx.now_ms());
            changes.waited();
            self.store(changes.finish()?)
        })
    }

    /// What has to be known before a batch is scored. An error refuses it.
    fn screen(&self, engine: &Engine, sql: &Sql, terms: &Terms, now: i64) -> Result<Screened> {
        let owned = match owned(engine, terms.epoch)? {
            Ok(slots) => slots,
            Err(moved) => {
                let answer = serde_json::to_string(&moved).map_err(Error::internal)?;
                return Ok(Screened::Answered(Reply::Text(answer), i64::MAX));
            }
        };
        let key = terms.key.as_ref();
        let before = key.map(|k| earlier(sql, k, now)).transpose()?.flatten();
        if let Some((answer, slots)) = &before
            && owned & !slots == 0
        {
            metrics::add("driftlock_replays_total", 1);
            // the answer was lost in a crash, perhaps, and with it the alarm
            let due = self.next_report_of(engine, now);
            return Ok(Screened::Answered(Reply::Text(answer.clone()), due));
        }
        let level = self.pressure(sql)?;
        if level == Level::Full {
            return Err(full());
        }
        let slim = level == Level::Slim;
        Ok(Screened::Open(Open {
            owned,
            before,
            slim,
        }))
    }

    /// Scores a batch and stores what comes of it. Gives the answer, and when the object has to wake up; a refusal where the batch cannot
    /// be read, which changes nothing.
    fn score(
        &self,
        engine: &mut Engine,
        batch: &[u8],
        terms: &Terms,
        open: &Open,
        now: i64,
    ) -> Result<Result<(Reply, i64)>> {
        self.apply_sensitivity(engine, Some(terms.sensitivity))?;
        engine.recordable = terms.recordable;
        let before = open.before.as_ref();
        // of a request that was answered in part, by a shard that this one took over from, only the rest
        let rest = before.map(|(_, slots)| shards::without(batch, *slots));
        let applied = rest.transpose().and_then(|rest| {
            let rest = rest.as_deref().unwrap_or(batch);
            engine.apply(rest, now)
        });
        let mut applied = match applied {
            Ok(applied) => applied,
            Err(unreadable) => return Ok(Err(Error::internal(unreadable))),
        };
        let mut changes = Changes::new(engine, now).slim(open.slim);
        let is_brief = terms.brief && before.is_none();
        let packed = is_brief.then(|| applied.answer.packed()).flatten();
        let reply = match (packed, &terms.key) {
            (Some(packed), None) => Reply::Packed(packed),
            (packed, key) => {
                let (answer, slots) = whole(before, &applied.answer, open.owned)?;
                if let Some(key) = key {
                    changes.answer(key, answer.clone(), slots);
                }
                packed.map_or(Reply::Text(answer), Reply::Packed)
            }
        };
        changes.applied(&mut applied)?;
        let comes_close = self.gathering.borrow_mut().comes(now);
        let reply = match reply {
            Reply::Packed(packed) if terms.patient && comes_close && changes.wait() => {
                self.gathering.borrow_mut().waits();
                Reply::Waiting(packed)
            }
            reply => {
                self.store(changes.finish()?)?;
                reply
            }
        };
        self.has_stored(applied.anomalies.len());
        metrics::add("driftlock_batches_total", 1);
        let (accepted, duplicates) = (applied.answer.accepted, applied.answer.duplicates);
        metrics::add("driftlock_events_accepted_total", accepted.into());
        metrics::add("driftlock_events_duplicate_total", duplicates.into());
        let due = if !applied.anomalies.is_empty() {
            self.next_sending(now)
        } else if !applied.repeats.is_empty() {
            let has_rows = self.waiting.get().is_some_and(|waiting| waiting > 0);
            let repeats = self.next_telling(now, has_rows);
            repeats.min(self.next_report_of(engine, now))
        } else {
            self.next_report_of(engine, now)
        };
        Ok(Ok((reply, due)))
    }

    /// Whether a batch can be taken without waiting for anything.
    fn is_open(&self, terms: &Terms) -> bool {
        self.engine.borrow().as_ref().is_some_and(|engine| {
            let counters = &engine.counters;
            let is_new = counters.events == 0 && counters.found == 0;
            counters.change.is_none() && !(is_new && terms.streams.is_some())
        })
    }
}

/// The slots whose events an object takes; an answer that says so where the batch was split by another layout.
fn owned(engine: &Engine, epoch: u64) -> Result<std::result::Result<Slots, IngestAnswer>> {
    let layout = engine.counters.layout;
    if engine.counters.change.is_some() {
        return Err(reshard::busy());
    }
    if u64::from(layout.epoch) == epoch && engine.name.shard < layout.shards {
        return Ok(Ok(layout.slots(engine.name.shard)));
    }
    Ok(Err(IngestAnswer {
        moved: Some(layout),
        ..IngestAnswer::default()
    }))
}

/// The answer to a request of which a part was answered before, and the slots it is about.
fn whole(
    before: Option<&(String, Slots)>,
    now: &IngestAnswer,
    owned: Slots,
) -> Result<(String, Slots)> {
    let Some((earlier, slots)) = before else {
        let answer = serde_json::to_string(now).map_err(Error::internal)?;
        return Ok((answer, owned));
    };
    let mut answer: IngestAnswer = serde_json::from_str(earlier).map_err(Error::internal)?;
    answer.events_seen = 0;
    shards::merge(&mut answer, now.clone());
    let answer = serde_json::to_string(&answer).map_err(Error::internal)?;
    Ok((answer, owned | slots))
}
