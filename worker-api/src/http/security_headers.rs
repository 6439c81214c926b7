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

/// Adds the headers, and `cache-control: no-store` where the handler chose nothing.
pub fn apply(response: &mut Response) {
    for (name, value) in HEADERS {
        // a page brings a policy of its own
        if response.headers.iter().any(|(n, _)| n == name) {
            continue;
        }
        response.headers.push(((*name).into(), (*value).into()));
    }
    if !response.headers.iter().any(|(n, _)| n == "cache-control") {
        response
            .headers
            .push(("cache-control".into(), "no-store".into()));
    }
}
