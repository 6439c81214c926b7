//! Calls to Durable Objects, typed.

use super::task::promised;
use super::{Ctx, log, now_ms};
use crate::auth::api_key;
use crate::auth::key_object::{KeyEnd, KeyRecord};
use crate::detect::claims;
use crate::detect::flush::Delivery;
use crate::detect::latest::Latest;
use crate::detect::lesson::{Effect, Lesson};
use crate::detect::name::ObjectName;
use crate::detect::pressure::{self, Pressure};
use crate::detect::record::Anomaly;
use crate::detect::shards::{Ask, Change, Page, View};
use crate::detect::store::RequestKey;
use crate::detect::stream_object::{IngestAnswer, RecordFound, Sensitivity};
use crate::error::{Code, Error, Result};
use crate::http::rate_limit::{Claim, Grant, Quota};
use crate::ingest::quota::{Allowance, PeriodClaim};
use crate::live::quota::{Admission, Admitted};
use js_sys::{Array, Promise};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::collections::BTreeMap;
use uuid::Uuid;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use worker::{Method, Request, RequestInit, Response, Stub, WebSocket};

/// How long an isolate trusts what a key object said.
pub const KEY_CACHE_MS: i64 = 25_000;
const KEY_CACHE_ENTRIES: usize = 10_000;

thread_local!(static KEYS: RefCell<BTreeMap<String, (i64, Option<KeyRecord>)>> = const { RefCell::new(BTreeMap::new()) });

/// The record of an API key, `None` where there is no such key.
pub async fn key_record(ctx: &Ctx, id: &str) -> Result<Option<KeyRecord>> {
    let now = now_ms();
    if let Some(hit) = KEYS.with_borrow(|k| {
        k.get(id)
            .filter(|(at, _)| (now - at).abs() < KEY_CACHE_MS)
            .map(|(_, r)| r.clone())
    }) {
        return Ok(hit);
    }
    let stub = stub(ctx, "KEY", id)?;
    let record: Option<KeyRecord> = call(stub, Method::Get, &format!("/{id}"), None).await?;
    KEYS.with_borrow_mut(|k| {
        if k.len() >= KEY_CACHE_ENTRIES {
            // ids that nobody has go first: a flood of them must not push out keys in use
            k.retain(|_, (_, record)| record.is_some());
        }
        if k.len() >= KEY_CACHE_ENTRIES {
            k.clear();
        }
        k.insert(id.to_owned(), (now, record.clone()));
    });
    Ok(record)
}

/// The record of an API key that the caller may see: its object gets to know it, however many unknown ones are being tried.
pub async fn introduce_key(ctx: &Ctx, id: &str) -> Result<Option<KeyRecord>> {
    let stub = stub(ctx, "KEY", id)?;
    call(stub, Method::Put, &format!("/{id}"), None).await
}

/// Whether this isolate knows the key, without asking anybody.
pub fn is_known(id: &str) -> bool {
    KEYS.with_borrow(|k| k.get(id).is_some_and(|(_, record)| record.is_some()))
}

/// Lets an API key end: revoked at a time, or expiring at one. Every isolate learns of it within [`KEY_CACHE_MS`].
pub async fn end_key(ctx: &Ctx, id: &str, end: &KeyEnd) -> Result<()> {
    let stub = stub(ctx, "KEY", id)?;
    let body = serde_json::to_vec(end).map_err(Error::internal)?;
    let _known: bool = call(stub, Method::Post, &format!("/{id}"), Some(&body)).await?;
    forget_key(id);
    Ok(())
}

/// Drops what this isolate remembers of a key.
pub fn forget_key(id: &str) {
    KEYS.with_borrow_mut(|k| k.remove(id));
}

/// Claims an `Idempotency-Key` for its body, across all streams of the organisation.
pub async fn claim(ctx: &Ctx, org: Uuid, request_key: &str) -> Result<()> {
    let Some(key) = RequestKey::parse(request_key) else {
        return Ok(());
    };
    let stub = stub(ctx, "KEY", &claims::object_name(org, &key))?;
    let body = serde_json::to_vec(&key).map_err(Error::internal)?;
    let ours: bool = call(stub, Method::Post, "/claim", Some(&body)).await?;
    if ours { Ok(()) } else { Err(key_reused()) }
}

/// The streams whose outbox is long.
pub async fn pressure(ctx: &Ctx) -> Result<Pressure> {
    let stub = stub(ctx, "KEY", pressure::OBJECT)?;
    call(stub, Method::Get, "/pressure", None).await
}

