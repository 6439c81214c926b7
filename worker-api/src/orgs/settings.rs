//! The organisation itself: settings, the effective configuration, deletion with its export, and making another one.

use crate::auth::actor::Actor;
use crate::auth::principal::{self, Caller, Principal, forget_memberships};
use crate::error::{Code, Error, Result};
use crate::http::rate_limit::plan_quota;
use crate::http::{Request, Response};
use crate::onboarding::input::refuse;
use crate::orgs::retention;
use crate::platform::Ctx;
use crate::platform::postgrest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

const COLUMNS: &str = "id,name,slug,plan,requested_plan,time_zone,default_sensitivity,retention_days,pii_policy,requests_per_minute,created_at";

/// An organisation as its people see it.
#[derive(Debug, Serialize, Deserialize)]
struct Organization {
    id: Uuid,
    name: String,
    slug: String,
    plan: String,
    requested_plan: Option<String>,
    time_zone: String,
    default_sensitivity: f64,
    retention_days: Option<u32>,
    pii_policy: String,
    requests_per_minute: Option<u32>,
    created_at: String,
}

/// `GET /v1/organization`.
pub async fn get(ctx: &Ctx, principal: &Principal) -> Result<Response> {
    Ok(Response::json(200, &load(ctx, principal).await?))
}

/// `PATCH /v1/organization`.
pub async fn patch(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let patch = read(&crate::json::body(&request.body)?, &principal.facts.plan)?;
    let arguments = json!({ "p_org": principal.org, "p_patch": patch, "p_actor": Actor::of(principal, request) });
    let changed: Organization = postgrest::call(ctx, "update_organization", &arguments).await?;
    forget_memberships();
    Ok(Response::json(200, &changed))
}

/// `GET /v1/config`: what holds for this caller right now, with defaults filled in and without secrets.
pub async fn config(ctx: &Ctx, principal: &Principal) -> Result<Response> {
    let organization = load(ctx, principal).await?;
    let (key, whole) = plan_quota(&organization.plan, organization.requests_per_minute);
    let caller = match &principal.caller {
        Caller::Key(k) => {
            json!({ "type": "key", "id": k.id, "scopes": k.scopes, "stream_prefix": k.stream_prefix, "expires_at": k.expires_at })
        }
        Caller::Person { user_id, role, .. } => {
            json!({ "type": "person", "id": user_id, "role": role })
        }
    };
    Ok(Response::json(
        200,
        &json!({
            "organization": { "id": organization.id, "name": organization.name, "plan": organization.plan, "time_zone": organization.time_zone },
            "caller": caller,
            "detection": { "algorithm": cbad::ALGORITHM, "default_sensitivity": organization.default_sensitivity },
            "privacy": { "pii_policy": organization.pii_policy },
            "retention": { "days": retention::effective(&organization.plan, organization.retention_days), "days_of_plan": retention::of_plan(&organization.plan) },
            "limits": {
                "max_body_bytes": ctx.settings.max_body_bytes, "enforced": ctx.settings.rate_limits,
                "requests_per_minute": { "key": key.requests, "organization": whole.requests },
            },
            "environment": ctx.settings.environment,
        }),
    ))
}

/// `DELETE /v1/organization?confirm=<name>`: nobody sees it any more; after 30 days it is gone.
pub async fn delete(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let organization = load(ctx, principal).await?;
    if request.param("confirm") != Some(organization.name.as_str()) {
        return Err(Error::parameter(
            "confirm",
            "the name of the organisation, to be sure",
        ));
    }
    let arguments = json!({ "p_org": principal.org, "p_actor": Actor::of(principal, request) });
    let answer: Value = postgrest::call(ctx, "delete_organization", &arguments).await?;
    forget_memberships();
    Ok(Response::json(200, &answer))
}

/// `POST /v1/organizations`: one more, owned by the caller.
pub async fn create(ctx: &Ctx, request: &Request) -> Result<Response> {
    let identity = principal::identify(ctx, principal::credential(request)?).await?;
    let name = name(&crate::json::body(&request.body)?)?.ok_or_else(|| refuse("name", NAME))?;
    let arguments = json!({ "p_user": identity.user_id, "p_name": name, "p_requested_plan": null, "p_actor": Actor::identity(&identity, request) });
    let made: Value = postgrest::call(ctx, "create_organization", &arguments).await?;
    forget_memberships();
    Ok(Response::json(201, &made))
}

