//! The caller of a request, derived from the credential alone.

use super::key_object::{KeyRecord, ORG_FACTS, OrgFacts};
use super::{api_key, jwks};
use crate::error::{Code, Error, Result};
use crate::http::Request;
use crate::platform::{Ctx, log, objects, postgrest};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What an API key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Send events.
    Ingest,
    /// Read anomalies and streams.
    Read,
    /// Change anomalies.
    Write,
    /// Everything else.
    Admin,
}

/// A person's role in an organisation, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads, and works on anomalies.
    Member,
    /// Runs the organisation.
    Admin,
    /// Owns it.
    Owner,
}

/// Who a route is for. The route table names one for each route; there is no default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Public,
    /// An API key with this scope.
    Key(Scope),
    /// An API key with this scope, or a person with at least this role.
    KeyOrPerson(Scope, Role),
    /// A person with at least this role; no API key, whatever its scopes.
    Member(Role),
    /// A person, whatever their organisations.
    Person,
}

/// The credential behind a request.
#[derive(Clone, Debug)]
pub enum Caller {
    /// An API key.
    Key(Box<KeyRecord>),
    /// A person with their access token and role.
    Person {
        /// Supabase user id.
        user_id: Uuid,
        /// For display.
        email: String,
        /// Presented to PostgREST, where row-level security decides.
        token: String,
        /// In the organisation of the principal.
        role: Role,
        /// Expiry of the token, seconds since the Unix epoch.
        expires: i64,
    },
}

/// A caller acting in one organisation.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The tenant: every query carries it.
    pub org: Uuid,
    /// The credential.
    pub caller: Caller,
    /// The organisation's plan and settings, as of the last look-up (at most a minute ago).
    pub facts: OrgFacts,
}

/// A person and every organisation they belong to.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Supabase user id.
    pub user_id: Uuid,
    /// For display.
    pub email: String,
    /// The access token.
    pub token: String,
    /// Expiry, seconds since the Unix epoch.
    pub expires: i64,
    /// Organisation → role.
    pub memberships: Vec<Membership>,
}

/// One organisation of a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Membership {
    /// The organisation.
    pub org_id: Uuid,
    /// The person's role there.
    pub role: Role,
    /// Plan and settings.
    #[serde(default, skip_serializing)]
    pub organizations: OrgFacts,
}

/// Membership is looked up once per token and this many milliseconds.
const MEMBERSHIP_MS: i64 = 15_000;
thread_local!(static MEMBERSHIPS: RefCell<BTreeMap<String, (i64, Vec<Membership>)>> = const { RefCell::new(BTreeMap::new()) });

impl Principal {
    /// Authenticates the request for a route with `access`.
    pub async fn authenticate(ctx: &Ctx, request: &Request, access: Access) -> Result<Self> {
        let credential = credential(request)?;
        let is_default = is_default_key(ctx, credential);
        if is_default || credential.starts_with("dlk_") {
            let scope = match access {
                Access::Key(scope) | Access::KeyOrPerson(scope, _) => scope,
                // whether the key is valid comes first: a wrong one learns nothing else
                Access::Person | Access::Member(_) | Access::Public => {
                    if !is_default {
                        verify_key(ctx, credential).await?;
                    }
                    return Err(insufficient("this route is for people, not for API keys"));
                }
            };
            let record = if is_default {
                default_key(ctx).await?
            } else {
                verify_key(ctx, credential).await?
            };
            if !record.allows(scope) {
                return Err(insufficient("the API key lacks the scope").field(
                    "authorization",
                    format!("an API key with the scope {}", scope_name(scope)),
                ));
            }
            return Ok(Self {
                org: record.org_id,
                facts: record.organizations.clone(),
                caller: Caller::Key(Box::new(record)),
            });
        }
        let needed = match access {
            Access::KeyOrPerson(_, role) | Access::Member(role) => role,
            Access::Person | Access::Public => Role::Viewer,
            Access::Key(_) => {
                jwks::verify(ctx, credential).await?;
                return Err(insufficient("this route is for API keys, not for people"));
            }
        };
        let identity = identify(ctx, credential).await?;
        let membership = choose(
            &identity.memberships,
            request.header("driftlock-organization"),
        )?;
        if membership.role < needed {
            return Err(insufficient(
                "your role in this organisation does not allow this",
            ));
        }
        let (org, role, facts) = (
            membership.org_id,
            membership.role,
            membership.organizations.clone(),
        );
        let Identity {
            user_id,
            email,
            token,
            expires,
            ..
        } = identity;
        Ok(Self {
            org,
            facts,
            caller: Caller::Person {
                user_id,
                email,
                token,
                role,
                expires,
            },
        })
    }