/// Notes that a stream's outbox has become long, or short again.
pub async fn note_pressure(ctx: &Ctx, entry: &pressure::Entry) -> Result<Pressure> {
    let stub = stub(ctx, "KEY", pressure::OBJECT)?;
    let body = serde_json::to_vec(entry).map_err(Error::internal)?;
    call(stub, Method::Post, "/pressure", Some(&body)).await
}

fn key_reused() -> Error {
    Error::new(
        Code::IdempotencyKeyReused,
        "the Idempotency-Key was used with another body",
    )
    .field("idempotency-key", "a new key for a new body")
}

/// Leases tokens of an organisation's buckets.
pub async fn lease(ctx: &Ctx, org: Uuid, claims: &[Claim]) -> Result<Vec<Grant>> {
    let stub = stub(ctx, "ORG", &org_name(org))?;
    let body = serde_json::to_vec(claims).map_err(Error::internal)?;
    call(stub, Method::Post, "/lease", Some(&body)).await
}

/// Detections that the organisation recorded in a period.
pub async fn period_detections(ctx: &Ctx, org: Uuid, claim: &PeriodClaim) -> Result<u64> {
    let stub = stub(ctx, "ORG", &org_name(org))?;
    let body = serde_json::to_vec(claim).map_err(Error::internal)?;
    call(stub, Method::Post, "/detections", Some(&body)).await
}

/// Asks for a place for a new stream.
pub async fn admit(ctx: &Ctx, org: Uuid, wish: &Admission) -> Result<Admitted> {
    let stub = stub(ctx, "ORG", &org_name(org))?;
    let body = serde_json::to_vec(wish).map_err(Error::internal)?;
    call(stub, Method::Post, "/admit", Some(&body)).await
}

/// Counts a request of an open route against its network address: whether it is within `quota`, exactly.
pub async fn count_address(ctx: &Ctx, address: &str, bucket: &str, quota: Quota) -> Result<Grant> {
    let name = format!("v1:address:{}", api_key::hash(address));
    let stub = stub(ctx, "ORG", &name)?;
    let claim = Claim {
        bucket: bucket.into(),
        quota,
        want: 1,
        unspent: 0,
    };
    let body = serde_json::to_vec(&claim).map_err(Error::internal)?;
    call(stub, Method::Post, "/count", Some(&body)).await
}

/// Tells a stream how readily it raises alarms: its own setting, or `None` for the organisation's.
pub async fn set_sensitivity(ctx: &Ctx, name: &ObjectName, setting: &Sensitivity) -> Result<()> {
    let stub = stub(ctx, "STREAM", &name.to_string())?;
    let body = serde_json::to_vec(setting).map_err(Error::internal)?;
    let _effective: f64 = call(stub, Method::Post, "/sensitivity", Some(&body)).await?;
    Ok(())
}

/// Teaches a stream what is expected.
pub async fn lesson(ctx: &Ctx, name: &ObjectName, lesson: &Lesson) -> Result<Effect> {
    let stub = stub(ctx, "STREAM", &name.to_string())?;
    let body = serde_json::to_vec(lesson).map_err(Error::internal)?;
    call(stub, Method::Post, "/lesson", Some(&body)).await
}

/// The newest scores of a stream.
pub async fn latest(ctx: &Ctx, name: &ObjectName) -> Result<Latest> {
    let stub = stub(ctx, "STREAM", &name.to_string())?;
    call(stub, Method::Get, "/latest", None).await
}

/// Lets a stream send what waits in it; `false` where nothing does.
pub async fn wake_stream(ctx: &Ctx, name: &ObjectName) -> Result<bool> {
    let stub = stub(ctx, "STREAM", &name.to_string())?;
    call(stub, Method::Post, "/wake", None).await
}

/// How a stream is spread, as its first object says; of another shard, how far that has come.
pub async fn layout(ctx: &Ctx, name: &ObjectName) -> Result<View> {
    let stub = stub(ctx, "STREAM", &name.to_string())?;
    call(stub, Method::Get, "/layout", None).await
}

/// Every object that holds something of a stream.
pub async fn shards(ctx: &Ctx, name: &ObjectName) -> Result<Vec<ObjectName>> {
    let most = layout(ctx, name).await?.layout.most;
    Ok((0..most).map(|k| name.with_shard(k)).collect())
}

/// Spreads a stream over so many objects.
pub async fn resize(ctx: &Ctx, name: &ObjectName, shards: u32) -> Result<View> {
    let stub = stub(ctx, "STREAM", &name.to_string())?;
    let body = serde_json::to_vec(&shards).map_err(Error::internal)?;
    call(stub, Method::Post, "/resize", Some(&body)).await
}

