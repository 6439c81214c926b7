//! From a stream's batch to the objects that own it. Most streams have one; the shards of a split stream take their parts side by side
//! (`detect::shards`), and the answers become one.

use super::deferred::random_key;
use super::quota::{Allowance, NEAR};
use crate::detect::engine::IngestAnswer;
use crate::detect::name::ObjectName;
use crate::detect::shards::{self, Layout};
use crate::error::{Code, Error, Result};
use crate::platform::{Ctx, objects};
use futures_util::future::join_all;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Changes of a stream's layout that one request goes along with.
const TRIES: usize = 4;
/// How old the count of a shard without events in the request may be, for `events_seen`.
const COUNT_MS: i64 = 5_000;
/// Split streams remembered in an isolate.
const MAX_KNOWN: usize = 1_000;

thread_local!(static KNOWN: RefCell<BTreeMap<String, Known>> = const { RefCell::new(BTreeMap::new()) });

/// What an isolate knows of a split stream. An old layout is noticed by the objects.
#[derive(Clone, Debug, Default)]
struct Known {
    layout: Layout,
    /// Shard → when it was asked, and the events it had scored.
    counts: BTreeMap<u32, (i64, u64)>,
}

/// What holds for every part of a request.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// Recognises a retry of the request.
    pub request_key: Option<&'a str>,
    /// The organisation's sensitivity.
    pub sensitivity: f64,
    /// What the plan allows.
    pub allowance: &'a Allowance,
}

/// Scores a stream's batch; `first` is the name of its first object.
pub async fn deliver(
    ctx: &Ctx,
    first: &ObjectName,
    batch: &[u8],
    terms: Terms<'_>,
) -> Result<IngestAnswer> {
    let mut known = known(first);
    let mut made = None;
    for _ in 0..TRIES {
        let answer = if known.layout.most == 1 {
            let epoch = known.layout.epoch;
            one(ctx, first, batch, terms, epoch).await?
        } else {
            // where the layout changes half-way, all is sent again: whoever has scored its part recognises it
            if terms.request_key.is_none() && made.is_none() {
                made = Some(random_key()?);
            }
            let terms = Terms {
                request_key: terms.request_key.or(made.as_deref()),
                ..terms
            };
            spread(ctx, first, batch, terms, &mut known).await?
        };
        if answer.moved.is_none() {
            return Ok(answer);
        }
        known = Known {
            layout: objects::layout(ctx, first).await?.layout,
            ..Known::default()
        };
        remember(first, &known);
    }
    Err(Error::new(
        Code::StreamUnavailable,
        "the stream's shards are being changed; send the same request again",
    ))
}

async fn one(
    ctx: &Ctx,
    object: &ObjectName,
    batch: &[u8],
    terms: Terms<'_>,
    epoch: u32,
) -> Result<IngestAnswer> {
    let Terms {
        request_key,
        sensitivity,
        allowance,
    } = terms;
    objects::ingest(
        ctx,
        object,
        batch,
        request_key,
        sensitivity,
        allowance,
        epoch,
    )
    .await
}

/// Sends each shard its part, and gives one answer.
async fn spread(
    ctx: &Ctx,
    first: &ObjectName,
    batch: &[u8],
    terms: Terms<'_>,
    known: &mut Known,
) -> Result<IngestAnswer> {
    let parts = shards::split(batch, &known.layout).map_err(Error::internal)?;
    let epoch = known.layout.epoch;
    let send = async |shard: u32, part: &[u8], allowance: &Allowance| {
        let terms = Terms { allowance, ..terms };
        one(ctx, &first.with_shard(shard), part, terms, epoch).await
    };
    let mut answers = Vec::new();
    if terms.allowance.left.is_some_and(|left| left < NEAR) {
        let mut allowance = terms.allowance.clone();
        for (shard, part) in &parts {
            let answer = send(*shard, part, &allowance).await?;
            let recorded = answer.anomalies.len() as u64;
            allowance.left = allowance.left.map(|left| left.saturating_sub(recorded));
            answers.push((*shard, answer));
        }
    } else {
        let sent = parts
            .iter()
            .map(async |(shard, part)| (*shard, send(*shard, part, terms.allowance).await));
        // every part is given its time: one that fails must not leave another half-heard
        for (shard, answer) in join_all(sent).await {
            answers.push((shard, answer?));
        }
    }
    let now = ctx.now_ms();
    let mut whole = IngestAnswer::default();
    for (shard, answer) in answers {
        if answer.moved.is_some() {
            return Ok(answer);
        }
        known.counts.insert(shard, (now, answer.events_seen));
        shards::merge(&mut whole, answer);
    }
    count_others(ctx, first, known, now).await;
    remember(first, known);
    whole.events_seen = known.counts.values().map(|(_, n)| n).sum();
    Ok(whole)
}

/// Asks the shards that the request had nothing for how far they are, now and then. Everything is counted already: one that does
/// not answer is no reason to refuse, its count stays what it was.
async fn count_others(ctx: &Ctx, first: &ObjectName, known: &mut Known, now: i64) {
    let fresh = |at: &i64| (now - at).abs() < COUNT_MS;
    let unknown =
        (0..known.layout.most).filter(|k| !known.counts.get(k).is_some_and(|(at, _)| fresh(at)));
    let asked = unknown.map(async |k| {
        let view = objects::layout(ctx, &first.with_shard(k)).await.ok()?;
        Some((k, (now, view.events_seen)))
    });
    let counted: Vec<_> = join_all(asked).await;
    known.counts.extend(counted.into_iter().flatten());
}

fn known(first: &ObjectName) -> Known {
    KNOWN.with_borrow(|known| {
        if known.is_empty() {
            return Known::default();
        }
        known.get(&first.to_string()).cloned().unwrap_or_default()
    })
}

fn remember(first: &ObjectName, stream: &Known) {
    KNOWN.with_borrow_mut(|known| {
        if stream.layout.is_first() {
            known.remove(&first.to_string());
            return;
        }
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(first.to_string(), stream.clone());
    });
}
