use super::intake::Intake;
use super::proto::opentelemetry::proto::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use super::*;
use crate::detect::log::{Reader, kind_name};
use crate::ingest::pipeline::Terms;
use proptest::prelude::*;
use prost::Message;
use sha2::{Digest, Sha256};

const ORG: &str = "11111111-1111-4111-8111-111111111111";
const NOW: i64 = 1_795_251_600_000;

fn terms(limits: Limits) -> Terms<'static> {
    Terms {
        redaction: None,
        org: ORG,
        prefix: None,
        limits,
        now_ms: NOW,
    }
}

fn intake(limits: Limits) -> Intake<'static> {
    Intake::new(terms(limits), None)
}

/// `stream kind group text` of every event, and what was refused.
fn events(intake: Intake<'_>, noun: &str) -> (Vec<String>, u64, String) {
    let (rejected, message) = intake.refusals(noun);
    let mut out = Vec::new();
    for (stream, writer) in intake.finish().streams {
        for r in Reader::new(&writer.finish()).expect("own version") {
            let r = r.expect("own record");
            let group = r.group.unwrap_or("-");
            out.push(format!("{stream} {} {group} {}", kind_name(r.kind), r.text));
        }
    }
    (out, rejected, message)
}

fn of_json(body: &str, signal: Signal) -> (Vec<String>, u64, String) {
    let mut intake = intake(Limits::default());
    let body = Bytes::copy_from_slice(body.as_bytes());
    read(&mut intake, &body, Encoding::Json, signal).expect("readable");
    events(intake, signal.noun())
}

/// The same request as protobuf.
fn of_protobuf(json: &str, signal: Signal) -> (Vec<String>, u64, String) {
    let bytes = match signal {
        Signal::Logs => {
            serde_json::from_str::<ExportLogsServiceRequest>(json).map(|m| m.encode_to_vec())
        }
        Signal::Metrics => {
            serde_json::from_str::<ExportMetricsServiceRequest>(json).map(|m| m.encode_to_vec())
        }
        Signal::Traces => {
            serde_json::from_str::<ExportTraceServiceRequest>(json).map(|m| m.encode_to_vec())
        }
    }
    .expect("valid");
    let mut intake = intake(Limits::default());
    read(&mut intake, &bytes.into(), Encoding::Protobuf, signal).expect("valid");
    events(intake, signal.noun())
}

const LOGS: &str = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"check out"}}]},
  "scopeLogs":[{"scope":{"name":"pay"},"logRecords":[
   {"timeUnixNano":"1795251600000000000","severityNumber":17,"severityText":"error","body":{"stringValue":"card \"refused\"\n"},
    "traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","future":{"x":[1]},
    "attributes":[{"key":"b","value":{"intValue":"9007199254740993"}},{"key":"a","value":{"arrayValue":{"values":[{"boolValue":true},{"doubleValue":1e300},null]}}}]},
   {"observedTimeUnixNano":1795251600000000000,"severityText":"notice","body":{"kvlistValue":{"values":[{"key":"k","value":{"bytesValue":"AQI="}}]}},
    "attributes":[{"key":"session.id","value":{"stringValue":"s1"}},{"key":"driftlock.stream","value":{"stringValue":"elsewhere"}}]}]}]}]}"#;

#[test]
fn log_records_become_events_in_either_encoding() {
    let want = vec![
        r#"check-out/logs log 5b8efff798038103d269b633813fc60c {"severity":"ERROR","scope":"pay","body":"card \"refused\"\n","attributes":{"a":[true,1e300,null],"b":9007199254740993}}"#.to_owned(),
        r#"elsewhere log s1 {"severity":"notice","scope":"pay","body":{"k":"AQI="}}"#.to_owned(),
    ];
    assert_eq!(
        of_json(LOGS, Signal::Logs),
        (want.clone(), 0, String::new())
    );
    assert_eq!(of_protobuf(LOGS, Signal::Logs), (want, 0, String::new()));
}

