//! The project's public signing keys, fetched from its JWKS (RFC 7517) and kept in the isolate.
//!
//! A cached set serves ten minutes. A key id that is not in it causes one fetch at most every 30 seconds, so that a rotation is
//! picked up at once and forged key ids do not become traffic.

use super::jwt::{Algorithm, Person, Token};
use crate::error::{Code, Error, Result};
use crate::platform::{Ctx, crypto};
use serde_json::Value;
use std::cell::RefCell;

const FRESH_MS: i64 = 600_000;
const RETRY_MS: i64 = 30_000;

#[derive(Default)]
struct Cache {
    keys: Vec<Value>,
    fetched: i64,
    tried: i64,
}

thread_local!(static CACHE: RefCell<Cache> = RefCell::default());

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
    let now = ctx.now_ms();
    let fresh = CACHE.with_borrow(|c| now - c.fetched < FRESH_MS);
    if fresh && let Some(key) = cached(token) {
        return Ok(Some(key));
    }
    let may_fetch = CACHE.with_borrow_mut(|c| {
        let due = now - c.tried >= RETRY_MS;
        if due {
            c.tried = now;
        }
        due
    });
    if may_fetch {
        match fetch(ctx).await {
            Ok(keys) => CACHE.set(Cache {
                keys,
                fetched: now,
                tried: now,
            }),
            Err(_) if cached(token).is_none() => {
                CACHE.with_borrow_mut(|c| c.tried = 0);
                return Err(Error::new(
                    Code::DependencyUnavailable,
                    "the signing keys of the identity provider cannot be fetched",
                ));
            }
            // the keys we have go on serving while the provider is away
            Err(_) => {}
        }
    }
    Ok(cached(token))
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
