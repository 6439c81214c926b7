//! Wrong credentials, counted per network address: beyond [`WRONG`] they are answered 429 instead of 401.
//!
//! Whoever sends good ones pays nothing: counting begins with a refusal, and until then a request only finds an empty table. An
//! address beyond the limit is remembered in the isolate, so that going on guessing reaches no object. Good credentials from such
//! an address are taken all the same (an office shares one address), except that API keys which this isolate does not know are
//! looked up only so often (the runtime's limiter, 120 a minute): a flood of made-up ids must not become a flood of look-ups.

use super::actor::network;
use super::api_key;
use super::limits::coarse;
use super::principal::credential;
use crate::error::{Error, Result};
use crate::http::Request;
use crate::http::rate_limit::{Quota, Standing, seconds};
use crate::platform::{Ctx, objects};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Wrong credentials that one address may send.
pub const WRONG: Quota = Quota {
    requests: 30,
    window: 60,
};
/// Addresses remembered; a full table is forgotten, which only costs a few more calls.
const MAX_ADDRESSES: usize = 10_000;

thread_local!(static BEYOND: RefCell<BTreeMap<String, i64>> = const { RefCell::new(BTreeMap::new()) });

/// Refuses a look-up that an address beyond the limit would cause.
pub async fn before(ctx: &Ctx, request: &Request) -> Result<()> {
    if BEYOND.with_borrow(BTreeMap::is_empty) {
        return Ok(());
    }
    let Some(from) = network(request) else {
        return Ok(());
    };
    let Some(wait) = wait_of(&from, ctx.now_ms()) else {
        return Ok(());
    };
    let Some(key) = credential(request).ok().and_then(api_key::parse) else {
        // anything else is checked without asking anybody
        return Ok(());
    };
    if objects::is_known(&key.id) || coarse(ctx, &format!("wrong:{from}")).await {
        return Ok(());
    }
    Err(refusal(wait))
}

/// What a wrong credential is answered: `error`, or 429 where its address has sent too many.
pub async fn after(ctx: &Ctx, request: &Request, error: Error) -> Error {
    // the edge states the address of every request; without an edge there is none to count against
    let Some(from) = network(request) else {
        return error;
    };
    let now = ctx.now_ms();
    if let Some(wait) = wait_of(&from, now) {
        return refusal(wait);
    }
    match objects::count_address(ctx, &from, "wrong-credentials", WRONG).await {
        Ok(grant) if grant.tokens == 0 => {
            let wait = i64::try_from(grant.wait_ms).unwrap_or(60_000);
            BEYOND.with_borrow_mut(|b| {
                if b.len() >= MAX_ADDRESSES {
                    b.clear();
                }
                b.insert(from, now + wait);
            });
            refusal(wait)
        }
        // a limit that cannot be asked does not change the answer
        _ => error,
    }
}

/// Milliseconds until the address may be wrong again, if it is beyond the limit.
fn wait_of(from: &str, now: i64) -> Option<i64> {
    BEYOND.with_borrow_mut(|b| {
        let until = *b.get(from)?;
        if until <= now {
            b.remove(from);
            return None;
        }
        Some(until - now)
    })
}

fn refusal(wait_ms: i64) -> Error {
    let standing = Standing {
        name: "address",
        quota: WRONG,
        left: 0,
        seconds: seconds(wait_ms),
    };
    let mut error = standing.refusal();
    error.detail = format!(
        "more than {} wrong credentials in {} seconds from this address",
        WRONG.requests, WRONG.window
    );
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn an_address_is_remembered_until_it_may_try_again() {
        BEYOND.with_borrow_mut(|b| b.insert("192.0.2.1".into(), 5_000));
        assert_eq!(
            (wait_of("192.0.2.1", 1_000), wait_of("192.0.2.2", 1_000)),
            (Some(4_000), None)
        );
        assert_eq!(wait_of("192.0.2.1", 5_000), None);
        assert!(BEYOND.with_borrow(BTreeMap::is_empty));
    }

    #[test]
    fn the_refusal_says_when_to_come_back() {
        let error = refusal(12_300);
        assert_eq!(
            (error.code, error.retry_after),
            (Code::RateLimited, Some(13))
        );
        assert!(
            error
                .headers
                .contains(&("ratelimit-policy".into(), "\"address\";q=30;w=60".into()))
        );
    }
}