const TRACES: &str = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"spans":[
   {"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"aaaaaaaaaaaaaaaa","parentSpanId":"bbbbbbbbbbbbbbbb","name":"SELECT","kind":3,
    "startTimeUnixNano":"1795251600000000000","endTimeUnixNano":"1795251600012500000","status":{"code":2,"message":"gone"},
    "events":[{"name":"exception","attributes":[{"key":"exception.type","value":{"stringValue":"Io"}}]}]},
   {"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"bbbbbbbbbbbbbbbb","name":"GET /cart","kind":2,
    "startTimeUnixNano":"1795251600000000000","endTimeUnixNano":"1795251600030000000","attributes":[{"key":"http.route","value":{"stringValue":"/cart"}}]}]}]}]}"#;

#[test]
fn spans_become_structure_and_durations() {
    let id = "5b8efff798038103d269b633813fc60c";
    let want = vec![
        format!(r#"shop/latency/GET-/cart metric {id} {{"duration_ms":30}}"#),
        format!(r#"shop/latency/SELECT metric {id} {{"duration_ms":12.5}}"#),
        format!(
            r#"shop/traces trace {id} {{"name":"SELECT","kind":"client","parent":"GET /cart","status":"ERROR","message":"gone","events":[{{"name":"exception","attributes":{{"exception.type":"Io"}}}}]}}"#
        ),
        format!(
            r#"shop/traces trace {id} {{"name":"GET /cart","kind":"server","parent":"(root)","status":"UNSET","attributes":{{"http.route":"/cart"}}}}"#
        ),
    ];
    assert_eq!(
        of_json(TRACES, Signal::Traces),
        (want.clone(), 0, String::new())
    );
    assert_eq!(
        of_protobuf(TRACES, Signal::Traces),
        (want, 0, String::new())
    );
}

const METRICS: &str = r#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},{"key":"host.name","value":{"stringValue":"h1"}}]},"scopeMetrics":[{"metrics":[
   {"name":"cpu","unit":"1","gauge":{"dataPoints":[{"asDouble":0.5,"timeUnixNano":"1795251600000000000"},{"asDouble":"NaN"},{"flags":1}]}},
   {"name":"hits","sum":{"isMonotonic":true,"aggregationTemporality":2,"dataPoints":[{"asInt":"7","attributes":[{"key":"route","value":{"stringValue":"/x y"}}]}]}},
   {"name":"h","histogram":{"aggregationTemporality":1,"dataPoints":[{"count":"4","sum":40,"bucketCounts":["0","4"],"explicitBounds":[5],"min":6,"max":15}]}},
   {"name":"e","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"count":4,"sum":40,"scale":0,"positive":{"offset":2,"bucketCounts":["4"]}}]}},
   {"name":"s","summary":{"dataPoints":[{"count":"2","sum":3,"quantileValues":[{"quantile":0.99,"value":2}]}]}},
   {"name":"none"}]}]}]}"#;

#[test]
fn all_types_of_metrics_become_numbers() {
    let (events, rejected, message) = of_json(METRICS, Signal::Metrics);
    let want = [
        r#"shop/metrics/cpu metric - {"value":0.5,"instance":"h1"}"#,
        r#"shop/metrics/e metric - {"count":4,"sum":40,"instance":"h1"}"#,
        r#"shop/metrics/h metric - {"count":4,"sum":40,"mean":10,"min":6,"max":15,"p50":10,"p95":14.5,"p99":14.9,"instance":"h1"}"#,
        r#"shop/metrics/hits/x-y-HASH metric - {"value":7,"instance":"h1"}"#,
        r#"shop/metrics/s metric - {"count":2,"sum":3,"p99":2,"instance":"h1"}"#,
    ];
    let seen: Vec<String> = events
        .iter()
        .map(|e| match e.split_once("x-y-") {
            Some((a, b)) => format!("{a}x-y-HASH{}", &b[8..]),
            None => e.clone(),
        })
        .collect();
    assert_eq!(seen, want);
    assert_eq!(rejected, 2, "{message}");
    assert!(
        message.starts_with("2 data points rejected: 1 × invalid_record"),
        "{message}"
    );
    assert_eq!(of_protobuf(METRICS, Signal::Metrics).0, events);
}

/// A span with these attributes, as JSON; values are texts.
fn span_with(attributes: &[(&str, &str)], events: &str) -> String {
    let list: Vec<String> = attributes
        .iter()
        .map(|(k, v)| serde_json::json!({ "key": k, "value": { "stringValue": v } }).to_string())
        .collect();
    format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"chat","kind":3,
        "attributes":[{}],"events":[{events}]}}]}}]}}]}}"#,
        list.join(",")
    )
}

