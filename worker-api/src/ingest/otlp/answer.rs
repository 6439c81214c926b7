//! Answers in the encoding of the request: export responses, partial success, and errors as `google.rpc.Status`.

use super::proto::google::rpc::Status;
use super::proto::opentelemetry::proto::collector::{
    logs::v1 as logs, metrics::v1 as metrics, trace::v1 as trace,
};
use crate::error::{Code, Error};
use crate::http::{Response, problem};
use prost::Message;
use serde_json::json;

/// The encoding of a request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `application/x-protobuf`
    Protobuf,
    /// `application/json`
    Json,
}

impl Encoding {
    /// The encoding that a media type names.
    pub fn of(media_type: &str) -> Option<Self> {
        match media_type {
            "application/x-protobuf" | "application/protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// What a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// `POST /v1/logs`
    Logs,
    /// `POST /v1/metrics`
    Metrics,
    /// `POST /v1/traces`
    Traces,
}

impl Signal {
    /// The signal of a path.
    pub fn of(path: &str) -> Option<Self> {
        match path {
            "/v1/logs" => Some(Self::Logs),
            "/v1/metrics" => Some(Self::Metrics),
            "/v1/traces" => Some(Self::Traces),
            _ => None,
        }
    }
    /// What its records are called.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Logs => "log records",
            Self::Metrics => "data points",
            Self::Traces => "spans",
        }
    }
}

/// The answer to a request that was taken, whole or in part.
pub fn taken(encoding: Encoding, signal: Signal, rejected: u64, message: String) -> Response {
    let partial = rejected > 0 || !message.is_empty();
    let count = i64::try_from(rejected).unwrap_or(i64::MAX);
    let body = match encoding {
        Encoding::Json if !partial => b"{}".to_vec(),
        Encoding::Json => {
            let field = match signal {
                Signal::Logs => "rejectedLogRecords",
                Signal::Metrics => "rejectedDataPoints",
                Signal::Traces => "rejectedSpans",
            };
            let body =
                json!({ "partialSuccess": { field: count.to_string(), "errorMessage": message } });
            body.to_string().into_bytes()
        }
        Encoding::Protobuf => match signal {
            Signal::Logs => logs::ExportLogsServiceResponse {
                partial_success: partial.then_some(logs::ExportLogsPartialSuccess {
                    rejected_log_records: count,
                    error_message: message,
                }),
            }
            .encode_to_vec(),
            Signal::Metrics => metrics::ExportMetricsServiceResponse {
                partial_success: partial.then_some(metrics::ExportMetricsPartialSuccess {
                    rejected_data_points: count,
                    error_message: message,
                }),
            }
            .encode_to_vec(),
            Signal::Traces => trace::ExportTraceServiceResponse {
                partial_success: partial.then_some(trace::ExportTracePartialSuccess {
                    rejected_spans: count,
                    error_message: message,
                }),
            }
            .encode_to_vec(),
        },
    };
    Response {
        status: 200,
        headers: vec![("content-type".into(), encoding.media_type().into())],
        body,
    }
}

/// An error as `google.rpc.Status`, with the status and the headers of its problem. The message begins with our code.
pub fn refusal(encoding: Encoding, error: &Error, request_id: &str) -> Response {
    let message = format!("{}: {}", error.code.as_str(), error.detail);
    let code = canonical(error.code);
    let body = match encoding {
        Encoding::Json => json!({ "code": code, "message": message })
            .to_string()
            .into_bytes(),
        Encoding::Protobuf => Status {
            code,
            message,
            details: Vec::new(),
        }
        .encode_to_vec(),
    };
    let mut response = problem::response(error, request_id);
    response.headers.retain(|(name, _)| name != "content-type");
    response
        .headers
        .push(("content-type".into(), encoding.media_type().into()));
    Response { body, ..response }
}

/// The canonical code (google/rpc/code.proto) of a problem.
fn canonical(code: Code) -> i32 {
    match code.status() {
        401 => 16,   // UNAUTHENTICATED
        403 => 7,    // PERMISSION_DENIED
        404 => 5,    // NOT_FOUND
        405 => 12,   // UNIMPLEMENTED
        409 => 10,   // ABORTED
        429 => 8,    // RESOURCE_EXHAUSTED
        503 => 14,   // UNAVAILABLE
        500.. => 13, // INTERNAL
        _ => 3,      // INVALID_ARGUMENT
    }
}