    /// A query on `table` with the caller's rights: a person's own, or the Worker's for an API key. The organisation is not in
    /// it yet: the caller filters by it.
    pub fn query(&self, ctx: &Ctx, table: &str) -> postgrest::Query {
        match self.person_token() {
            Some(token) => postgrest::as_person(ctx, token, table),
            None => postgrest::as_service(ctx, table),
        }
    }

    /// A function of the database called with the caller's rights: a person's own, or the Worker's for an API key. The arguments
    /// name the organisation.
    pub async fn call<A: Serialize, T: serde::de::DeserializeOwned>(
        &self,
        ctx: &Ctx,
        function: &str,
        arguments: &A,
    ) -> Result<T> {
        match self.person_token() {
            Some(token) => postgrest::call_as(ctx, token, function, arguments).await,
            None => postgrest::call(ctx, function, arguments).await,
        }
    }

    /// The access token whose rights a read has to respect, if the caller is a person.
    pub fn person_token(&self) -> Option<&str> {
        match &self.caller {
            Caller::Key(_) => None,
            Caller::Person { token, .. } => Some(token),
        }
    }
    /// Asks the database anew whether the person still has at least `role`: for what is done before the database could refuse it.
    /// Keys pass. While the database is away the role of a moment ago counts: a leaked key must be revocable then too.
    pub async fn recheck(&self, ctx: &Ctx, role: Role) -> Result<()> {
        let Caller::Person { user_id, token, .. } = &self.caller else {
            return Ok(());
        };
        let rows = postgrest::as_person(ctx, token, "members")
            .select("org_id,role")
            .eq("org_id", &self.org.to_string())
            .eq("user_id", &user_id.to_string())
            .rows::<Membership>()
            .await;
        match rows {
            Ok(rows) if rows.iter().any(|m| m.role >= role) => Ok(()),
            Ok(_) => {
                forget_memberships();
                Err(insufficient(
                    "your role in this organisation does not allow this",
                ))
            }
            Err(error) if error.code == Code::DependencyUnavailable => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The person's id, if the caller is one.
    pub fn user_id(&self) -> Option<Uuid> {
        match &self.caller {
            Caller::Key(_) => None,
            Caller::Person { user_id, .. } => Some(*user_id),
        }
    }
    /// The stream prefix an API key is bound to.
    pub fn stream_prefix(&self) -> Option<&str> {
        match &self.caller {
            Caller::Key(k) => k.stream_prefix.as_deref(),
            Caller::Person { .. } => None,
        }
    }
}

/// Whether the credential is the key of a single-tenant installation. Compared by hashes; that of the key is made once.
fn is_default_key(ctx: &Ctx, credential: &str) -> bool {
    thread_local!(static HASH: std::cell::OnceCell<String> = const { std::cell::OnceCell::new() });
    let Some(key) = ctx.settings.default_api_key.as_deref() else {
        return false;
    };
    HASH.with(|hash| {
        let known = hash.get_or_init(|| api_key::hash(key));
        api_key::constant_time_eq(known, &api_key::hash(credential))
    })
}

/// The key of a single-tenant installation, which lives in the configuration.
async fn default_key(ctx: &Ctx) -> Result<KeyRecord> {
    thread_local!(static ENSURED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) });
    let org = ctx.settings.default_org_id.ok_or_else(|| {
        Error::new(
            Code::DependencyUnavailable,
            "DEFAULT_API_KEY needs DEFAULT_ORG_ID",
        )
    })?;
    if !ENSURED.get() {
        // the database may be away: ingestion goes on, and the next request tries again
        let made = postgrest::rpc(
            ctx,
            "ensure_organization",
            &serde_json::json!({ "p_org": org, "p_name": "Default" }),
        )
        .await;
        match made {
            Ok(()) => ENSURED.set(true),
            Err(_) => log::warn("default_org.ensure", "not written"),
        }
    }
    Ok(KeyRecord {
        id: "default".into(),
        hash: String::new(),
        org_id: org,
        scopes: vec![Scope::Ingest, Scope::Read, Scope::Write],
        stream_prefix: None,
        expires_at: None,
        revoked_at: None,
        organizations: default_facts(ctx, org).await,
    })
}

