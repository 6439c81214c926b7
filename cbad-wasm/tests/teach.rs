//! Teaching: what is expected raises no alarm, exactly until it is taken back.

use cbad::{Config, Detector, Event, Kind, Payload, TeachError, replay};

const ODD: &str = "nightly export of table cards begins by operator=backup";

fn ordinary(i: usize) -> String {
    format!("user {} paid order {} in {} ms", i % 17, 8_000 + i, i % 40)
}

fn learnt(n: usize) -> Detector {
    let mut d = Detector::new(Config::default());
    for i in 0..n {
        d.observe(&Event::text(&ordinary(i)));
    }
    d
}

#[test]
fn what_is_taught_raises_no_alarm_and_nothing_else_changes() {
    let mut d = learnt(1_000);
    assert!(d.explain(&Event::text(ODD)).anomaly);
    let other = Event::text("table orders dropped by root");
    let before = d.explain(&other).score;
    d.teach(7, &Event::text(ODD)).expect("room");
    assert!(
        !d.explain(&Event::text(ODD)).anomaly,
        "{}",
        d.explain(&Event::text(ODD)).score
    );
    assert!(d.explain(&other).anomaly, "{before}");
    let verdict = d.observe(&Event::text(&ordinary(5)));
    assert!(!verdict.anomaly);
}

#[test]
fn taking_it_back_is_exact() {
    let (mut taught, untouched) = (learnt(1_000), learnt(1_000));
    taught.teach(7, &Event::text(ODD)).expect("room");
    assert!(taught.is_taught(7));
    assert!(taught.unteach(7) && !taught.unteach(7) && !taught.is_taught(7));
    for text in [ODD, "table orders dropped by root", &ordinary(3)] {
        let (a, b) = (
            taught.explain(&Event::text(text)),
            untouched.explain(&Event::text(text)),
        );
        assert_eq!(
            (a.score.to_bits(), a.tokens, a.reason),
            (b.score.to_bits(), b.tokens, b.reason)
        );
    }
}

#[test]
fn a_restored_detector_goes_on_alike_and_verdicts_replay() {
    let mut d = learnt(1_000);
    d.teach(1, &Event::text(ODD)).expect("room");
    d.teach(1, &Event::text(ODD)).expect("again is nothing new");
    let mut again = Detector::restore(&d.snapshot()).expect("sound");
    assert_eq!(again.snapshot(), d.snapshot());
    for i in 0..300 {
        let text = if i % 50 == 49 {
            format!("{ODD} and deletes table {i}")
        } else {
            ordinary(i)
        };
        let event = Event::text(&text);
        let (a, b) = (d.observe(&event), again.observe(&event));
        assert_eq!(a, b);
        if a.anomaly {
            use base64::Engine as _;
            let witness = base64::engine::general_purpose::STANDARD
                .decode(a.witness.as_ref().expect("witness"))
                .expect("base64");
            assert_eq!(replay(&event, &witness).expect("replays"), a);
        }
    }
    let plain = learnt(200).snapshot();
    assert_eq!(
        Detector::restore(&plain)
            .expect("without anything taught")
            .snapshot(),
        plain
    );
}

#[test]
fn numbers_cannot_be_taught_and_room_is_bounded() {
    let mut d = learnt(300);
    let metric = Event {
        kind: Kind::Metric,
        timestamp_ms: None,
        group: None,
        payload: Payload::Json("{\"value\":97}"),
    };
    assert_eq!(d.teach(1, &metric), Err(TeachError::Numbers));
    let mut held = 0;
    let full = (0..1_000).find_map(|i| {
        d.teach(i, &Event::text(&format!("word{i} and {i}")))
            .err()
            .inspect(|_| held = i)
    });
    assert_eq!((full, held), (Some(TeachError::Full), 64));
    assert!(d.snapshot().len() < 512 << 10);
}
