//! No input makes the detector panic: events, checkpoints and witnesses of random and of damaged bytes.
//!
//! `PROPTEST_CASES=100000 cargo test --release -p cbad-wasm --test hostile` runs for minutes.

#![allow(clippy::unwrap_used)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use cbad::{Config, Detector, Event, Kind, Payload, replay};
use proptest::prelude::*;

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Text of every sort: noise, deep or broken JSON, numbers at the edges, lines that nearly repeat.
fn content() -> impl Strategy<Value = String> {
    let scrap = prop_oneof![
        Just("{\"a\":".to_owned()),
        Just("[".to_owned()),
        Just("]}".to_owned()),
        Just("\"\\u0000\\ud800".to_owned()),
        Just("1e999,-0.0,9223372036854775808".to_owned()),
        Just("NaN".to_owned()),
        Just("2026-11-21T25:61:61Z ".to_owned()),
        Just("::ffff:10.0.0.1/129 ".to_owned()),
        Just("\u{202e}\u{0}\u{fffd}".to_owned()),
        "\\PC{0,20}",
        "[a-z]{1,9}=[0-9]{1,25} ",
        any::<f64>().prop_map(|x| format!("{{\"value\":{x}}}")),
    ];
    prop_oneof![
        any::<String>(),
        proptest::collection::vec(scrap, 0..12).prop_map(|parts| parts.concat()),
        (0usize..3000, "[\\[{\"a1 ]").prop_map(|(n, piece)| piece.repeat(n)),
        (0u32..20).prop_map(|i| format!("user {i} paid order {} in {} ms", 8000 + i, i % 7)),
    ]
}

prop_compose! {
    fn stream()(events in proptest::collection::vec(
        (content(), 0usize..4, any::<bool>(), proptest::option::of(any::<i64>()), proptest::option::of("[a-c]{0,2}")), 1..30,
    ), rounds in 1usize..12) -> Vec<(String, usize, bool, Option<i64>, Option<String>)> {
        (0..rounds).flat_map(|_| events.clone()).collect()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_stream_gets_verdicts_and_a_restored_detector_gives_the_same(events in stream(), cut in any::<prop::sample::Index>()) {
        let mut detector = Detector::new(Config::default());
        let mut restored = None;
        let cut = cut.index(events.len());
        for (i, (text, kind, json, timestamp_ms, group)) in events.iter().enumerate() {
            let kind = [Kind::Log, Kind::Metric, Kind::Trace, Kind::Llm][*kind];
            let payload = if *json { Payload::Json(text) } else { Payload::Text(text) };
            let event = Event { kind, timestamp_ms: *timestamp_ms, group: group.as_deref(), payload };
            if i == cut {
                restored = Some(Detector::restore(&detector.snapshot()).unwrap());
            }
            let verdict = detector.observe(&event);
            prop_assert!(verdict.p_value > 0.0 && verdict.p_value <= 1.0, "p = {}", verdict.p_value);
            prop_assert!(verdict.score.is_finite());
            if let Some(restored) = &mut restored {
                prop_assert_eq!(serde_json::to_string(&restored.observe(&event)).unwrap(), serde_json::to_string(&verdict).unwrap());
            }
        }
        detector.close_idle_groups(0);
    }

    #[test]
    fn noise_is_no_checkpoint_and_no_witness(noise in proptest::collection::vec(any::<u8>(), 0..2000), own_magic in any::<bool>()) {
        let mut bytes = if own_magic { b"CBAD".to_vec() } else { Vec::new() };
        bytes.extend(noise);
        prop_assert!(Detector::restore(&bytes).is_err());
        let _ = replay(&Event::text("paid order 8123"), &bytes);
    }

    #[test]
    fn a_damaged_checkpoint_is_refused(at in any::<prop::sample::Index>(), with in 1u8.., cut in proptest::option::of(any::<prop::sample::Index>())) {
        let mut detector = Detector::new(Config::default());
        (0..200).for_each(|i| drop(detector.observe(&Event::text(&format!("user {} paid order {}", i % 9, 8000 + i)))));
        let mut bytes = detector.snapshot();
        match cut {
            Some(cut) => bytes.truncate(cut.index(bytes.len())),
            None => {
                let at = at.index(bytes.len());
                bytes[at] ^= with;
            }
        }
        prop_assert!(Detector::restore(&bytes).is_err());
    }
}

#[test]
fn a_huge_key_over_a_long_array_is_explained_in_little_memory() {
    let record = format!(
        "{{\"{}\":[{}]}}",
        "k".repeat(240_000),
        vec!["7"; 4_096].join(",")
    );
    let verdict = Detector::new(Config::default()).explain(&Event::json(&record));
    assert_eq!(verdict.fields.len(), 4_096);
    let paths: usize = verdict.fields.iter().map(|f| f.path.len()).sum();
    assert!(paths <= 4_096 * 256, "{paths} bytes of paths");
}

/// An anomaly of each sort with its witness.
fn anomalies() -> [(String, Kind, Vec<u8>); 2] {
    let witness = |verdict: cbad::Verdict| {
        assert!(verdict.anomaly);
        BASE64.decode(verdict.witness.unwrap()).unwrap()
    };
    let mut texts = Detector::new(Config::default());
    for i in 0..300 {
        texts.observe(&Event::text(&format!("user {} paid order {i}", i % 9)));
    }
    let odd = "user 5 dropped table orders".to_owned();
    let text_witness = witness(texts.observe(&Event::text(&odd)));
    let mut numbers = Detector::new(Config::default());
    fn metric(text: &str) -> Event<'_> {
        Event {
            kind: Kind::Metric,
            ..Event::json(text)
        }
    }
    for i in 0..600 {
        let text = format!("{{\"cpu\":{}}}", 40 + i * 7 % 5);
        numbers.observe(&metric(&text));
    }
    let far = "{\"cpu\":97}".to_owned();
    let number_witness = witness(numbers.observe(&metric(&far)));
    [
        (odd, Kind::Log, text_witness),
        (far, Kind::Metric, number_witness),
    ]
}

#[test]
fn a_forged_witness_overflows_nothing() {
    for (text, kind, witness) in anomalies() {
        let payload = match kind {
            Kind::Metric => Payload::Json(&text),
            _ => Payload::Text(&text),
        };
        let event = Event {
            kind,
            payload,
            ..Event::text("")
        };
        assert!(replay(&event, &witness).is_ok());
        let sparse = 1 + witness.len() / 200;
        for i in (0..witness.len()).filter(|i| *i < 100 || i % sparse == 0) {
            for with in [0, 0x7f, 0xff] {
                let mut forged = witness.clone();
                forged[i] = with;
                let _ = replay(&event, &forged);
            }
            // the largest and the smallest number there is, where one of a byte stood
            for last in [[0xff, 0x01], [0xfe, 0x01]] {
                let mut forged = witness.clone();
                let mut huge = vec![last[0]];
                huge.extend([0xff; 8]);
                huge.push(last[1]);
                forged.splice(i..=i, huge);
                let _ = replay(&event, &forged);
            }
        }
    }
}
