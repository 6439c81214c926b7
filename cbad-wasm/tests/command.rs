//! The `cbad` command as a user meets it: what goes in, what comes out, with which status.

#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

fn cbad(args: &[&str], environment: &[(&str, &str)], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cbad"))
        .args(args)
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn log() -> String {
    let mut lines: Vec<String> = (0..600)
        .map(|i| {
            format!(
                "user {} paid order {} in {} ms",
                i % 17,
                8_000 + i,
                i * 7 % 40
            )
        })
        .collect();
    lines.push("user 5 dropped table orders".into());
    lines.join("\n") + "\n"
}

#[test]
fn a_pipe_gets_a_verdict_per_line_without_colour() {
    let output = cbad(&["score"], &[], &log());
    assert!(output.status.success());
    let text = stdout(&output);
    let verdicts: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(verdicts.len(), 601);
    assert!(
        verdicts
            .iter()
            .enumerate()
            .all(|(i, v)| v["index"] == i as u64)
    );
    assert_eq!(verdicts[600]["anomaly"], true);
    assert!(!text.contains('\x1b') && output.stderr.is_empty());
}

#[test]
fn explained_anomalies_are_coloured_only_when_asked_in_a_pipe() {
    let plain = stdout(&cbad(&["explain"], &[], &log()));
    assert!(
        plain.contains("user 5 >>dropped<< >>table<< >>orders<<")
            && plain.contains("has not been seen"),
        "{plain}"
    );
    assert!(!plain.contains('\x1b'));
    let always = cbad(
        &["explain", "--color", "always"],
        &[("NO_COLOR", "1")],
        &log(),
    );
    assert!(
        stdout(&always).contains("\x1b[31mdropped\x1b[0m"),
        "asked for on the command line goes before NO_COLOR"
    );
    assert!(!stdout(&cbad(&["explain", "--color", "never"], &[], &log())).contains('\x1b'));
}

#[test]
fn an_explanation_says_the_sentence_first_then_what_it_rests_on() {
    let mut input = String::new();
    for i in 0..400 {
        input += &format!(
            "{{\"level\":\"INFO\",\"http\":{{\"status\":200,\"path\":\"/a/{}\"}},\"msg\":\"served user {}\"}}\n",
            i % 9,
            i % 30
        );
    }
    input +=
        r#"{"level":"FATAL","http":{"status":200,"path":"/etc"},"msg":"served the crown jewels"}"#;
    let text = stdout(&cbad(&["explain", "--format", "ndjson"], &[], &input));
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("\"FATAL\" in field \"level\" has not been seen"));
    assert!(
        lines[1].starts_with("  event 400: ")
            && lines[1].contains(" bits of surprise (high), p = ")
    );
    assert!(lines[1].contains(" by tail, q = 0."), "{text}");
    // marks without colour
    assert!(lines[2].contains(r#""level":">>FATAL<<""#), "{text}");
    assert!(lines[2].contains(">>crown<< >>jewels<<") && lines[2].contains(":200,"));
    // both tables, dearest first, aligned
    let column = |line: &str, word: &str| line.find(word).map(|at| line[..at].chars().count());
    assert!(
        lines[3].contains("bits  field") && lines[4].contains("  msg  "),
        "{text}"
    );
    let value = column(lines[3], "value").unwrap();
    assert_eq!(column(lines[4], "served the"), Some(value), "{text}");
    let fields = &lines[5..7];
    let expected = fields.iter().find(|l| l.contains("  level")).unwrap();
    assert!(
        expected.contains("FATAL") && expected.ends_with("INFO (256×)"),
        "{text}"
    );
    assert!(fields.iter().any(|l| l.contains("  http.path")), "{text}");
    assert!(
        lines[7].contains("bits  token") && !text.contains("  status"),
        "{text}"
    );
    assert!(text.contains("\n  nearest normal event: {"));
    assert!(
        text.contains("\n  algorithm cbad-1, seed 1, checkpoint "),
        "{text}"
    );
}

#[test]
fn windows_are_measured_where_they_are_explained_or_asked_for() {
    let text = stdout(&cbad(&["explain"], &[], &log()));
    assert!(text.contains("\n  window: 16 events against 1"), "{text}");
    assert!(
        text.contains(" permutations, seed 1\n          ratio 0."),
        "{text}"
    );
    let scored = |more: &[&str]| verdicts(&cbad(&[&["score"], more].concat(), &[], &log()));
    let args = ["--permutations", "9", "--codec", "lz4", "--seed", "3"];
    let seen = scored(&args);
    let with: Vec<usize> = (0..601)
        .filter(|&i| seen[i]["measures"].is_object())
        .collect();
    let odd: Vec<usize> = (0..601).filter(|&i| seen[i]["anomaly"] == true).collect();
    assert_eq!(with, odd);
    let m = &seen[600]["measures"];
    assert_eq!((&m["codec"], &m["seed"]), (&"lz4".into(), &3.into()));
    assert!((1..=9).contains(&m["permutations"].as_u64().unwrap()));
    assert!(m["p_value"].as_f64().unwrap() >= 0.1 && m["ncd"].as_f64().unwrap() > 0.0);
    assert_eq!(
        scored(&["--permutations", "0"])[600]["measures"]["p_value"],
        1.0
    );
    assert!(scored(&[])[600]["measures"].is_null());
    let wrong = cbad(&["explain", "--codec", "zip"], &[], "");
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn a_profile_is_its_number() {
    let scored = |s: &str| stdout(&cbad(&["score", "--sensitivity", s], &[], &log()));
    for (name, number) in [
        ("strict", "0.25"),
        ("balanced", "0.5"),
        ("sensitive", "0.75"),
    ] {
        assert_eq!(scored(name), scored(number), "{name}");
    }
    assert_ne!(scored("sensitive"), scored("strict"));
    for wrong in ["lenient", "1.1", "NaN"] {
        let output = cbad(&["score", "--sensitivity", wrong], &[], "");
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(stderr(&output).contains("use strict, balanced, sensitive or 0 to 1"));
    }
}

#[test]
fn a_dot_goes_into_an_object_unless_a_member_has_that_name() {
    let record = |i: u64, status: &str| {
        format!(
            "{{\"at\":{{\"unix\":{}}},\"http\":{{\"status\":\"{status}\",\"url.path\":\"/a\"}},\"http.host\":\"h\",\"noise\":{}}}\n",
            1_795_255_200 + i,
            i * 7_919
        )
    };
    let mut input: String = (0..300).map(|i| record(i, "ok, served")).collect();
    input += &record(300, "on fire");
    let args = [
        "score",
        "--format",
        "ndjson",
        "--time",
        "at.unix",
        "--field",
        "http.status",
    ];
    let output = cbad(&args, &[], &input);
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
    let last = verdicts(&output).pop().unwrap();
    assert_eq!(
        (&last["anomaly"], &last["tokens"][0]["text"]),
        (&true.into(), &"on".into())
    );
    let more = [
        &args[..],
        &["--field", "http.host", "--field", "http.url.path"],
    ]
    .concat();
    let fields = verdicts(&cbad(&more, &[], &input)).pop().unwrap()["fields"].clone();
    let paths: Vec<&str> = fields
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["http.host", "http.status", "http.url.path"]);
    let wrong = cbad(
        &["score", "--format", "ndjson", "--field", "http.stats"],
        &[],
        &input,
    );
    assert!(stderr(&wrong).contains("no field \"http.stats\""));
}

/// On a terminal, which util-linux's `script` plays where it is installed.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_colour_and_a_bar_unless_refused() {
    let file = std::env::temp_dir().join(format!("cbad-terminal-{}.log", std::process::id()));
    std::fs::write(&file, log().repeat(24)).unwrap();
    let on_terminal = |environment: &[(&str, &str)], more: &str| {
        let command = format!(
            "{} score {more} {}",
            env!("CARGO_BIN_EXE_cbad"),
            file.display()
        );
        Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .env_remove("NO_COLOR")
            .env("TERM", "xterm")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .output()
    };
    let Ok(seen) = on_terminal(&[], "") else {
        return; // no `script` here
    };
    let text = stdout(&seen);
    assert!(
        text.contains("\x1b[31mdropped\x1b[0m") && text.contains("14424 events"),
        "{text}"
    );
    assert!(text.contains("% 0.3 MB"), "no progress bar: {text}");
    let quiet = stdout(&on_terminal(&[("NO_COLOR", "1")], "--no-progress").unwrap());
    assert!(
        quiet.contains("dropped") && !quiet.contains('\x1b'),
        "{quiet}"
    );
    let json = stdout(&on_terminal(&[], "--json --no-progress").unwrap());
    assert!(json.starts_with("{\"index\":0"), "{json}");
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn an_otlp_request_per_line_becomes_streams() {
    let record = |i: u64, text: &str| {
        format!(
            r#"{{"timeUnixNano":"{}","severityNumber":9,"body":{{"stringValue":"{text}"}}}}"#,
            1_763_719_200_000_000_000 + i * 1_000_000_000
        )
    };
    let request = |records: String| {
        format!(
            r#"{{"resourceLogs":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"shop"}}}}]}},"scopeLogs":[{{"logRecords":[{records}]}}]}}]}}"#
        )
    };
    let mut input = String::new();
    for i in 0..200u64 {
        let records: Vec<String> = (0..3)
            .map(|k| record(i, &format!("paid order {} by {}", 8_000 + 3 * i + k, i % 9)))
            .collect();
        input += &(request(records.join(",")) + "\n");
    }
    input += &(request(record(200, "segfault in module cart")) + "\n{\"not\":\"otlp\"}\n");
    let output = cbad(&["score", "--format", "otlp-json"], &[], &input);
    let verdicts: Vec<Value> = stdout(&output)
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(verdicts.len(), 601);
    assert_eq!(verdicts[600]["anomaly"], true);
    assert!(
        verdicts[600]["reason"]
            .as_str()
            .unwrap()
            .contains("segfault")
    );
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("line 202: neither resourceLogs")
    );
    let strict = cbad(&["score", "--format", "otlp-json", "--strict"], &[], &input);
    assert_eq!(strict.status.code(), Some(1));
}

#[test]
fn an_operation_that_gets_slow_is_seen_in_its_spans() {
    let span = |i: u64, ms: u64| {
        let start = 1_763_719_200_000_000_000 + i * 1_000_000_000;
        serde_json::json!({"resourceSpans": [{
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
            "scopeSpans": [{"spans": [{
                "traceId": format!("{:032x}", i + 1), "spanId": format!("{:016x}", i + 1), "name": "GET /cart", "kind": 2,
                "startTimeUnixNano": start.to_string(), "endTimeUnixNano": (start + ms * 1_000_000).to_string(),
                "attributes": [{"key": "session.id", "value": {"stringValue": format!("s{:x}", i * 7_919)}}],
            }]}],
        }]})
        .to_string()
            + "\n"
    };
    let mut input: String = (0..600).map(|i| span(i, 40 + i * 7 % 13)).collect();
    input += &span(600, 900);
    let output = cbad(&["score", "--format", "otlp-json"], &[], &input);
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
    let all = verdicts(&output);
    let of = |stream: &str| -> Vec<&Value> {
        let own = all.iter().filter(|v| v["stream"] == stream);
        own.filter(|v| v["stream_index"].is_u64()).collect()
    };
    let (spans, latency) = (of("shop/traces"), of("shop/latency/GET /cart"));
    assert_eq!((spans.len(), latency.len()), (601, 601));
    assert_eq!(latency[600]["anomaly"], true);
    assert!(
        latency[600]["reason"]
            .as_str()
            .unwrap()
            .starts_with("duration_ms is 900")
    );
    // its shape is as before, and a session never seen is no content
    assert!(spans.iter().all(|v| v["anomaly"] == false));
}

fn verdicts(output: &Output) -> Vec<Value> {
    stdout(output)
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A table with a column that is left aside, and a last row that is odd.
fn table(mark: &str) -> String {
    let mut csv = format!("{mark}time,session,\"path, asked\",status\r\n");
    for i in 0..400 {
        csv += &format!(
            "2026-11-21T10:{:02}:{:02}Z,s{},\"/cart/{}\",200\r\n",
            i / 60,
            i % 60,
            i / 8,
            i % 5
        );
    }
    csv + "2026-11-21T10:06:40Z,s49,\"/etc/shadow \"\"x\"\"\",500\r\n"
}

#[test]
fn csv_is_read_by_its_header() {
    let scored = |args: &[&str], input: &str| {
        let all = [&["score", "--format", "csv"], args].concat();
        cbad(&all, &[], input)
    };
    let output = scored(&["--time", "time", "--group", "session"], &table(""));
    assert!(output.status.success() && output.stderr.is_empty());
    let (groups, events): (Vec<Value>, Vec<Value>) = verdicts(&output)
        .into_iter()
        .partition(|v| v["group"].is_string());
    assert_eq!((events.len(), groups.len()), (401, 50));
    let last = &events[400];
    assert_eq!(last["anomaly"], true);
    let paths: Vec<&Value> = last["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| &f["path"])
        .collect();
    assert_eq!(
        paths,
        ["path, asked", "status"],
        "time and session are aside"
    );
    // the mark some programs begin a file with changes nothing
    let marked = scored(
        &["--time", "time", "--group", "session"],
        &table("\u{feff}"),
    );
    assert_eq!(stdout(&marked), stdout(&output));
    let only = verdicts(&scored(&["--field", "status"], &table("")));
    assert_eq!(only[400]["fields"].as_array().unwrap().len(), 1);
    let ragged = scored(&[], "a,b\n1,2\n3\n");
    assert_eq!(verdicts(&ragged).len(), 1);
    assert!(stderr(&ragged).contains("line 3: 1 cells, but the header has 2"));
}

#[test]
fn tables_may_have_line_ends_in_cells_and_other_delimiters() {
    let scored = |args: &[&str], input: &str| {
        cbad(&[&["score", "--format", "csv"], args].concat(), &[], input)
    };
    let rows = |delimiter: &str, decimal: &str| {
        let mut csv = ["id", "note", "ms"].join(delimiter) + "\r\n";
        for i in 0..300 {
            let note = format!("\"paid{delimiter}\r\nsaid \"\"thanks\"\"\"");
            csv +=
                &([i.to_string(), note, format!("{}{decimal}5", i % 40)].join(delimiter) + "\r\n");
        }
        csv + &["300", "\"on\nfire\"", "3"].join(delimiter)
    };
    let comma = scored(&["--field", "ms"], &rows(",", "."));
    assert!(comma.stderr.is_empty(), "{}", stderr(&comma));
    for (delimiter, decimal) in [(";", ","), ("\t", ".")] {
        let output = scored(&["--field", "ms"], &rows(delimiter, decimal));
        assert_eq!(stdout(&output), stdout(&comma), "{delimiter:?}");
    }
    let last = verdicts(&scored(&[], &rows(";", ","))).pop().unwrap();
    assert_eq!(
        (&last["index"], &last["anomaly"]),
        (&300.into(), &true.into())
    );
    let note = &last["fields"].as_array().unwrap()[2];
    assert_eq!(note["text"], "on\\nfire", "{last}");
    // an unclosed quote takes its line alone
    let broken = scored(&[], "a,b\n1,\"2\n3,4\n5,6\n");
    assert_eq!(verdicts(&broken).len(), 2);
    assert!(stderr(&broken).contains("line 2: a quote is opened and not closed"));
}

#[test]
fn a_column_that_is_not_there_is_named() {
    for (option, name) in [
        ("--field", "stats"),
        ("--time", "tiem"),
        ("--group", "sess"),
    ] {
        let output = cbad(&["score", "--format", "csv", option, name], &[], &table(""));
        assert_eq!(output.status.code(), Some(2), "{option}");
        let said = stderr(&output);
        assert!(
            said.contains(&format!("no field {name:?}")) && said.contains("\"session\""),
            "{said}"
        );
        let lines = "{\"message\":\"a\"}\n{\"message\":\"b\",\"level\":\"x\"}\n";
        let output = cbad(&["score", "--format", "ndjson", option, name], &[], lines);
        let said = stderr(&output);
        assert!(
            said.contains(&format!("no field {name:?}")) && said.contains("\"message\""),
            "{said}"
        );
    }
}

#[test]
fn fields_time_and_group_of_records_are_taken_out() {
    let mut input = String::new();
    for i in 0..300 {
        input += &format!(
            "{{\"ts\":{},\"trace\":\"t{}\",\"message\":\"paid order {i}\",\"noise\":\"{:x}\"}}\n",
            1_795_255_200 + i,
            i / 10,
            i * 7_919
        );
    }
    input += "{\"ts\":1795255500,\"trace\":\"t29\",\"message\":\"disk is full\",\"noise\":\"0\"}\n";
    let args = ["score", "--format", "ndjson"];
    let more = ["--field", "message", "--time", "ts", "--group", "trace"];
    let output = cbad(&[&args[..], &more].concat(), &[], &input);
    assert!(output.status.success() && output.stderr.is_empty());
    let (groups, events): (Vec<Value>, Vec<Value>) = verdicts(&output)
        .into_iter()
        .partition(|v| v["group"].is_string());
    assert_eq!((events.len(), groups.len()), (301, 30));
    assert_eq!(events[300]["anomaly"], true);
    assert!(events[300]["reason"].as_str().unwrap().contains("disk"));
    let tokens = events[300]["tokens"].as_array().unwrap();
    assert!(tokens.iter().all(|t| t["text"] != "noise"));
    // two fields stay a record
    let two = [&args[..], &["--field", "message", "--field", "noise"]].concat();
    let fields = verdicts(&cbad(&two, &[], &input)).pop().unwrap()["fields"].clone();
    assert_eq!(fields.as_array().map(Vec::len), Some(2));
}

#[test]
fn a_warm_up_is_a_number_of_events_or_a_share() {
    let learning = |warmup: &str| {
        let output = cbad(&["score", "--warmup", warmup], &[], &log());
        assert!(output.status.success());
        let states = verdicts(&output).into_iter();
        states.take_while(|v| v["state"] == "learning").count()
    };
    assert_eq!((learning("300"), learning("0.5")), (300, 301));
    assert_eq!(learning("0"), 128, "never fewer than a model needs");
    assert_eq!(
        cbad(&["score", "--warmup", "-1"], &[], "").status.code(),
        Some(2)
    );
}

/// Two streams of the shape of POST /v1/events, taking turns, each with an odd event that comes twice.
fn two_streams() -> Vec<String> {
    let event = |stream: &str, text: &str| {
        serde_json::json!({"stream": stream, "event_type": "log", "data": text}).to_string()
    };
    let mut lines = Vec::new();
    for i in 0..400 {
        lines.push(event("shop", &format!("user {} paid order {i}", i % 9)));
        lines.push(event("door", &format!("door {} opened", i % 4)));
    }
    for _ in 0..2 {
        lines.push(event("shop", "user 5 dropped table orders"));
        lines.push(event("door", "door 3 burns"));
    }
    lines
}

#[test]
fn positions_count_the_input_and_replay_those_of_the_stream() {
    let lines = two_streams();
    let output = cbad(&["score", "--format", "events"], &[], &lines.join("\n"));
    let seen = verdicts(&output);
    assert_eq!(seen.len(), 804);
    let at = |i: usize| {
        (
            &seen[i]["index"],
            &seen[i]["stream"],
            &seen[i]["stream_index"],
        )
    };
    assert_eq!(at(803), (&803.into(), &"door".into(), &401.into()));
    assert_eq!(seen[802]["repeat_of"], 800);
    assert_eq!(seen[803]["repeat_of"], 801);
    // replay gives the same verdict, at its place in the stream
    let mut asked = String::new();
    for i in 800..804 {
        asked += &format!(
            "{{\"event\":{},\"witness\":{}}}\n",
            lines[i], seen[i]["witness"]
        );
    }
    let output = cbad(&["replay"], &[], &asked);
    assert!(output.status.success() && output.stderr.is_empty());
    for (i, again) in verdicts(&output).into_iter().enumerate() {
        let mut want = seen[800 + i].clone();
        let own = want.as_object_mut().unwrap();
        own.remove("stream");
        let index = own.remove("stream_index").unwrap();
        own.insert("index".into(), index);
        if i > 1 {
            own.insert("repeat_of".into(), 400.into());
        }
        assert_eq!(again, want);
    }
    // a witness of another event, and what is none, are named and end with 1
    let wrong = format!(
        "{{\"event\":{},\"witness\":{}}}\n{{\"event\":{},\"witness\":\"!\"}}\n",
        lines[0], seen[800]["witness"], lines[0]
    );
    let output = cbad(&["replay"], &[], &wrong);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(
        said.contains("line 1: the witness belongs to another event")
            && said.contains("line 2: the witness is not base64"),
        "{said}"
    );
}

#[test]
fn repeats_are_counted_for_a_reader() {
    let text = stdout(&cbad(
        &["explain", "--format", "events"],
        &[],
        &two_streams().join("\n"),
    ));
    assert!(text.contains("event 800 in shop:"), "{text}");
    assert!(
        text.contains("repeats of event 800: 1, the last at event 802"),
        "{text}"
    );
}

#[test]
fn a_log_cannot_steer_the_terminal_of_its_reader() {
    let input = log().replace("dropped", "dropped\x1b[2J\x1b]0;owned\x07");
    let text = stdout(&cbad(&["explain", "--color", "never"], &[], &input));
    let unmarked = text.replace(">>", "").replace("<<", "");
    assert!(
        unmarked.contains("\\u{1b}[2J\\u{1b}]0;owned\\u{7}"),
        "{text}"
    );
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
}

#[test]
fn streams_beyond_those_held_make_room_and_it_is_told() {
    let mut input = String::new();
    for i in 0..1_002 {
        input += &format!("{{\"stream\":\"s{i}\",\"data\":\"a\"}}\n");
    }
    let output = cbad(&["score", "--format", "events"], &[], &input);
    assert_eq!(verdicts(&output).len(), 1_002);
    assert!(stderr(&output).contains("2 streams beyond 1000 at a time"));
}

#[test]
fn bench_measures_and_its_bits_are_spent() {
    let output = cbad(&["bench"], &[], &log());
    assert!(output.status.success());
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        (&report["events"], &report["coded_identical"]),
        (&601.into(), &true.into())
    );
    assert!(report["events_per_second"].as_f64().unwrap() > 0.0);
    let (price, said) = (
        report["price_bits"].as_f64().unwrap(),
        report["coder_bits"].as_f64().unwrap(),
    );
    assert!((price - said).abs() < 1.0, "{price} claimed, {said} spent");
    assert_eq!(cbad(&["bench"], &[], "\n").status.code(), Some(2));
}

#[test]
fn help_names_every_command_format_and_option() {
    let output = cbad(&["--help"], &[], "");
    let text = stdout(&output);
    assert!(output.status.success());
    for word in [
        "score",
        "explain",
        "replay",
        "bench",
        "lines",
        "ndjson",
        "csv",
        "events",
        "otlp-json",
        "--format",
        "--kind",
        "--field",
        "--time",
        "--group",
        "--warmup",
        "--sensitivity",
        "strict     0.25, one in 1,585",
        "balanced   0.5, one in 251",
        "sensitive  0.75, one in 40",
        "--seed",
        "--permutations",
        "--codec",
        "--explain",
        "--json",
        "--color",
        "--no-progress",
        "--strict",
        "--help",
        "--version",
        "NO_COLOR",
        "EXIT STATUS",
        "EXAMPLES",
    ] {
        assert!(text.contains(word), "{word}");
    }
    assert!(text.lines().all(|l| l.chars().count() <= 120));
    // the promised rate is the one that is kept
    assert!(text.contains("10^(3.2 S - 4)"));
    for (sensitivity, one_in) in [(0.25, 1_585.0), (0.5, 251.0), (0.75, 40.0)] {
        assert_eq!((1.0 / cbad::Config::alpha(sensitivity)).round(), one_in);
    }
    assert_eq!(
        cbad(&["score", "--format", "xml"], &[], "").status.code(),
        Some(2)
    );
    assert_eq!(
        cbad(&["score", "/nowhere/at/all"], &[], "").status.code(),
        Some(2)
    );
}
