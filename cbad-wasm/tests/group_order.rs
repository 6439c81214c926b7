//! Groups whose events are all usual and come in the wrong order.

#![allow(clippy::unwrap_used)]

use cbad::hash::mix;
use cbad::{Config, Detector, Event, GroupVerdict};

const STEPS: [&str; 6] = [
    "session opened",
    "user authenticated",
    "basket filled",
    "payment taken",
    "order shipped",
    "session closed",
];

/// Runs one session of the steps named, each on a line of its own.
fn session(detector: &mut Detector, number: u64, steps: &[usize]) -> GroupVerdict {
    let key = format!("s{number}");
    for &step in steps {
        let line = format!("{} id={}", STEPS[step], mix(number, 5) % 100_000);
        detector.observe(&Event {
            group: Some(&key),
            ..Event::text(&line)
        });
    }
    detector.close_group(&key).unwrap()
}

/// Baskets are filled once to three times; one session in four is closed without an order.
fn ordinary(number: u64) -> Vec<usize> {
    let dice = mix(number, 77);
    let mut steps = vec![0, 1];
    steps.extend(std::iter::repeat_n(2, 1 + (dice % 3) as usize));
    if dice >> 20 & 3 > 0 {
        steps.extend([3, 4]);
    }
    steps.push(5);
    steps
}

fn taught(config: Config) -> Detector {
    let mut detector = Detector::new(config);
    (0..1_500).for_each(|i| drop(session(&mut detector, i, &ordinary(i))));
    detector
}

#[test]
fn a_wrong_order_a_missing_event_and_an_early_end_are_anomalies() {
    let detector = taught(Config::default());
    for (steps, sentence) in [
        (&[0, 1, 2, 4, 3, 5][..], "Event 4 of this group of 6"), // shipped before it was paid
        (&[0, 2, 2, 1, 3, 4, 5], "Event 4 of this group of 7"), // nobody is authenticated after a basket
        (&[1, 2, 2, 3, 4, 0, 5], "begins as few groups"),
        (&[0, 1, 2, 3, 4], "This group"), // its bag is as rare as its end
    ] {
        let verdict = session(&mut detector.clone(), 9_000, steps);
        assert!(verdict.anomaly, "{steps:?}: {verdict:?}");
        let reason = verdict.reason.unwrap();
        assert!(reason.contains(sentence), "{steps:?}: {reason}");
    }
}

#[test]
fn without_the_order_the_same_events_are_as_usual() {
    let mut config = Config::default();
    config.parts.order = false;
    let mut detector = taught(config);
    assert!(!session(&mut detector, 9_000, &[0, 1, 2, 4, 3, 5]).anomaly);
}

#[test]
fn ordinary_groups_keep_the_promised_rate() {
    let mut detector = taught(Config::default());
    let alarms = (2_000..12_000)
        .filter(|&i| session(&mut detector, i, &ordinary(i)).anomaly)
        .count();
    // promised: 4 of 1,000
    assert!(alarms <= 60, "{alarms} of 10,000");
}

#[test]
fn a_checkpoint_keeps_the_course_of_open_groups() {
    let mut detector = taught(Config::default());
    for line in ["session opened id=1", "basket filled id=1"] {
        detector.observe(&Event {
            group: Some("open"),
            ..Event::text(line)
        });
    }
    let mut copy = Detector::restore(&detector.snapshot()).unwrap();
    let verdicts = [&mut detector, &mut copy].map(|d| format!("{:?}", d.close_group("open")));
    assert_eq!(verdicts[0], verdicts[1]);
    assert!(
        verdicts[0].contains("ends after 2 events"),
        "{}",
        verdicts[0]
    );
    assert_eq!(detector.snapshot(), copy.snapshot());
}
