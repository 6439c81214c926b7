//! Splitting a stream over more objects, and bringing it together again: what the objects do for it.
//!
//! The first object leads. It writes the change down, then lets every other shard take the new layout (from then on that shard refuses
//! batches split by the old one), then lets each that takes over slots fetch what their old owner remembers, and only then gives the
//! new layout out. Each step may be repeated, so a change that was cut short is finished by the next request to the stream.
//!
//! A new shard begins with a copy of the detector it takes over from: what the stream has learnt, and its calibration. From then on
//! each learns from its own events alone.

use super::dedupe;
use super::engine::IngestAnswer;
use super::name::ObjectName;
use super::pressure::RETRY_SECONDS;
use super::shards::{self, Answered, Ask, COUNTS, Change, Inheritance, Layout, Page, View};
use super::store::{self, Changes, Earlier, RequestKey};
use super::stream_object::StreamObject;
use crate::error::{Code, Error, Result};
use crate::platform::{objects, storage::Sql};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::future::try_join_all;

/// Seconds after which a batch that came during a change may be sent again.
const SOON: u32 = 1;
/// How often usage is told before a shard that keeps on taking events is left for later.
const TELLINGS: u32 = 10;
const _: () = assert!(SOON < RETRY_SECONDS);

impl StreamObject {
    /// The layout, and how far this object has come.
    pub(super) async fn view(&self) -> Result<String> {
        self.settle().await?;
        let sql = self.ready()?;
        let view = self.with_engine(&sql, |e| {
            Ok(View {
                layout: e.counters.layout,
                events_seen: e.counters.events,
            })
        })?;
        serde_json::to_string(&view).map_err(Error::internal)
    }

    /// Spreads the stream over so many objects.
    pub(super) async fn resize(&self, shards: u32) -> Result<String> {
        if !COUNTS.contains(&shards) || self.name()?.shard != 0 {
            return Err(Error::internal("no such number of shards"));
        }
        self.settle().await?;
        let layout = self.layout()?;
        if layout.shards != shards {
            self.begin(layout.resized(shards))?;
            self.settle().await?;
        }
        self.view().await
    }

    /// Lets a stream that was split begin anew, all shards of it. `false` where it never was: then this object is all there is.
    pub(super) async fn forget_shards(&self) -> Result<bool> {
        let sql = self.ready()?;
        let (layout, change) =
            self.with_engine(&sql, |e| Ok((e.counters.layout, e.counters.change)))?;
        if layout.is_first() && change.is_none() {
            return Ok(false);
        }
        if !change.is_some_and(|c| c.forget) {
            self.settle().await?;
            // each shard hands in its usage before it forgets: while the database is away, that would leave the stream half changed
            self.send_usage(&sql).await?;
            self.begin(self.layout()?.anew())?;
        }
        self.settle().await?;
        Ok(true)
    }

    pub(super) fn layout(&self) -> Result<Layout> {
        let sql = self.ready()?;
        self.with_engine(&sql, |e| Ok(e.counters.layout))
    }

    fn begin(&self, change: Change) -> Result<()> {
        let sql = self.ready()?;
        self.with_engine(&sql, |engine| {
            engine.counters.change = Some(change);
            self.store(Changes::new(engine, self.ctx.now_ms()).finish()?)
        })
    }

    /// Finishes a change that is under way; at once where there is none.
    pub(super) async fn settle(&self) -> Result<()> {
        let sql = self.ready()?;
        let Some(change) = self.with_engine(&sql, |e| Ok(e.counters.change))? else {
            return Ok(());
        };
        if self.changing.replace(true) {
            return Err(busy());
        }
        let done = self.carry_out(&change).await;
        self.changing.set(false);
        done
    }

    async fn carry_out(&self, change: &Change) -> Result<()> {
        let name = self.name()?;
        let others = (1..change.to.most).map(|k| name.with_shard(k));
        try_join_all(others.map(async |shard| objects::adopt(&self.ctx, &shard, change).await))
            .await?;
        if change.forget {
            return self
                .forget(Layout {
                    most: 1,
                    ..change.to
                })
                .await;
        }
        for (giver, taker) in change.hand_overs() {
            let giver = name.with_shard(giver);
            let grown = change.to.shards > change.from;
            if taker == 0 {
                self.take(&giver, grown).await?;
            } else {
                objects::take(&self.ctx, &name.with_shard(taker), &giver, grown).await?;
            }
        }
        self.enter(change.to)
    }

    /// Goes over to a layout. What the database knows of the stream is told anew.
    fn enter(&self, layout: Layout) -> Result<()> {
        let sql = self.ready()?;
        self.with_engine(&sql, |engine| {
            engine.counters.layout = layout;
            engine.counters.change = None;
            self.store(Changes::new(engine, self.ctx.now_ms()).finish()?)
        })?;
        self.reported.replace(super::flush::Reported::default());
        Ok(())
    }

