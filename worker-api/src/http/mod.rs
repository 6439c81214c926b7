//! HTTP without a runtime: requests, responses, problems, limits and headers. Nothing here knows Cloudflare.

pub mod compression;
pub mod cors;
pub mod pagination;
pub mod problem;
pub mod query;
pub mod rate_limit;
pub mod security_headers;

use prost::bytes::Bytes;
use serde::Serialize;

/// A request whose body has been read.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Upper-case method.
    pub method: String,
    /// Path without query, not percent-decoded.
    pub path: String,
    /// Decoded query pairs in order.
    pub query: Vec<(String, String)>,
    /// Lower-case header names with their values.
    pub headers: Vec<(String, String)>,
    /// The decoded (decompressed) body.
    pub body: Bytes,
    /// Identifies this request in answers and log lines.
    pub request_id: String,
}

impl Request {
    /// The value of a header, by lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }
    /// The first value of a query parameter; an empty one counts as absent.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
            .filter(|v| !v.is_empty())
    }
    /// The media type of the body without its parameters, lower-case.
    pub fn media_type(&self) -> String {
        let full = self.header("content-type").unwrap_or("");
        full.split(';')
            .next()
            .unwrap_or("")
            .trim()
            .to_ascii_lowercase()
    }
}

/// An answer whose body is in memory.
#[derive(Clone, Debug)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers in order.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// A JSON answer.
    pub fn json<T: Serialize>(status: u16, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self {
                status,
                headers: vec![("content-type".into(), "application/json".into())],
                body,
            },
            Err(error) => problem::response(&crate::error::Error::internal(error), ""),
        }
    }
    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}
