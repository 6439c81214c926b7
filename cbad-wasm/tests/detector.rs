//! The detector from outside: an odd event among ordinary ones, replay, snapshots, hostile input.
#![allow(clippy::unwrap_used)]

use cbad::{CheckpointError, Config, Detector, Event, Payload, State, Verdict, replay};
use proptest::prelude::*;

/// A small deterministic generator, so that streams in tests are the same everywhere.
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

const NAMES: [&str; 8] = [
    "anna", "ben", "carla", "dora", "emil", "fritz", "gina", "hugo",
];

fn ordinary(rng: &mut Rng, i: u64) -> String {
    let head = format!(
        "2026-11-21T{:02}:{:02}:{:02}Z",
        i / 3600 % 24,
        i / 60 % 60,
        i % 60
    );
    match rng.below(6) {
        0 => format!(
            "{head} INFO http GET /api/v1/orders/{} status=200 took {}ms",
            rng.below(9_999),
            5 + rng.below(75)
        ),
        1 => format!(
            "{head} INFO db query users rows={} took {}ms",
            rng.below(300),
            5 + rng.below(75)
        ),
        2 => format!("{head} WARN cache miss key=user:{}", rng.below(9_999)),
        3 => format!(
            "{head} INFO worker job {} finished in {} ms",
            NAMES[rng.below(8) as usize],
            rng.below(1_000)
        ),
        4 => format!(
            "{head} INFO login user={} from 10.0.{}.{}",
            NAMES[rng.below(8) as usize],
            rng.below(4),
            rng.below(255)
        ),
        _ => format!(
            "{head} INFO payment order {} amount {}.{:02} EUR",
            rng.below(99_999),
            rng.below(90),
            rng.below(100)
        ),
    }
}

fn record(rng: &mut Rng) -> String {
    let (name, code) = (
        NAMES[rng.below(8) as usize],
        [200, 200, 200, 201, 304][rng.below(5) as usize],
    );
    format!(
        r#"{{"level":"INFO","user":"{name}","request":{{"method":"GET","status":{code}}},"ms":{}}}"#,
        rng.below(90)
    )
}

fn bits_of(v: &Verdict) -> (u64, u64, u64, bool) {
    (
        v.score.to_bits(),
        v.p_value.to_bits(),
        v.q_value.to_bits(),
        v.anomaly,
    )
}

fn json(v: &Verdict) -> String {
    serde_json::to_string(v).unwrap()
}

#[test]
fn an_odd_line_is_an_anomaly_and_few_ordinary_ones_are() {
    for seed in 1..=5 {
        let mut rng = Rng(seed * 7_919);
        let mut detector = Detector::new(Config::default());
        let mut false_alarms = 0;
        for i in 0..1_500 {
            false_alarms += u32::from(
                detector
                    .observe(&Event::text(&ordinary(&mut rng, i)))
                    .anomaly,
            );
        }
        let odd = "2026-11-21T00:25:01Z INFO login user=ben from 10.0.3.77 exfiltrated secrets";
        let verdict = detector.observe(&Event::text(odd));
        assert!(verdict.anomaly, "seed {seed}: {verdict:?}");
        let top = verdict
            .tokens
            .iter()
            .max_by(|a, b| a.bits.total_cmp(&b.bits))
            .unwrap();
        assert!(
            ["exfiltrated", "secrets"].contains(&top.text.as_str()),
            "seed {seed}: {top:?}"
        );
        assert!(verdict.tokens.iter().all(|t| odd[t.start..t.end] == t.text));
        assert!(
            false_alarms <= 15,
            "seed {seed}: {false_alarms} of 1,500 ordinary events"
        );
    }
}

#[test]
fn an_odd_field_of_a_record_is_named() {
    let mut rng = Rng(3);
    let mut detector = Detector::new(Config::default());
    let mut false_alarms = 0;
    for _ in 0..1_500 {
        false_alarms += u32::from(detector.observe(&Event::json(&record(&mut rng))).anomaly);
    }
    let odd = r#"{"level":"INFO","user":"ben","request":{"method":"TRACE","status":200},"ms":31}"#;
    let verdict = detector.observe(&Event::json(odd));
    assert!(verdict.anomaly, "{verdict:?}");
    let top = verdict
        .fields
        .iter()
        .max_by(|a, b| a.bits.total_cmp(&b.bits))
        .unwrap();
    assert_eq!(
        (top.path.as_str(), top.text.as_str()),
        ("request.method", "TRACE")
    );
    assert_eq!(top.expected[0].text, "GET");
    assert!(false_alarms <= 15, "{false_alarms}");
}

