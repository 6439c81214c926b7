//! What the browser and Node package must say bit for bit: `data/package-golden.json` holds what the library says natively, and
//! `package.test.mjs` compares the package with it. After a change of the detector write it anew with
//! `CBAD_WRITE_GOLDEN=1 cargo test -p cbad-wasm --test package`.

#![allow(clippy::unwrap_used)]

use cbad::codec::Codec;
use cbad::hash::mix;
use cbad::measures::{Statistic, WindowOptions, window_report};
use cbad::{Config, Detector, Event, Kind, Memory, Warmup};
use serde_json::{Value, json};

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/package-golden.json"
);

/// Other than the default in every part.
fn config() -> Config {
    Config {
        seed: 7,
        sensitivity: Config::SENSITIVE,
        warmup: Warmup::Events(160),
        memory: Memory {
            table_bits: 10,
            scores: 300,
            recent_bytes: 6_000,
            open_groups: 12,
        },
        ..Config::default()
    }
}

fn line(i: u64) -> String {
    let dice = |sides: u64| mix(mix(i, 0xBE), sides) % sides;
    match dice(3) {
        0 => format!(
            "user {} paid order {} in {} ms",
            dice(40),
            dice(9_000),
            dice(50)
        ),
        1 => format!(
            "cache {} for key {} — naïve",
            ["hit", "miss"][dice(2) as usize],
            dice(300)
        ),
        _ => format!(
            "{{\"level\":\"INFO\",\"user\":\"u{}\",\"ms\":{}}}",
            dice(20),
            dice(630) as f64 / 7.0
        ),
    }
}

fn event(line: &str) -> Event<'_> {
    if line.starts_with('{') {
        Event::json(line)
    } else {
        Event::text(line)
    }
}

fn golden() -> Value {
    let lines: Vec<String> = (0..400).map(line).collect();
    let group = |i: usize| format!("g{}", i / 8);
    let mut detector = Detector::new(config());
    for (i, line) in lines.iter().enumerate() {
        let group = group(i);
        detector.observe(&Event {
            group: Some(&group),
            ..event(line)
        });
    }
    let asked = [
        "user 5 paid order 8123 in 41 ms",
        "user 5 dropped table orders",
        "{\"level\":\"FATAL\",\"user\":\"root\",\"ms\":1e9}",
        "{\"level\":\"INFO\",\"user\":\"u3\",\"ms\":12.5}",
        "",
    ];
    let explained =
        asked.map(|line| json!({"line": line, "verdict": detector.explain(&event(line))}));
    let number = Event {
        kind: Kind::Metric,
        ..Event::json("{\"value\":20.5}")
    };
    let metric = detector.explain(&number);
    let closed: Vec<Value> = ["g49", "g48", "g47", "g1"]
        .into_iter()
        .map(|key| json!({"group": key, "verdict": detector.close_group(key)}))
        .collect();
    let windows: Vec<Value> = Codec::ALL
        .into_iter()
        .zip([
            Statistic::Ncd,
            Statistic::DeltaBits,
            Statistic::CompressionRatio,
            Statistic::Entropy,
        ])
        .map(|(codec, statistic)| {
            let options = WindowOptions {
                codec,
                statistic,
                permutations: 29,
                stop_after: 4,
                max_bytes: 900,
                seed: 11,
            };
            let side = |of: std::ops::Range<usize>| -> Vec<&[u8]> {
                lines[of].iter().map(|l| l.as_bytes()).collect()
            };
            let (baseline, window) = (side(0..300), side(300..340));
            json!({"options": options, "report": window_report(&baseline, &window, &options)})
        })
        .collect();
    json!({
        "config": config(),
        "lines": lines,
        "explained": explained,
        "metric": metric,
        "closed": closed,
        "windows": windows,
    })
}

#[test]
fn the_package_is_compared_with_what_the_library_says() {
    let now = serde_json::to_string_pretty(&golden()).unwrap() + "\n";
    if std::env::var_os("CBAD_WRITE_GOLDEN").is_some() {
        std::fs::write(FILE, &now).unwrap();
    }
    // as text: every digit counts
    assert!(
        std::fs::read_to_string(FILE).unwrap() == now,
        "tests/data/package-golden.json is not what the library says"
    );
}