/// Lets a shard take a new layout.
pub async fn adopt(ctx: &Ctx, name: &ObjectName, change: &Change) -> Result<()> {
    let stub = stub(ctx, "STREAM", &name.to_string())?;
    let body = serde_json::to_vec(change).map_err(Error::internal)?;
    let _done: bool = call(stub, Method::Post, "/adopt", Some(&body)).await?;
    Ok(())
}

/// Lets a shard take over what another remembers.
pub async fn take(ctx: &Ctx, name: &ObjectName, giver: &ObjectName, grown: bool) -> Result<()> {
    let stub = stub(ctx, "STREAM", &name.to_string())?;
    let body = serde_json::to_vec(&(giver.to_string(), grown)).map_err(Error::internal)?;
    let _done: bool = call(stub, Method::Post, "/take", Some(&body)).await?;
    Ok(())
}

/// A page of what a shard hands over.
pub async fn give(ctx: &Ctx, name: &ObjectName, ask: &Ask) -> Result<Page> {
    let stub = stub(ctx, "STREAM", &name.to_string())?;
    let body = serde_json::to_vec(ask).map_err(Error::internal)?;
    call(stub, Method::Post, "/give", Some(&body)).await
}

/// Scores a batch in the object that owns the stream. `request_key` makes a retry of the same request recognisable.
pub async fn ingest(
    ctx: &Ctx,
    name: &ObjectName,
    batch: &[u8],
    request_key: Option<&str>,
    default_sensitivity: f64,
    allowance: &Allowance,
    epoch: u32,
) -> Result<IngestAnswer> {
    // less than nothing stands for no limit: numbers cross over as they are
    let left = allowance.left.map_or(-1.0, |n| n as f64);
    let streams = allowance.streams.map_or(-1.0, f64::from);
    let answer = ingest_into(
        ctx.env.as_ref(),
        &name.to_string(),
        default_sensitivity,
        left,
        streams,
        epoch,
        request_key,
        batch,
    );
    let answer = match answer {
        Ok(promise) => promised(&promise).await,
        Err(error) => Err(error),
    };
    let packed = answer.as_ref().ok().and_then(JsValue::as_f64);
    match packed.and_then(IngestAnswer::unpacked) {
        Some(answer) => Ok(answer),
        None => read(answer),
    }
}

/// Records an anomaly that was found elsewhere.
pub async fn record_found(ctx: &Ctx, name: &ObjectName, found: &RecordFound) -> Result<Anomaly> {
    let stub = stub(ctx, "STREAM", &name.to_string())?;
    let body = serde_json::to_vec(found).map_err(Error::internal)?;
    call(stub, Method::Post, "/record", Some(&body)).await
}

/// How far the stream's anomalies got on their way to the database.
pub async fn delivery(ctx: &Ctx, name: &ObjectName) -> Result<Delivery> {
    call(
        stub(ctx, "STREAM", &name.to_string())?,
        Method::Get,
        "/delivery",
        None,
    )
    .await
}

/// Lets a stream begin anew, and its organisation's feed forget it.
pub async fn reset_stream(ctx: &Ctx, name: &ObjectName) -> Result<()> {
    let object = stub(ctx, "STREAM", &name.to_string())?;
    let _done: bool = call(object, Method::Post, "/reset", None).await?;
    let feed = stub(ctx, "ORG", &org_name(name.org))?;
    let body = serde_json::to_vec(&name.stream).map_err(Error::internal)?;
    let _done: bool = call(feed, Method::Post, "/forget", Some(&body)).await?;
    Ok(())
}

/// Empties the object of a stream.
pub async fn purge_stream(ctx: &Ctx, name: &ObjectName) -> Result<()> {
    let stub = stub(ctx, "STREAM", &name.to_string())?;
    let _done: bool = call(stub, Method::Post, "/purge", None).await?;
    Ok(())
}

/// Empties the object of a key.
pub async fn purge_key(ctx: &Ctx, id: &str) -> Result<()> {
    let stub = stub(ctx, "KEY", id)?;
    let _done: bool = call(stub, Method::Delete, &format!("/{id}"), None).await?;
    forget_key(id);
    Ok(())
}

/// Empties the object of an organisation.
pub async fn purge_organization(ctx: &Ctx, org: Uuid) -> Result<()> {
    let stub = stub(ctx, "ORG", &org_name(org))?;
    let _done: bool = call(stub, Method::Post, "/purge", None).await?;
    Ok(())
}

