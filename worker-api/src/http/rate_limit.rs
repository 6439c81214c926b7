//! Token buckets, the leases on them, and the headers that tell a caller where it stands.
//!
//! The bucket of a key or an organisation lives in one place (the organisation's object). Each isolate leases tokens from it for
//! [`LEASE_MS`] at a time and spends them without asking, so the object sees a few calls a second, not one per request. All
//! of it is plain arithmetic on a time that the caller passes in.

use crate::billing::plans;
use crate::error::{Code, Error};
use serde::{Deserialize, Serialize};

/// How long leased tokens may be spent; what is left goes back with the next call.
pub const LEASE_MS: i64 = 2_000;
/// An isolate that got less than it asked for asks again this much later at the earliest: an empty bucket is not asked for
/// every request that it refuses. What flows in meanwhile is not lost, since a bucket holds a tenth of its window.
const PAUSE_MS: i64 = 400;

/// So many requests in so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Requests per window.
    pub requests: u32,
    /// Seconds.
    pub window: u32,
}

impl Quota {
    /// Requests that may come at once after a quiet time: a tenth of the window's, at least one.
    pub fn burst(self) -> u32 {
        (self.requests / 10).max(1)
    }
    /// What one request costs, in the unit a bucket fills with: `requests` units a millisecond.
    fn cost(self) -> u64 {
        u64::from(self.window) * 1000
    }
}

/// Requests a minute of one key and of a whole organisation. A contract may name another number for the organisation.
pub fn plan_quota(plan: &str, by_contract: Option<u32>) -> (Quota, Quota) {
    let plan = plans::of(plan);
    let per_minute = |requests| Quota {
        requests,
        window: 60,
    };
    match by_contract {
        Some(requests) => (per_minute(requests), per_minute(requests)),
        None => (per_minute(plan.key_rate), per_minute(plan.rate)),
    }
}

/// The state of one bucket.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    quota: Quota,
    /// Units; a request costs [`Quota::cost`] of them.
    level: u64,
    at: i64,
}

/// An isolate's wish.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claim {
    /// Which bucket of the organisation.
    pub bucket: String,
    /// Its size.
    pub quota: Quota,
    /// Tokens wanted.
    pub want: u32,
    /// Tokens of the last lease that were not spent.
    pub unspent: u32,
}

/// What a bucket gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Tokens, up to as many as were wanted.
    pub tokens: u32,
    /// Tokens still in the bucket.
    pub remaining: u32,
    /// Milliseconds until the bucket holds a token again; 0 if it does.
    pub wait_ms: u64,
}

/// Longest refusal.
const LONGEST_WAIT_MS: i64 = 3_600_000;

impl Bucket {
    /// A bucket that nobody has drawn from yet.
    pub fn full(quota: Quota, now: i64) -> Self {
        Self {
            quota,
            level: u64::from(quota.burst()) * quota.cost(),
            at: now,
        }
    }

    /// Takes back what was not spent, and gives up to `want` tokens.
    pub fn claim(&mut self, quota: Quota, want: u32, unspent: u32, now: i64) -> Grant {
        let elapsed = u64::try_from(now - self.at).unwrap_or(0);
        // a clock that was set back fills from there on
        self.at = now;
        self.quota = quota;
        let most = u64::from(quota.burst()) * quota.cost();
        let filled = elapsed
            .saturating_mul(u64::from(quota.requests))
            .saturating_add(u64::from(unspent) * quota.cost());
        self.level = self.level.saturating_add(filled).min(most);
        let held = u32::try_from(self.level / quota.cost()).unwrap_or(u32::MAX);
        let tokens = want.min(held);
        self.level -= u64::from(tokens) * quota.cost();
        let missing = quota.cost().saturating_sub(self.level);
        Grant {
            tokens,
            remaining: held - tokens,
            wait_ms: missing.div_ceil(u64::from(quota.requests.max(1))),
        }
    }
}

