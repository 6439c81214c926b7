//! Checkpoints of earlier formats go on. Each file under data/ was written by the version whose format it names.

#![allow(clippy::unwrap_used)]

use cbad::{Detector, Event};

fn earlier(format: u16) -> Detector {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
    let bytes = std::fs::read(format!("{dir}/checkpoint-format-{format}.bin")).unwrap();
    assert_eq!(bytes[4..6], format.to_le_bytes());
    let detector = Detector::restore(&bytes).unwrap();
    assert_eq!(detector.events_seen(), 300);
    detector
}

fn is_written_in_todays_format(detector: &Detector) {
    let snapshot = detector.snapshot();
    assert_eq!(snapshot[4..6], [3, 0]);
    assert_eq!(Detector::restore(&snapshot).unwrap().snapshot(), snapshot);
}

#[test]
fn format_1_goes_on() {
    let mut detector = earlier(1);
    let ordinary = detector.explain(&Event::text("user 4 paid order 8123"));
    let odd = detector.explain(&Event::text("user 4 dropped table orders"));
    assert!(!ordinary.anomaly && odd.anomaly && odd.score > 20.0);
    detector.observe(&Event::text("user 5 paid order 8124"));
    is_written_in_todays_format(&detector);
}

#[test]
fn format_2_goes_on_with_its_open_groups_its_pace_and_what_it_was_taught() {
    let mut detector = earlier(2);
    assert!(detector.is_taught(7));
    assert!(
        !detector
            .explain(&Event::text("user 4 dropped table orders"))
            .anomaly
    );
    detector.observe(&Event {
        group: Some("s74"),
        timestamp_ms: Some(1_763_719_600_000),
        ..Event::text("user 5 paid order 8124")
    });
    assert_eq!(detector.close_group("s74").unwrap().events, 5);
    is_written_in_todays_format(&detector);
}
