//! Stripe's API: form posts with an idempotency key, a pinned version, a time limit and retries of what may be tried again.

use super::Ctx;
use super::fetch::{TIMEOUT, within};
use crate::error::{Code, Error};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::time::Duration;
use worker::{Delay, Fetch, Method, Request, RequestInit};

/// The version whose shapes this code reads.
pub const VERSION: &str = "2026-10-28.endive";
/// Attempts of one call, with a pause before each further one.
const ATTEMPTS: u64 = 3;

/// How a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StripeError {
    /// Not configured, away, overloaded: the same call may succeed later.
    #[error("stripe is not available: {0}")]
    Unavailable(String),
    /// The object does not exist (any more).
    #[error("stripe knows no such object")]
    Missing,
    /// The call itself is refused: trying again changes nothing.
    #[error("stripe refused the call: {status} {kind}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Stripe's code, or the type of the error.
        kind: String,
        /// The parameter at fault.
        param: Option<String>,
    },
}

impl From<StripeError> for Error {
    fn from(error: StripeError) -> Self {
        match &error {
            StripeError::Unavailable(_) => Error::new(
                Code::DependencyUnavailable,
                "the payment service is not available",
            ),
            StripeError::Missing => Error::not_found("object at the payment service"),
            StripeError::Refused { .. } => {
                super::log::error("stripe.refused", &error.to_string());
                Error::new(
                    Code::PaymentRefused,
                    "the payment service does not accept this",
                )
            }
        }
    }
}

/// Parameters in Stripe's form encoding: `a[b][0]`.
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// No parameters.
    pub fn new() -> Self {
        Self::default()
    }
    /// Adds one.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl ToString) -> Self {
        self.0.push((name.to_owned(), value.to_string()));
        self
    }
    /// Adds one if there is a value.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }
    /// `application/x-www-form-urlencoded`.
    pub fn encode(&self) -> String {
        let part = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{}={}", part(name), part(value)))
            .collect();
        pairs.join("&")
    }
}

/// The result of a call.
pub type Answer = Result<Value, StripeError>;

/// Whether this installation sells anything.
pub fn is_configured(ctx: &Ctx) -> bool {
    ctx.settings.stripe_secret_key.is_some()
}

/// Reads an object or a list.
pub async fn get(ctx: &Ctx, path: &str, parameters: &Form) -> Answer {
    let query = parameters.encode();
    let path = if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    };
    call(ctx, Method::Get, &path, None, None).await
}

/// Creates or changes something. The same key with the same parameters does it once.
pub async fn post(ctx: &Ctx, path: &str, parameters: &Form, idempotency_key: &str) -> Answer {
    call(
        ctx,
        Method::Post,
        path,
        Some(parameters.encode()),
        Some(idempotency_key),
    )
    .await
}

/// Does what is the same when it is done twice. Without a key: with one, Stripe answers a stored failure for a day.
pub async fn post_again(ctx: &Ctx, path: &str, parameters: &Form) -> Answer {
    call(ctx, Method::Post, path, Some(parameters.encode()), None).await
}

/// Ends something.
pub async fn delete(ctx: &Ctx, path: &str, parameters: &Form) -> Answer {
    call(ctx, Method::Delete, path, Some(parameters.encode()), None).await
}

async fn call(
    ctx: &Ctx,
    method: Method,
    path: &str,
    body: Option<String>,
    key: Option<&str>,
) -> Answer {
    let mut attempt = 0;
    loop {
        let answer = once(ctx, method.clone(), path, body.as_deref(), key).await;
        attempt += 1;
        match answer {
            Err(StripeError::Unavailable(_)) if attempt < ATTEMPTS && is_configured(ctx) => {
                Delay::from(Duration::from_millis(200 * attempt * attempt)).await;
            }
            other => return other,
        }
    }
}

async fn once(
    ctx: &Ctx,
    method: Method,
    path: &str,
    body: Option<&str>,
    key: Option<&str>,
) -> Answer {
    let secret =
        ctx.settings.stripe_secret_key.as_deref().ok_or_else(|| {
            StripeError::Unavailable("STRIPE_SECRET_KEY is not configured".into())
        })?;
    let url = format!("{}{path}", ctx.settings.stripe_api_url);
    let sent = within(TIMEOUT, async {
        let mut init = RequestInit::new();
        init.with_method(method);
        let authorization = format!("Bearer {secret}");
        let mut headers = vec![
            ("authorization", authorization.as_str()),
            ("stripe-version", VERSION),
        ];
        headers.extend(key.map(|k| ("idempotency-key", k)));
        if let Some(body) = body {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
            init.with_body(Some(body.into()));
        }
        for (name, value) in headers {
            init.headers.set(name, value).map_err(Error::internal)?;
        }
        let away = |_| Error::new(Code::DependencyUnavailable, "no connection");
        let request = Request::new_with_init(&url, &init).map_err(Error::internal)?;
        let mut response = Fetch::Request(request).send().await.map_err(away)?;
        let text = response.text().await.map_err(away)?;
        Ok((response.status_code(), text))
    })
    .await;
    match sent {
        Ok((status, text)) => read(status, &text),
        Err(error) => Err(StripeError::Unavailable(error.detail)),
    }
}

/// What an answer means. Of an error only its code is kept: a message may quote what a customer typed.
fn read(status: u16, text: &str) -> Answer {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    let error = &body["error"];
    match status {
        200..=299 if body.is_object() => Ok(body),
        404 => Err(StripeError::Missing),
        // 409 is a lock, 429 a limit, 401 and 403 a key that is being changed: all pass
        401 | 403 | 409 | 429 | 500.. | 200..=299 => {
            Err(StripeError::Unavailable(format!("status {status}")))
        }
        _ => Err(StripeError::Refused {
            status,
            kind: error["code"]
                .as_str()
                .or(error["type"].as_str())
                .unwrap_or("unknown")
                .to_owned(),
            param: error["param"].as_str().map(str::to_owned),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_encoded() {
        let form = Form::new()
            .set("items[0][price]", "price_1")
            .maybe("none", None::<u8>)
            .set("name", "A & B=ü");
        assert_eq!(
            form.encode(),
            "items%5B0%5D%5Bprice%5D=price%5F1&name=A%20%26%20B%3D%C3%BC"
        );
    }

    #[test]
    fn answers_are_told_apart() {
        assert!(read(200, "{\"id\":\"x\"}").is_ok());
        assert_eq!(read(404, "{}"), Err(StripeError::Missing));
        for status in [409, 429, 500, 503, 200] {
            assert!(
                matches!(read(status, "<html>"), Err(StripeError::Unavailable(_))),
                "{status}"
            );
        }
        let refused = read(
            400,
            "{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"parameter_missing\",\"param\":\"x\",\"message\":\"secret\"}}",
        );
        assert_eq!(
            refused,
            Err(StripeError::Refused {
                status: 400,
                kind: "parameter_missing".into(),
                param: Some("x".into())
            })
        );
    }
}
