//! Request limits: per key, per organisation by plan, and per network address on open routes.
//!
//! If the object that holds the buckets cannot be reached, requests pass: a limit protects the service and must not become
//! what breaks it.

use super::actor::address;
use super::principal::{Caller, Principal};
use crate::error::{Code, Error, Result};
use crate::http::Request;
use crate::http::rate_limit::{Claim, Decision, Lease, Quota, Standing, plan_quota, seconds};
use crate::platform::{Ctx, log, objects};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Sign-ups, and mails asked for, per address.
pub const SIGN_UPS: Quota = Quota {
    requests: 5,
    window: 3600,
};
/// Attempts at a link or code, and looks at its page, per address.
pub const PROOFS: Quota = Quota {
    requests: 30,
    window: 600,
};

/// Leases of this isolate; a full table is forgotten, which only costs a few more calls.
const MAX_LEASES: usize = 20_000;
thread_local!(static LEASES: RefCell<BTreeMap<String, Lease>> = const { RefCell::new(BTreeMap::new()) });

/// Charges a request to its key (or person) and its organisation. Gives where the narrower of both stands.
pub async fn charge(ctx: &Ctx, principal: &Principal) -> Result<Option<Standing>> {
    if !ctx.settings.rate_limits {
        return Ok(None);
    }
    let (per_key, per_organization) =
        plan_quota(&principal.facts.plan, principal.facts.requests_per_minute);
    let caller = match &principal.caller {
        Caller::Key(key) => format!("key:{}", key.id),
        Caller::Person { user_id, .. } => format!("person:{user_id}"),
    };
    let organization = one(
        ctx,
        principal,
        "organization",
        "organization",
        per_organization,
    )
    .await?;
    // by contract there is one limit: a key's would be the same
    if per_key == per_organization {
        return Ok(Some(organization));
    }
    let key = one(ctx, principal, &caller, "key", per_key).await?;
    Ok(Some(if organization.left < key.left {
        organization
    } else {
        key
    }))
}

async fn one(
    ctx: &Ctx,
    principal: &Principal,
    bucket: &str,
    name: &'static str,
    quota: Quota,
) -> Result<Standing> {
    let id = format!("{}/{bucket}", principal.org);
    let refused = |ms| {
        Standing {
            name,
            quota,
            left: 0,
            seconds: seconds(ms),
        }
        .refusal()
    };
    let spend = |now| {
        LEASES.with_borrow_mut(|leases| {
            if leases.len() >= MAX_LEASES {
                leases.clear();
            }
            leases.entry(id.clone()).or_default().spend(quota, now)
        })
    };
    let now = ctx.now_ms();
    let mut decision = spend(now);
    if let Decision::Ask { want, unspent } = decision {
        let claim = Claim {
            bucket: bucket.to_owned(),
            quota,
            want,
            unspent,
        };
        let Ok(grants) = objects::lease(ctx, principal.org, &[claim]).await else {
            log::warn("rate_limit.lease", "no answer; the request passes");
            return Ok(standing(&id, name, quota));
        };
        if let Some(grant) = grants.first() {
            LEASES.with_borrow_mut(|leases| {
                leases
                    .entry(id.clone())
                    .or_default()
                    .granted(*grant, want, now);
            });
        }
        // nothing runs between the grant and this: whoever brought tokens gets one of them
        decision = spend(now);
    }
    match decision {
        Decision::Allowed => Ok(standing(&id, name, quota)),
        Decision::Refused(ms) => Err(refused(ms)),
        Decision::Ask { .. } => Err(refused(1)),
    }
}

fn standing(id: &str, name: &'static str, quota: Quota) -> Standing {
    let left = LEASES.with_borrow(|leases| leases.get(id).map_or(quota.burst(), Lease::left));
    Standing {
        name,
        quota,
        left,
        seconds: seconds(i64::from(quota.window) * 1000 / i64::from(quota.requests.max(1))),
    }
}

/// Charges a request of an open route to its network address: first the coarse limiter of the runtime, then an exact count.
pub async fn charge_address(
    ctx: &Ctx,
    request: &Request,
    bucket: &str,
    quota: Quota,
) -> Result<Standing> {
    let from = address(request).unwrap_or("local");
    if !coarse(ctx, from).await {
        return Err(Standing {
            name: "address",
            quota,
            left: 0,
            seconds: 60,
        }
        .refusal());
    }
    match objects::count_address(ctx, from, bucket, quota).await {
        Ok(grant) => {
            let wait = i64::try_from(grant.wait_ms).unwrap_or(0);
            let standing = Standing {
                name: "address",
                quota,
                left: grant.remaining,
                seconds: seconds(wait),
            };
            if grant.tokens == 0 {
                Err(standing.refusal())
            } else {
                Ok(standing)
            }
        }
        // here the limit is what protects other people's inboxes: without it nothing is sent
        Err(_) => Err(Error::new(
            Code::DependencyUnavailable,
            "the request limit cannot be checked",
        )),
    }
}

/// The rate-limit binding of the runtime, where the deployment has one.
pub(super) async fn coarse(ctx: &Ctx, address: &str) -> bool {
    let Ok(limiter) = ctx.env.rate_limiter("ADDRESS_LIMIT") else {
        return true;
    };
    limiter
        .limit(address.to_owned())
        .await
        .map_or(true, |outcome| outcome.success)
}
