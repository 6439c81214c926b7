//! The Durable Object of one API key: hash, organisation, scopes. It answers while the database is away. Objects of the same class
//! under other names hold what `Idempotency-Key`s were used for (`detect::claims`), and one which streams are under pressure.
//!
//! The record is filled from Postgres on a miss and looked at again every [`REFRESH_MS`]; the isolate in front caches what the
//! object says for [`crate::platform::objects::KEY_CACHE_MS`]. Together they bound how long a revoked key can still be used.
#![expect(
    missing_docs,
    reason = "the durable_object macro makes undocumented items"
)]

use super::api_key;
use super::limits::coarse;
use super::principal::Scope;
use crate::detect::claims;
use crate::detect::dedupe::MAX_AGE_MS;
use crate::detect::pressure;
use crate::detect::store::RequestKey;
use crate::error::{Code, Error};
use crate::ingest::time;
use crate::platform::fetch::within;
use crate::platform::objects::reply;
use crate::platform::postgrest;
use crate::platform::storage::Sql;
use crate::platform::{Ctx, alarm_ms, log};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use uuid::Uuid;
use worker::{DurableObject, Env, Method, Request, Response, ScheduledTime, State, durable_object};

/// A stored record is compared with the database again after this long.
const REFRESH_MS: i64 = 25_000;
/// A record as old as this is not used before the database was asked: with the isolate's 25 s that makes 60.
const LATEST_MS: i64 = 35_000;
/// How long is waited for the database where a record is known, once in a while, before that goes on being valid.
const PATIENCE: Duration = Duration::from_secs(1);
/// `last_used_at` is written at most this often.
const USED_MS: i64 = 60_000;

/// What an API key is and may do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyRecord {
    /// Key id.
    pub id: String,
    /// Lower-case hexadecimal SHA-256 of the key.
    pub hash: String,
    /// The tenant.
    pub org_id: Uuid,
    /// What it may do.
    #[serde(default)]
    pub scopes: Vec<Scope>,
    /// Streams it is limited to.
    pub stream_prefix: Option<String>,
    /// RFC 3339.
    pub expires_at: Option<String>,
    /// RFC 3339.
    pub revoked_at: Option<String>,
    /// What of the organisation every request needs.
    #[serde(default)]
    pub organizations: OrgFacts,
}

/// What of an organisation is needed to answer a request: looked up together with the key or the membership.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrgFacts {
    /// The plan's name.
    pub plan: String,
    /// Request limit by contract.
    pub requests_per_minute: Option<u32>,
    /// Sensitivity of streams without their own.
    pub default_sensitivity: f64,
    /// `keep` or `mask`.
    pub pii_policy: String,
    /// Redaction rules as JSON text; `None` for the defaults. See `ingest::redact::rules`.
    #[serde(deserialize_with = "json_text")]
    pub pii_rules: Option<String>,
    /// RFC 3339; a deleted organisation has no use of its keys.
    pub deleted_at: Option<String>,
    /// What limits the plan; none for the key of a single-tenant installation.
    pub subscriptions: Option<Box<PlanFacts>>,
}

/// What of the subscription decides how far the plan goes. Its usage is a recent sum, some minutes old.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanFacts {
    /// Stop recording at the allowance.
    pub hard_cap: bool,
    /// Limits by contract, in place of the plan's.
    pub contract: serde_json::Value,
    /// First day of the period.
    pub usage_from: Option<String>,
    /// The day after its last.
    pub usage_until: Option<String>,
    /// Events of the period.
    pub usage_events: u64,
    /// Detections recorded in the period.
    pub usage_detections: u64,
}

impl Default for OrgFacts {
    fn default() -> Self {
        Self {
            plan: "developer".into(),
            requests_per_minute: None,
            default_sensitivity: 0.5,
            pii_policy: "keep".into(),
            pii_rules: None,
            deleted_at: None,
            subscriptions: None,
        }
    }
}

/// A JSON value as the database gives it, or its text as it was stored here.
fn json_text<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match serde_json::Value::deserialize(from)? {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text),
        value => Some(value.to_string()),
    })
}