/// Makes the object that owns a stream panic, in a task or while it takes a batch: only reachable with the test hooks on.
pub async fn panic_object(ctx: &Ctx, name: &ObjectName, in_batch: bool) -> Result<()> {
    if in_batch {
        let allowance = Allowance::default();
        let taken = ingest(ctx, name, &[], None, 0.5, &allowance, 0).await;
        return taken
            .map(|_| ())
            .map_err(|error| Error::internal(error.detail));
    }
    let stub = stub(ctx, "STREAM", &name.to_string())?;
    call(stub, Method::Post, "/panic", None)
        .await
        .map_err(|error| Error::internal(error.detail))
}

/// Publishes anomalies on the organisation's live feed.
pub async fn publish(ctx: &Ctx, org: Uuid, anomalies: &[&Anomaly]) -> Result<()> {
    let stub = stub(ctx, "ORG", &org_name(org))?;
    let body = serde_json::to_vec(anomalies).map_err(Error::internal)?;
    let _published: usize = call(stub, Method::Post, "/publish", Some(&body)).await?;
    Ok(())
}

/// Opens the organisation's live feed; frames after `after` come first.
pub async fn subscribe(ctx: &Ctx, org: Uuid, after: Option<u64>) -> Result<WebSocket> {
    let stub = stub(ctx, "ORG", &org_name(org))?;
    let query = after.map(|seq| format!("?after={seq}")).unwrap_or_default();
    let init = RequestInit::new();
    init.headers
        .set("upgrade", "websocket")
        .map_err(Error::internal)?;
    let request = Request::new_with_init(&format!("https://object/connect{query}"), &init)
        .map_err(Error::internal)?;
    let response = stub
        .fetch_with_request(request)
        .await
        .map_err(Error::internal)?;
    response
        .websocket()
        .ok_or_else(|| Error::internal("the live feed did not open"))
}

fn org_name(org: Uuid) -> String {
    format!("v1:{org}")
}

fn stub(ctx: &Ctx, binding: &str, name: &str) -> Result<Stub> {
    ctx.env
        .durable_object(binding)
        .and_then(|ns| ns.get_by_name(name))
        .map_err(Error::internal)
}

#[wasm_bindgen(module = "/src/platform/ask.js")]
extern "C" {
    fn ask(stub: JsValue, url: &str, method: &str, body: Option<&[u8]>) -> Promise;
    #[wasm_bindgen(js_name = ingest, catch)]
    fn ingest_into(
        env: &JsValue,
        name: &str,
        sensitivity: f64,
        left: f64,
        streams: f64,
        epoch: u32,
        key: Option<&str>,
        batch: &[u8],
    ) -> std::result::Result<JsValue, JsValue>;
}

async fn call<T: DeserializeOwned>(
    stub: Stub,
    method: Method,
    path: &str,
    body: Option<&[u8]>,
) -> Result<T> {
    let stub = stub.into_rpc::<JsValue>();
    let url = format!("https://object{path}");
    read(JsFuture::from(ask(stub, &url, method.as_ref(), body)).await)
}

/// What an object answered.
fn read<T: DeserializeOwned>(answer: std::result::Result<JsValue, JsValue>) -> Result<T> {
    let answer = answer.map_err(|e| broken_off(e.into()))?;
    if let Some(text) = answer.as_string() {
        return serde_json::from_str(&text).map_err(Error::internal);
    }
    let parts = Array::from(&answer);
    let text = parts.get(1).as_string().unwrap_or_default();
    match parts.get(0).as_f64().unwrap_or_default() as u16 {
        409 => Err(Error::new(Code::LimitReached, text)),
        422 => Err(key_reused()),
        429 => {
            let mut error = Error::new(Code::RateLimited, text);
            error.retry_after = Some(60);
            Err(error)
        }
        503 => {
            let mut error = Error::new(Code::StreamUnavailable, text);
            let retry_after = seconds(&parts.get(2));
            error.retry_after = retry_after.or(error.retry_after);
            Err(error)
        }
        status => Err(Error::internal(format!("an object answered {status}"))),
    }
}

/// `Retry-After`, as a header or as a number.
fn seconds(value: &JsValue) -> Option<u32> {
    let text = value.as_string().and_then(|t| t.parse().ok());
    text.or_else(|| value.as_f64().map(|n| n as u32))
}

/// An object that could not be opened or broke off has stored all of the request or nothing of it: it may be sent again.
fn broken_off(cause: worker::Error) -> Error {
    log::error("object.broken_off", &cause.to_string());
    Error::new(
        Code::DependencyUnavailable,
        "an object of the organisation is not available; send the request again",
    )
}

/// The answer of an object.
pub fn reply<T: Serialize>(value: &T) -> worker::Result<Response> {
    Response::from_json(value)
}