#[test]
fn learning_is_short_and_says_so() {
    let mut rng = Rng(11);
    let mut detector = Detector::new(Config::default());
    assert_eq!(detector.state(), State::Learning);
    for i in 0..200 {
        detector.observe(&Event::text(&ordinary(&mut rng, i)));
    }
    assert_eq!(detector.state(), State::Ready);
    assert!(
        detector
            .observe(&Event::text("kernel panic: attempted to kill init"))
            .anomaly
    );
}

#[test]
fn a_restored_detector_goes_on_bit_for_bit() {
    let mut rng = Rng(5);
    let mut detector = Detector::new(Config {
        seed: 9,
        ..Config::default()
    });
    for i in 0..700 {
        let (line, group) = (ordinary(&mut rng, i), format!("s{}", i / 7));
        detector.observe(&Event {
            group: Some(&group),
            ..Event::text(&line)
        });
    }
    let bytes = detector.snapshot();
    assert!(bytes.len() <= 512 * 1024);
    let mut restored = Detector::restore(&bytes).unwrap();
    assert_eq!(restored.snapshot(), bytes);
    for i in 700..1_400 {
        let line = if i % 50 == 0 {
            format!("odd{i} thing {i}")
        } else {
            ordinary(&mut rng, i)
        };
        let event = Event {
            group: Some("g"),
            ..Event::text(&line)
        };
        assert_eq!(
            json(&detector.observe(&event)),
            json(&restored.observe(&event))
        );
    }
    assert_eq!(
        format!("{:?}", detector.close_idle_groups(0)),
        format!("{:?}", restored.close_idle_groups(0))
    );
    assert_eq!(detector.snapshot(), restored.snapshot());
}

