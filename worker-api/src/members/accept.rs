//! `/v1/invitations/accept` and `/decline`: what is behind an invitation's link, and what its buttons do.
//!
//! The token came by mail, so whoever has it owns the address: no sign-in is needed. Opening the page changes nothing, because
//! mail scanners open links. Somebody new gets an account with the password they choose, or none that anyone knows (they
//! sign in by mailed code then).

use super::refuse;
use crate::auth::actor::Actor;
use crate::auth::api_key;
use crate::auth::limits::{self, PROOFS};
use crate::auth::principal::{Role, forget_memberships};
use crate::error::{Code, Error, Result};
use crate::http::query;
use crate::http::{Request, Response};
use crate::onboarding::{input, page};
use crate::platform::{Ctx, assets, identity, postgrest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Deserialize)]
struct Found {
    organization: String,
    email: String,
    role: Role,
    user_id: Option<Uuid>,
}

#[derive(Serialize, Deserialize)]
struct Accepted {
    organization: String,
    org_id: Uuid,
    role: Role,
}

/// What a program is told of an invitation before it is accepted.
#[derive(Serialize)]
struct Shown {
    organization: String,
    email: String,
    role: Role,
    /// Whether the address has an account already.
    account: bool,
}

/// What the token is for: the dashboard's page in a browser, data for programs, and a page of the Worker's own where no dashboard
/// is served. Changes nothing.
pub async fn show(ctx: &Ctx, request: &Request) -> Result<Response> {
    limits::charge_address(ctx, request, "proof", PROOFS).await?;
    let token = request.param("token").unwrap_or("");
    let accepts = request.header("accept").unwrap_or("");
    let found = find(ctx, token).await?;
    if accepts.contains("application/json") {
        let found = found.ok_or_else(void)?;
        let shown = Shown {
            organization: found.organization,
            email: found.email,
            role: found.role,
            account: found.user_id.is_some(),
        };
        return Ok(Response::json(200, &shown));
    }
    if found.is_some() && accepts.contains("text/html") && assets::page(ctx, "/").await.is_some() {
        // found tokens are letters and digits alone
        let there = format!("/invitation?token={token}");
        return Ok(Response {
            status: 303,
            headers: vec![("location".into(), there)],
            body: Vec::new(),
        });
    }
    let Some(found) = found else {
        return Ok(page::message(
            404,
            "This invitation is not valid any more",
            "It was used, taken back or is older than seven days. Ask for a new one.",
        ));
    };
    let password = if found.user_id.is_none() {
        page::PASSWORD_FIELD
    } else {
        ""
    };
    let role = serde_json::to_value(found.role)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_default();
    let text = format!(
        "Join {} as {role}, with the address {}.",
        found.organization, found.email
    );
    Ok(page::form(
        "Accept an invitation",
        &text,
        "/v1/invitations/accept",
        token,
        password,
        "Join",
    ))
}

/// Joins the organisation. Takes JSON, or the page's form.
pub async fn accept(ctx: &Ctx, request: &Request) -> Result<Response> {
    limits::charge_address(ctx, request, "proof", PROOFS).await?;
    let from_page = page::is_form(request);
    let (token, password) = read(request)?;
    let Some(found) = find(ctx, &token).await? else {
        if from_page {
            return Ok(page::message(
                404,
                "This invitation is not valid any more",
                "Ask for a new one.",
            ));
        }
        return Err(void());
    };
    let user = account(ctx, &found, password).await?;
    let actor = Actor::person(user, &found.email, request);
    let arguments =
        json!({ "p_token_hash": api_key::hash(&token), "p_user": user, "p_actor": actor });
    let accepted: Accepted = postgrest::call(ctx, "accept_invitation", &arguments).await?;
    forget_memberships();
    if from_page {
        return Ok(page::message(
            200,
            "Welcome",
            &format!(
                "You belong to {} now. Sign in to see it.",
                accepted.organization
            ),
        ));
    }
    Ok(Response::json(200, &accepted))
}

/// `POST /v1/invitations/decline`: the invitation ends, and the audit log says who declined it.
pub async fn decline(ctx: &Ctx, request: &Request) -> Result<Response> {
    limits::charge_address(ctx, request, "proof", PROOFS).await?;
    let (token, _) = read(request)?;
    let found = find(ctx, &token).await?.ok_or_else(void)?;
    let arguments = json!({ "p_token_hash": api_key::hash(&token), "p_actor": Actor::invited(&found.email, request) });
    let _declined: Value = postgrest::call(ctx, "decline_invitation", &arguments).await?;
    Ok(Response {
        status: 204,
        headers: Vec::new(),
        body: Vec::new(),
    })
}

fn void() -> Error {
    Error::new(
        Code::InvalidToken,
        "the invitation was used, taken back or has expired",
    )
}

/// The invited person's account: theirs, or a new one. One that was never confirmed may have been made by somebody else, who
/// must not come in with it: its password is replaced.
async fn account(ctx: &Ctx, found: &Found, password: Option<String>) -> Result<Uuid> {
    let chosen = match password {
        Some(p) => p,
        None => api_key::generate_token()?,
    };
    let Some(id) = found.user_id else {
        return Ok(identity::create_confirmed(ctx, &found.email, &chosen)
            .await?
            .id);
    };
    let known = identity::user(ctx, id)
        .await?
        .ok_or_else(|| Error::not_found("invitation"))?;
    if known.email_confirmed_at.is_none() {
        identity::take_over(ctx, id, &chosen).await?;
    }
    Ok(id)
}

async fn find(ctx: &Ctx, token: &str) -> Result<Option<Found>> {
    if token.len() != api_key::SECRET_LENGTH || !token.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(None);
    }
    postgrest::call(
        ctx,
        "find_invitation",
        &json!({ "p_token_hash": api_key::hash(token) }),
    )
    .await
}

fn read(request: &Request) -> Result<(String, Option<String>)> {
    let (token, password) = if page::is_form(request) {
        let pairs = query::parse(&String::from_utf8_lossy(&request.body));
        let get = |name: &str| {
            pairs
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.clone())
                .filter(|v| !v.is_empty())
        };
        (get("token"), get("password"))
    } else {
        let body = crate::json::body(&request.body)?;
        let get = |name: &str| {
            body.get(name)
                .and_then(Value::as_str)
                .map(str::to_owned)
                .filter(|v| !v.is_empty())
        };
        (get("token"), get("password"))
    };
    let password = input::password(password.as_deref())?;
    Ok((
        token.ok_or_else(|| refuse("token", "the token of the invitation's link"))?,
        password,
    ))
}
