//! Supabase Auth over HTTP: what sign-up, verification and invitations need of it.

use super::Ctx;
use super::fetch::send_json;
use crate::error::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;
use worker::Method;

/// A session as Auth gives it after a verification.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Signed in as this person.
    pub access_token: String,
    /// Renews it.
    pub refresh_token: String,
    /// Seconds.
    pub expires_in: u64,
    /// Whose it is.
    #[serde(skip_serializing)]
    pub user: User,
}

/// An account.
#[derive(Clone, Debug, Deserialize)]
pub struct User {
    /// Its id.
    pub id: Uuid,
    /// Its address.
    #[serde(default)]
    pub email: String,
    /// Set once the address is confirmed.
    #[serde(default)]
    pub email_confirmed_at: Option<String>,
}

/// What confirms an address.
pub enum Proof<'p> {
    /// The token of the mailed link.
    Token(&'p str),
    /// The mailed code, with the address it went to.
    Code {
        /// The address.
        email: &'p str,
        /// Six digits.
        code: &'p str,
    },
}

/// Makes an unconfirmed account and lets Auth mail the link and the code. For an address that has one Auth does as it does:
/// it mails again, or nothing; the answer never says which.
pub async fn sign_up(ctx: &Ctx, email: &str, password: &str) -> Result<()> {
    let (status, _) = open(
        ctx,
        "signup",
        &json!({ "email": email, "password": password }),
    )
    .await?;
    available(status)
}

/// Mails link and code again.
pub async fn resend(ctx: &Ctx, email: &str) -> Result<()> {
    let (status, _) = open(ctx, "resend", &json!({ "type": "signup", "email": email })).await?;
    available(status)
}

/// Confirms an address and signs in; `None` if the proof does not hold (any more).
pub async fn verify(ctx: &Ctx, proof: Proof<'_>) -> Result<Option<Session>> {
    let body = match proof {
        Proof::Token(token) => json!({ "type": "email", "token_hash": token }),
        Proof::Code { email, code } => json!({ "type": "email", "email": email, "token": code }),
    };
    let (status, answer) = open(ctx, "verify", &body).await?;
    available(status)?;
    Ok(if status == 200 {
        serde_json::from_value(answer).ok()
    } else {
        None
    })
}

/// Sets the password of the person whose access token this is; their other sessions end. Says whether it was taken: the provider
/// may find it too weak.
pub async fn set_password(ctx: &Ctx, token: &str, password: &str) -> Result<bool> {
    ctx.settings.require_database()?;
    let bearer = format!("Bearer {token}");
    let (status, answer) = send_json(
        Method::Put,
        &format!("{}/auth/v1/user", ctx.settings.supabase_url),
        &[
            ("apikey", ctx.settings.publishable_key.as_str()),
            ("authorization", bearer.as_str()),
        ],
        &json!({ "password": password }),
    )
    .await?;
    available(status)?;
    // it is set already
    Ok(status == 200 || answer["error_code"] == "same_password")
}

/// An account by id.
pub async fn user(ctx: &Ctx, id: Uuid) -> Result<Option<User>> {
    let (status, answer) = admin(ctx, Method::Get, &format!("users/{id}"), &Value::Null).await?;
    available(status)?;
    Ok(if status == 200 {
        serde_json::from_value(answer).ok()
    } else {
        None
    })
}

/// Makes a confirmed account for somebody who has proved to own the address.
pub async fn create_confirmed(ctx: &Ctx, email: &str, password: &str) -> Result<User> {
    let (status, answer) = admin(
        ctx,
        Method::Post,
        "users",
        &json!({ "email": email, "password": password, "email_confirm": true }),
    )
    .await?;
    read_user(status, answer)
}

/// Confirms an account whose owner has just proved to own the address. Whoever made it before may not have owned it: the
/// password is replaced.
pub async fn take_over(ctx: &Ctx, id: Uuid, password: &str) -> Result<User> {
    let (status, answer) = admin(
        ctx,
        Method::Put,
        &format!("users/{id}"),
        &json!({ "password": password, "email_confirm": true }),
    )
    .await?;
    read_user(status, answer)
}

/// Removes an account.
pub async fn delete_user(ctx: &Ctx, id: Uuid) -> Result<()> {
    let (status, _) = admin(ctx, Method::Delete, &format!("users/{id}"), &Value::Null).await?;
    available(status)
}

fn read_user(status: u16, answer: Value) -> Result<User> {
    if !(200..300).contains(&status) {
        return Err(Error::new(
            Code::DependencyUnavailable,
            format!("the identity provider answered {status}"),
        ));
    }
    serde_json::from_value(answer).map_err(|_| {
        Error::new(
            Code::DependencyUnavailable,
            "the identity provider answered unexpectedly",
        )
    })
}

fn available(status: u16) -> Result<()> {
    if status >= 500 || status == 401 {
        return Err(Error::new(
            Code::DependencyUnavailable,
            format!("the identity provider answered {status}"),
        ));
    }
    Ok(())
}

async fn open(ctx: &Ctx, path: &str, body: &Value) -> Result<(u16, Value)> {
    ctx.settings.require_database()?;
    let url = format!("{}/auth/v1/{path}", ctx.settings.supabase_url);
    send_json(
        Method::Post,
        &url,
        &[("apikey", &ctx.settings.publishable_key)],
        body,
    )
    .await
}

async fn admin(ctx: &Ctx, method: Method, path: &str, body: &Value) -> Result<(u16, Value)> {
    ctx.settings.require_database()?;
    let url = format!("{}/auth/v1/admin/{path}", ctx.settings.supabase_url);
    let key = ctx.settings.secret_key.as_str();
    let bearer = format!("Bearer {key}");
    let mut headers = vec![("apikey", key)];
    // a legacy key is a token; a new-style one is not and must not be sent as one
    if key.starts_with("eyJ") {
        headers.push(("authorization", bearer.as_str()));
    }
    send_json(method, &url, &headers, body).await
}
