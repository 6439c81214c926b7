//! PostgREST: queries as the Worker itself or as a person. Every table query of a tenant names the organisation in its filter.

use super::Ctx;
use super::fetch::{TIMEOUT, within};
use crate::error::{Code, Error, Result};
use postgrest::{Builder, Postgrest};
use reqwest::header::{HeaderMap, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A query being built.
pub struct Query {
    builder: Builder,
    ready: Result<()>,
}

/// How a write failed, which decides what is tried next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// The database is away, overloaded or misconfigured: the same rows may succeed later.
    Unavailable(String),
    /// These rows are refused: trying again changes nothing.
    Refused(String),
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Unavailable(_) => Error::new(
                Code::DependencyUnavailable,
                "the database cannot be reached",
            ),
            WriteError::Refused(cause) => Error::internal(cause),
        }
    }
}

fn client(ctx: &Ctx, key: &str) -> Postgrest {
    let client = Postgrest::new(format!("{}/rest/v1", ctx.settings.supabase_url))
        .insert_header("apikey", key);
    // a legacy key is a token itself and names the role; a new-style key is not one and must not be sent as one
    if key.starts_with("eyJ") {
        client.insert_header("authorization", format!("Bearer {key}"))
    } else {
        client
    }
}

/// A query with the Worker's own rights: row-level security does not apply, so the caller filters by organisation.
pub fn as_service(ctx: &Ctx, table: &str) -> Query {
    Query {
        ready: ctx.settings.require_database(),
        builder: client(ctx, &ctx.settings.secret_key).from(table),
    }
}

/// A query with a person's rights: row-level security decides what it sees.
pub fn as_person(ctx: &Ctx, token: &str, table: &str) -> Query {
    let ready = ctx.settings.require_database();
    Query {
        ready,
        builder: client(ctx, &ctx.settings.publishable_key)
            .from(table)
            .auth(token),
    }
}

/// Calls a function of the database with the Worker's own rights.
pub async fn rpc<T: Serialize>(
    ctx: &Ctx,
    function: &str,
    arguments: &T,
) -> std::result::Result<(), WriteError> {
    ctx.settings
        .require_database()
        .map_err(|e| WriteError::Unavailable(e.to_string()))?;
    let body = serde_json::to_string(arguments).map_err(|e| WriteError::Refused(e.to_string()))?;
    send_write(
        client(ctx, &ctx.settings.secret_key)
            .rpc(function, body)
            .build(),
    )
    .await
}

/// Calls a function of the database with the Worker's own rights and reads its answer. A function refuses by raising `PTnnn`
/// with a word as its message; [`refused`] knows the words.
pub async fn call<A: Serialize, T: DeserializeOwned>(
    ctx: &Ctx,
    function: &str,
    arguments: &A,
) -> Result<T> {
    ctx.settings.require_database()?;
    let body = serde_json::to_string(arguments).map_err(Error::internal)?;
    let builder = client(ctx, &ctx.settings.secret_key).rpc(function, body);
    answer(builder.build(), false).await
}

/// The same with a person's rights: row-level security decides what the function sees.
pub async fn call_as<A: Serialize, T: DeserializeOwned>(
    ctx: &Ctx,
    token: &str,
    function: &str,
    arguments: &A,
) -> Result<T> {
    ctx.settings.require_database()?;
    let body = serde_json::to_string(arguments).map_err(Error::internal)?;
    let builder = client(ctx, &ctx.settings.publishable_key).rpc(function, body);
    answer(builder.auth(token).build(), true).await
}

/// Attempts at a call that the database ended in favour of another.
const ATTEMPTS: u32 = 3;

async fn answer<T: DeserializeOwned>(
    request: reqwest::RequestBuilder,
    as_person: bool,
) -> Result<T> {
    within(TIMEOUT, async {
        result(send(request).await?, as_person).await
    })
    .await
}

/// Sends a write, and sends it again where the database ended it in favour of another.
async fn send(request: reqwest::RequestBuilder) -> Result<reqwest::Response> {
    for _ in 1..ATTEMPTS {
        let Some(copy) = request.try_clone() else {
            break;
        };
        let response = copy.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        if status < 500 {
            return Ok(response);
        }
        let answer: serde_json::Value = response.json().await.unwrap_or_default();
        if !lost_to_another(answer["code"].as_str().unwrap_or("")) {
            return Err(broken(status));
        }
    }
    request.send().await.map_err(unreachable)
}

