//! The queue of batches that were answered 202 and are scored later. Delivery is at least once and in no order; the request key of a
//! batch makes it once.

use super::{Ctx, log, metrics, objects};
use crate::detect::name::ObjectName;
use crate::error::{Code, Error, Result};
use crate::ingest::quota::{self, Allowance, NEAR};
use crate::ingest::route;
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use worker::{BatchMessageBuilder, Message, MessageBatch, MessageExt, QueueRetryOptionsBuilder};

const BINDING: &str = "EVENTS";
/// Messages that the runtime takes in one call …
const SEND_MESSAGES: usize = 100;
/// … and their bytes together, with some room.
const SEND_BYTES: usize = 240_000;
/// Longest pause before a message comes back, in seconds.
const LONGEST_PAUSE: u32 = 600;

/// A message: a part of a request for one stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    /// The stream object's name.
    pub object: String,
    /// The batch (`detect::log`) in base64.
    pub batch: String,
    /// Recognises the part when it is delivered again.
    pub request_key: String,
    /// The organisation's sensitivity when it was sent.
    pub sensitivity: f64,
    /// What the plan allowed when it was sent: detections that may be recorded …
    pub detections_left: Option<u64>,
    /// … and streams.
    pub stream_limit: Option<u32>,
    /// The id of the API key it came with, by which the plan is asked again.
    #[serde(default)]
    pub key: Option<String>,
}

impl Part {
    /// A part of `batch` for the object `name`.
    pub fn new(
        name: &ObjectName,
        batch: &[u8],
        request_key: String,
        sensitivity: f64,
        allowance: &Allowance,
        key: Option<&str>,
    ) -> Self {
        Self {
            object: name.to_string(),
            batch: STANDARD.encode(batch),
            request_key,
            sensitivity,
            detections_left: allowance.left,
            stream_limit: allowance.streams,
            key: key.map(str::to_owned),
        }
    }
    fn size(&self) -> usize {
        self.batch.len() + self.object.len() + self.request_key.len() + 100
    }
}

/// Whether the installation has the queue.
pub fn is_bound(ctx: &Ctx) -> bool {
    ctx.env.queue(BINDING).is_ok()
}

/// Puts parts on the queue. An error may leave some of them there: sending them again does no harm.
pub async fn send(ctx: &Ctx, parts: Vec<Part>) -> Result<()> {
    let queue = ctx.env.queue(BINDING).map_err(unavailable)?;
    let count = parts.len() as u64;
    let mut group = Vec::new();
    let mut bytes = 0;
    for part in parts {
        let size = part.size();
        if !group.is_empty() && (group.len() == SEND_MESSAGES || bytes + size > SEND_BYTES) {
            let messages = BatchMessageBuilder::new().messages(std::mem::take(&mut group));
            queue
                .send_batch(messages.build())
                .await
                .map_err(unavailable)?;
            bytes = 0;
        }
        bytes += size;
        group.push(part);
    }
    let messages = BatchMessageBuilder::new().messages(group);
    queue
        .send_batch(messages.build())
        .await
        .map_err(unavailable)?;
    metrics::add("driftlock_queued_total", count);
    Ok(())
}

fn unavailable(cause: worker::Error) -> Error {
    log::warn("queue.send", &cause.to_string());
    Error::new(Code::DependencyUnavailable, "the queue is not available")
}

/// Scores the messages that the runtime delivers. One that cannot be taken comes back later; the others are done.
pub async fn consume(ctx: &Ctx, batch: &MessageBatch<Part>) -> worker::Result<()> {
    // a message that cannot be read would come back for ever
    let messages = batch.iter().filter_map(|m| {
        m.map_err(|e| log::error("queue.unreadable", &e.to_string()))
            .ok()
    });
    let asked = messages.map(async |message| {
        let allowance = message.body().allowance(ctx).await;
        (message, allowance)
    });
    let (near, far): (Vec<_>, Vec<_>) = join_all(asked)
        .await
        .into_iter()
        .partition(|(_, allowance)| allowance.left.is_some_and(|left| left < NEAR));
    join_all(
        far.into_iter()
            .map(|(m, allowance)| take(ctx, m, allowance)),
    )
    .await;
    // near the end of the allowance one after another, each with what the one before has left
    for (message, _) in near {
        let allowance = message.body().allowance(ctx).await;
        take(ctx, message, allowance).await;
    }
    Ok(())
}

impl Part {
    /// What the plan allows now: what it allowed when the part was queued may be used up by others. Where that cannot be told, as then.
    async fn allowance(&self, ctx: &Ctx) -> Allowance {
        let mut then = Allowance::default();
        then.left = self.detections_left;
        then.streams = self.stream_limit;
        let Some(id) = &self.key else { return then };
        let Ok(Some(key)) = objects::key_record(ctx, id).await else {
            return then;
        };
        match quota::allowance_of(ctx, key.org_id, &key.organizations).await {
            Ok(now) => now,
            // the events of the period are used up since: these were taken while they were not, and are counted
            Err(error) if error.code == Code::QuotaExhausted => {
                then.left = Some(0);
                then
            }
            Err(_) => then,
        }
    }
}

async fn take(ctx: &Ctx, message: Message<Part>, mut allowance: Allowance) {
    let part = message.body();
    let read = ObjectName::parse(&part.object).zip(STANDARD.decode(&part.batch).ok());
    let Some((name, bytes)) = read else {
        log::error("queue.unreadable", "not a part of a request");
        metrics::add("driftlock_queue_refused_total", 1);
        return message.ack();
    };
    let key = Some(part.request_key.as_str());
    let terms = route::Terms {
        request_key: key,
        sensitivity: part.sensitivity,
        allowance: &allowance,
    };
    match route::deliver(ctx, &name, &bytes, terms).await {
        Ok(answer) => {
            allowance.spend(name.org, answer.anomalies.len());
            metrics::add("driftlock_queue_taken_total", 1);
            message.ack();
        }
        Err(error) if error.code.status() < 500 => {
            // taken with a 202 and lost: a message that is refused for good would only come back
            log::error("queue.refused", error.code.as_str());
            metrics::add("driftlock_queue_refused_total", 1);
            message.ack();
        }
        Err(error) => {
            log::warn("queue.retry", &error.to_string());
            metrics::add("driftlock_queue_retries_total", 1);
            // as long as it has waited already: the pauses double
            let age_ms = super::runtime_ms().saturating_sub(message.timestamp().as_millis() as i64);
            let pause = u32::try_from(age_ms / 1000)
                .unwrap_or(0)
                .clamp(1, LONGEST_PAUSE);
            let options = QueueRetryOptionsBuilder::new().with_delay_seconds(pause);
            message.retry_with_options(&options.build());
        }
    }
}