/// An isolate's share of a bucket.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lease {
    tokens: u32,
    remaining: u32,
    until: i64,
    refused_until: i64,
    spent: u32,
}

/// What a lease says to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Go on; the lease covers it.
    Allowed,
    /// Not before so many milliseconds.
    Refused(i64),
    /// Ask the bucket for `want`, returning `unspent`, and come back.
    Ask {
        /// Tokens to ask for.
        want: u32,
        /// Tokens to give back.
        unspent: u32,
    },
}

impl Lease {
    /// Spends one token, if there is one.
    pub fn spend(&mut self, quota: Quota, now: i64) -> Decision {
        if self.tokens > 0 && now < self.until {
            self.tokens -= 1;
            self.spent += 1;
            return Decision::Allowed;
        }
        // further ahead than any refusal: the clock was set back
        if now < self.refused_until && self.refused_until - now <= LONGEST_WAIT_MS {
            return Decision::Refused(self.refused_until - now);
        }
        // as many as the last lease used and half as many again, at most what flows in during a lease
        let inflow =
            (i64::from(quota.requests) * LEASE_MS / (i64::from(quota.window.max(1)) * 1000)).max(1);
        let want = self
            .spent
            .saturating_add(self.spent / 2)
            .max(2)
            .min(u32::try_from(inflow).unwrap_or(u32::MAX));
        Decision::Ask {
            want,
            unspent: std::mem::take(&mut self.tokens),
        }
    }

    /// Takes back a token that was spent a moment ago for nothing.
    pub fn unspend(&mut self, now: i64) {
        if now < self.until {
            self.tokens = self.tokens.saturating_add(1);
            self.spent = self.spent.saturating_sub(1);
        }
    }

    /// Takes what the bucket gave. Several requests may have asked at once: what is left of the others' grants stays.
    pub fn granted(&mut self, grant: Grant, want: u32, now: i64) {
        let wait = i64::try_from(grant.wait_ms)
            .unwrap_or(i64::MAX)
            .clamp(PAUSE_MS, LONGEST_WAIT_MS);
        *self = Self {
            tokens: self.tokens.saturating_add(grant.tokens),
            remaining: grant.remaining,
            until: now + LEASE_MS,
            refused_until: if grant.tokens < want { now + wait } else { 0 },
            // the next wish is measured by this lease; a grant that joins one goes on with it
            spent: if self.tokens > 0 { self.spent } else { 0 },
        };
    }

    /// Requests that are left, as far as this isolate knows.
    pub fn left(&self) -> u32 {
        self.tokens.saturating_add(self.remaining)
    }
}

/// Where a caller stands with one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// `key`, `organization`, `person` or `address`.
    pub name: &'static str,
    /// The limit.
    pub quota: Quota,
    /// Requests left now.
    pub left: u32,
    /// Seconds until there are more.
    pub seconds: u32,
}

impl Standing {
    /// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10).
    pub fn headers(self) -> Vec<(String, String)> {
        let Self {
            name,
            quota,
            left,
            seconds,
        } = self;
        vec![
            (
                "ratelimit-policy".into(),
                format!("\"{name}\";q={};w={}", quota.requests, quota.window),
            ),
            (
                "ratelimit".into(),
                format!("\"{name}\";r={left};t={seconds}"),
            ),
        ]
    }

    /// The refusal.
    pub fn refusal(self) -> Error {
        let Quota { requests, window } = self.quota;
        let mut error = Error::new(
            Code::RateLimited,
            format!(
                "more than {requests} requests in {window} seconds for this {}",
                self.name
            ),
        );
        error.retry_after = Some(self.seconds.max(1));
        error.headers = self.headers();
        error
    }
}

/// Whole seconds that cover `ms`, at least one.
pub fn seconds(ms: i64) -> u32 {
    u32::try_from(ms.max(1).unsigned_abs().div_ceil(1000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "rate_limit_tests.rs"]
mod tests;
