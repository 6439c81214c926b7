use super::*;
use proptest::prelude::*;

fn scanned(text: &str) -> Option<Fields<'_>> {
    Scanner::new(text).only(Scanner::fields)
}

#[test]
fn an_ordinary_event_takes_the_quick_way() {
    let event = r#" {"stream":"a","event_type" : "log","id":"é","timestamp":-1.5e+3,"group":null,
        "metadata":{"k":[1,{"x":"}"}]},"data":"say \"hi\" \u00e9","value":0,"mine":true} "#;
    let fields = scanned(event).expect("the quick way");
    assert_eq!(fields, serde_json::from_str(event).expect("an event"));
    assert_eq!(fields.stream, Some(Value::Plain("a")));
    assert_eq!(fields.timestamp, Some(Value::Json("-1.5e+3")));
    assert_eq!(fields.group, None);
    assert_eq!(fields.metadata, Some(Value::Json(r#"{"k":[1,{"x":"}"}]}"#)));
    assert_eq!(
        fields.data.map(Value::text).expect("data").as_deref(),
        Ok("say \"hi\" é")
    );
    assert!(fields.has_own);
}

#[test]
fn what_is_no_event_is_left_to_serde() {
    let bad = [
        "",
        "7",
        "[]",
        "{",
        r#"{"data":"x""#,
        r#"{"data":"x"} x"#,
        r#"{"data":"x",}"#,
        r#"{"data" "x"}"#,
        r#"{"data":"x" "id":"y"}"#,
        r#"{"data":"\x"}"#,
        r#"{"data":"\u12g4"}"#,
        r#"{"data":"\u12"}"#,
        "{\"data\":\"a\nb\"}",
        r#"{"data":01}"#,
        r#"{"data":1.}"#,
        r#"{"data":.5}"#,
        r#"{"data":-}"#,
        r#"{"data":1e}"#,
        r#"{"data":nul}"#,
        r#"{"data":truely}"#,
        r#"{"data":{"a":}}"#,
        r#"{"data":[1,]}"#,
        r#"{"data":"x","data":"y"}"#,
        r#"{data:1}"#,
    ];
    for text in bad {
        assert_eq!(scanned(text), None, "{text}");
        assert!(Fields::of(text).is_err(), "{text}");
    }
    // a name with an escape is a name all the same
    let fields = Fields::of(r#"{"d\u0061ta":"x"}"#).expect("an event");
    assert_eq!(fields.data, Some(Value::Plain("x")));
    // the first of them is none
    let fields = Fields::of(r#"{"data":null,"data":"x"}"#).expect("an event");
    assert_eq!(fields.data, Some(Value::Plain("x")));
}

#[test]
fn strings_end_where_they_end_at_every_length() {
    for length in 0..70 {
        for end in ["\"", "\\\"\"", "é\"", "\u{1}\""] {
            let text = format!(r#"{{"data":"{}{end}}}"#, "x".repeat(length));
            assert_eq!(
                scanned(&text),
                serde_json::from_str(&text).ok(),
                "{length} {end}"
            );
        }
    }
}

#[test]
fn an_event_that_is_nearly_like_the_one_before_is_read_as_it_is() {
    let first = r#"{"stream":"shop","event_type":"log","data":"a","":"b"}"#;
    let own = (0..40).map(|n| format!(r#""own{n}":"v{n}""#));
    let many = format!(r#"{{{},"data":"x"}}"#, own.collect::<Vec<_>>().join(","));
    let next = [
        first,
        r#"{"stream":"shopping","event_type":"lo","data":"","":""}"#,
        r#"{"stream":"shop\"","event_type":"log\u0020","data":"a\\"}"#,
        r#"{"streams":"shop","event":"log","dat":"a","data":"b"}"#,
        r#"{"event_type":"log","stream":"shop","data":"shop"}"#,
        r#"{"stream":null,"event_type":7,"data":["a"]}"#,
        r#"{"":"shop","stream":"b"}"#,
        r#"{"data" : "a"}"#,
        "{}",
        &many,
    ];
    for event in next {
        let text = format!("[{first},{event},{event},{first}]");
        let read: Vec<Fields<'_>> = serde_json::from_str(&text).expect("events");
        let scanned = Scanner::new(&text).only(Scanner::list);
        assert_eq!(scanned, Some(read), "{event}");
    }
    for bad in [
        r#"{"stream":"shop","event_type":"log","data":"a","":"b""#,
        r#"{"stream":"shop"#,
        r#"{"stream"#,
        r#"{"stream":"shop""event_type":"log"}"#,
        r#"{"stream":"shop","stream":"shop"}"#,
    ] {
        let text = format!("[{first},{bad}");
        assert_eq!(Scanner::new(&text).only(Scanner::list), None, "{bad}");
        let text = format!("[{first},{bad}]");
        assert_eq!(Scanner::new(&text).only(Scanner::list), None, "{bad}");
    }
}

#[test]
fn half_of_a_surrogate_pair_is_json_without_a_text() {
    let fields = Fields::of(r#"{"data":"\ud800"}"#).expect("JSON");
    assert_eq!(fields.data, Some(Value::Json(r#""\ud800""#)));
    assert_eq!(fields.data.map(Value::text), Some(Err(r#""\ud800""#)));
}

/// Pieces that JSON is made of, and some that it is not.
fn piece() -> impl Strategy<Value = String> {
    let fixed = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\n",
        "\\u00",
        "null",
        "true",
        "fals",
        "-",
        "0",
        "1",
        ".",
        "e",
        "E+",
        " ",
        "\n",
        "\"data\"",
        "\"id\":",
        "\"x\"",
        "{\"data\":\"x\"}",
        "\"value\":1",
        "\u{1}",
        "é",
    ];
    prop_oneof![
        8 => prop::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        1 => "[a-z\"\\\\é]{0,40}",
    ]
}

/// An event with anything in it.
fn event() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<f64>().prop_map(|f| serde_json::json!(f).to_string()),
        any::<i64>().prop_map(|i| i.to_string()),
        ".{0,60}".prop_map(|s| serde_json::json!(s).to_string()),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        let name = "[a-z]{1,4}";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|v| format!("[{}]", v.join(" , "))),
            prop::collection::vec((name, inner), 0..4).prop_map(|v| {
                let members = v.iter().map(|(n, v)| format!("\"{n}\" :{v}"));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    });
    let name = prop_oneof![
        4 => prop::sample::select(vec!["stream", "event_type", "timestamp", "id", "group", "metadata", "data", "value", "organization_id"]).prop_map(str::to_owned),
        1 => "[a-z_]{1,12}",
    ];
    prop::collection::vec((name, value), 0..6).prop_map(|members| {
        let members = members.iter().map(|(n, v)| format!("\"{n}\": {v}"));
        format!("{{{}}}", members.collect::<Vec<_>>().join(",\n"))
    })
}

/// An event of which there are few: the next is often like it, in part or as a whole.
fn alike() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["stream", "stream_type", "id", "i", "", "data"]);
    let value = prop::sample::select(vec![
        r#""""#, r#""a""#, r#""ab""#, r#""a\"""#, r#""é""#, "null", "1",
    ]);
    prop::collection::vec((name, value), 0..4).prop_map(|members| {
        let members = members.iter().map(|(n, v)| format!("\"{n}\":{v}"));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    })
}

/// A list is read as serde reads it, or left to serde.
fn reads_as_serde_does(text: &str) -> Result<(), TestCaseError> {
    let read = serde_json::from_str::<Vec<Fields<'_>>>(text);
    let scanned = Scanner::new(text).only(Scanner::list);
    match read {
        Ok(read) => prop_assert!(scanned.is_none_or(|s| s == read), "{text}"),
        Err(_) => prop_assert_eq!(scanned, None, "{}", text),
    }
    Ok(())
}

proptest! {
    #[test]
    fn lists_of_events_that_are_alike_are_read_as_serde_reads_them(events in prop::collection::vec(alike(), 0..9)) {
        let text = format!("[{}]", events.join(","));
        reads_as_serde_does(&text)?;
    }

    #[test]
    fn the_quick_way_finds_what_serde_finds(event in event()) {
        let (scanned, read) = (scanned(&event), serde_json::from_str::<Fields<'_>>(&event));
        // a field that comes twice is no event; where the first is null, or the names are not ours, it is
        match read {
            Ok(read) => prop_assert!(scanned.is_none_or(|s| s == read), "{event}"),
            Err(_) => prop_assert_eq!(scanned, None, "{}", event),
        }
    }

    #[test]
    fn lists_are_read_as_serde_reads_them(events in prop::collection::vec(event(), 0..5)) {
        let text = format!(" [ {} ] ", events.join(" , "));
        reads_as_serde_does(&text)?;
    }

    #[test]
    fn nothing_is_taken_that_serde_refuses(pieces in prop::collection::vec(piece(), 0..24)) {
        let text = pieces.concat();
        for text in [&text, &format!("{{{text}}}")] {
            if let Some(fields) = scanned(text) {
                prop_assert_eq!(serde_json::from_str::<Fields<'_>>(text).ok(), Some(fields), "{}", text);
            }
        }
        for text in [&text, &format!("[{text}]")] {
            if let Some(list) = Scanner::new(text).only(Scanner::list) {
                prop_assert_eq!(serde_json::from_str::<Vec<Fields<'_>>>(text).ok(), Some(list), "{}", text);
            }
        }
    }
}
