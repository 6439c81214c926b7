//! From nothing to a first event: sign-up, proof of the address, first organisation, first key.
//!
//! No answer tells whether an address is known: what depends on it happens after the answer. Opening a mailed link changes
//! nothing (mail scanners do that); its page has a button that posts.

pub mod input;
pub mod page;
pub mod verify;

use crate::auth::api_key;
use crate::auth::limits::{self, SIGN_UPS};
use crate::error::Result;
use crate::http::{Request, Response};
use crate::platform::{Ctx, identity, log, postgrest};
use serde_json::json;

/// `POST /v1/onboard/signup`.
pub async fn sign_up(ctx: &Ctx, request: &Request) -> Result<Response> {
    let wanted = input::sign_up(&request.body)?;
    let standing = limits::charge_address(ctx, request, "sign-up", SIGN_UPS).await?;
    ctx.settings.require_database()?;
    // nobody's: whoever proves the address chooses one then, and whoever signs up need not be the one
    let password = api_key::generate_token()?;
    let again = ctx.clone();
    ctx.after_answer(async move {
        let noted =
            json!({ "p_email": wanted.email, "p_company": wanted.company, "p_plan": wanted.plan });
        let noted = postgrest::rpc(&again, "remember_sign_up", &noted).await;
        // without the note the organisation gets a plain name; the mail matters more
        if noted.is_err() {
            log::warn("onboarding.remember", "not written");
        }
        if identity::sign_up(&again, &wanted.email, &password)
            .await
            .is_err()
        {
            log::error(
                "onboarding.sign_up",
                "the identity provider did not take it",
            );
        }
    });
    Ok(with_standing(sent(), standing))
}

/// `POST /v1/onboard/resend-verification`.
pub async fn resend(ctx: &Ctx, request: &Request) -> Result<Response> {
    let email = input::address_only(&request.body)?;
    let standing = limits::charge_address(ctx, request, "sign-up", SIGN_UPS).await?;
    let again = ctx.clone();
    ctx.after_answer(async move {
        if identity::resend(&again, &email).await.is_err() {
            log::error("onboarding.resend", "the identity provider did not take it");
        }
    });
    Ok(with_standing(sent(), standing))
}

/// The same for every address.
fn sent() -> Response {
    Response::json(
        202,
        &json!({
            "status": "verification_sent",
            "detail": "If the address can be signed up, a mail with a link and a code is on its way to it. The link is valid for an hour.",
        }),
    )
}

fn with_standing(mut response: Response, standing: crate::http::rate_limit::Standing) -> Response {
    response.headers.extend(standing.headers());
    response
}