    /// Tells what was used until nothing is left to tell. This shard takes events by the former layout meanwhile, which count too;
    /// from the last look on nothing is waited for.
    async fn tell_all_usage(&self) -> Result<()> {
        let sql = self.ready()?;
        for _ in 0..TELLINGS {
            self.send_usage(&sql).await?;
            self.fold(&sql)?;
            if sql.rows(super::flush::UNSENT_USAGE, vec![])?.is_empty() {
                return Ok(());
            }
        }
        Err(busy())
    }

    /// Another shard than the first takes a layout.
    pub(super) async fn adopt(&self, change: &Change) -> Result<String> {
        if change.forget {
            self.tell_all_usage().await?;
            return self.purge().await;
        }
        if self.layout()?.epoch < change.to.epoch {
            self.enter(change.to)?;
        }
        Ok("true".to_owned())
    }

    /// A page of what this shard hands over.
    pub(super) fn give(&self, ask: &Ask) -> Result<String> {
        let sql = self.ready()?;
        let (answers, more) = store::answered(&sql, ask)?;
        let first = match ask.after {
            Some(_) => None,
            None => Some(self.inheritance(&sql)?),
        };
        let page = Page {
            first,
            answers,
            more,
        };
        serde_json::to_string(&page).map_err(Error::internal)
    }

    fn inheritance(&self, sql: &Sql) -> Result<Inheritance> {
        self.with_engine(sql, |engine| {
            let ids = engine.window.requests();
            let ids = ids.map(|(at, ids)| (at, STANDARD.encode(dedupe::pack(ids))));
            Ok(Inheritance {
                ids: ids.collect(),
                generation: engine.counters.generation,
                sensitivity: engine.counters.sensitivity,
                event_type: engine.counters.event_type.clone(),
                index: engine.counters.base + engine.counters.events,
                snapshot: STANDARD.encode(engine.snapshot()),
            })
        })
    }

    /// Takes over what another shard remembers.
    pub(super) async fn take(&self, giver: &ObjectName, grown: bool) -> Result<String> {
        let mut ask = Ask {
            after: None,
            blank: grown,
        };
        loop {
            let page = objects::give(&self.ctx, giver, &ask).await?;
            let sql = self.ready()?;
            self.with_engine(&sql, |engine| {
                let mut changes = Changes::new(engine, self.ctx.now_ms());
                if let Some(first) = page.first {
                    inherit(&mut changes, &first)?;
                }
                for answered in page.answers {
                    if let Some(answered) = merged(&sql, answered, self.ctx.now_ms())? {
                        changes.answered(answered);
                    }
                }
                self.store(changes.finish()?)
            })?;
            if page.more.is_none() {
                return Ok("true".to_owned());
            }
            ask.after = page.more;
        }
    }
}

/// Ids always; the detector only where this shard has seen nothing itself.
fn inherit(changes: &mut Changes<'_>, first: &Inheritance) -> Result<()> {
    let decode = |text: &str| STANDARD.decode(text).map_err(Error::internal);
    let ids = first.ids.iter();
    let ids: Vec<(i64, Vec<u64>)> = ids
        .map(|(at, packed)| Ok((*at, dedupe::unpack(&decode(packed)?))))
        .collect::<Result<_>>()?;
    let engine = changes.engine();
    let is_fresh = engine.counters.events == 0 && engine.name.shard != 0;
    if is_fresh {
        engine.counters.generation = first.generation;
        engine.counters.event_type.clone_from(&first.event_type);
        let snapshot = decode(&first.snapshot)?;
        engine
            .inherit(&snapshot, first.index)
            .map_err(Error::internal)?;
    }
    engine.counters.sensitivity = first.sensitivity;
    changes.merge_ids(&ids);
    if is_fresh {
        changes.checkpoint();
    }
    Ok(())
}

/// An answer beside the one this shard has for the same request; nothing where it says nothing new.
fn merged(sql: &Sql, mut other: Answered, now_ms: i64) -> Result<Option<Answered>> {
    let key = RequestKey {
        key: other.key.clone(),
        body: other.request.clone(),
    };
    let Some(Earlier::Same(own, slots)) = store::earlier(sql, &key, now_ms)? else {
        return Ok(Some(other));
    };
    let known = other.slots & !slots == 0;
    let both = serde_json::from_str::<IngestAnswer>(&own)
        .ok()
        .zip(serde_json::from_str::<IngestAnswer>(&other.answer).ok());
    let Some((mut answer, part)) = both.filter(|_| !known) else {
        return Ok(None);
    };
    shards::merge(&mut answer, part);
    other.answer = serde_json::to_string(&answer).map_err(Error::internal)?;
    other.slots |= slots;
    Ok(Some(other))
}

/// The stream is being split or brought together.
pub(super) fn busy() -> Error {
    let mut error = Error::new(
        Code::StreamUnavailable,
        "the stream's shards are being changed; send the same request again",
    );
    error.retry_after = Some(SOON);
    error
}
