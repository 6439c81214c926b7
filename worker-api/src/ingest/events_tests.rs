use super::*;
use crate::detect::log::Reader;
use crate::ingest::limits::Limits;

const ORG: &str = "11111111-1111-4111-8111-111111111111";

fn terms(prefix: Option<&'static str>) -> Terms<'static> {
    Terms {
        org: ORG,
        prefix,
        limits: Limits::default(),
        redaction: None,
        now_ms: 1_795_251_600_000,
    }
}

fn parsed(body: &str) -> Result<Batches> {
    parse(body.as_bytes(), "application/json", None, terms(None))
}

/// `stream kind text` of every taken record.
fn taken(batches: Batches) -> Vec<String> {
    let mut out = Vec::new();
    for (stream, writer) in batches.streams {
        let bytes = writer.finish();
        for r in Reader::new(&bytes).expect("own version") {
            let r = r.expect("own record");
            out.push(format!(
                "{stream} {} {}",
                crate::detect::log::kind_name(r.kind),
                r.text
            ));
        }
    }
    out
}

#[test]
fn every_shape_of_body() {
    let table = [
        (
            r#"{"stream":"a","event_type":"llm","data":"x\ty"}"#,
            vec!["a llm x\ty"],
        ),
        (
            r#"{"data":{"level":"INFO"}}"#,
            vec![r#"log log {"level":"INFO"}"#],
        ),
        (
            r#"[{"data":"1"},{"data":"2"}]"#,
            vec!["log log 1", "log log 2"],
        ),
        (
            r#"{"events":[{"stream":"b","data":"x"},{"stream":"a","data":"y"}]}"#,
            vec!["a log y", "b log x"],
        ),
        (
            r#"{"organization_id":"11111111-1111-4111-8111-111111111111","event_type":"trace","data":{"a":1}}"#,
            vec![r#"trace trace {"a":1}"#],
        ),
        (
            r#"{"timestamp":"2026-11-21T10:00:00Z","value":4.5,"metadata":{}}"#,
            vec![r#"metric metric {"value":4.5}"#],
        ),
        (
            r#"{"stream_type":"metrics","stream":"m","data":{"value":1}}"#,
            vec![r#"m metric {"value":1}"#],
        ),
        ("[]", vec![]),
    ];
    for (body, want) in table {
        let batches = parsed(body).expect(body);
        assert_eq!(batches.rejected, [], "{body}");
        assert_eq!(taken(batches), want, "{body}");
    }
}

#[test]
fn bad_records_are_named_and_the_rest_goes_on() {
    let table = [
        (r#"{"data":"x","timestamp":"soon"}"#, "invalid_timestamp"),
        (r#"{"data":"x","stream":"a b"}"#, "invalid_stream"),
        (r#"{"data":"x","stream":""}"#, "invalid_stream"),
        (r#"{"data":"x","stream":7}"#, "invalid_stream"),
        (r#"{"data":"x","event_type":"video"}"#, "invalid_event_type"),
        (r#"{"data":"x","metadata":[]}"#, "invalid_metadata"),
        (r#"{"data":"x","id":{}}"#, "invalid_id"),
        (r#"{"stream":"a"}"#, "missing_data"),
        (r#"{"data":null}"#, "missing_data"),
        (r#"{"value":"high"}"#, "invalid_value"),
        ("7", "invalid_event"),
    ];
    for (record, code) in table {
        let batches = parsed(&format!(r#"[{record},{{"data":"good"}}]"#)).expect(record);
        assert_eq!(
            batches
                .rejected
                .iter()
                .map(|r| (r.index, r.code))
                .collect::<Vec<_>>(),
            [(0, code)],
            "{record}"
        );
        assert_eq!(taken(batches), ["log log good"], "{record}");
    }
}

#[test]
fn an_empty_stream_name_is_refused_by_its_form_wherever_it_comes() {
    let nameless = r#"{"data":"x","stream":""}"#;
    for body in [
        format!(r#"[{nameless},{{"data":"good"}}]"#),
        format!(r#"[{{"data":"good"}},{nameless}]"#),
    ] {
        let refused = parsed(&body).expect(&body).rejected;
        assert_eq!(refused.len(), 1, "{body}");
        let detail = &refused[0].detail;
        assert!(detail.starts_with("`stream` does not match "), "{detail}");
    }
}

#[test]
fn whole_bodies_are_refused_only_when_nothing_can_be_split() {
    let table = [
        ("", Code::InvalidJson),
        ("{", Code::InvalidJson),
        ("nonsense", Code::InvalidJson),
        ("7", Code::InvalidBody),
        ("\"x\"", Code::InvalidBody),
        (r#"{"events":{}}"#, Code::InvalidBody),
        (
            r#"[{"data":1,"organization_id":"22222222-1111-4111-8111-111111111111"}]"#,
            Code::OrganizationMismatch,
        ),
        (
            r#"{"organization_id":"22222222-1111-4111-8111-111111111111","events":[]}"#,
            Code::OrganizationMismatch,
        ),
    ];
    for (body, code) in table {
        assert_eq!(parsed(body).expect_err(body).code, code, "{body}");
    }
    let many = format!("[{}]", vec!["{}"; 10_001].join(","));
    assert_eq!(parsed(&many).expect_err("many").code, Code::TooManyEvents);
}

#[test]
fn ndjson_reports_by_line() {
    let body = b"{\"data\":\"a\"}\n\nnot json\n{\"data\":\"b\"}\n\xff\n";
    let batches = parse(body, "application/x-ndjson", None, terms(None)).expect("lines");
    assert_eq!(
        batches
            .rejected
            .iter()
            .map(|r| (r.index, r.code))
            .collect::<Vec<_>>(),
        [(1, "invalid_json"), (3, "invalid_json")]
    );
    assert_eq!(taken(batches), ["log log a", "log log b"]);
}

#[test]
fn a_key_bound_to_a_prefix_reaches_no_other_stream() {
    let body = br#"[{"stream":"shop/a","data":"x"},{"stream":"other","data":"y"}]"#;
    let batches = parse(body, "", None, terms(Some("shop/"))).expect("array");
    assert_eq!(batches.rejected[0].code, "stream_not_allowed");
    assert_eq!(taken(batches), ["shop/a log x"]);
}

#[test]
fn deep_nesting_is_data_not_a_crash() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let batches = parsed(&format!("{{\"data\":{deep}}}")).map(|b| b.rejected.len());
    assert!(matches!(
        batches,
        Ok(_)
            | Err(Error {
                code: Code::InvalidJson,
                ..
            })
    ));
}

#[test]
fn what_a_log_shipper_sends_is_data() {
    let body = br#"{"timestamp":"2026-11-21T10:00:00Z","host":"h","message":"m"}"#;
    let batches = parse(body, "", Some("vector"), terms(None)).expect("object");
    assert_eq!(
        taken(batches),
        [r#"vector log {"timestamp":"2026-11-21T10:00:00Z","host":"h","message":"m"}"#]
    );
}

#[test]
fn fields_of_a_log_shippers_own_object_are_not_taken_for_ours() {
    // two lines with one id, a stream of the container's, a number as id, a time in a format of its own
    let lines = [
        r#"{"id":"42","stream":"stdout","log":"a"}"#,
        r#"{"id":"42","stream":"stdout","log":"b"}"#,
        r#"{"id":42,"group":7,"metadata":"m","event_type":"login","log":"c"}"#,
        r#"{"timestamp":"21/Nov/2026:10:00:00","log":"d"}"#,
        r#"{"timestamp":12,"log":"e"}"#,
    ];
    let body = lines.join("\n");
    let batches = parse(
        body.as_bytes(),
        "application/x-ndjson",
        Some("pod"),
        terms(None),
    );
    let batches = batches.expect("lines");
    assert_eq!(batches.rejected, []);
    let writer = batches.streams.get("pod").expect("the header's stream");
    let bytes = writer.bytes().to_vec();
    let records: Vec<_> = crate::detect::log::Reader::new(&bytes)
        .expect("own version")
        .map(|r| r.expect("own record"))
        .collect();
    assert_eq!(records.iter().map(|r| r.text).collect::<Vec<_>>(), lines);
    assert!(
        records
            .iter()
            .all(|r| r.id.is_none() && r.group.is_none() && r.timestamp_ms.is_none())
    );
    // with a type it is an envelope
    let batches =
        parsed(r#"{"event_type":"trace","stream":"s","id":"1","span":"x"}"#).expect("an event");
    assert!(batches.streams.contains_key("s"));
}

#[test]
fn stray_bytes_are_kept_and_lines_are_numbered() {
    let body = b"\n{\"data\":\"caf\xe9\"}\n\nnot json\n";
    let batches = parse(body, "application/x-ndjson", None, terms(None)).expect("lines");
    let seen: Vec<_> = batches.rejected.iter().map(|r| (r.index, r.line)).collect();
    assert_eq!(seen, [(1, Some(4))]);
    assert_eq!(taken(batches), ["log log caf\\xe9"]);
}

#[test]
fn bodies_that_are_not_json_are_refused_whole() {
    for body in [
        "",
        "hello",
        "[{\"data\":1}",
        "[{\"data\":1}] x",
        "{\"data\":1",
        "{\"events\":[],\"events\":[],",
    ] {
        let code = parsed(body).expect_err(body).code;
        assert_eq!(code, Code::InvalidJson, "{body}");
    }
    // twice the same field is no event, but the body is JSON
    let batches = parsed(r#"{"events":[],"events":[],"data":1}"#).expect("JSON");
    assert_eq!(taken(batches), ["log log 1"]);
    let batches = parsed(r#"[{"data":1,"data":2},["stream","log"],{"data":null,"value":3}]"#);
    let batches = batches.expect("JSON");
    assert_eq!(batches.rejected.len(), 2, "{:?}", batches.rejected);
    assert_eq!(taken(batches), [r#"metric metric {"value":3}"#]);
}

#[test]
fn what_senders_repeat_counts_and_a_request_of_too_much_is_taken_in_part() {
    let metadata = format!(r#"{{"k":"{}"}}"#, "v".repeat(400));
    let event =
        |stream: &str| format!(r#"{{"stream":"{stream}","metadata":{metadata},"data":"x"}}"#);
    let body = format!("[{},{},{}]", event("a"), event("b"), event("a"));
    let mut terms = terms(None);
    terms.limits.kept_bytes = 1_000;
    let batches = parse(body.as_bytes(), "application/json", None, terms).expect("taken in part");
    let [rejected] = batches.rejected.as_slice() else {
        panic!("{:?}", batches.rejected)
    };
    assert_eq!((rejected.index, rejected.code), (2, "request_too_large"));
    assert!(
        rejected.detail.contains("the limit is 1000"),
        "{}",
        rejected.detail
    );
    assert_eq!(batches.streams.len(), 2, "of all streams together");
}
