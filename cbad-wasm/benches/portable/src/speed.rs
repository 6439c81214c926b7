//! Times scoring and learning through `Detector::observe`, log lines and metric points. Lines come from standard input, or are made where it is empty. Natively libzstd at level 3 with a dictionary
//! compresses the same lines one by one, for reference.
//!
//! One line of JSON each. A pass is timed in short slices and each slice counts by the least of several passes of a detector that
//! goes on: other work on the machine only ever adds, and rarely to the same slice every time.

use crate::made::{Dice, made_line, made_point};
use cbad::{Config, Detector, Event, Kind};
use std::io::Read as _;
use std::time::{Duration, Instant};

const PASSES: usize = 12;
const SLICE: usize = 200;
const POINTS: u64 = 50_000;

/// One measurement under way: the least time of each slice so far.
struct Timed {
    what: &'static str,
    least: Vec<Duration>,
}

impl Timed {
    fn new(what: &'static str, events: &[String]) -> Timed {
        let least = vec![Duration::MAX; events.len().div_ceil(SLICE)];
        Timed { what, least }
    }

    fn pass(&mut self, events: &[String], mut each: impl FnMut(&str)) {
        for (slice, least) in events.chunks(SLICE).zip(&mut self.least) {
            let start = Instant::now();
            slice.iter().for_each(|event| each(event));
            *least = start.elapsed().min(*least);
        }
    }

    fn report(&self, events: &[String]) {
        let seconds: f64 = self.least.iter().map(Duration::as_secs_f64).sum();
        println!(
            "{{\"what\":\"{}\",\"events\":{},\"per_second\":{:.0}}}",
            self.what,
            events.len(),
            events.len() as f64 / seconds
        );
    }
}

/// What compresses lines with libzstd; nothing in WebAssembly, where there is none.
#[cfg(not(target_family = "wasm"))]
fn reference(lines: &[String]) -> Option<impl FnMut(&str)> {
    let sample = &lines[..lines.len().min(2_000)];
    let dictionary = zstd::dict::from_samples(sample, 32 << 10).ok()?;
    let mut compressor = zstd::bulk::Compressor::with_dictionary(3, &dictionary).ok()?;
    let mut out = vec![0; 1 << 16];
    Some(move |line: &str| {
        std::hint::black_box(compressor.compress_to_buffer(line.as_bytes(), &mut out)).ok();
    })
}

#[cfg(target_family = "wasm")]
fn reference(_: &[String]) -> Option<fn(&str)> {
    None
}

/// Prints the rates.
pub fn run() {
    let mut dice = Dice(3);
    let mut text = String::new();
    let given = std::io::stdin().read_to_string(&mut text).is_ok() && !text.is_empty();
    let lines: Vec<String> = if given {
        text.lines().map(str::to_owned).collect()
    } else {
        (0..20_000)
            .map(|i| made_line(&mut dice, 73_000 + i / 20))
            .collect()
    };
    let name = if given {
        "log lines, given"
    } else {
        "log lines, made"
    };
    let mut ours = Timed::new(name, &lines);
    let mut theirs = Timed::new("reference: libzstd -3 with a dictionary, per line", &lines);
    let mut zstd = reference(&lines);
    let mut detector = Detector::new(Config::default());
    // in turn, so that both meet the same load
    for _ in 0..PASSES {
        ours.pass(&lines, |line| {
            std::hint::black_box(detector.observe(&Event::text(line)));
        });
        if let Some(compress) = &mut zstd {
            theirs.pass(&lines, compress);
        }
    }
    ours.report(&lines);

    let points: Vec<String> = (0..POINTS).map(|i| made_point(&mut dice, i)).collect();
    let mut detector = Detector::new(Config::default());
    let mut at = 1_763_719_200_000;
    let mut metrics = Timed::new("metric points", &points);
    for _ in 0..PASSES {
        metrics.pass(&points, |point| {
            at += 300_000;
            std::hint::black_box(detector.observe(&Event {
                kind: Kind::Metric,
                timestamp_ms: Some(at),
                ..Event::json(point)
            }));
        });
    }
    metrics.report(&points);
    if zstd.is_some() {
        theirs.report(&lines);
    }
}
