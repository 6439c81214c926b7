//! Request limits: per key, per organisation by plan, and per network address on open routes.
//!
//! If the object that holds the buckets cannot be reached, requests pass: a limit protects the service and must not become
//! what breaks it.

use super::actor::network;
use super::jwks;
use super::principal::{Caller, Principal, credential};
use crate::error::{Code, Error, Result};
use crate::http::Request;
use crate::http::rate_limit::{Claim, Decision, Lease, Quota, Standing, plan_quota, seconds};
use crate::platform::{Ctx, log, objects};
use std::cell::RefCell;
use std::collections::BTreeMap;
use uuid::Uuid;

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

/// Requests of one person on routes that belong to no organisation.
const PERSON: Quota = Quota {
    requests: 600,
    window: 60,
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
    let org = principal.org;
    let organization = one(ctx, org, "organization", "organization", per_organization);
    // by contract there is one limit: a key's would be the same
    if per_key == per_organization {
        return organization.await.map(Some);
    }
    let key = one(ctx, org, &caller, "key", per_key);
    let give_back = || give_back(&lease_id(org, &caller), ctx.now_ms());
    both(key, organization, give_back).await.map(Some)
}

/// Charges the key, then the organisation; gives where the narrower stands. A key at its limit takes nothing of what the
/// organisation's other keys share, and what the organisation refuses is given back to the key.
async fn both(
    key: impl Future<Output = Result<Standing>>,
    organization: impl Future<Output = Result<Standing>>,
    give_back: impl FnOnce(),
) -> Result<Standing> {
    let key = key.await?;
    let organization = organization.await.inspect_err(|_| give_back())?;
    Ok(if organization.left < key.left {
        organization
    } else {
        key
    })
}

fn give_back(id: &str, now: i64) {
    LEASES.with_borrow_mut(|leases| {
        if let Some(lease) = leases.get_mut(id) {
            lease.unspend(now);
        }
    });
}

fn lease_id(of: Uuid, bucket: &str) -> String {
    format!("{of}/{bucket}")
}

/// Charges a request of a route for people whatever their organisations: to the person, who need not have one.
pub async fn charge_person(ctx: &Ctx, request: &Request) -> Result<Option<Standing>> {
    let person = jwks::verify(ctx, credential(request)?).await?;
    if !ctx.settings.rate_limits {
        return Ok(None);
    }
    one(ctx, person.user_id, "person", "person", PERSON)
        .await
        .map(Some)
}

/// One bucket of the object of an organisation, or of a person.
async fn one(
    ctx: &Ctx,
    of: Uuid,
    bucket: &str,
    name: &'static str,
    quota: Quota,
) -> Result<Standing> {
    let id = lease_id(of, bucket);
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
        let Ok(grants) = objects::lease(ctx, of, &[claim]).await else {
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
    let from = network(request).unwrap_or_else(|| "local".to_owned());
    if !coarse(ctx, &from).await {
        return Err(Standing {
            name: "address",
            quota,
            left: 0,
            seconds: 60,
        }
        .refusal());
    }
    match objects::count_address(ctx, &from, bucket, quota).await {
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

#[cfg(test)]
mod tests {
    use super::{Quota, Standing, both};
    use crate::error::Result;
    use crate::http::rate_limit::{Bucket, Decision, Lease};
    use futures_util::FutureExt;
    use std::cell::RefCell;

    /// A bucket and one isolate's lease on it.
    struct Limit {
        quota: Quota,
        bucket: Bucket,
        lease: Lease,
    }

    impl Limit {
        fn new(requests: u32) -> RefCell<Self> {
            let quota = Quota {
                requests,
                window: 60,
            };
            RefCell::new(Self {
                quota,
                bucket: Bucket::full(quota, 0),
                lease: Lease::default(),
            })
        }
        fn charge(&mut self, now: i64) -> Result<Standing> {
            let standing = Standing {
                name: "key",
                quota: self.quota,
                left: 0,
                seconds: 1,
            };
            loop {
                match self.lease.spend(self.quota, now) {
                    Decision::Allowed => return Ok(standing),
                    Decision::Refused(_) => return Err(standing.refusal()),
                    Decision::Ask { want, unspent } => {
                        let grant = self.bucket.claim(self.quota, want, unspent, now);
                        self.lease.granted(grant, want, now);
                    }
                }
            }
        }
    }

    /// Whether a request of a key passes at `now`.
    fn passes(key: &RefCell<Limit>, organization: &RefCell<Limit>, now: i64) -> bool {
        both(
            async { key.borrow_mut().charge(now) },
            async { organization.borrow_mut().charge(now) },
            || key.borrow_mut().lease.unspend(now),
        )
        .now_or_never()
        .expect("nothing waits")
        .is_ok()
    }

    #[test]
    fn a_key_at_its_limit_leaves_the_organisation_to_the_others() {
        // a key may take half of what its organisation may
        let (greedy, modest, organization) = (Limit::new(600), Limit::new(600), Limit::new(1200));
        let (mut taken, mut refused) = (0, 0);
        // five minutes: one key asks for ten times its limit, the other for nine tenths of it
        for now in (0..300_000).step_by(10) {
            taken += u32::from(passes(&greedy, &organization, now));
            if now % 110 == 0 {
                refused += u32::from(!passes(&modest, &organization, now));
            }
        }
        assert_eq!(refused, 0, "requests of the modest key that were refused");
        assert!((2_700..=3_300).contains(&taken), "{taken}");
    }

    #[test]
    fn what_the_organisation_refuses_is_given_back_to_the_key() {
        let (key, organization) = (Limit::new(600), Limit::new(60));
        let passed = (0..1_000)
            .step_by(10)
            .filter(|now| passes(&key, &organization, *now))
            .count();
        assert!(passed < 10, "the organisation refuses: {passed}");
        let other = Limit::new(6_000);
        let passed = (0..50).filter(|_| passes(&key, &other, 1_000)).count();
        assert!(passed >= 45, "the key has what it did not use: {passed}");
    }
}
