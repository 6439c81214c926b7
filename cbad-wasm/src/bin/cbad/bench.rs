//! `cbad bench`: what scoring and learning cost on the reader's own events, and whether the bits are honest.

#![allow(clippy::disallowed_methods)] // a benchmark reads the clock

use crate::args::Options;
use crate::input::{Owned, Reader, Unread};
use cbad::code_length::{Receiver, Sender};
use cbad::hash::mix;
use cbad::{Detector, Event};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{IsTerminal as _, stdin, stdout};
use std::process::ExitCode;
use std::time::Instant;

/// Lines made where there is no input.
const MADE: u64 = 200_000;
/// Events sent through the arithmetic coder; the rest would tell no more.
const CODED: usize = 1_000;

pub fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let made = options.file.is_none() && stdin().is_terminal();
    let events = if made {
        (0..MADE).map(line).collect()
    } else {
        read(options)?
    };
    if events.is_empty() {
        return Err("no events to measure on".into());
    }
    let bytes: usize = events.iter().map(|e| e.text.len()).sum();
    let mut detectors: BTreeMap<&str, Detector> = BTreeMap::new();
    let mut anomalies = 0u64;
    let start = Instant::now();
    for e in &events {
        let detector = detectors
            .entry(&e.stream)
            .or_insert_with(|| Detector::new(options.config));
        anomalies += u64::from(detector.observe(&e.event()).anomaly);
    }
    let seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let snapshots: Vec<Vec<u8>> = detectors.values().map(Detector::snapshot).collect();
    let snapshot_ms = start.elapsed().as_secs_f64() * 1e3 / snapshots.len() as f64;
    let largest = |sizes: &mut dyn Iterator<Item = usize>| sizes.max().unwrap_or(0);
    let coded = coded(options, &events);
    let report = serde_json::json!({
        "events": events.len(),
        "made": made,
        "streams": detectors.len(),
        "events_per_second": (events.len() as f64 / seconds).round(),
        "megabytes_per_second": (bytes as f64 / seconds / 1e4).round() / 100.0,
        "anomalies": anomalies,
        "snapshot_bytes": largest(&mut snapshots.iter().map(Vec::len)),
        "snapshot_ms": (snapshot_ms * 100.0).round() / 100.0,
        "memory_bytes": largest(&mut detectors.values().map(Detector::memory_bytes)),
        "coded_events": coded.events,
        "coded_identical": coded.identical,
        "price_bits": coded.price,
        "coder_bits": coded.said,
    });
    if stdout().is_terminal() && !options.json {
        let fields = report.as_object().into_iter().flatten();
        fields.for_each(|(name, value)| println!("{:<22} {value}", name.replace('_', " ")));
    } else {
        println!("{report}");
    }
    Ok(if coded.identical {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

struct Coded {
    events: usize,
    identical: bool,
    price: f64,
    said: f64,
}

/// The first events through the arithmetic coder and back.
fn coded(options: &Options, events: &[Owned]) -> Coded {
    let mut sender = Sender::new(options.config);
    let (mut price, mut said, mut sent) = (0.0, 0.0, Vec::new());
    for e in events.iter().take(CODED) {
        let event = Event {
            kind: cbad::Kind::Log, // numeric series have no bag of symbols
            ..e.event()
        };
        if let Some((ledger, _)) = sender.send(&event) {
            price += cbad::bits::to_bits(ledger.price);
            said += ledger.said;
            sent.extend(cbad::code_length::canonical::Canonical::of(&event));
        }
    }
    let bytes = sender.finish();
    let mut receiver = Receiver::new(options.config, &bytes);
    let round = |x: f64| (x * 1_000.0).round() / 1_000.0;
    Coded {
        events: sent.len(),
        identical: sent.iter().all(|e| receiver.receive() == *e),
        price: round(price),
        said: round(said),
    }
}

fn read(options: &Options) -> Result<Vec<Owned>, Box<dyn Error>> {
    let mut input = Reader::open(options)?;
    let (mut events, mut bad) = (Vec::new(), 0u64);
    while let Some(step) = input.next(&mut events)? {
        match step.read {
            Ok(()) => {}
            Err(Unread::Line(_)) => bad += 1,
            Err(Unread::Input(e)) => return Err(e.into()),
        }
    }
    if bad > 0 {
        eprintln!("cbad: {bad} lines could not be read");
    }
    Ok(events)
}

/// A line of a made log, the same on every run.
fn line(i: u64) -> Owned {
    let dice = |sides: u64| mix(mix(i, 0xBE), sides) % sides;
    let text = match dice(4) {
        0 => format!(
            "INFO http: GET /api/orders/{} 200 in {} ms user={}",
            dice(10_000),
            dice(90),
            dice(5_000)
        ),
        1 => format!(
            "INFO db: query orders by user {} took {} ms",
            dice(5_000),
            dice(40)
        ),
        2 => format!(
            "DEBUG cache: hit key=session:{:08x} ttl={}",
            dice(1 << 31),
            dice(60)
        ),
        _ => format!(
            "INFO queue: worker-{} took job {} after {} s",
            dice(8),
            dice(1 << 24),
            dice(30)
        ),
    };
    Owned {
        stream: String::new(),
        kind: cbad::Kind::Log,
        timestamp_ms: None,
        group: None,
        text,
        json: false,
    }
}
