//! Errors as RFC 9457 problem details.

use super::Response;
use crate::error::{Code, Error, FieldError};
use serde::Serialize;

/// Where the codes are explained; the fragment is the code.
const TYPE_BASE: &str = "https://github.com/driftlock/driftlock/blob/main/docs/API.md#";

#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    errors: &'a [FieldError],
    request_id: &'a str,
}

/// The problem document of an error (RFC 9457 section 3, with `code`, `errors` and `request_id` as extension members).
pub fn response(error: &Error, request_id: &str) -> Response {
    let code = error.code.as_str();
    let problem = Problem {
        r#type: format!("{TYPE_BASE}{code}"),
        title: error.code.title(),
        status: error.code.status(),
        detail: &error.detail,
        code,
        errors: &error.errors,
        request_id,
    };
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut headers = vec![(
        "content-type".to_owned(),
        "application/problem+json".to_owned(),
    )];
    if let Some(seconds) = error.retry_after {
        headers.push(("retry-after".into(), seconds.to_string()));
    }
    if error.code == Code::MethodNotAllowed
        && let Some(methods) = error.errors.first()
    {
        headers.push(("allow".into(), methods.expected.clone()));
    }
    headers.extend(error.headers.iter().cloned());
    if error.code.status() == 401 {
        headers.push((
            "www-authenticate".into(),
            "Bearer realm=\"driftlock\"".into(),
        ));
    }
    Response {
        status: error.code.status(),
        headers,
        body,
    }
}
