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
        plain.contains("user 5 dropped table orders") && plain.contains("has not been seen"),
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
        "--seed",
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
    assert!(text.contains("10^(3.2 S - 4)") && (cbad::Config::alpha(0.5) - 0.004).abs() < 0.0001);
    assert_eq!(
        cbad(&["score", "--format", "xml"], &[], "").status.code(),
        Some(2)
    );
    assert_eq!(
        cbad(&["score", "/nowhere/at/all"], &[], "").status.code(),
        Some(2)
    );
}
