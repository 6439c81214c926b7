//! Organisations: `GET /v1/me`, settings, life and retention.

pub mod export;
pub mod purge;
pub mod redaction;
pub mod retention;
pub mod settings;

use crate::auth::principal::{self, Role};
use crate::error::Result;
use crate::http::{Request, Response};
use crate::platform::{Ctx, postgrest};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Deserialize)]
struct Row {
    id: Uuid,
    name: String,
    plan: String,
}

#[derive(Serialize)]
struct Me {
    user: User,
    organizations: Vec<Organization>,
}

#[derive(Serialize)]
struct User {
    id: Uuid,
    email: String,
}

#[derive(Serialize)]
struct Organization {
    id: Uuid,
    name: String,
    role: Role,
    plan: String,
}

/// Who the caller is.
pub async fn me(ctx: &Ctx, request: &Request) -> Result<Response> {
    let identity = principal::identify(ctx, principal::credential(request)?).await?;
    let rows: Vec<Row> = postgrest::as_person(ctx, &identity.token, "organizations")
        .select("id,name,plan")
        .order("name.asc")
        .rows()
        .await?;
    let organizations = rows
        .into_iter()
        .filter_map(|row| {
            let role = identity
                .memberships
                .iter()
                .find(|m| m.org_id == row.id)?
                .role;
            Some(Organization {
                id: row.id,
                name: row.name,
                role,
                plan: row.plan,
            })
        })
        .collect();
    Ok(Response::json(
        200,
        &Me {
            user: User {
                id: identity.user_id,
                email: identity.email,
            },
            organizations,
        },
    ))
}
