//! `PATCH /v1/anomalies/{id}/status`: new → acknowledged → resolved or false positive, and back.

use super::list::STATUSES;
use super::{SUMMARY, id, query, visible};
use crate::auth::principal::Principal;
use crate::detect::record::Anomaly;
use crate::error::{Code, Error, Result};
use crate::http::{Request, Response};
use crate::ingest::time;
use crate::platform::Ctx;
use serde_json::{Value, json};

/// Where a status may go. The database has the same table as a trigger.
pub fn next(status: &str) -> &'static [&'static str] {
    match status {
        "new" => &["acknowledged"],
        "acknowledged" => &["resolved", "false_positive", "new"],
        "resolved" | "false_positive" => &["new", "acknowledged"],
        _ => &[],
    }
}

/// Moves an anomaly; the same status again changes nothing.
pub async fn patch(
    ctx: &Ctx,
    principal: &Principal,
    path_id: &str,
    request: &Request,
) -> Result<Response> {
    let wanted = wanted(&request.body)?;
    let id = id(path_id)?.to_string();
    let current: Vec<Anomaly> = query(ctx, principal)
        .select(SUMMARY)
        .eq("id", &id)
        .rows()
        .await?;
    let current = current
        .into_iter()
        .next()
        .filter(|a| visible(principal, &a.stream))
        .ok_or_else(|| Error::not_found("anomaly"))?;
    if current.status == wanted {
        return Ok(Response::json(200, &current));
    }
    if !next(&current.status).contains(&wanted.as_str()) {
        return Err(illegal(&current.status, &wanted));
    }
    let change = json!({
        "status": wanted, "status_changed_at": time::to_rfc3339(ctx.now_ms()), "status_changed_by": principal.user_id(),
    });
    // only if nobody moved it in between
    let moved: Vec<Anomaly> = query(ctx, principal)
        .select(SUMMARY)
        .eq("id", &id)
        .eq("status", &current.status)
        .update_returning(&change)
        .await?;
    moved
        .into_iter()
        .next()
        .map(|a| Response::json(200, &a))
        .ok_or_else(|| {
            Error::new(
                Code::InvalidTransition,
                "the status was changed by someone else at the same moment",
            )
        })
}

fn wanted(body: &[u8]) -> Result<String> {
    let body: Value = crate::json::read(body).map_err(|_| {
        Error::new(Code::InvalidJson, "the body is not valid JSON")
            .field("body", "{\"status\":\"…\"}")
    })?;
    match body.get("status").and_then(Value::as_str) {
        Some("pending") => Ok("new".into()),
        Some(status) if STATUSES.contains(&status) => Ok(status.into()),
        _ => Err(
            Error::new(Code::InvalidBody, "`status` is missing or not valid")
                .field("status", STATUSES.join(", ")),
        ),
    }
}

fn illegal(from: &str, to: &str) -> Error {
    Error::new(
        Code::InvalidTransition,
        format!("an anomaly cannot go from {from} to {to}"),
    )
    .field("status", next(from).join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves() {
        for (from, to, legal) in [
            ("new", "acknowledged", true),
            ("new", "resolved", false),
            ("new", "false_positive", false),
            ("acknowledged", "resolved", true),
            ("acknowledged", "false_positive", true),
            ("acknowledged", "new", true),
            ("resolved", "new", true),
            ("resolved", "false_positive", false),
            ("false_positive", "acknowledged", true),
            ("false_positive", "resolved", false),
        ] {
            assert_eq!(next(from).contains(&to), legal, "{from} → {to}");
        }
    }

    #[test]
    fn bodies() {
        assert_eq!(wanted(br#"{"status":"pending"}"#).expect("old name"), "new");
        assert_eq!(wanted(b"x").expect_err("json").code, Code::InvalidJson);
        for bad in ["{}", "[]", r#"{"status":7}"#, r#"{"status":"gone"}"#] {
            assert_eq!(
                wanted(bad.as_bytes()).expect_err(bad).code,
                Code::InvalidBody
            );
        }
    }
}