/// Whether a transaction was ended only because another one stood in its way: a deadlock, or a failed serialisation. Nothing of it
/// has happened, and by now the other is through (PostgreSQL, appendix A, class 40).
fn lost_to_another(code: &str) -> bool {
    matches!(code, "40P01" | "40001")
}

fn broken(status: u16) -> Error {
    Error::new(
        Code::DependencyUnavailable,
        format!("the database answered {status}"),
    )
}

async fn result<T: DeserializeOwned>(response: reqwest::Response, as_person: bool) -> Result<T> {
    let status = response.status().as_u16();
    match status {
        200..=299 => {
            let text = response.text().await.map_err(unreachable)?;
            // a function without a result answers nothing
            let text = if text.is_empty() { "null" } else { &text };
            serde_json::from_str(text).map_err(Error::internal)
        }
        401 if as_person => Err(Error::new(
            Code::InvalidCredentials,
            "the access token is not accepted by the database",
        )),
        500.. => Err(broken(status)),
        _ => {
            let answer: serde_json::Value = response.json().await.unwrap_or_default();
            Err(refused(
                status,
                answer["message"].as_str().unwrap_or(""),
                answer["code"].as_str().unwrap_or(""),
            ))
        }
    }
}

/// What a function's refusal means for the caller.
fn refused(status: u16, word: &str, code: &str) -> Error {
    match (code, word) {
        ("PT404", _) => Error::not_found("resource"),
        ("PT403", _) => Error::new(
            Code::InsufficientScope,
            "your role in this organisation does not allow this",
        ),
        ("PT409", "last_owner") => Error::new(
            Code::LastOwner,
            "the last owner cannot leave, be removed or lose the role; transfer the ownership first",
        ),
        ("PT409", "already_member") => Error::new(
            Code::AlreadyMember,
            "the person belongs to the organisation already",
        ),
        ("PT409", _) => Error::new(
            Code::LimitReached,
            "there are as many of these as are allowed",
        ),
        ("PT400", "unknown_time_zone") => {
            Error::new(Code::InvalidBody, "the time zone is not known")
                .field("time_zone", "a name like Europe/Berlin")
        }
        // the message stays out: it may quote a row
        _ => Error::internal(format!(
            "a database function answered {status}, code {}",
            code.chars()
                .filter(char::is_ascii_alphanumeric)
                .take(10)
                .collect::<String>()
        )),
    }
}

/// Inserts rows, passing over those whose id is there already.
pub async fn insert_new<T: Serialize>(
    ctx: &Ctx,
    table: &str,
    rows: &[T],
) -> std::result::Result<(), WriteError> {
    ctx.settings
        .require_database()
        .map_err(|e| WriteError::Unavailable(e.to_string()))?;
    let body = serde_json::to_string(rows).map_err(|e| WriteError::Refused(e.to_string()))?;
    let mut prefer = HeaderMap::new();
    prefer.insert(
        "prefer",
        HeaderValue::from_static("return=minimal,resolution=ignore-duplicates"),
    );
    let builder = client(ctx, &ctx.settings.secret_key)
        .from(table)
        .upsert(body)
        .on_conflict("id");
    send_write(builder.build().headers(prefer)).await
}

/// Whether PostgREST answers, within `limit`.
pub async fn ping(ctx: &Ctx, limit: Duration) -> Result<()> {
    let query = as_service(ctx, "organizations_health_probe");
    query.ready?;
    within(limit, async {
        let response = query
            .builder
            .select("id")
            .limit(1)
            .execute()
            .await
            .map_err(unreachable)?;
        // the table does not exist: any answer below 500 other than "who are you" proves that the whole chain works
        match response.status().as_u16() {
            401 | 403 => Err(Error::new(
                Code::DependencyUnavailable,
                "the database refuses the configured key",
            )),
            status if status >= 500 => Err(Error::new(
                Code::DependencyUnavailable,
                format!("the database answered {status}"),
            )),
            _ => Ok(()),
        }
    })
    .await
}

