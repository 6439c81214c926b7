//! Cross-origin access by configuration: an exact list of origins, or `*` for any (credentials never travel in cookies).

/// Headers a browser may send.
const ALLOW_HEADERS: &str = "authorization, content-type, content-encoding, driftlock-organization, driftlock-stream, idempotency-key, last-event-id, traceparent, x-api-key";
/// Headers a browser may read.
const EXPOSE_HEADERS: &str =
    "driftlock-anomalies, driftlock-redacted, request-id, retry-after, ratelimit, ratelimit-policy";

/// The CORS headers for an origin, or none if it is not allowed.
pub fn headers(allowed: &[String], origin: Option<&str>) -> Vec<(String, String)> {
    let Some(origin) = origin else {
        return Vec::new();
    };
    if !allowed.iter().any(|a| a == "*" || a == origin) {
        return Vec::new();
    }
    [
        ("access-control-allow-origin", origin),
        (
            "access-control-allow-methods",
            "GET, POST, PUT, PATCH, DELETE, OPTIONS",
        ),
        ("access-control-allow-headers", ALLOW_HEADERS),
        ("access-control-expose-headers", EXPOSE_HEADERS),
        ("access-control-max-age", "3600"),
        ("vary", "origin"),
    ]
    .map(|(n, v)| (n.to_owned(), v.to_owned()))
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::headers;

    #[test]
    fn only_listed_origins() {
        let list = vec!["https://app.example.com".to_owned()];
        assert!(!headers(&list, Some("https://app.example.com")).is_empty());
        assert!(headers(&list, Some("https://evil.example.com")).is_empty());
        assert!(headers(&list, None).is_empty());
        assert!(!headers(&["*".to_owned()], Some("https://x.example")).is_empty());
    }
}
