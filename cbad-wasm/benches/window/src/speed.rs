//! Times scoring and learning through `Detector::observe`, log lines and metric points; built natively and for wasm32-wasip1 by
//! `scripts/bench`. Lines come from standard input, or are made here where it is empty.
//!
//! One line of JSON each: the best of several passes of a detector that goes on, for other work on the machine only ever slows.

use cbad::{Config, Detector, Event, Kind};
use std::io::Read as _;
use std::time::Instant;

const PASSES: usize = 12;
const POINTS: usize = 50_000;

fn roll(seed: &mut u64, sides: u64) -> u64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % sides
}

fn made(seed: &mut u64) -> String {
    let (thread, block, net, host) = (
        roll(seed, 300),
        roll(seed, 1 << 31),
        roll(seed, 20),
        roll(seed, 255),
    );
    format!(
        "081109 203518 {thread} INFO dfs.DataNode$DataXceiver: Receiving block blk_{block} src: /10.250.{net}.{host}:54106 dest: /10.250.19.102:50010"
    )
}

fn best(what: &str, events: usize, mut pass: impl FnMut()) {
    let mut least = f64::MAX;
    for _ in 0..PASSES {
        let start = Instant::now();
        pass();
        least = least.min(start.elapsed().as_secs_f64());
    }
    println!(
        "{{\"what\":\"{what}\",\"events\":{events},\"per_second\":{:.0}}}",
        events as f64 / least
    );
}

fn main() {
    let mut seed = 3;
    let mut text = String::new();
    let given = std::io::stdin().read_to_string(&mut text).is_ok() && !text.is_empty();
    let lines: Vec<String> = if given {
        text.lines().map(str::to_owned).collect()
    } else {
        (0..20_000).map(|_| made(&mut seed)).collect()
    };
    let mut detector = Detector::new(Config::default());
    best(if given { "log lines, given" } else { "log lines, made" }, lines.len(), || {
        for line in &lines {
            std::hint::black_box(detector.observe(&Event::text(line)));
        }
    });
    let points: Vec<String> = (0..POINTS as u64)
        .map(|i| format!("{{\"value\":{}.{:03}}}", 40 + i % 288 / 10, roll(&mut seed, 1000)))
        .collect();
    let mut detector = Detector::new(Config::default());
    let mut at = 1_763_719_200_000;
    best("metric points", points.len(), || {
        for point in &points {
            at += 300_000;
            std::hint::black_box(detector.observe(&Event {
                kind: Kind::Metric,
                timestamp_ms: Some(at),
                ..Event::json(point)
            }));
        }
    });
}
