//! Headers that every answer of the API carries.

use super::Response;

/// The API answers data, never documents: nothing may frame, sniff, cache or execute it.
pub const HEADERS: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    ("referrer-policy", "no-referrer"),
    (
        "strict-transport-security",
        "max-age=31536000; includeSubDomains",
    ),
    ("cross-origin-resource-policy", "cross-origin"),
];

/// Whether a header has one of few values, whatever the request.
pub fn is_common(name: &str) -> bool {
    matches!(name, "content-type" | "cache-control") || HEADERS.iter().any(|(n, _)| *n == name)
}

/// What an answer lacks of them, and `cache-control: no-store` where its handler chose nothing.
pub fn lacking(response: &Response) -> impl Iterator<Item = (&str, &str)> {
    const NO_STORE: (&str, &str) = ("cache-control", "no-store");
    // a page brings a policy of its own
    let has = |name| response.headers.iter().any(|(n, _)| n == name);
    let all = HEADERS.iter().copied().chain([NO_STORE]);
    all.filter(move |(name, _)| !has(*name))
}
