//! Invitations: a mailed link with a token of which only the hash is kept.

use super::{refuse, role_of};
use crate::auth::actor::Actor;
use crate::auth::api_key;
use crate::auth::principal::{Principal, Role};
use crate::error::{Error, Result};
use crate::http::{Request, Response};
use crate::ingest::time;
use crate::onboarding::input::email;
use crate::platform::email::{self as mail, Mail, one_line};
use crate::platform::{Ctx, postgrest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

const COLUMNS: &str = "id,email,role,invited_by,created_at,expires_at";
/// How long an invitation can be accepted.
const VALID_MS: i64 = 7 * 86_400_000;

#[derive(Debug, Serialize, Deserialize)]
struct Invitation {
    id: Uuid,
    email: String,
    role: Role,
    invited_by: Option<Uuid>,
    created_at: String,
    expires_at: String,
    #[serde(default, skip_serializing)]
    organization: String,
}

/// Those that are still open.
pub async fn list(ctx: &Ctx, principal: &Principal) -> Result<Response> {
    let query = principal.query(ctx, "invitations");
    let invitations: Vec<Invitation> = query
        .select(COLUMNS)
        .eq("org_id", &principal.org.to_string())
        .is_null("accepted_at")
        .is_null("revoked_at")
        .gt("expires_at", &time::to_rfc3339(ctx.now_ms()))
        .order("created_at.desc")
        .rows()
        .await?;
    Ok(Response::json(200, &json!({ "invitations": invitations })))
}

/// Invites an address; again, with a new link, if it was invited before.
pub async fn invite(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let body = crate::json::body(&request.body)?;
    let address = email(&body)?;
    let role = if body.get("role").is_some() {
        role_of(&body)?
    } else {
        Role::Member
    };
    if role == Role::Owner {
        return Err(refuse(
            "role",
            "admin, member or viewer; an owner is made by a transfer",
        ));
    }
    mail::require(ctx)?;
    let link_base = ctx.public_url(request)?;
    let token = api_key::generate_token()?;
    let arguments = json!({
        "p_org": principal.org, "p_email": address, "p_role": role, "p_token_hash": api_key::hash(&token),
        "p_expires_at": time::to_rfc3339(ctx.now_ms() + VALID_MS), "p_actor": Actor::of(principal, request),
    });
    let invitation: Invitation = postgrest::call(ctx, "invite_member", &arguments).await?;
    let text = format!(
        "You have been invited to join {} on Driftlock.\n\nTo accept, open this link within seven days:\n{link_base}/v1/invitations/accept?token={token}\n\n\
         If you did not expect this, do nothing.\n",
        one_line(&invitation.organization)
    );
    let key = format!("invitation-{}", invitation.id);
    mail::send(
        ctx,
        &Mail {
            to: &address,
            subject: "An invitation to Driftlock",
            text: &text,
            idempotency_key: &key,
        },
    )
    .await?;
    Ok(Response::json(201, &invitation))
}

/// Takes an invitation back.
pub async fn revoke(
    ctx: &Ctx,
    principal: &Principal,
    path_id: &str,
    request: &Request,
) -> Result<Response> {
    let id = Uuid::parse_str(path_id).map_err(|_| Error::not_found("invitation"))?;
    let arguments =
        json!({ "p_org": principal.org, "p_id": id, "p_actor": Actor::of(principal, request) });
    let _revoked: Value = postgrest::call(ctx, "revoke_invitation", &arguments).await?;
    Ok(Response {
        status: 204,
        headers: Vec::new(),
        body: Vec::new(),
    })
}