impl Query {
    /// Columns to return.
    #[must_use]
    pub fn select(self, columns: &str) -> Self {
        self.map(|b| b.select(columns))
    }
    /// `column = value`.
    #[must_use]
    pub fn eq(self, column: &str, value: &str) -> Self {
        self.map(|b| b.eq(column, value))
    }
    /// `column` has no value.
    #[must_use]
    pub fn is_null(self, column: &str) -> Self {
        self.map(|b| b.is(column, "null"))
    }
    /// `column ≥ value`.
    #[must_use]
    pub fn gte(self, column: &str, value: &str) -> Self {
        self.map(|b| b.gte(column, value))
    }
    /// `column > value`.
    #[must_use]
    pub fn gt(self, column: &str, value: &str) -> Self {
        self.map(|b| b.gt(column, value))
    }
    /// `column ≤ value`.
    #[must_use]
    pub fn lte(self, column: &str, value: &str) -> Self {
        self.map(|b| b.lte(column, value))
    }
    /// `column < value`.
    #[must_use]
    pub fn lt(self, column: &str, value: &str) -> Self {
        self.map(|b| b.lt(column, value))
    }
    /// `column` (jsonb) contains this JSON.
    #[must_use]
    pub fn contains(self, column: &str, json: &str) -> Self {
        self.map(|b| b.cs(column, json))
    }
    /// A disjunction in PostgREST's own syntax; its values must have been checked for reserved characters.
    #[must_use]
    pub fn or(self, filter: &str) -> Self {
        self.map(|b| b.or(filter))
    }
    /// Sort order, e.g. `detected_at.desc,id.desc`.
    #[must_use]
    pub fn order(self, columns: &str) -> Self {
        self.map(|b| b.order(columns))
    }
    /// At most `count` rows.
    #[must_use]
    pub fn limit(self, count: usize) -> Self {
        self.map(|b| b.limit(count))
    }

    fn map(self, f: impl FnOnce(Builder) -> Builder) -> Self {
        Self {
            builder: f(self.builder),
            ready: self.ready,
        }
    }

    /// Runs a read.
    pub async fn rows<T: DeserializeOwned>(self) -> Result<Vec<T>> {
        self.ready?;
        within(TIMEOUT, read(self.builder)).await
    }

    /// Updates the filtered rows and returns them.
    pub async fn update_returning<P: Serialize, T: DeserializeOwned>(
        self,
        patch: &P,
    ) -> Result<Vec<T>> {
        self.ready?;
        let body = serde_json::to_string(patch).map_err(Error::internal)?;
        within(TIMEOUT, read(self.builder.update(body))).await
    }

    /// Updates the filtered rows.
    pub async fn update<P: Serialize>(self, patch: &P) -> std::result::Result<(), WriteError> {
        self.ready
            .map_err(|e| WriteError::Unavailable(e.to_string()))?;
        let body = serde_json::to_string(patch).map_err(|e| WriteError::Refused(e.to_string()))?;
        send_write(self.builder.update(body).build()).await
    }
}

async fn read<T: DeserializeOwned>(builder: Builder) -> Result<Vec<T>> {
    let response = builder.execute().await.map_err(unreachable)?;
    let status = response.status().as_u16();
    match status {
        200..=299 => response.json().await.map_err(|_| {
            Error::new(
                Code::DependencyUnavailable,
                "the database answered unexpectedly",
            )
        }),
        401 => Err(Error::new(
            Code::InvalidCredentials,
            "the access token is not accepted by the database",
        )),
        403 => Err(Error::new(
            Code::InsufficientScope,
            "the database does not allow this",
        )),
        400..=499 => Err(Error::internal(format!("postgrest answered {status}"))),
        _ => Err(Error::new(
            Code::DependencyUnavailable,
            format!("the database answered {status}"),
        )),
    }
}

async fn send_write(request: reqwest::RequestBuilder) -> std::result::Result<(), WriteError> {
    let sent = within(TIMEOUT, send(request)).await;
    let response = sent.map_err(|e| WriteError::Unavailable(e.detail))?;
    let status = response.status().as_u16();
    match status {
        200..=299 => Ok(()),
        // the rows themselves: malformed, conflicting, too large, unprocessable
        400 | 409 | 413 | 422 => Err(WriteError::Refused(format!(
            "status {status}{}",
            sql_state(response).await
        ))),
        _ => Err(WriteError::Unavailable(format!("status {status}"))),
    }
}

/// The SQLSTATE of an error body. The message stays out: it may quote the row.
async fn sql_state(response: reqwest::Response) -> String {
    let body: serde_json::Value = response.json().await.unwrap_or_default();
    let code = body.get("code").and_then(|c| c.as_str()).unwrap_or("");
    let clean: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(10)
        .collect();
    if clean.is_empty() {
        clean
    } else {
        format!(", code {clean}")
    }
}

fn unreachable(_: reqwest::Error) -> Error {
    Error::new(
        Code::DependencyUnavailable,
        "the database cannot be reached",
    )
}