/// `POST /v1/organizations/{id}/restore`: within 30 days of its deletion, by an owner.
pub async fn restore(ctx: &Ctx, request: &Request, path_id: &str) -> Result<Response> {
    let org = Uuid::parse_str(path_id).map_err(|_| Error::not_found("organisation"))?;
    let identity = principal::identify(ctx, principal::credential(request)?).await?;
    let arguments = json!({ "p_org": org, "p_actor": Actor::identity(&identity, request) });
    let restored: Value = postgrest::call(ctx, "restore_organization", &arguments).await?;
    forget_memberships();
    Ok(Response::json(200, &restored))
}

/// `GET /v1/organizations/deleted`: those of the caller's that can still be restored.
pub async fn deleted(ctx: &Ctx, request: &Request) -> Result<Response> {
    let identity = principal::identify(ctx, principal::credential(request)?).await?;
    let arguments = json!({ "p_user": identity.user_id });
    let organizations: Value = postgrest::call(ctx, "deleted_organizations", &arguments).await?;
    Ok(Response::json(
        200,
        &json!({ "organizations": organizations }),
    ))
}

async fn load(ctx: &Ctx, principal: &Principal) -> Result<Organization> {
    let rows: Vec<Organization> = principal
        .query(ctx, "organizations")
        .select(COLUMNS)
        .eq("id", &principal.org.to_string())
        .rows()
        .await?;
    rows.into_iter()
        .next()
        .ok_or_else(|| Error::not_found("organisation"))
}

const NAME: &str = "text of 1 to 120 characters";

fn name(body: &Value) -> Result<Option<String>> {
    match body.get("name") {
        None => Ok(None),
        Some(v) => {
            let name = v.as_str().map(str::trim).filter(|n| {
                (1..=120).contains(&n.chars().count()) && !n.chars().any(char::is_control)
            });
            name.map(|n| Some(n.to_owned()))
                .ok_or_else(|| refuse("name", NAME))
        }
    }
}

/// The settings of a patch. What is not a setting is refused: a plan or a quota cannot be patched.
fn read(body: &Value, plan: &str) -> Result<Map<String, Value>> {
    let fields = body.as_object().ok_or_else(|| {
        Error::new(Code::InvalidBody, "the body is not an object").field("body", "a JSON object")
    })?;
    let mut patch = Map::new();
    for (field, value) in fields {
        let good = match field.as_str() {
            "name" => {
                patch.insert(field.clone(), json!(name(body)?));
                continue;
            }
            "time_zone" => value.as_str().is_some_and(|z| {
                (1..=64).contains(&z.len())
                    && z.bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b))
            }),
            "default_sensitivity" => value.as_f64().is_some_and(|s| (0.0..=1.0).contains(&s)),
            "retention_days" => {
                value.is_null()
                    || value
                        .as_u64()
                        .is_some_and(|d| (1..=u64::from(retention::of_plan(plan))).contains(&d))
            }
            "pii_policy" => value.as_str().is_some_and(|p| matches!(p, "keep" | "mask")),
            _ => {
                return Err(refuse(
                    field,
                    "one of name, time_zone, default_sensitivity, retention_days, pii_policy",
                ));
            }
        };
        if !good {
            return Err(refuse(
                field,
                match field.as_str() {
                    "time_zone" => "a name like Europe/Berlin",
                    "default_sensitivity" => "a number from 0 to 1",
                    "retention_days" => {
                        "a whole number of days up to the plan's, or null for the plan's"
                    }
                    _ => "keep or mask",
                },
            ));
        }
        patch.insert(field.clone(), value.clone());
    }
    if patch.is_empty() {
        return Err(refuse("body", "at least one setting"));
    }
    Ok(patch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_settings_can_be_patched() {
        let all = json!({"name": " A ", "time_zone": "Europe/Berlin", "default_sensitivity": 0.7, "retention_days": 7, "pii_policy": "mask"});
        assert_eq!(read(&all, "developer").expect("settings")["name"], "A");
        assert!(read(&json!({"retention_days": null}), "developer").is_ok());
        for bad in [
            json!({}),
            json!([]),
            json!({"plan": "enterprise"}),
            json!({"requests_per_minute": 1}),
            json!({"name": ""}),
            json!({"name": null}),
            json!({"default_sensitivity": 1.1}),
            json!({"retention_days": 100_000}),
            json!({"retention_days": 0}),
            json!({"pii_policy": "x"}),
            json!({"time_zone": "x'; drop"}),
            json!({"deleted_at": null}),
        ] {
            assert!(read(&bad, "developer").is_err(), "{bad}");
        }
    }
}
