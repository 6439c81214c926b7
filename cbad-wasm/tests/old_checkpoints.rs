//! Checkpoints of earlier formats go on. Each file under data/ was written by the version whose format it names.

#![allow(clippy::unwrap_used)]

use cbad::{Detector, Event};

#[test]
fn format_1_goes_on() {
    let bytes = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/checkpoint-format-1.bin"
    ))
    .unwrap();
    let mut detector = Detector::restore(&bytes).unwrap();
    assert_eq!(detector.events_seen(), 300);
    let ordinary = detector.explain(&Event::text("user 4 paid order 8123"));
    let odd = detector.explain(&Event::text("user 4 dropped table orders"));
    assert!(!ordinary.anomaly && odd.anomaly && odd.score > 20.0);
    // and is written in today's format
    detector.observe(&Event::text("user 5 paid order 8124"));
    let snapshot = detector.snapshot();
    assert_eq!(snapshot[4..6], [2, 0]);
    assert_eq!(Detector::restore(&snapshot).unwrap().snapshot(), snapshot);
}
