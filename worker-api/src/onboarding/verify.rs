//! `GET` and `POST /v1/onboard/verify`: the proof of an address, and what it opens.
//!
//! The password comes with the proof, never before it: whoever signed up need not own the address. What another way of signing up
//! (the identity provider's own) left as a password is forgotten with the proof, by a trigger in the database.

use super::{input, page};
use crate::auth::actor::Actor;
use crate::auth::api_key;
use crate::auth::limits::{self, PROOFS};
use crate::auth::principal::forget_memberships;
use crate::error::{Code, Error, Result};
use crate::http::query;
use crate::http::{Request, Response};
use crate::platform::identity::{self, Proof, Session};
use crate::platform::{Ctx, log, postgrest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The first key's rights: enough to send and to look, not to run the organisation.
const FIRST_SCOPES: &[&str] = &["ingest", "read", "write"];

enum Given {
    Token(String),
    Code { email: String, code: String },
}

#[derive(Deserialize)]
struct Onboarded {
    created: bool,
    organization: Option<Value>,
    stream: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<Value>,
    /// Shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample: Option<String>,
    /// Whether a password was sent, and taken.
    password_set: bool,
    session: Session,
}

/// The page of the link. It looks at nothing: whether the token holds is seen when the button is pressed.
pub fn show(request: &Request) -> Response {
    page::form(
        "Confirm your address",
        "One click, and your organisation and its first API key are made.",
        "/v1/onboard/verify",
        request.param("token").unwrap_or(""),
        page::PASSWORD_FIELD,
        "Confirm",
    )
}

/// Confirms the address, and makes organisation and key for somebody who has none.
pub async fn verify(ctx: &Ctx, request: &Request) -> Result<Response> {
    limits::charge_address(ctx, request, "proof", PROOFS).await?;
    let from_page = page::is_form(request);
    let (given, password) = read(request, from_page)?;
    let proof = match &given {
        Given::Token(token) => Proof::Token(token),
        Given::Code { email, code } => Proof::Code { email, code },
    };
    let Some(session) = identity::verify(ctx, proof).await? else {
        if from_page {
            return Ok(page::message(
                400,
                "This link is not valid any more",
                "It was used already or is older than an hour. If you have confirmed your address, sign in; otherwise ask for a new mail.",
            ));
        }
        return Err(Error::new(
            Code::InvalidToken,
            "the link or code was used, is wrong or has expired",
        )
        .field("token", "the newest one that was mailed"));
    };
    let password_set = match password {
        Some(password) => set_password(ctx, &session, &password).await,
        None => false,
    };
    let answer = onboard(ctx, request, session, password_set).await?;
    if !from_page {
        return Ok(Response::json(200, &answer));
    }
    Ok(match (&answer.api_key, &answer.sample) {
        (Some(key), Some(sample)) => page::welcome(
            answer
                .organization
                .as_ref()
                .and_then(|o| o["name"].as_str())
                .unwrap_or(""),
            key,
            sample,
            &answer,
        ),
        _ => page::confirmed(&answer),
    })
}

/// The proof is used up: without the password the person signs in by mailed code, which is better than no organisation.
async fn set_password(ctx: &Ctx, session: &Session, password: &str) -> bool {
    let set = identity::set_password(ctx, &session.access_token, password).await;
    if !matches!(set, Ok(true)) {
        log::warn("onboarding.password", "not taken");
    }
    matches!(set, Ok(true))
}

async fn onboard(
    ctx: &Ctx,
    request: &Request,
    session: Session,
    password_set: bool,
) -> Result<Answer> {
    #[derive(Default, Deserialize)]
    struct Noted {
        company: Option<String>,
        plan: Option<String>,
    }
    let user = &session.user;
    let noted: Option<Noted> =
        postgrest::call(ctx, "recall_sign_up", &json!({ "p_email": user.email })).await?;
    let noted = noted.unwrap_or_default();
    let (secret, kept) = api_key::generate("live")?;
    let key = json!({ "id": kept.id, "hash": kept.hash, "name": "First key", "scopes": FIRST_SCOPES, "environment": "live" });
    let arguments = json!({
        "p_user": user.id, "p_company": noted.company.unwrap_or_else(|| "My organisation".into()), "p_requested_plan": noted.plan,
        "p_key": key, "p_actor": Actor::person(user.id, &user.email, request),
    });
    let made: Onboarded = postgrest::call(ctx, "complete_onboarding", &arguments).await?;
    forget_memberships();
    if !made.created {
        return Ok(Answer {
            status: "confirmed",
            organization: None,
            api_key: None,
            stream: None,
            sample: None,
            password_set,
            session,
        });
    }
    let stream = made.stream.unwrap_or_default();
    let base = ctx.public_url(request).unwrap_or_else(|_| {
        log::warn("onboarding.sample", "PUBLIC_URL is not configured");
        String::new()
    });
    let sample = sample(&base, &secret, &stream);
    Ok(Answer {
        status: "ready",
        organization: made.organization,
        api_key: Some(secret),
        stream: Some(stream),
        sample: Some(sample),
        password_set,
        session,
    })
}

/// A command to paste.
fn sample(base: &str, key: &str, stream: &str) -> String {
    let event = json!({ "stream": stream, "event_type": "log", "data": { "level": "INFO", "message": "hello from my first event" } });
    format!(
        "curl {base}/v1/events \\\n  -H 'authorization: Bearer {key}' \\\n  -H 'content-type: application/json' \\\n  -d '{event}'"
    )
}

/// The proof, and the password chosen with it.
fn read(request: &Request, from_page: bool) -> Result<(Given, Option<String>)> {
    let token_form = |t: &str| {
        (1..=200).contains(&t.len())
            && t.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let bad_token = || {
        input::refuse(
            "token",
            "the token of the mailed link, or `email` and `code`",
        )
    };
    if from_page {
        let pairs = query::parse(&String::from_utf8_lossy(&request.body));
        let get = |name: &str| {
            let pair = pairs.iter().find(|(n, _)| n == name);
            pair.map(|(_, v)| v.as_str())
        };
        let token = get("token")
            .filter(|t| token_form(t))
            .ok_or_else(bad_token)?;
        let password = input::password(get("password"))?;
        return Ok((Given::Token(token.to_owned()), password));
    }
    let body = crate::json::body(&request.body)?;
    let get = |name: &str| body.get(name).and_then(Value::as_str);
    let password = input::password(get("password"))?;
    if let Some(token) = get("token") {
        return if token_form(token) {
            Ok((Given::Token(token.to_owned()), password))
        } else {
            Err(bad_token())
        };
    }
    let code = get("code")
        .filter(|c| (6..=10).contains(&c.len()) && c.bytes().all(|b| b.is_ascii_digit()));
    let code = code.ok_or_else(bad_token)?.to_owned();
    let email = input::email(&body)?;
    Ok((Given::Code { email, code }, password))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(media: &str, body: &str) -> Request {
        Request {
            headers: vec![("content-type".into(), media.into())],
            body: body.to_owned().into(),
            ..Request::default()
        }
    }

    #[test]
    fn proofs() {
        let json = |b: &str| read(&request("application/json", b), false);
        assert!(matches!(json(r#"{"token":"abc"}"#), Ok((Given::Token(t), None)) if t == "abc"));
        assert!(
            matches!(json(r#"{"email":"a@b.c","code":"123456"}"#), Ok((Given::Code { code, .. }, None)) if code == "123456")
        );
        for bad in [
            "{}",
            r#"{"token":"a b"}"#,
            r#"{"token":""}"#,
            r#"{"email":"a@b.c","code":"12"}"#,
            r#"{"code":"123456"}"#,
            r#"{"token":"abc","password":"short"}"#,
        ] {
            assert!(json(bad).is_err(), "{bad}");
        }
        assert!(
            matches!(read(&request("application/x-www-form-urlencoded", "token=abc&password=12345678"), true), Ok((Given::Token(t), Some(p))) if t == "abc" && p == "12345678")
        );
        assert!(
            read(
                &request("application/x-www-form-urlencoded", "token=%22%3E"),
                true
            )
            .is_err()
        );
    }
}