/// How long the facts of the default key's organisation are trusted: as long as those of other keys.
const DEFAULT_FACTS_MS: i64 = objects::KEY_CACHE_MS;
thread_local!(static DEFAULT_FACTS: RefCell<Option<(i64, OrgFacts)>> = const { RefCell::new(None) });

/// Settings of the default key's organisation. Only the first request of an isolate waits for the database; later ones go on with
/// what is known while it is asked again.
async fn default_facts(ctx: &Ctx, org: Uuid) -> OrgFacts {
    let known = DEFAULT_FACTS.with_borrow(Clone::clone);
    match known {
        None => load_default_facts(ctx.clone(), org).await,
        Some((at, facts)) => {
            if ctx.now_ms() - at >= DEFAULT_FACTS_MS {
                // one request asks, the others go on
                DEFAULT_FACTS.set(Some((ctx.now_ms(), facts.clone())));
                let ctx = ctx.clone();
                ctx.clone().after_answer(async move {
                    load_default_facts(ctx, org).await;
                });
            }
            return facts;
        }
    }
    DEFAULT_FACTS
        .with_borrow(Clone::clone)
        // whether personal data may be kept is not known: it is not kept
        .map_or_else(
            || OrgFacts {
                pii_policy: "mask".into(),
                ..OrgFacts::default()
            },
            |(_, facts)| facts,
        )
}

async fn load_default_facts(ctx: Ctx, org: Uuid) {
    let columns = ORG_FACTS
        .trim_start_matches("organizations(")
        .trim_end_matches(')');
    let rows = postgrest::as_service(&ctx, "organizations")
        .select(columns)
        .eq("id", &org.to_string())
        .rows::<OrgFacts>()
        .await;
    match rows.map(|r| r.into_iter().next()) {
        Ok(Some(facts)) => DEFAULT_FACTS.set(Some((ctx.now_ms(), facts))),
        Ok(None) => {}
        Err(_) => log::warn("default_org.settings", "not read"),
    }
}

/// Drops what this isolate remembers of memberships, after one has changed.
pub fn forget_memberships() {
    MEMBERSHIPS.with_borrow_mut(BTreeMap::clear);
}

/// A person and their organisations.
pub async fn identify(ctx: &Ctx, token: &str) -> Result<Identity> {
    let person = jwks::verify(ctx, token).await?;
    let memberships = memberships(ctx, token, person.user_id).await?;
    Ok(Identity {
        user_id: person.user_id,
        email: person.email,
        token: token.to_owned(),
        expires: person.expires,
        memberships,
    })
}

/// The credential of `Authorization: Bearer …` or `X-API-Key`.
pub fn credential(request: &Request) -> Result<&str> {
    let missing = || {
        Error::new(
            Code::MissingCredentials,
            "send an API key or an access token",
        )
        .field("authorization", "Bearer <API key or Supabase access token>")
    };
    if let Some(key) = request.header("x-api-key") {
        return Ok(key.trim());
    }
    let header = request.header("authorization").ok_or_else(missing)?;
    let (scheme, rest) = header.split_once(' ').ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") || rest.trim().is_empty() {
        return Err(missing());
    }
    Ok(rest.trim())
}

