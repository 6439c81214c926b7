//! People of an organisation and their roles. The rules are kept by the database, in the same transaction as the change.

pub mod accept;
pub mod invitations;

use crate::auth::actor::Actor;
use crate::auth::principal::{Principal, Role, forget_memberships};
use crate::error::{Code, Error, Result};
use crate::http::{Request, Response};
use crate::platform::{Ctx, postgrest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// Somebody in the organisation.
#[derive(Debug, Serialize, Deserialize)]
struct Member {
    user_id: Uuid,
    email: Option<String>,
    role: Role,
    created_at: String,
}

/// Everybody, the earliest first.
pub async fn list(ctx: &Ctx, principal: &Principal) -> Result<Response> {
    let query = principal.query(ctx, "member_directory");
    let members: Vec<Member> = query
        .select("user_id,email,role,created_at")
        .eq("org_id", &principal.org.to_string())
        .order("created_at.asc,user_id.asc")
        .rows()
        .await?;
    Ok(Response::json(200, &json!({ "members": members })))
}

/// Another role for somebody.
pub async fn change_role(
    ctx: &Ctx,
    principal: &Principal,
    path_id: &str,
    request: &Request,
) -> Result<Response> {
    let role = role_of(&crate::json::body(&request.body)?)?;
    let user = member_id(principal, path_id)?;
    let arguments = json!({ "p_org": principal.org, "p_user": user, "p_role": role, "p_actor": Actor::of(principal, request) });
    let member: Member = postgrest::call(ctx, "change_role", &arguments).await?;
    forget_memberships();
    Ok(Response::json(200, &member))
}

/// Removes somebody; `me` leaves.
pub async fn remove(
    ctx: &Ctx,
    principal: &Principal,
    path_id: &str,
    request: &Request,
) -> Result<Response> {
    let user = member_id(principal, path_id)?;
    let arguments =
        json!({ "p_org": principal.org, "p_user": user, "p_actor": Actor::of(principal, request) });
    let _removed: Value = postgrest::call(ctx, "remove_member", &arguments).await?;
    forget_memberships();
    Ok(Response {
        status: 204,
        headers: Vec::new(),
        body: Vec::new(),
    })
}

/// Makes another member the owner, and the caller an admin.
pub async fn transfer(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let body = crate::json::body(&request.body)?;
    let to = body
        .get("user_id")
        .and_then(Value::as_str)
        .and_then(|t| Uuid::parse_str(t).ok())
        .ok_or_else(|| refuse("user_id", "the id of a member"))?;
    let arguments =
        json!({ "p_org": principal.org, "p_to": to, "p_actor": Actor::of(principal, request) });
    let answer: Value = postgrest::call(ctx, "transfer_ownership", &arguments).await?;
    forget_memberships();
    Ok(Response::json(200, &answer))
}

fn member_id(principal: &Principal, path_id: &str) -> Result<Uuid> {
    if path_id == "me" {
        return principal
            .user_id()
            .ok_or_else(|| Error::not_found("member"));
    }
    Uuid::parse_str(path_id).map_err(|_| Error::not_found("member"))
}

fn role_of(body: &Value) -> Result<Role> {
    let role = body.get("role").cloned().unwrap_or_default();
    serde_json::from_value(role).map_err(|_| refuse("role", "owner, admin, member or viewer"))
}

fn refuse(field: &str, expected: &str) -> Error {
    Error::new(
        Code::InvalidBody,
        format!("`{field}` is missing or not valid"),
    )
    .field(field, expected)
}