#[test]
fn the_witness_is_enough_to_recompute_an_anomaly() {
    use base64::Engine as _;
    let mut rng = Rng(8);
    let mut detector = Detector::new(Config::default());
    let mut replayed = 0;
    for i in 0..4_000 {
        let (line, is_json) = match i % 100 {
            99 if i > 150 => (
                format!(r#"{{"level":"FATAL","user":"x{i}","stack":"at frame {i}"}}"#),
                true,
            ),
            98 if i > 150 => (format!("segfault at {i:x} in thread {i}"), false),
            k => (
                if k % 2 == 0 {
                    ordinary(&mut rng, i)
                } else {
                    record(&mut rng)
                },
                k % 2 == 1,
            ),
        };
        let payload = if is_json {
            Payload::Json(&line)
        } else {
            Payload::Text(&line)
        };
        let event = Event {
            payload,
            ..Event::text("")
        };
        let verdict = detector.observe(&event);
        if let Some(witness) = &verdict.witness {
            let witness = base64::engine::general_purpose::STANDARD
                .decode(witness)
                .unwrap();
            assert_eq!(json(&replay(&event, &witness).unwrap()), json(&verdict));
            assert!(
                replay(
                    &Event::text("another event altogether, with more words than that"),
                    &witness
                )
                .is_err()
            );
            replayed += 1;
        }
    }
    assert!(replayed > 10, "{replayed}");
}

#[test]
fn a_broken_checkpoint_is_a_typed_error() {
    let mut detector = Detector::new(Config::default());
    let mut rng = Rng(2);
    for i in 0..300 {
        detector.observe(&Event::text(&ordinary(&mut rng, i)));
    }
    let good = detector.snapshot();
    assert_eq!(
        Detector::restore(b"").unwrap_err(),
        CheckpointError::NotACheckpoint
    );
    assert_eq!(
        Detector::restore(b"CBAX....").unwrap_err(),
        CheckpointError::NotACheckpoint
    );
    let mut newer = good.clone();
    newer[4] = 99;
    assert!(matches!(
        Detector::restore(&newer).unwrap_err(),
        CheckpointError::Version { found: 99, .. }
    ));
    for i in (0..good.len()).step_by(97) {
        let mut bad = good.clone();
        bad[i] ^= 0x41;
        assert!(Detector::restore(&bad).is_err(), "byte {i}");
        assert!(Detector::restore(&good[..i]).is_err(), "cut at {i}");
    }
}

#[test]
fn the_checkpoint_of_a_verdict_tells_configurations_times_groups_and_closings_apart() {
    let run = |config: Config, at: Option<i64>, group: Option<&str>, close: bool| {
        let mut detector = Detector::new(config);
        let event = Event {
            timestamp_ms: at,
            group,
            ..Event::text("paid order 8123")
        };
        detector.observe(&event);
        if close {
            detector.close_group("a");
        }
        detector.explain(&event).checkpoint.unwrap()
    };
    let usual = Config::default();
    let mut small = usual;
    small.memory.table_bits = 12;
    let seen = [
        run(usual, None, None, false),
        run(small, None, None, false),
        run(usual, Some(5), None, false),
        run(usual, None, Some("a"), false),
        run(usual, None, Some("b"), false),
        run(usual, None, Some("a"), true),
    ];
    let different: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!(different.len(), seen.len(), "{seen:?}");
    let mut keener = usual;
    keener.sensitivity = 0.9;
    assert_eq!(run(keener, None, None, false), seen[0]);
}

#[test]
fn memory_stays_bounded() {
    let mut rng = Rng(4);
    let mut detector = Detector::new(Config::default());
    for i in 0..30_000u64 {
        let line = format!(
            "{:x} {:x} {} {}",
            rng.below(u64::MAX),
            rng.below(u64::MAX),
            ordinary(&mut rng, i),
            rng.below(1 << 40)
        );
        let group = format!("session-with-a-rather-long-name-{i}");
        detector.observe(&Event {
            group: Some(&group),
            ..Event::text(&line)
        });
    }
    assert!(
        detector.memory_bytes() <= 2 << 20,
        "{}",
        detector.memory_bytes()
    );
    assert!(
        detector.snapshot().len() <= 512 << 10,
        "{}",
        detector.snapshot().len()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_input_panics(lines in proptest::collection::vec((any::<bool>(), ".{0,80}"), 1..60), group in proptest::option::of(".{0,8}")) {
        let mut detector = Detector::new(Config::default());
        for _ in 0..4 {
            for (is_json, line) in &lines {
                let payload = if *is_json { Payload::Json(line) } else { Payload::Text(line) };
                let verdict = detector.observe(&Event { payload, group: group.as_deref(), ..Event::text("") });
                prop_assert!(verdict.p_value > 0.0 && verdict.p_value <= 1.0 && verdict.score >= 0.0);
            }
        }
        let restored = Detector::restore(&detector.snapshot()).unwrap();
        prop_assert_eq!(restored.snapshot(), detector.snapshot());
    }

    #[test]
    fn no_checkpoint_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut whole = b"CBAD\x01\x00\x06cbad-1".to_vec();
        whole.extend_from_slice(&bytes);
        prop_assert!(Detector::restore(&whole).is_err());
        let _ = replay(&Event::text("x"), &bytes);
    }

    #[test]
    fn scores_do_not_depend_on_the_order_of_fields(seed in any::<u64>()) {
        let mut rng = Rng(seed | 1);
        let (mut a, mut b) = (Detector::new(Config::default()), Detector::new(Config::default()));
        for _ in 0..300 {
            let (name, ms) = (NAMES[rng.below(8) as usize], rng.below(5_000));
            let x = a.observe(&Event::json(&format!(r#"{{"user":"{name}","ms":{ms}}}"#)));
            let y = b.observe(&Event::json(&format!(r#"{{"ms":{ms},"user":"{name}"}}"#)));
            prop_assert_eq!(bits_of(&x), bits_of(&y));
        }
    }
}

#[test]
fn a_repeat_told_briefly_is_judged_and_learnt_as_one_told_in_full() {
    let mut rng = Rng(5);
    let mut full = Detector::new(Config::default());
    let mut brief = full.clone();
    let (mut firsts, mut repeats) = (0, 0);
    for i in 0..6_000u64 {
        let text = match i {
            3_000 | 3_400 | 5_000 => format!("kernel panic at {:x} in module raid{i}", i * 77),
            3_100 | 3_101 | 3_900 | 5_500 => format!("<<<<{}>>>>", "@".repeat(i as usize / 100)),
            _ => ordinary(&mut rng, i),
        };
        let event = Event::text(&text);
        let (one, other) = (full.observe(&event), brief.observe_briefly(&event));
        if one.repeat_of.is_none() {
            assert_eq!(one, other);
            firsts += u64::from(one.anomaly);
        } else {
            repeats += 1;
            assert!(one.reason.is_some() && one.witness.is_some());
            assert_eq!(other, bare(one));
        }
    }
    assert!(firsts > 1 && repeats > 1, "{firsts} {repeats}");
    assert_eq!(full.snapshot(), brief.snapshot());
}

/// A verdict without its explanation.
fn bare(verdict: Verdict) -> Verdict {
    Verdict {
        reason: None,
        tokens: Vec::new(),
        fields: Vec::new(),
        nearest: None,
        witness: None,
        algorithm: None,
        seed: None,
        checkpoint: None,
        ..verdict
    }
}
