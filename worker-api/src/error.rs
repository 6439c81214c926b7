//! The table of problem codes and the one error type of the Worker.
//!
//! Three worlds are kept apart: a caller's mistake (a 4xx problem), a dependency that fails (503 with `Retry-After`), and a
//! single bad record in a batch, which is counted in the answer and never becomes an [`Error`] (see `ingest::events`).

use serde::Serialize;

macro_rules! codes {
    ($($variant:ident $code:literal $status:literal $title:literal),+ $(,)?) => {
        /// A stable machine-readable problem code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $(#[doc = $title] $variant),+ }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Code] = &[$(Code::$variant),+];
            /// The `code` member of the problem.
            pub fn as_str(self) -> &'static str { match self { $(Code::$variant => $code),+ } }
            /// The HTTP status it answers with.
            pub fn status(self) -> u16 { match self { $(Code::$variant => $status),+ } }
            /// The `title` member of the problem: the same for every occurrence.
            pub fn title(self) -> &'static str { match self { $(Code::$variant => $title),+ } }
        }
    };
}

codes! {
    InvalidJson "invalid_json" 400 "The body is not valid JSON",
    InvalidBody "invalid_body" 400 "The body has the wrong shape",
    InvalidEncoding "invalid_encoding" 400 "The compressed body cannot be decoded",
    InvalidParameter "invalid_parameter" 400 "A parameter has a value that is not accepted",
    InvalidCursor "invalid_cursor" 400 "The cursor was not issued for this list",
    InvalidToken "invalid_token" 400 "The link or code is not valid any more",
    OrganizationRequired "organization_required" 400 "The Driftlock-Organization header is needed",
    InvalidSignature "invalid_signature" 400 "The signature does not match",
    MissingCredentials "missing_credentials" 401 "No credentials were sent",
    InvalidCredentials "invalid_credentials" 401 "The credentials are not valid",
    InsufficientScope "insufficient_scope" 403 "The credential does not allow this",
    OrganizationMismatch "organization_mismatch" 403 "The body names another organisation than the credential",
    QuotaExhausted "quota_exhausted" 403 "The plan's allowance is used up",
    NotFound "not_found" 404 "There is no such resource",
    UnknownRoute "unknown_route" 404 "There is no such route",
    MethodNotAllowed "method_not_allowed" 405 "The route does not take this method",
    PaymentRefused "payment_refused" 402 "The payment service does not accept this",
    InvalidTransition "invalid_transition" 409 "The status cannot change this way",
    LastOwner "last_owner" 409 "An organisation keeps at least one owner",
    AlreadySubscribed "already_subscribed" 409 "The organisation has a subscription already",
    NoSubscription "no_subscription" 409 "The organisation has no subscription",
    AlreadyMember "already_member" 409 "The person belongs to the organisation already",
    LimitReached "limit_reached" 409 "There are as many of these as are allowed",
    BodyTooLarge "body_too_large" 413 "The body is larger than the limit",
    TooManyEvents "too_many_events" 413 "The body holds more events than the limit",
    UnsupportedMediaType "unsupported_media_type" 415 "The content type or encoding is not supported",
    IdempotencyKeyReused "idempotency_key_reused" 422 "The Idempotency-Key was used with another body",
    RateLimited "rate_limited" 429 "Too many requests",
    Internal "internal_error" 500 "Something went wrong inside Driftlock",
    DependencyUnavailable "dependency_unavailable" 503 "A service that this route needs is not available",
    StreamUnavailable "stream_unavailable" 503 "The stream cannot take events right now",
}

/// One entry of a problem's `errors` member: which field, and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Name of the field, parameter or header.
    pub field: String,
    /// What is accepted there.
    pub expected: String,
}

/// Why a request was not answered as asked. Its text reaches the caller: it never holds payload or secrets.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}: {detail}", code.as_str())]
pub struct Error {
    /// The stable code.
    pub code: Code,
    /// What happened in this occurrence.
    pub detail: String,
    /// The fields at fault.
    pub errors: Vec<FieldError>,
    /// Seconds after which a retry makes sense.
    pub retry_after: Option<u32>,
    /// Headers that the answer carries beside its own, e.g. the standing of a rate limit.
    pub headers: Vec<(String, String)>,
}

impl Error {
    /// An error with its detail.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let retry_after = (code.status() == 503).then_some(2);
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after,
            headers: Vec::new(),
        }
    }

    /// Names a field at fault and what it takes.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, expected: impl Into<String>) -> Self {
        self.errors.push(FieldError {
            field: field.into(),
            expected: expected.into(),
        });
        self
    }

    /// A parameter with a value that is not accepted.
    pub fn parameter(name: &str, expected: &str) -> Self {
        Self::new(
            Code::InvalidParameter,
            format!("parameter `{name}` is not valid"),
        )
        .field(name, expected)
    }

    /// No such resource, or one of another organisation: the caller cannot tell which.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what}"))
    }

    /// A fault of ours. The cause goes to the log, not to the caller.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        crate::platform::log::error("internal", &cause.to_string());
        Self::new(
            Code::Internal,
            "the request could not be completed; quote the request id",
        )
    }
}

/// The Worker's result.
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn codes_are_unique_and_statuses_are_errors() {
        let mut names: Vec<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|c| (400..600).contains(&c.status())));
    }

    #[test]
    fn every_code_is_documented() {
        let documentation = include_str!("../../docs/API.md");
        for code in Code::ALL {
            let row = format!(
                "| <a id=\"{0}\"></a>`{0}` | {1} | {2} |",
                code.as_str(),
                code.status(),
                code.title()
            );
            assert!(documentation.contains(&row), "docs/API.md lacks {row}");
        }
    }
}
