//! Metric events through the detector: what is found, what is said, and how often there are alarms.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use cbad::{Config, Detector, Event, Kind, Payload, ReplayError, State, Verdict, replay};

const MINUTE: i64 = 60_000;

/// A fixed generator: the same numbers everywhere.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
    /// Nearly Gaussian: a sum of twelve uniforms.
    fn gauss(&mut self) -> f64 {
        (0..12).fold(-6.0, |s, _| s + self.uniform())
    }
}

/// The sensitivity that promises a false alarm in a thousand points.
fn thousandth() -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if Config::alpha(middle) < 1e-3 {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// A detector of one stream of values a minute apart.
struct Stream {
    detector: Detector,
    noise: Noise,
    minute: i64,
    alarms: Vec<Verdict>,
}

impl Stream {
    fn new(seed: u64) -> Stream {
        let mut noise = Noise(0x9e37_79b9_7f4a_7c15 ^ seed);
        for _ in 0..20 {
            noise.uniform();
        }
        Stream {
            detector: Detector::new(Config {
                sensitivity: thousandth(),
                ..Config::default()
            }),
            noise,
            minute: 0,
            alarms: Vec::new(),
        }
    }

    fn raw(&mut self, json: &str) -> Verdict {
        let verdict = self.detector.observe(&Event {
            kind: Kind::Metric,
            timestamp_ms: Some(self.minute * MINUTE),
            group: None,
            payload: Payload::Json(json),
        });
        self.minute += 1;
        if verdict.anomaly {
            self.alarms.push(verdict.clone());
        }
        verdict
    }

    fn value(&mut self, x: f64) -> Verdict {
        self.raw(&format!("{{\"value\":{x}}}"))
    }

    /// `n` values, each made from the minute and some noise.
    fn run(&mut self, n: i64, f: impl Fn(f64, f64) -> f64) {
        for _ in 0..n {
            let noise = self.noise.gauss();
            self.value(f(self.minute as f64, noise));
        }
    }

    /// Alarms since the last call that are not repeats of one incident.
    fn incidents(&mut self) -> Vec<Verdict> {
        let mut alarms = std::mem::take(&mut self.alarms);
        alarms.retain(|v| v.repeat_of.is_none());
        alarms
    }
}

fn says(found: &[Verdict], words: &[&str]) -> bool {
    found.iter().any(|v| {
        let reason = v.reason.as_deref().unwrap();
        words.iter().any(|w| reason.contains(w))
    })
}

fn wave(minute: f64) -> f64 {
    50.0 + 20.0 * (minute * std::f64::consts::TAU / 1440.0).sin()
}

#[test]
fn a_spike_is_one_alarm_with_reason_field_and_neighbour() {
    let mut s = Stream::new(1);
    s.run(3_000, |_, e| 100.0 + e);
    let found = s.incidents().len();
    assert!(found <= 6, "{found}");
    let v = s.value(130.0);
    assert!(v.anomaly && v.repeat_of.is_none(), "{v:?}");
    let reason = v.reason.unwrap();
    assert!(
        reason.starts_with("value is 130: outside the range seen so far; about "),
        "{reason}"
    );
    assert_eq!(v.fields[0].path, "value");
    assert_eq!((v.tokens[0].start, v.tokens[0].end), (9, 12));
    assert!(v.nearest.unwrap().starts_with("{\"value\":10"));
    s.incidents();
    s.run(1_000, |_, e| 100.0 + e);
    assert!(s.incidents().len() <= 4);
}

#[test]
fn a_level_shift_is_told_once_and_becomes_normal() {
    let mut s = Stream::new(2);
    s.run(4_000, |_, e| 10.0 + e);
    s.incidents();
    s.run(500, |_, e| 16.0 + e);
    let found = s.incidents();
    assert!((1..=4).contains(&found.len()), "{}", found.len());
    s.run(4_000, |_, e| 16.0 + e);
    s.incidents();
    s.run(2_000, |_, e| 16.0 + e);
    assert!(s.incidents().len() <= 5);
}

#[test]
fn a_small_lasting_shift_without_a_clock_is_a_level_shift() {
    let mut s = Stream::new(3);
    let mut noise = Noise(77);
    let mut observe = |s: &mut Stream, shift: f64| {
        let text = (5.0 + shift + noise.gauss()).to_string();
        let event = Event {
            kind: Kind::Metric,
            ..Event::json(&text)
        };
        let v = s.detector.observe(&event);
        v.anomaly.then_some(v)
    };
    for _ in 0..4_000 {
        observe(&mut s, 0.0);
    }
    let found: Vec<Verdict> = (0..200).filter_map(|_| observe(&mut s, 2.0)).collect();
    assert!(says(&found, &["level shift"]), "{found:?}");
}

#[test]
fn a_flat_line_is_found() {
    let mut s = Stream::new(4);
    s.run(4_000, |_, e| 10.0 + e);
    s.incidents();
    for _ in 0..120 {
        s.value(10.25);
    }
    let found = s.incidents();
    assert!(says(&found, &["flat line", "rare shape"]), "{found:?}");
    assert!(found.len() <= 3);
}

#[test]
fn a_wrong_hour_is_found_though_the_value_is_common() {
    let mut s = Stream::new(5);
    s.run(8 * 1440, |m, e| wave(m) + e);
    s.incidents();
    s.run(180, |m, e| wave(m + 720.0) + e); // the night's values by day, or the other way round
    let found = s.incidents();
    assert!(
        says(&found, &["hour", "sudden jump", "level shift"]),
        "{found:?}"
    );
}

#[test]
fn a_season_itself_is_no_alarm() {
    let mut s = Stream::new(6);
    s.run(4 * 1440, |m, e| wave(m) + e);
    s.incidents();
    s.run(4 * 1440, |m, e| wave(m) + e);
    let found = s.incidents();
    assert!(found.len() <= 9, "{}", found.len());
}

#[test]
fn a_constant_is_quiet_until_it_changes() {
    let mut s = Stream::new(7);
    s.run(3_000, |_, _| 5.0);
    let found = s.incidents();
    assert!(found.is_empty(), "{found:?}");
    let v = s.value(6.0);
    assert!(v.anomaly, "{v:?}");
    s.run(500, |_, _| 5.0);
    assert!(s.incidents().len() <= 2);
}

#[test]
fn a_trend_is_normal_and_its_break_is_not() {
    let mut s = Stream::new(8);
    s.run(6_000, |m, e| 0.05 * m + e);
    s.incidents();
    s.run(3_000, |m, e| 0.05 * m + e);
    let found = s.incidents();
    assert!(found.len() <= 8, "{}", found.len());
    s.run(30, |m, e| 0.05 * m - 60.0 + e);
    assert!(!s.incidents().is_empty());
}

#[test]
fn missing_points_and_gaps_are_no_alarms() {
    let mut s = Stream::new(9);
    s.run(3_000, |_, e| 10.0 + e);
    s.incidents();
    for i in 0..2_000 {
        match i % 100 {
            0..5 => {
                let v = s.raw("{\"value\":null}");
                assert!(!v.anomaly && v.p_value == 1.0);
            }
            5 => {
                s.minute += 300; // a gap in time
                let e = s.noise.gauss();
                s.value(10.0 + e);
            }
            6 => assert!(!s.raw("{\"value\":\"NaN\"}").anomaly),
            _ => s.run(1, |_, e| 10.0 + e),
        }
    }
    assert!(s.incidents().len() <= 5);
}

#[test]
fn a_counter_is_judged_by_its_growth_and_may_reset() {
    let mut s = Stream::new(10);
    let mut total = 1e6;
    let mut add = |s: &mut Stream, rate: f64| {
        total += rate + s.noise.gauss();
        s.value(total.round())
    };
    for _ in 0..4_000 {
        add(&mut s, 100.0);
    }
    s.incidents();
    for _ in 0..1_000 {
        add(&mut s, 100.0);
    }
    assert!(s.incidents().len() <= 4);
    let v = add(&mut s, 190.0);
    assert!(v.anomaly, "{v:?}");
    assert!(v.reason.unwrap().contains("grew by 1"));
    s.incidents();
    let mut total = 0.0;
    for _ in 0..500 {
        total += 100.0 + s.noise.gauss();
        s.value(total.round());
    }
    assert!(s.incidents().len() <= 3);
}

#[test]
fn a_record_is_one_event_with_bits_per_field() {
    let mut s = Stream::new(11);
    let record = |s: &mut Stream, cpu: f64, memory: f64| {
        let (a, b) = (s.noise.gauss(), s.noise.gauss());
        let text = format!(
            "{{\"host\":\"a\",\"cpu\":{},\"mem\":{{\"used\":{}}}}}",
            cpu + a,
            memory + 10.0 * b
        );
        s.raw(&text)
    };
    for _ in 0..3_000 {
        record(&mut s, 40.0, 900.0);
    }
    let found = s.incidents().len();
    assert!(found <= 6, "{found}");
    let v = record(&mut s, 40.0, 2_000.0);
    assert!(v.anomaly, "{v:?}");
    assert!(v.reason.unwrap().starts_with("mem.used is "));
    let paths: Vec<&str> = v.fields.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["cpu", "mem.used"]);
    assert!(v.fields[1].bits > 3.0 * v.fields[0].bits.max(1.0));
}

