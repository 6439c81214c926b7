//! The project's public signing keys, fetched from its JWKS (RFC 7517) and kept in the isolate.
//!
//! A cached set serves ten minutes. A key id that is not in it causes one fetch at most every 30 seconds, so that a rotation is
//! picked up at once and forged key ids do not become traffic.

use super::jwt::{Algorithm, Person, Token};
use crate::error::{Code, Error, Result};
use crate::platform::{self, Ctx, crypto};
use serde_json::Value;
use std::cell::RefCell;
use std::time::Duration;

const FRESH_MS: i64 = 600_000;
const RETRY_MS: i64 = 30_000;
/// After a failure the next try comes this much later.
const FAILED_MS: i64 = 1_000;
/// How long a request waits for a set that another one is fetching: so many times this long.
const WAITS: u32 = 40;
const WAIT: Duration = Duration::from_millis(50);

#[derive(Default)]
struct Cache {
    keys: Vec<Value>,
    /// 0: never.
    fetched: i64,
    /// No fetch before.
    next: i64,
    /// A fetch is under way.
    flying: bool,
}

thread_local!(static CACHE: RefCell<Cache> = RefCell::default());

/// Ends a fetch, also when the request that began it is dropped.
struct Flight;

impl Drop for Flight {
    fn drop(&mut self) {
        CACHE.with_borrow_mut(|c| c.flying = false);
    }
}

/// Checks a token's signature and claims.
pub async fn verify(ctx: &Ctx, text: &str) -> Result<Person> {
    let refuse = || {
        Error::new(
            Code::InvalidCredentials,
            "the access token is not valid or has expired",
        )
    };
    let token = super::jwt::parse(text).ok_or_else(refuse)?;
    let signature_holds = match token.algorithm {
        Algorithm::Hs256 => match &ctx.settings.jwt_secret {
            Some(secret) => {
                crypto::verify_hs256(secret.as_bytes(), token.signed.as_bytes(), &token.signature)
            }
            None => false,
        },
        Algorithm::Es256 | Algorithm::Rs256 => match key_for(ctx, &token).await? {
            Some(jwk) => {
                crypto::verify_jwk(
                    &jwk,
                    token.algorithm,
                    token.signed.as_bytes(),
                    &token.signature,
                )
                .await
            }
            None => false,
        },
    };
    if !signature_holds {
        return Err(refuse());
    }
    token
        .person(&ctx.settings.jwt_issuer, ctx.now_ms() / 1000)
        .ok_or_else(refuse)
}

async fn key_for(ctx: &Ctx, token: &Token<'_>) -> Result<Option<Value>> {
    if let Some(key) = fresh(ctx, token) {
        return Ok(Some(key));
    }
    // many may come at once, to a new isolate or after a rotation: one fetches, the others wait for it
    for _ in 0..WAITS {
        if !CACHE.with_borrow(|c| c.flying) {
            break;
        }
        platform::fetch::pause(WAIT).await;
    }
    if let Some(key) = fresh(ctx, token) {
        return Ok(Some(key));
    }
    let now = ctx.now_ms();
    let may_fetch = CACHE.with_borrow_mut(|c| {
        let may = !c.flying && now >= c.next;
        if may {
            c.flying = true;
            c.next = now + RETRY_MS;
        }
        may
    });
    if may_fetch {
        let flight = Flight;
        let outcome = fetch(ctx).await;
        CACHE.with_borrow_mut(|c| match outcome {
            Ok(keys) => {
                c.keys = keys;
                c.fetched = now;
            }
            // the keys we have go on serving while the provider is away
            Err(_) => c.next = now + FAILED_MS,
        });
        drop(flight);
    }
    match cached(token) {
        None if CACHE.with_borrow(|c| c.fetched == 0) => Err(Error::new(
            Code::DependencyUnavailable,
            "the signing keys of the identity provider cannot be fetched",
        )),
        key => Ok(key),
    }
}

/// The cached key, while the set is fresh.
fn fresh(ctx: &Ctx, token: &Token<'_>) -> Option<Value> {
    CACHE
        .with_borrow(|c| c.fetched != 0 && ctx.now_ms() - c.fetched < FRESH_MS)
        .then(|| cached(token))
        .flatten()
}

/// The cached key with the token's id and algorithm.
fn cached(token: &Token<'_>) -> Option<Value> {
    let kind = match token.algorithm {
        Algorithm::Es256 => "EC",
        Algorithm::Rs256 => "RSA",
        Algorithm::Hs256 => return None,
    };
    CACHE.with_borrow(|c| {
        c.keys
            .iter()
            .find(|k| {
                let text = |name: &str| k.get(name).and_then(Value::as_str);
                text("kty") == Some(kind)
                    && token
                        .key_id
                        .as_deref()
                        .is_none_or(|id| text("kid") == Some(id))
            })
            .cloned()
    })
}

async fn fetch(ctx: &Ctx) -> Result<Vec<Value>> {
    let body = crate::platform::fetch::get_json(&ctx.settings.jwks_url).await?;
    Ok(body
        .get("keys")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default())
}