/// The events of language models among a request's: stream and text.
fn llm(json: &str, signal: Signal) -> Vec<String> {
    let (events, rejected, message) = of_json(json, signal);
    assert_eq!(rejected, 0, "{message}");
    events
        .into_iter()
        .filter(|e| e.starts_with("llm/"))
        .map(|e| {
            let parts: Vec<&str> = e.splitn(4, ' ').collect();
            format!("{} {} {}", parts[0], parts[1], parts[3])
        })
        .collect()
}

#[test]
fn calls_of_language_models_by_their_current_names() {
    let json = span_with(
        &[
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.request.model", "gpt-x"),
            ("gen_ai.agent.name", "Support Bot"),
            (
                "gen_ai.input.messages",
                r#"[{"role":"user","parts":[{"type":"text","content":"old"}]},{"role":"assistant","parts":[{"type":"text","content":"earlier"}]},{"role":"user","parts":[{"type":"text","content":"where is my order?"}]}]"#,
            ),
            (
                "gen_ai.output.messages",
                r#"[{"role":"assistant","parts":[{"type":"text","content":"on its way"},{"type":"tool_call","name":"track","arguments":{"id":7}}],"finish_reason":"stop"}]"#,
            ),
            ("gen_ai.usage.input_tokens", "12"),
            ("gen_ai.usage.output_tokens", "34"),
            ("gen_ai.usage.cost", "0.002"),
        ],
        "",
    );
    let want = [
        r#"llm/Support-Bot/gpt-x/answers llm {"answer":"on its way","finish_reason":"stop"}"#,
        r#"llm/Support-Bot/gpt-x/prompts llm {"role":"user","prompt":"where is my order?"}"#,
        r#"llm/Support-Bot/gpt-x/tools llm {"tool":"track","arguments":{"id":7}}"#,
        r#"llm/Support-Bot/gpt-x/usage metric {"input_tokens":12,"output_tokens":34,"cost":0.002}"#,
    ];
    assert_eq!(llm(&json, Signal::Traces), want);
    // what was said stays out of the span's own event
    let (events, _, _) = of_json(&json, Signal::Traces);
    assert!(
        events
            .iter()
            .all(|e| e.starts_with("llm/") || !e.contains("order")),
        "{events:?}"
    );
}

#[test]
fn calls_of_language_models_by_older_names() {
    let indexed = span_with(
        &[
            ("gen_ai.request.model", "m"),
            ("gen_ai.prompt.0.role", "user"),
            ("gen_ai.prompt.0.content", "hello"),
            ("gen_ai.completion.0.content", "hi"),
            ("gen_ai.completion.0.tool_calls.0.name", "f"),
            ("gen_ai.completion.0.tool_calls.0.arguments", "{\"a\":1}"),
            ("gen_ai.usage.prompt_tokens", "5"),
        ],
        "",
    );
    let want = [
        r#"llm/unknown_service/m/answers llm {"answer":"hi"}"#,
        r#"llm/unknown_service/m/prompts llm {"role":"user","prompt":"hello"}"#,
        r#"llm/unknown_service/m/tools llm {"tool":"f","arguments":{"a":1}}"#,
        r#"llm/unknown_service/m/usage metric {"input_tokens":5}"#,
    ];
    assert_eq!(llm(&indexed, Signal::Traces), want);

    let events = r#"{"name":"gen_ai.content.prompt","attributes":[{"key":"gen_ai.prompt","value":{"stringValue":"hello"}}]},
        {"name":"gen_ai.choice","attributes":[{"key":"finish_reason","value":{"stringValue":"stop"}},{"key":"message","value":{"kvlistValue":{"values":[{"key":"content","value":{"stringValue":"hi"}}]}}}]}"#;
    let on_span = span_with(
        &[("gen_ai.system", "openai"), ("gen_ai.request.model", "m")],
        events,
    );
    let want = [
        r#"llm/unknown_service/m/answers llm {"answer":"hi","finish_reason":"stop"}"#,
        r#"llm/unknown_service/m/prompts llm {"role":"user","prompt":"hello"}"#,
    ];
    assert_eq!(llm(&on_span, Signal::Traces), want);
}

