//! Scores events as `cbad score --format events` does, with parts of the detector switched off: for tables of what each part
//! brings. The parts are named in `CBAD_WITHOUT`, separated by commas: guard, class_excess, signature, recalibrate, new_words, volume,
//! order; of numbers season, shifts, shape, incidents.
//!
//! `CBAD_WITHOUT=guard python3 $CBAD_BENCH_DATA/run.py --cbad target/release/examples/score_without`

use cbad::{Config, Detector, Event, Kind, Parts, Payload, Warmup};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufRead, BufWriter, Write};

// times as the command reads them
#[path = "../src/bin/cbad/time.rs"]
mod time;

/// As in the command.
const IDLE: u64 = 20_000;

#[derive(Deserialize)]
struct Given {
    stream: String,
    event_type: Kind,
    group: Option<String>,
    timestamp: Option<String>,
    data: Box<RawValue>,
}

fn parts(without: &str) -> Result<Parts, String> {
    let mut parts = Parts::default();
    for name in without.split(',').filter(|n| !n.is_empty()) {
        *match name {
            "guard" => &mut parts.guard,
            "class_excess" => &mut parts.class_excess,
            "signature" => &mut parts.signature,
            "recalibrate" => &mut parts.recalibrate,
            "new_words" => &mut parts.new_words,
            "volume" => &mut parts.volume,
            "order" => &mut parts.order,
            "season" => &mut parts.season,
            "shifts" => &mut parts.shifts,
            "shape" => &mut parts.shape,
            "incidents" => &mut parts.incidents,
            _ => return Err(format!("no part is called {name}")),
        } = false;
    }
    Ok(parts)
}

fn main() -> Result<(), Box<dyn Error>> {
    let parts = parts(&std::env::var("CBAD_WITHOUT").unwrap_or_default())?;
    let words: Vec<String> = std::env::args().collect();
    let option = |name: &str| {
        words
            .iter()
            .position(|w| w == name)
            .and_then(|at| words.get(at + 1))
    };
    let share: f64 = option("--warmup").map_or(Ok(0.0), |w| w.parse())?;
    let mut events: Vec<Given> = Vec::new();
    let mut totals: BTreeMap<String, u64> = BTreeMap::new();
    for line in io::stdin().lock().lines() {
        let event: Given = serde_json::from_str(&line?)?;
        *totals.entry(event.stream.clone()).or_default() += 1;
        events.push(event);
    }
    let mut detectors: BTreeMap<String, Detector> = BTreeMap::new();
    let mut out = BufWriter::new(io::stdout().lock());
    for (index, event) in events.iter().enumerate() {
        let detector = detectors.entry(event.stream.clone()).or_insert_with(|| {
            let first = (totals[&event.stream] as f64 * share).round() as u64;
            Detector::new(Config {
                warmup: Warmup::Events(first),
                parts,
                ..Config::default()
            })
        });
        let raw = event.data.get();
        let text: Option<String> = serde_json::from_str(raw).ok();
        let mut verdict = detector.observe(&Event {
            kind: event.event_type,
            timestamp_ms: event.timestamp.as_deref().and_then(time::parse),
            group: event.group.as_deref(),
            payload: text.as_deref().map_or(Payload::Json(raw), Payload::Text),
        });
        verdict.index = index as u64;
        writeln!(out, "{}", serde_json::to_string(&verdict)?)?;
        if detector.events_seen().is_multiple_of(1_000) {
            for group in detector.close_idle_groups(IDLE) {
                writeln!(out, "{}", serde_json::to_string(&group)?)?;
            }
        }
    }
    for group in detectors.values_mut().flat_map(|d| d.close_idle_groups(0)) {
        writeln!(out, "{}", serde_json::to_string(&group)?)?;
    }
    Ok(())
}
