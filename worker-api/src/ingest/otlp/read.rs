//! From a request's bytes to records, one by one, in either encoding.

use super::proto::opentelemetry::proto::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use super::proto::opentelemetry::proto::common::v1::InstrumentationScope;
use super::proto::opentelemetry::proto::logs::v1::LogRecord;
use super::proto::opentelemetry::proto::metrics::v1::Metric;
use super::proto::opentelemetry::proto::resource::v1::Resource;
use super::proto::opentelemetry::proto::trace::v1::Span;
use super::wire::{self, Malformed};
use crate::error::{Code, Error, Result};
use prost::Message;
use prost::bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Takes what a request holds, in order.
pub trait Sink<R> {
    /// A resource begins.
    fn resource(&mut self, resource: Option<&Resource>);
    /// A scope of it begins.
    fn scope(&mut self, scope: Option<&InstrumentationScope>);
    /// A record, or why it cannot be read.
    fn record(&mut self, record: std::result::Result<R, String>);
}

/// A kind of record with the request that carries it.
pub trait Carried: Message + Default + DeserializeOwned {
    /// The request.
    type Request: DeserializeOwned;
    /// JSON names of the resource levels, the scope levels and the records.
    const NAMES: [&'static str; 3];
    /// Gives out what a request holds.
    fn unpack(request: Self::Request, sink: &mut impl Sink<Self>);
}

macro_rules! carried {
    ($record:ty, $request:ty, $resources:ident $scopes:ident $records:ident, $names:expr) => {
        impl Carried for $record {
            type Request = $request;
            const NAMES: [&'static str; 3] = $names;
            fn unpack(request: $request, sink: &mut impl Sink<Self>) {
                for level in request.$resources {
                    sink.resource(level.resource.as_ref());
                    for level in level.$scopes {
                        sink.scope(level.scope.as_ref());
                        for record in level.$records {
                            sink.record(Ok(record));
                        }
                    }
                }
            }
        }
    };
}
carried!(LogRecord, ExportLogsServiceRequest, resource_logs scope_logs log_records, ["resourceLogs", "scopeLogs", "logRecords"]);
carried!(Metric, ExportMetricsServiceRequest, resource_metrics scope_metrics metrics, ["resourceMetrics", "scopeMetrics", "metrics"]);
carried!(Span, ExportTraceServiceRequest, resource_spans scope_spans spans, ["resourceSpans", "scopeSpans", "spans"]);

/// Reads protobuf. Records are slices of `body`.
pub fn protobuf<R: Carried>(body: Bytes, sink: &mut impl Sink<R>) -> Result<()> {
    resources(&body, sink).map_err(|Malformed| {
        Error::new(Code::InvalidBody, "the body is not a protobuf request")
            .field("body", "an OTLP export request in protobuf")
    })
}

fn resources<R: Carried>(
    body: &Bytes,
    sink: &mut impl Sink<R>,
) -> std::result::Result<(), Malformed> {
    for level in wire::only(body, wire::ROOT) {
        let level = level?;
        sink.resource(owner(&level)?.as_ref());
        for level in wire::only(&level, wire::ITEM) {
            let level = level?;
            sink.scope(owner(&level)?.as_ref());
            for record in wire::only(&level, wire::ITEM) {
                let record = record?;
                sink.record(if wire::is_bomb(&record) {
                    Err(format!(
                        "the record has more than {} parts",
                        wire::MOST_PARTS
                    ))
                } else {
                    R::decode(record).map_err(|_| "the record is not valid protobuf".to_owned())
                });
            }
        }
    }
    Ok(())
}

/// The resource or scope of a level, wherever in it it stands.
fn owner<T: Message + Default>(level: &Bytes) -> std::result::Result<Option<T>, Malformed> {
    let mut found: Option<T> = None;
    for bytes in wire::only(level, wire::OWNER) {
        found
            .get_or_insert_default()
            .merge(bytes?)
            .map_err(|_| Malformed)?;
    }
    Ok(found)
}

/// Reads JSON: in one pass where all is well, else record by record, so that a bad one is named and the others go on.
pub fn json<R: Carried>(body: &[u8], sink: &mut impl Sink<R>) -> Result<()> {
    let text =
        super::super::utf8::json(body).ok_or_else(|| invalid("the body is not UTF-8".into()))?;
    super::json::budget();
    if let Ok(request) = serde_json::from_str::<R::Request>(&text) {
        R::unpack(request, sink);
        return Ok(());
    }
    loosely(&text, sink).map_err(|e| {
        invalid(format!(
            "the body is not a request in OTLP's JSON: line {} column {}",
            e.line(),
            e.column()
        ))
    })
}

fn invalid(detail: String) -> Error {
    Error::new(Code::InvalidJson, detail).field("body", "an OTLP export request in JSON")
}

type Members<'a> = BTreeMap<String, &'a RawValue>;

fn loosely<R: Carried>(text: &str, sink: &mut impl Sink<R>) -> serde_json::Result<()> {
    let [resources, scopes, records] = R::NAMES;
    for level in items(text, resources)? {
        sink.resource(member(level, "resource")?.as_ref());
        for level in items(level, scopes)? {
            sink.scope(member(level, "scope")?.as_ref());
            for record in items(level, records)? {
                super::json::budget();
                let read = serde_json::from_str(record);
                sink.record(read.map_err(|e| {
                    // the message may quote data: only the place goes out
                    format!(
                        "the record does not have OTLP's shape at line {} column {}",
                        e.line(),
                        e.column()
                    )
                }));
            }
        }
    }
    Ok(())
}

fn items<'a>(object: &'a str, name: &str) -> serde_json::Result<Vec<&'a str>> {
    let members: Members<'a> = serde_json::from_str(object)?;
    let Some(list) = members.get(name) else {
        return Ok(Vec::new());
    };
    let list: Option<Vec<&'a RawValue>> = serde_json::from_str(list.get())?;
    Ok(list.into_iter().flatten().map(RawValue::get).collect())
}

fn member<T: for<'de> Deserialize<'de>>(object: &str, name: &str) -> serde_json::Result<Option<T>> {
    let members: Members<'_> = serde_json::from_str(object)?;
    match members.get(name) {
        Some(value) => serde_json::from_str(value.get()),
        None => Ok(None),
    }
}