#[test]
fn messages_of_language_models_as_log_events() {
    let record = |name: &str, body: &str| {
        format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"eventName":"{name}","attributes":[{{"key":"gen_ai.request.model","value":{{"stringValue":"m"}}}}],"body":{body}}}]}}]}}]}}"#
        )
    };
    let content =
        r#"{"kvlistValue":{"values":[{"key":"content","value":{"stringValue":"hello"}}]}}"#;
    assert_eq!(
        llm(&record("gen_ai.user.message", content), Signal::Logs),
        [r#"llm/unknown_service/m/prompts llm {"role":"user","prompt":"hello"}"#]
    );
    let choice = r#"{"kvlistValue":{"values":[{"key":"message","value":{"kvlistValue":{"values":[{"key":"content","value":{"stringValue":"hi"}}]}}}]}}"#;
    assert_eq!(
        llm(&record("gen_ai.choice", choice), Signal::Logs),
        [r#"llm/unknown_service/m/answers llm {"answer":"hi"}"#]
    );
}

/// A record with these attributes (texts), name and body.
fn record_with(attributes: &[(&str, &str)], name: &str, body: &str) -> String {
    let list: Vec<_> = attributes
        .iter()
        .map(|(k, v)| serde_json::json!({ "key": k, "value": { "stringValue": v } }))
        .collect();
    let body = serde_json::json!({ "stringValue": body });
    serde_json::json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [
        {"severityNumber": 17, "eventName": name, "body": body, "attributes": list}]}]}]})
    .to_string()
}

#[test]
fn a_log_record_that_tells_of_a_call_keeps_what_it_says_itself() {
    let own = |json: &str| {
        let (events, rejected, message) = of_json(json, Signal::Logs);
        assert_eq!(rejected, 0, "{message}");
        events
    };
    let said = record_with(
        &[("gen_ai.tool.name", "refund"), ("order", "o7")],
        "",
        "connection refused",
    );
    assert_eq!(
        own(&said),
        [
            r#"llm/unknown_service/tools llm - {"tool":"refund"}"#,
            r#"unknown_service/logs log - {"severity":"ERROR","body":"connection refused","attributes":{"gen_ai.tool.name":"refund","order":"o7"}}"#,
        ]
    );
    let usage = record_with(
        &[
            ("gen_ai.usage.input_tokens", "12"),
            ("error.type", "timeout"),
        ],
        "request.done",
        "gave up",
    );
    assert_eq!(
        own(&usage),
        [
            r#"llm/unknown_service/usage metric - {"input_tokens":12}"#,
            r#"unknown_service/logs log - {"severity":"ERROR","event":"request.done","body":"gave up","attributes":{"error.type":"timeout"}}"#,
        ]
    );
    // the details of a call say more than its messages: how it ended
    let details = record_with(
        &[
            ("gen_ai.input.messages", "hello"),
            ("gen_ai.prompt.name", "greeting"),
            ("error.type", "timeout"),
        ],
        "gen_ai.client.inference.operation.details",
        "",
    );
    assert_eq!(
        own(&details),
        [
            r#"llm/unknown_service/prompts llm - {"role":"user","prompt":"hello"}"#,
            r#"unknown_service/logs log - {"severity":"ERROR","event":"gen_ai.client.inference.operation.details","body":"","attributes":{"error.type":"timeout","gen_ai.prompt.name":"greeting"}}"#,
        ]
    );
    // a message is a message
    let message = record_with(&[], "gen_ai.user.message", "hello");
    assert_eq!(
        own(&message),
        [r#"llm/unknown_service/prompts llm - {"role":"user","prompt":"hello"}"#]
    );
    let old = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"eventName":"gen_ai.content.prompt","attributes":[{"key":"gen_ai.prompt","value":{"stringValue":"hello"}}]}]}]}]}"#;
    assert_eq!(
        own(old),
        [r#"llm/unknown_service/prompts llm - {"role":"user","prompt":"hello"}"#]
    );
    // an answer given earlier is said again in no stream, but is not lost
    let earlier = record_with(
        &[("gen_ai.usage.input_tokens", "3")],
        "gen_ai.assistant.message",
        "hi",
    );
    assert_eq!(own(&earlier).len(), 2);
}