/// The columns of [`OrgFacts`], to be embedded in a query.
pub const ORG_FACTS: &str = "organizations(plan,requests_per_minute,default_sensitivity,pii_policy,pii_rules,deleted_at,subscriptions(hard_cap,contract,usage_from,usage_until,usage_events,usage_detections))";

/// How a key ends.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct KeyEnd {
    /// RFC 3339.
    pub revoked_at: Option<String>,
    /// RFC 3339.
    pub expires_at: Option<String>,
}

impl KeyRecord {
    /// Whether the key carries a scope. `admin` carries all.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|&s| s == scope || s == Scope::Admin)
    }
    /// Whether the key can be used at `now` (milliseconds).
    pub fn is_live(&self, now: i64) -> bool {
        // a time that does not read counts as past: fail closed
        let passed = |t: &Option<String>| {
            t.as_deref()
                .is_some_and(|t| time::from_rfc3339(t).is_none_or(|ms| ms <= now))
        };
        !passed(&self.revoked_at)
            && !passed(&self.expires_at)
            && self.organizations.deleted_at.is_none()
    }
}

/// Look-ups of keys that nobody here has heard of, under one name for everybody: the runtime's limiter counts them where the objects
/// are, 120 a minute.
const UNKNOWN: &str = "unknown-keys";

/// As [`look_up`], for a key that its object does not know. Whoever makes up well-formed keys, from however many addresses, must not
/// make the database busy; keys that are known, and those made through the API, are not counted.
async fn look_up_unknown(ctx: &Ctx, id: &str) -> crate::error::Result<Option<KeyRecord>> {
    if !coarse(ctx, UNKNOWN).await {
        let mut error = Error::new(
            Code::RateLimited,
            "more unknown API keys are being tried than are looked up; try again in a minute",
        );
        error.retry_after = Some(60);
        return Err(error);
    }
    look_up(ctx, id).await
}

async fn look_up(ctx: &Ctx, id: &str) -> crate::error::Result<Option<KeyRecord>> {
    let columns = format!("id,hash,org_id,scopes,stream_prefix,expires_at,revoked_at,{ORG_FACTS}");
    let rows: Vec<KeyRecord> = postgrest::as_service(ctx, "api_keys")
        .select(&columns)
        .eq("id", id)
        .rows()
        .await?;
    Ok(rows.into_iter().next())
}

/// See the module.
#[durable_object]
pub struct KeyObject {
    state: State,
    ctx: Ctx,
    cached: RefCell<Option<Cached>>,
    /// The database's answer to a question asked beside a request, until the next request takes it.
    beside: Rc<RefCell<Beside>>,
}

#[derive(Default)]
struct Beside {
    asking: bool,
    /// When it was asked, and the answer.
    answer: Option<(i64, crate::error::Result<Option<KeyRecord>>)>,
}

#[derive(Clone)]
struct Cached {
    record: KeyRecord,
    checked: i64,
    used: i64,
}

impl DurableObject for KeyObject {
    fn new(state: State, env: Env) -> Self {
        Self {
            ctx: Ctx::new(env, "key-object"),
            state,
            cached: RefCell::new(None),
            beside: Rc::default(),
        }
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let id = request.path().trim_start_matches('/').to_owned();
        if id == "claim" {
            let key: RequestKey = request.json().await?;
            let sql = Sql::new(&self.state);
            return match claims::claim(&sql, &key, self.ctx.now_ms()) {
                Ok(ours) => {
                    self.end_claims_at(self.ctx.now_ms() + MAX_AGE_MS).await?;
                    reply(&ours)
                }
                Err(error) => Response::error(error.to_string(), 503),
            };
        }
        if id == "pressure" {
            let (sql, now) = (Sql::new(&self.state), self.ctx.now_ms());
            let answer = if request.method() == Method::Post {
                let entry: pressure::Entry = request.json().await?;
                pressure::note(&sql, &entry, now).and_then(|()| pressure::read(&sql, now))
            } else {
                pressure::read(&sql, now)
            };
            return match answer {
                Ok(pressure) => reply(&pressure),
                Err(error) => Response::error(error.to_string(), 503),
            };
        }
        if request.method() == Method::Delete {
            return match self.forget().await {
                Ok(()) => reply(&true),
                Err(error) => Response::error(error.to_string(), 503),
            };
        }
        if request.method() == Method::Post {
            let end: KeyEnd = request.json().await?;
            return match self.end(&id, end).await {
                Ok(known) => reply(&known),
                Err(error) => Response::error(error.to_string(), 503),
            };
        }
        // whoever made the key or may see it introduces it, and is not counted
        let introduced = request.method() == Method::Put;
        match self.record(&id, introduced).await {
            Ok(record) => reply(&record),
            Err(error) if error.code == Code::RateLimited => Response::error(error.detail, 429),
            Err(error) => Response::error(error.to_string(), 503),
        }
    }