#[test]
fn labels_tell_series_apart_and_ids_do_not() {
    let mut s = Stream::new(12);
    for i in 0..6_000 {
        let e = s.noise.gauss();
        let (host, x) = if i % 2 == 0 {
            ("a", 10.0 + e)
        } else {
            ("b", 500.0 + e)
        };
        s.raw(&format!(
            "{{\"host\":\"{host}\",\"id\":\"r{i}\",\"value\":{x}}}"
        ));
    }
    s.incidents();
    let v = s.raw("{\"host\":\"a\",\"id\":\"r9\",\"value\":500.0}");
    assert!(v.anomaly, "{v:?}");
}

#[test]
fn more_series_than_there_is_room_for_are_told() {
    let mut s = Stream::new(13);
    let fields: Vec<String> = (0..40).map(|i| format!("\"f{i}\":{i}")).collect();
    let v = s.raw(&format!("{{{}}}", fields.join(",")));
    assert_eq!(v.evidence["numbers_not_judged"], 16.0);
    assert!(s.detector.memory_bytes() <= 2 << 20);
    for _ in 0..700 {
        let fields: Vec<String> = (0..40)
            .map(|i| format!("\"f{i}\":{}", s.noise.gauss()))
            .collect();
        s.raw(&format!("{{{}}}", fields.join(",")));
    }
    let bytes = s.detector.snapshot().len();
    assert!(bytes <= 512 * 1024, "{bytes}");
}