#[test]
fn a_bad_record_costs_no_other() {
    let json = LOGS.replace("\"severityNumber\":17", "\"severityNumber\":\"SEVERE\"");
    let (events, rejected, message) = of_json(&json, Signal::Logs);
    assert_eq!((events.len(), rejected), (1, 1), "{message}");

    let request: ExportLogsServiceRequest = serde_json::from_str(LOGS).expect("valid");
    let mut bytes = request.encode_to_vec();
    // the body's text: a byte that is no UTF-8
    let at = bytes.windows(4).position(|w| w == b"card").expect("there");
    bytes[at] = 0xff;
    let mut taken = intake(Limits::default());
    read(
        &mut taken,
        &bytes.clone().into(),
        Encoding::Protobuf,
        Signal::Logs,
    )
    .expect("valid");
    let (texts, rejected, _) = events_of(taken);
    assert!(
        rejected == 0 && texts[0].contains(r#""body":"\\xffard"#),
        "{texts:?}"
    );

    let at = bytes
        .windows(2)
        .position(|w| w == [0x10, 17])
        .expect("severity");
    bytes[at] = 0x17; // an end-group nobody opened
    let mut taken = intake(Limits::default());
    read(&mut taken, &bytes.into(), Encoding::Protobuf, Signal::Logs).expect("framing holds");
    let (texts, rejected, message) = events_of(taken);
    assert_eq!((texts.len(), rejected), (1, 1), "{message}");
}

fn events_of(intake: Intake<'_>) -> (Vec<String>, u64, String) {
    events(intake, "log records")
}

#[test]
fn too_many_records_are_refused_beyond_the_limit() {
    let mut taken = intake(Limits {
        events: 1,
        ..Limits::default()
    });
    read(&mut taken, &LOGS.into(), Encoding::Json, Signal::Logs).expect("valid");
    let (texts, rejected, message) = events_of(taken);
    assert_eq!((texts.len(), rejected), (1, 1));
    assert!(
        message.contains("too_many_events (first: record 1: the request has more than 1 records"),
        "{message}"
    );
}

#[test]
fn a_scope_name_repeated_in_thousands_of_records_does_not_fill_the_memory() {
    let records = vec!["{}"; 5_000].join(",");
    let name = "s".repeat(200_000);
    let body = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"scope":{{"name":"{name}"}},"logRecords":[{records}]}}]}}]}}"#
    );
    let mut taken = intake(Limits::default());
    read(
        &mut taken,
        &body.into_bytes().into(),
        Encoding::Json,
        Signal::Logs,
    )
    .expect("valid");
    let (texts, rejected, message) = events_of(taken);
    let kept: usize = texts.iter().map(String::len).sum();
    assert!(kept <= 24 << 20, "{kept} bytes");
    assert_eq!(texts.len() + rejected as usize, 5_000);
    assert!(message.contains("request_too_large"), "{message}");
}

#[test]
fn the_generated_messages_are_of_these_definitions() {
    fn collect(dir: &std::path::Path, out: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(dir).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                collect(&path, out);
            } else if path.extension().is_some_and(|e| e == "proto") {
                out.push(path);
            }
        }
    }
    let mut files = Vec::new();
    collect(
        &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("proto"),
        &mut files,
    );
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(std::fs::read(file).expect("readable"));
    }
    let hash: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hash, proto::DEFINITIONS, "run scripts/otlp-proto");
}