async fn verify_key(ctx: &Ctx, text: &str) -> Result<KeyRecord> {
    let refuse = || Error::new(Code::InvalidCredentials, "the API key is not valid");
    let parsed = api_key::parse(text).ok_or_else(refuse)?;
    let record = objects::key_record(ctx, &parsed.id)
        .await?
        .ok_or_else(refuse)?;
    let now = ctx.now_ms();
    if api_key::constant_time_eq(&record.hash, &parsed.hash) && record.is_live(now) {
        Ok(record)
    } else {
        Err(refuse())
    }
}

async fn memberships(ctx: &Ctx, token: &str, user_id: Uuid) -> Result<Vec<Membership>> {
    let now = ctx.now_ms();
    let key = api_key::hash(token);
    if let Some(hit) = MEMBERSHIPS.with_borrow(|m| {
        m.get(&key)
            .filter(|(at, _)| (now - at).abs() < MEMBERSHIP_MS)
            .map(|(_, v)| v.clone())
    }) {
        return Ok(hit);
    }
    let list: Vec<Membership> = postgrest::as_person(ctx, token, "members")
        .select(&format!("org_id,role,{ORG_FACTS}"))
        .eq("user_id", &user_id.to_string())
        .rows()
        .await?;
    MEMBERSHIPS.with_borrow_mut(|m| {
        if m.len() >= 1000 {
            m.clear();
        }
        m.insert(key, (now, list.clone()));
    });
    Ok(list)
}

fn choose<'m>(memberships: &'m [Membership], header: Option<&str>) -> Result<&'m Membership> {
    match (header, memberships) {
        (Some(id), list) => list
            .iter()
            .find(|m| Uuid::parse_str(id) == Ok(m.org_id))
            .ok_or_else(|| Error::not_found("organisation")),
        (None, [only]) => Ok(only),
        (None, []) => Err(insufficient("you do not belong to an organisation")),
        (None, _) => Err(Error::new(
            Code::OrganizationRequired,
            "you belong to several organisations",
        )
        .field(
            "driftlock-organization",
            "the id of one of your organisations",
        )),
    }
}

fn insufficient(detail: &str) -> Error {
    Error::new(Code::InsufficientScope, detail)
}

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Ingest => "ingest",
        Scope::Read => "read",
        Scope::Write => "write",
        Scope::Admin => "admin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_organisation_is_implicit_several_need_the_header() {
        let m = |n, role| Membership {
            org_id: Uuid::from_u128(n),
            role,
            organizations: OrgFacts::default(),
        };
        let (one, two) = ([m(1, Role::Owner)], [m(1, Role::Owner), m(2, Role::Viewer)]);
        assert_eq!(choose(&one, None).expect("one").org_id, Uuid::from_u128(1));
        assert_eq!(
            choose(&two, None).expect_err("two").code,
            Code::OrganizationRequired
        );
        assert_eq!(
            choose(&two, Some(&Uuid::from_u128(2).to_string()))
                .expect("named")
                .role,
            Role::Viewer
        );
        assert_eq!(
            choose(&two, Some(&Uuid::from_u128(3).to_string()))
                .expect_err("foreign")
                .code,
            Code::NotFound
        );
        assert_eq!(
            choose(&one, Some("x")).expect_err("bad").code,
            Code::NotFound
        );
        assert_eq!(
            choose(&[], None).expect_err("none").code,
            Code::InsufficientScope
        );
    }

    #[test]
    fn roles_are_ordered() {
        assert!(
            Role::Viewer < Role::Member && Role::Member < Role::Admin && Role::Admin < Role::Owner
        );
    }

    #[test]
    fn credentials_from_either_header() {
        let with = |n: &str, v: &str| Request {
            headers: vec![(n.into(), v.into())],
            ..Request::default()
        };
        assert_eq!(
            credential(&with("authorization", "bearer  abc ")).expect("bearer"),
            "abc"
        );
        assert_eq!(credential(&with("x-api-key", "abc")).expect("key"), "abc");
        for bad in ["Basic abc", "Bearer", "Bearer ", ""] {
            assert_eq!(
                credential(&with("authorization", bad)).expect_err(bad).code,
                Code::MissingCredentials
            );
        }
    }
}
