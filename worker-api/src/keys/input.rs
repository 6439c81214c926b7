//! What callers send about keys, checked.

use crate::auth::api_key::ID_LENGTH;
use crate::detect::name::{STREAM_PATTERN, is_stream};
use crate::error::{Code, Error, Result};
use crate::ingest::time;
use serde_json::Value;

const SCOPES: &[&str] = &["ingest", "read", "write", "admin"];
/// Seconds that an old key goes on when nothing is said: a day.
const DEFAULT_OVERLAP: i64 = 86_400;
const MAX_OVERLAP: i64 = 30 * 86_400;

/// A key to be made.
#[derive(Debug, PartialEq)]
pub struct Create {
    pub name: String,
    pub scopes: Vec<String>,
    pub stream_prefix: Option<String>,
    pub environment: &'static str,
    pub expires_at: Option<String>,
}

/// The body as an object; an empty body is an empty one.
pub fn object(body: &[u8]) -> Result<Value> {
    if body.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    let value = crate::json::body(body)?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(Error::new(Code::InvalidBody, "the body is not an object")
            .field("body", "a JSON object"))
    }
}

pub fn create(body: &[u8], now: i64) -> Result<Create> {
    let body = object(body)?;
    let name = text(&body, "name")?
        .map(str::trim)
        .filter(|n| (1..=120).contains(&n.chars().count()))
        .ok_or_else(|| refuse("name", "text of 1 to 120 characters"))?;
    let scopes = match given(&body, "scopes") {
        None => vec!["ingest".to_owned()],
        Some(Value::Array(list)) if !list.is_empty() && list.len() <= SCOPES.len() => list
            .iter()
            .map(|s| {
                s.as_str()
                    .filter(|s| SCOPES.contains(s))
                    .map(str::to_owned)
                    .ok_or_else(|| refuse("scopes", &SCOPES.join(", ")))
            })
            .collect::<Result<_>>()?,
        Some(_) => return Err(refuse("scopes", "a list of ingest, read, write, admin")),
    };
    let stream_prefix = match text(&body, "stream_prefix")? {
        Some(prefix) if is_stream(prefix) => Some(prefix.to_owned()),
        Some(_) => return Err(refuse("stream_prefix", STREAM_PATTERN)),
        None => None,
    };
    if stream_prefix.is_some() && scopes.iter().any(|s| s == "admin") {
        return Err(refuse(
            "stream_prefix",
            "nothing: a key with the scope admin reaches the whole organisation",
        ));
    }
    let environment = match text(&body, "environment")? {
        None | Some("live") => "live",
        Some("test") => "test",
        Some(_) => return Err(refuse("environment", "live or test")),
    };
    Ok(Create {
        name: name.to_owned(),
        scopes,
        stream_prefix,
        environment,
        expires_at: expiry(&body, now)?,
    })
}

/// `expires_at`, in the future.
pub fn expiry(body: &Value, now: i64) -> Result<Option<String>> {
    let Some(text) = text(body, "expires_at")? else {
        return Ok(None);
    };
    let at = time::from_rfc3339(text)
        .filter(|&at| at > now)
        .ok_or_else(|| refuse("expires_at", "a time to come, as in RFC 3339"))?;
    Ok(Some(time::to_rfc3339(at)))
}

pub fn overlap_seconds(body: &Value) -> Result<i64> {
    match given(body, "overlap_seconds") {
        None => Ok(DEFAULT_OVERLAP),
        Some(v) => v
            .as_i64()
            .filter(|s| (0..=MAX_OVERLAP).contains(s))
            .ok_or_else(|| refuse("overlap_seconds", "a whole number from 0 to 2592000")),
    }
}

/// A key id from the path, or from the body where the path has none. What cannot be an id names nothing.
pub fn id(body: &Value, path_id: &str) -> Result<String> {
    let id = if path_id.is_empty() {
        text(body, "id")?.ok_or_else(|| refuse("id", "the id of a key"))?
    } else {
        path_id
    };
    let form = id.len() == ID_LENGTH
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if form {
        Ok(id.to_owned())
    } else {
        Err(Error::not_found("key"))
    }
}

fn given<'v>(body: &'v Value, field: &str) -> Option<&'v Value> {
    body.get(field).filter(|v| !v.is_null())
}

fn text<'v>(body: &'v Value, field: &str) -> Result<Option<&'v str>> {
    given(body, field)
        .map(|v| v.as_str().ok_or_else(|| refuse(field, "text")))
        .transpose()
}

fn refuse(field: &str, expected: &str) -> Error {
    Error::new(
        Code::InvalidBody,
        format!("`{field}` is missing or not valid"),
    )
    .field(field, expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_795_251_600_000;

    fn made(body: Value) -> Result<Create> {
        create(body.to_string().as_bytes(), NOW)
    }

    #[test]
    fn creation() {
        let key = made(json!({"name": " ci ", "scopes": ["ingest", "read"], "stream_prefix": "ci/", "environment": "test", "expires_at": "2027-01-01T00:00:00Z"})).expect("valid");
        assert_eq!(
            (key.name.as_str(), key.scopes.len(), key.environment),
            ("ci", 2, "test")
        );
        assert_eq!(key.expires_at.as_deref(), Some("2027-01-01T00:00:00Z"));
        assert_eq!(
            made(json!({"name": "x"})).expect("defaults").scopes,
            ["ingest"]
        );
        for bad in [
            json!({}),
            json!({"name": ""}),
            json!({"name": 7}),
            json!({"name": "x", "scopes": []}),
            json!({"name": "x", "scopes": ["root"]}),
            json!({"name": "x", "stream_prefix": "a b"}),
            json!({"name": "x", "environment": "prod"}),
            json!({"name": "x", "expires_at": "2020-01-01T00:00:00Z"}),
            json!({"name": "x", "scopes": ["admin"], "stream_prefix": "a"}),
            json!({"name": "x", "scopes": "ingest"}),
        ] {
            assert_eq!(
                made(bad.clone()).expect_err("bad").code,
                Code::InvalidBody,
                "{bad}"
            );
        }
        assert_eq!(create(b"[", NOW).expect_err("json").code, Code::InvalidJson);
    }

    #[test]
    fn ids_and_overlaps() {
        assert_eq!(
            id(&json!({}), "abc123def456").expect("path"),
            "abc123def456"
        );
        assert_eq!(
            id(&json!({"id": "abc123def456"}), "").expect("body"),
            "abc123def456"
        );
        for bad in ["x", "ABC123DEF456", "abc123def45%", "abc123def4567"] {
            assert_eq!(id(&json!({}), bad).expect_err(bad).code, Code::NotFound);
        }
        assert_eq!(overlap_seconds(&json!({})).expect("default"), 86_400);
        assert_eq!(
            overlap_seconds(&json!({"overlap_seconds": 0})).expect("none"),
            0
        );
        assert!(
            overlap_seconds(&json!({"overlap_seconds": -1})).is_err()
                && overlap_seconds(&json!({"overlap_seconds": 2_592_001})).is_err()
        );
    }
}