/// Replaces, inserts and removes bytes of a valid request.
fn damaged(valid: &[u8], edits: &[(u16, u8, u8)]) -> Vec<u8> {
    let mut bytes = valid.to_vec();
    for &(at, how, byte) in edits {
        let at = usize::from(at) % bytes.len().max(1);
        match how % 4 {
            0 if at < bytes.len() => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 if at < bytes.len() => {
                bytes.remove(at);
            }
            3 => bytes.truncate(at),
            _ => {}
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn damaged_requests_never_panic(edits in prop::collection::vec(any::<(u16, u8, u8)>(), 1..6), which in 0usize..3) {
        let (json, signal) = [(LOGS, Signal::Logs), (TRACES, Signal::Traces), (METRICS, Signal::Metrics)][which];
        let protobuf = match signal {
            Signal::Logs => serde_json::from_str::<ExportLogsServiceRequest>(json).expect("valid").encode_to_vec(),
            Signal::Metrics => serde_json::from_str::<ExportMetricsServiceRequest>(json).expect("valid").encode_to_vec(),
            Signal::Traces => serde_json::from_str::<ExportTraceServiceRequest>(json).expect("valid").encode_to_vec(),
        };
        for (valid, encoding) in [(json.as_bytes(), Encoding::Json), (&protobuf[..], Encoding::Protobuf)] {
            let mut taken = intake(Limits::default());
            let _ = read(&mut taken, &damaged(valid, &edits).into(), encoding, signal);
            let (texts, _, _) = events_of(taken);
            for text in texts {
                let payload = text.splitn(4, ' ').nth(3).unwrap_or("");
                prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(payload).is_ok(), "{}", payload);
            }
        }
    }
}

/// The names of the streams that all signals of a service make, with `name` as metric, operation and model.
pub(in crate::ingest) fn streams_of<'t>(
    terms: impl Fn() -> Terms<'t>,
    service: &str,
    name: &str,
    attributes: &[(&str, &str)],
) -> BTreeSet<String> {
    let text = |key: &str, v: &str| serde_json::json!({"key": key, "value": {"stringValue": v}});
    let mut list: Vec<_> = attributes.iter().map(|(k, v)| text(k, v)).collect();
    let resource = serde_json::json!({"attributes": [text("service.name", service)]});
    let metrics = serde_json::json!({"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [
        {"name": name, "gauge": {"dataPoints": [{"asDouble": 1.0, "attributes": list}]}}]}]}]});
    list.push(text("gen_ai.request.model", name));
    list.push(text("gen_ai.prompt", "hello"));
    let at = format!("{NOW}000000");
    let traces = serde_json::json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [
        {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": name,
         "startTimeUnixNano": at, "endTimeUnixNano": at, "attributes": list}]}]}]});
    let logs = serde_json::json!({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [
        {"body": {"stringValue": "x"}}]}]}]});
    let mut streams = BTreeSet::new();
    for (signal, request) in [
        (Signal::Metrics, metrics),
        (Signal::Traces, traces),
        (Signal::Logs, logs),
    ] {
        let mut intake = Intake::new(terms(), None);
        let body = Bytes::from(request.to_string());
        read(&mut intake, &body, Encoding::Json, signal).expect("readable");
        streams.extend(intake.finish().streams.into_keys());
    }
    streams
}

/// What a key limited to `team-a/` sends: streams, rejected records and the message.
fn of_team(json: &str, header: Option<&'static str>) -> (Vec<String>, u64, String) {
    let terms = Terms {
        prefix: Some("team-a/"),
        ..terms(Limits::default())
    };
    let mut intake = Intake::new(terms, header);
    let body = Bytes::copy_from_slice(json.as_bytes());
    read(&mut intake, &body, Encoding::Json, Signal::Traces).expect("readable");
    let (events, rejected, message) = events(intake, "spans");
    let streams = events
        .iter()
        .map(|e| e.split(' ').next().unwrap_or("").to_owned());
    (streams.collect(), rejected, message)
}

#[test]
fn a_named_stream_stands_before_everything_that_its_records_make() {
    let header = Some("team-a/traces");
    let want = [
        "team-a/traces",
        "team-a/traces",
        "team-a/traces/latency/GET-/cart",
        "team-a/traces/latency/SELECT",
    ];
    let (streams, rejected, message) = of_team(TRACES, header);
    assert_eq!((&streams[..], rejected), (&want.map(str::to_owned)[..], 0));
    assert_eq!(message, "");
    let call = span_with(
        &[
            ("gen_ai.request.model", "m"),
            ("gen_ai.prompt", "hello"),
            ("gen_ai.usage.input_tokens", "5"),
        ],
        "",
    );
    let (streams, rejected, _) = of_team(&call, header);
    let want = [
        "team-a/traces",
        "team-a/traces/llm/unknown_service/m/prompts",
        "team-a/traces/llm/unknown_service/m/usage",
    ];
    assert_eq!((&streams[..], rejected), (&want.map(str::to_owned)[..], 0));
    // however long the names are, they make streams
    let long = "x".repeat(200);
    let named = span_with(
        &[
            ("driftlock.stream", &format!("team-a/{}", "y".repeat(110))),
            ("gen_ai.agent.name", &long),
            ("gen_ai.request.model", &long),
            ("gen_ai.prompt", "hello"),
        ],
        "",
    )
    .replace(
        r#""name":"chat""#,
        &format!(
            r#""name":"{long}","startTimeUnixNano":"{NOW}000000","endTimeUnixNano":"{NOW}000000""#
        ),
    );
    let (streams, rejected, message) = of_team(&named, None);
    assert_eq!((streams.len(), rejected), (3, 0), "{message}");
}