#[test]
fn numbers_of_one_event_that_make_new_series_feed_their_own() {
    // fields that come one after another: each new series moves those that stand after it
    let fields: Vec<String> = (0..12).map(|i| format!("f{i}")).collect();
    let value = |i: usize, e: f64| 1_000.0 * (i + 1) as f64 + e;
    let mut s = Stream::new(17);
    for known in 1..=fields.len() {
        let event: Vec<String> = (0..known)
            .rev()
            .map(|i| format!("\"{}\":{}", fields[i], value(i, s.noise.gauss())))
            .collect();
        s.raw(&format!("{{{}}}", event.join(",")));
    }
    // a value fed to a neighbour is a thousand away from all that series has seen
    let event: Vec<String> = (0..fields.len())
        .map(|i| format!("\"{}\":{}", fields[i], value(i, 0.5)))
        .collect();
    let v = s.detector.explain(&Event {
        kind: Kind::Metric,
        ..Event::json(&format!("{{{}}}", event.join(",")))
    });
    assert_eq!(v.fields.len(), fields.len());
    for (i, field) in v.fields.iter().enumerate() {
        let usual = &field.expected[0].text;
        let (low, high) = usual.split_once(" to ").unwrap();
        let (low, high): (f64, f64) = (low.parse().unwrap(), high.parse().unwrap());
        assert!(
            low > value(i, -400.0) && high < value(i, 400.0),
            "{} is expected from {usual}",
            field.path
        );
    }
}

#[test]
fn explaining_an_ordinary_number_says_what_was_expected() {
    let mut s = Stream::new(18);
    s.run(1_000, |_, e| 100.0 + e);
    let before = s.detector.snapshot();
    let event = Event {
        kind: Kind::Metric,
        ..Event::json("{\"value\":100.5}")
    };
    let v = s.detector.explain(&event);
    assert!(!v.anomaly && v.severity.is_none() && v.repeat_of.is_none());
    assert!(v.reason.is_some() && !v.fields[0].expected.is_empty() && v.nearest.is_some());
    let witness = BASE64.decode(v.witness.as_deref().unwrap()).unwrap();
    assert_eq!(replay(&event, &witness).unwrap(), v);
    assert_eq!(s.detector.snapshot(), before, "explaining learns nothing");
}