    /// Only objects with claims set one: what is too old goes, with the last claim everything.
    async fn alarm(&self) -> worker::Result<Response> {
        let sql = Sql::new(&self.state);
        match claims::expire(&sql, self.ctx.now_ms()) {
            Ok(Some(next)) => self.end_claims_at(next).await?,
            Ok(None) => self.state.storage().delete_all().await?,
            Err(error) => return Err(worker::Error::RustError(error.to_string())),
        }
        Response::ok("")
    }
}

impl KeyObject {
    /// Wakes the object to forget its claims, unless an alarm is set already.
    async fn end_claims_at(&self, at: i64) -> worker::Result<()> {
        let storage = self.state.storage();
        if storage.get_alarm().await?.is_none() {
            let when = ScheduledTime::new(js_sys::Date::new(&(alarm_ms(at) as f64).into()));
            storage.set_alarm(when).await?;
        }
        Ok(())
    }

    async fn record(&self, id: &str, introduced: bool) -> crate::error::Result<Option<KeyRecord>> {
        if !api_key::is_id(id) {
            return Ok(None);
        }
        let now = self.ctx.now_ms();
        if self.cached.borrow().is_none() {
            *self.cached.borrow_mut() = self.load()?;
        }
        let known = self.cached.borrow().clone();
        let arrived = self.beside.borrow_mut().answer.take();
        let arrived = arrived.filter(|(asked, _)| (now - asked).abs() < REFRESH_MS);
        let checked = arrived.as_ref().map_or(now, |(asked, _)| *asked);
        let fresh = match (&known, arrived) {
            (_, Some((_, answer))) => answer,
            (Some(c), None) if (now - c.checked).abs() < REFRESH_MS => {
                return Ok(Some(self.touch(c.record.clone(), now)));
            }
            // a database that is slow or does not answer at all must not hold up the events that come with the key
            (Some(c), None) if (now - c.checked).abs() < LATEST_MS => {
                self.look_up_beside(id);
                return Ok(Some(self.touch(c.record.clone(), now)));
            }
            (Some(_), None) => within(PATIENCE, look_up(&self.ctx, id)).await,
            (None, None) if introduced => look_up(&self.ctx, id).await,
            (None, None) => look_up_unknown(&self.ctx, id).await,
        };
        match (fresh, known) {
            (Ok(Some(mut record)), known) => {
                // a revocation stands, also where the database has not heard of it yet
                // (it may have come while the database was being asked)
                if let Some(c) = self.cached.borrow().as_ref()
                    && record.revoked_at.is_none()
                {
                    record.revoked_at.clone_from(&c.record.revoked_at);
                }
                self.store(&record)?;
                let used = known.map_or(0, |c| c.used);
                *self.cached.borrow_mut() = Some(Cached {
                    record: record.clone(),
                    // its first use looks again: what is around it may have changed since
                    checked: if introduced { 0 } else { checked },
                    used,
                });
                if introduced {
                    return Ok(Some(record));
                }
                Ok(Some(self.touch(record, now)))
            }
            (Ok(None), _) => {
                self.forget().await?;
                Ok(None)
            }
            // the database is away: what was known goes on being valid
            (Err(_), Some(mut c)) => {
                c.checked = now - REFRESH_MS / 2;
                *self.cached.borrow_mut() = Some(c.clone());
                Ok(Some(c.record))
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Ends the key here and now; `false` if there is no such key.
    async fn end(&self, id: &str, end: KeyEnd) -> crate::error::Result<bool> {
        let Some(mut record) = self.record(id, true).await? else {
            return Ok(false);
        };
        if record.revoked_at.is_none() {
            record.revoked_at = end.revoked_at;
        }
        if end.expires_at.is_some() {
            record.expires_at = end.expires_at;
        }
        self.store(&record)?;
        if let Some(c) = self.cached.borrow_mut().as_mut() {
            c.record = record;
        }
        Ok(true)
    }

    /// Asks the database without waiting; the next request finds the answer.
    fn look_up_beside(&self, id: &str) {
        if std::mem::replace(&mut self.beside.borrow_mut().asking, true) {
            return;
        }
        let (ctx, beside, id) = (self.ctx.clone(), Rc::clone(&self.beside), id.to_owned());
        let asked = ctx.now_ms();
        self.state.wait_until(async move {
            let answer = look_up(&ctx, &id).await;
            *beside.borrow_mut() = Beside {
                asking: false,
                answer: Some((asked, answer)),
            };
        });
    }

    /// What is stored. An object that never held a key stores nothing, not even an empty table: made-up ids leave no trace.
    fn load(&self) -> crate::error::Result<Option<Cached>> {
        let sql = Sql::new(&self.state);
        let known = sql.integer(
            "SELECT count(*) FROM sqlite_master WHERE name = 'record'",
            vec![],
        )?;
        if known == Some(0) {
            return Ok(None);
        }
        let body = sql.text("SELECT body FROM record WHERE one = 1", vec![])?;
        Ok(body
            .and_then(|b| serde_json::from_str(&b).ok())
            .map(|record| Cached {
                record,
                checked: 0,
                used: 0,
            }))
    }

    fn store(&self, record: &KeyRecord) -> crate::error::Result<()> {
        let body = serde_json::to_string(record).map_err(crate::error::Error::internal)?;
        let unchanged = self
            .cached
            .borrow()
            .as_ref()
            .is_some_and(|c| serde_json::to_string(&c.record).is_ok_and(|old| old == body));
        if unchanged {
            return Ok(());
        }
        let sql = Sql::new(&self.state);
        sql.run("CREATE TABLE IF NOT EXISTS record (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL)", vec![])?;
        sql.run("INSERT INTO record (one, body) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET body = excluded.body", vec![body.into()])
    }

    async fn forget(&self) -> crate::error::Result<()> {
        *self.cached.borrow_mut() = None;
        let storage = self.state.storage();
        storage
            .delete_all()
            .await
            .map_err(crate::error::Error::internal)
    }

    /// Notes the use, and writes it to the database now and then, after the answer.
    fn touch(&self, record: KeyRecord, now: i64) -> KeyRecord {
        let due = self.cached.borrow_mut().as_mut().is_some_and(|c| {
            let due = now - c.used >= USED_MS;
            if due {
                c.used = now;
            }
            due
        });
        if due {
            let (ctx, id) = (self.ctx.clone(), record.id.clone());
            self.state.wait_until(async move {
                let patch = serde_json::json!({ "last_used_at": time::to_rfc3339(now) });
                let done = postgrest::as_service(&ctx, "api_keys")
                    .eq("id", &id)
                    .update(&patch)
                    .await;
                // best effort: the next use tries again a minute later
                if done.is_err() {
                    log::warn("key.last_used", "not written");
                }
            });
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_and_revocation_end_a_key() {
        let at = |expires: Option<&str>, revoked: Option<&str>| KeyRecord {
            id: "k".into(),
            hash: String::new(),
            org_id: Uuid::nil(),
            scopes: vec![Scope::Read],
            stream_prefix: None,
            expires_at: expires.map(Into::into),
            revoked_at: revoked.map(Into::into),
            organizations: OrgFacts::default(),
        };
        let now = 1_795_251_600_000; // 2026-11-21T09:00:00Z
        assert!(at(None, None).is_live(now) && at(Some("2026-11-21T09:00:01Z"), None).is_live(now));
        assert!(
            !at(Some("2026-11-21T09:00:00Z"), None).is_live(now)
                && !at(None, Some("2026-11-20T00:00:00+00:00")).is_live(now)
        );
        assert!(!at(Some("garbage"), None).is_live(now));
        assert!(at(None, None).allows(Scope::Read) && !at(None, None).allows(Scope::Write));
    }
}