#[test]
fn a_record_counts_by_its_own_event() {
    // only what goes with the span is beyond the limit
    let limits = Limits {
        streams: 1,
        ..Limits::default()
    };
    let mut taken = intake(limits);
    read(&mut taken, &TRACES.into(), Encoding::Json, Signal::Traces).expect("readable");
    let (texts, rejected, message) = events(taken, "spans");
    assert_eq!((texts.len(), rejected), (2, 0));
    assert!(
        message.starts_with("2 events not taken that go with spans that were: 2 × too_many_streams (first: record 0: "),
        "{message}"
    );
    // nothing of it is allowed: one record, however many events
    let (streams, rejected, message) = of_team(TRACES, None);
    assert_eq!((streams.len(), rejected), (0, 2));
    assert!(
        message.starts_with("2 spans rejected: 4 × stream_not_allowed"),
        "{message}"
    );
    // and what came of that is said of streams that the plan has no place for
    let mut taken = intake(Limits::default());
    read(&mut taken, &TRACES.into(), Encoding::Json, Signal::Traces).expect("readable");
    let parts: Vec<String> = taken.finish().parts.into_iter().collect();
    assert_eq!(parts, ["shop/latency/GET-/cart", "shop/latency/SELECT"]);
}

#[test]
fn a_body_of_empty_spans_is_counted_and_not_kept() {
    let count = 200_000;
    // scope level { 2: "" } again and again, in one resource level
    let scope: Vec<u8> = [0x12, 0x00].repeat(count);
    let wrap = |tag: u8, inner: &[u8]| {
        let mut out = vec![tag];
        prost::encoding::encode_varint(inner.len() as u64, &mut out);
        [out, inner.to_vec()].concat()
    };
    let body = wrap(0x0a, &wrap(0x12, &scope));
    let json = format!(
        "{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{}{{}}]}}]}}]}}",
        "{},".repeat(count - 1)
    );
    for (body, encoding) in [
        (body, Encoding::Protobuf),
        (json.into_bytes(), Encoding::Json),
    ] {
        let mut intake = intake(Limits::default());
        read(&mut intake, &Bytes::from(body), encoding, Signal::Traces).expect("readable");
        let (_, rejected, message) = events(intake, "spans");
        assert_eq!(rejected, count as u64);
        assert!(message.contains("190000 × too_many_events"), "{message}");
    }
}

#[test]
fn a_metric_of_a_million_empty_points_is_refused_without_being_decoded() {
    let json = format!(
        "{{\"resourceMetrics\":[{{\"scopeMetrics\":[{{\"metrics\":[{{\"name\":\"m\",\"gauge\":{{\"dataPoints\":[{}{{}}]}}}}]}}]}}]}}",
        "{},".repeat(1_000_000)
    );
    let (_, rejected, message) = of_json(&json, Signal::Metrics);
    assert_eq!(rejected, 1, "{message}");
    let points: Vec<u8> = [0x0a, 0x00].repeat(1_000_000);
    let mut gauge = vec![0x2a];
    prost::encoding::encode_varint(points.len() as u64, &mut gauge);
    gauge.extend(points);
    assert!(wire::is_bomb(&gauge.into()));
}

#[test]
fn metadata_that_is_too_long_is_left_out_and_said() {
    let name = "m".repeat(5_000);
    let json = format!(
        "{{\"resourceLogs\":[{{\"resource\":{{\"attributes\":[{{\"key\":\"host.name\",\"value\":{{\"stringValue\":\"{name}\"}}}}]}},\"scopeLogs\":[{{\"logRecords\":[{{\"body\":{{\"stringValue\":\"x\"}}}}]}}]}}]}}"
    );
    let (taken, rejected, message) = of_json(&json, Signal::Logs);
    assert_eq!((taken.len(), rejected), (1, 0));
    assert_eq!(
        message,
        "1 events taken without their metadata, which is longer than 4096 bytes"
    );
}