#[test]
fn the_state_told_is_the_state_of_the_verdicts() {
    let mut s = Stream::new(20);
    let mut told = Vec::new();
    for i in 0..800 {
        let e = s.noise.gauss();
        let said = s.value(if i < 500 { 100.0 } else { 900.0 } + e).state;
        told.push((s.detector.state(), said));
    }
    // a verdict tells the state with its own event, and so does the detector after it
    assert!(told.iter().all(|(state, said)| state == said), "{told:?}");
    assert_eq!((told[200].0, told[400].0), (State::Learning, State::Ready));
    let restored = Detector::restore(&s.detector.snapshot()).unwrap();
    assert_eq!(restored.state(), s.detector.state());
    s.detector.observe(&Event::text("a line of text"));
    assert_eq!(s.detector.state(), State::Ready, "of the model of texts");
}

#[test]
fn numbers_and_texts_together_fit_a_checkpoint() {
    let mut s = Stream::new(21);
    let mut largest = 0;
    for i in 0..6_000u64 {
        let numbers: Vec<String> = (0..24)
            .map(|k| format!("\"f{k}\":{}", s.noise.gauss()))
            .collect();
        if i % 8 == 0 {
            s.raw(&format!("{{{}}}", numbers.join(",")));
        }
        let mut word = || -> String {
            let letter = |_| char::from(b'a' + (s.noise.uniform() * 26.0) as u8);
            (0..7u8).map(letter).collect()
        };
        let words: Vec<String> = (0..12).map(|_| word()).collect();
        s.detector.observe(&Event::text(&words.join(" ")));
        if i % 500 == 499 {
            let bytes = s.detector.snapshot();
            largest = largest.max(bytes.len());
            assert_eq!(Detector::restore(&bytes).unwrap().snapshot(), bytes);
        }
    }
    assert!(largest <= 512 << 10, "{largest}");
    assert!(largest > 400 << 10, "{largest}: nothing had to go");
    // what went is told, and what is left goes on from the checkpoint alike
    let mut twin = Detector::restore(&s.detector.snapshot()).unwrap();
    let numbers: Vec<String> = (0..24).map(|k| format!("\"f{k}\":0.5")).collect();
    let text = format!("{{{}}}", numbers.join(","));
    let event = Event {
        kind: Kind::Metric,
        ..Event::json(&text)
    };
    let v = s.detector.observe(&event);
    assert!(v.evidence["numbers_not_judged"] > 0.0);
    assert_eq!(twin.observe(&event), v);
}

#[test]
fn a_metric_without_a_number_is_read_as_text() {
    let mut s = Stream::new(14);
    let v = s.raw("{\"status\":\"ok\"}");
    assert_eq!(v.state, State::Learning);
    assert_eq!(s.detector.events_seen(), 1);
}

#[test]
fn a_snapshot_continues_and_a_witness_replays_bit_for_bit() {
    let mut s = Stream::new(15);
    for i in 0..4_500 {
        let (a, b) = (s.noise.gauss(), s.noise.gauss());
        let spike = if i % 900 == 899 { 40.0 } else { 0.0 };
        s.raw(&format!(
            "{{\"a\":{},\"b\":[{b},{}],\"c\":null,\"host\":\"h{}\"}}",
            a + spike,
            3.0 * b,
            i % 3
        ));
        if i % 901 == 900 {
            let bytes = s.detector.snapshot();
            s.detector = Detector::restore(&bytes).unwrap();
            assert_eq!(s.detector.snapshot(), bytes);
        }
    }
    let mut twin = Detector::restore(&s.detector.snapshot()).unwrap();
    let text = "{\"a\":99.0,\"b\":[0.5,-70.0],\"c\":null,\"host\":\"h1\"}";
    let event = Event {
        kind: Kind::Metric,
        timestamp_ms: Some(s.minute * MINUTE),
        group: None,
        payload: Payload::Json(text),
    };
    let verdict = s.detector.observe(&event);
    assert!(verdict.anomaly);
    let json = serde_json::to_string(&verdict).unwrap();
    assert_eq!(json, serde_json::to_string(&twin.observe(&event)).unwrap());
    let encoded = verdict.witness.as_deref().unwrap();
    assert!(encoded.len() <= 64 * 1024);
    let witness = BASE64.decode(encoded).unwrap();
    let again = replay(&event, &witness).unwrap();
    assert_eq!(json, serde_json::to_string(&again).unwrap());
    for i in (0..witness.len()).step_by(7) {
        let mut broken = witness.clone();
        broken[i] ^= 0x55;
        let _ = replay(&event, &broken);
        let _ = replay(&event, &witness[..i]);
    }
}

#[test]
fn a_witness_is_refused_for_other_values_fields_or_times() {
    let mut s = Stream::new(19);
    s.run(1_000, |_, e| 100.0 + e);
    let at = s.minute * MINUTE;
    let v = s.value(170.0);
    let witness = BASE64.decode(v.witness.as_deref().unwrap()).unwrap();
    let event = |text: &'static str, at| Event {
        kind: Kind::Metric,
        timestamp_ms: at,
        ..Event::json(text)
    };
    let own = event("{\"value\":170}", Some(at));
    assert_eq!(replay(&own, &witness).unwrap(), v);
    for other in [
        event("{\"value\":101}", Some(at)),
        event("{\"other\":170}", Some(at)),
        event("{\"value\":170}", Some(at + MINUTE)),
        event("{\"value\":170}", None),
    ] {
        assert_eq!(replay(&other, &witness), Err(ReplayError::OtherEvent));
        assert_eq!(cbad::course(&other, &witness), Err(ReplayError::OtherEvent));
    }
}

#[test]
fn many_fields_still_fit_a_witness() {
    let mut s = Stream::new(16);
    let record = |s: &mut Stream, x: f64| {
        let fields: Vec<String> = (0..20)
            .map(|i| format!("\"f{i}\":{}", x + s.noise.gauss()))
            .collect();
        format!("{{{}}}", fields.join(","))
    };
    for _ in 0..1_500 {
        let text = record(&mut s, 0.0);
        s.raw(&text);
    }
    let text = record(&mut s, 30.0);
    let v = s.raw(&text);
    assert!(v.anomaly);
    let encoded = v.witness.as_deref().unwrap();
    assert!(encoded.len() <= 64 * 1024, "{}", encoded.len());
    let event = Event {
        kind: Kind::Metric,
        timestamp_ms: Some((s.minute - 1) * MINUTE),
        group: None,
        payload: Payload::Json(&text),
    };
    let again = replay(&event, &BASE64.decode(encoded).unwrap()).unwrap();
    assert_eq!(v, again);
}

#[test]
fn parts_that_are_off_stay_off_after_a_checkpoint() {
    let mut config = Config::default();
    config.parts.season = false;
    config.parts.shifts = false;
    config.parts.shape = false;
    config.parts.incidents = false;
    let mut stream = Stream::new(4);
    let mut noise = Noise(11);
    stream.detector = Detector::new(config);
    for _ in 0..1_500 {
        stream.raw(&format!(r#"{{"v":{}}}"#, noise.gauss()));
    }
    assert_ne!(
        Detector::new(config).snapshot(),
        Detector::new(Config::default()).snapshot()
    );
    let mut copy = Detector::restore(&stream.detector.snapshot()).unwrap();
    assert_eq!(copy.config().parts, config.parts);
    // two in a row, the second a repeat; and a series that is new after the checkpoint
    for json in [r#"{"v":50}"#, r#"{"v":51}"#, r#"{"w":1}"#] {
        let event = Event {
            kind: Kind::Metric,
            ..Event::json(json)
        };
        let verdict = copy.observe(&event);
        assert_eq!(verdict, stream.detector.observe(&event));
        if let Some(witness) = &verdict.witness {
            let witness = BASE64.decode(witness).unwrap();
            let mut again = replay(&event, &witness).unwrap();
            again.witness.clone_from(&verdict.witness);
            assert_eq!(again, verdict);
        }
    }
    assert_eq!(copy.snapshot(), stream.detector.snapshot());
}
