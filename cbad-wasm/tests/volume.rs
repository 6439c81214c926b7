//! Bursts and silences: found, told in words, replayed, kept through a checkpoint, and not found where there are none.

use cbad::{Config, Detector, Event, Verdict, replay};

/// Events that follow one another at random, on average `mean_ms` apart (a Poisson process).
struct Arrivals {
    dice: u64,
    at: f64,
}

impl Arrivals {
    fn next(&mut self, mean_ms: f64) -> i64 {
        self.dice = cbad::hash::mix(self.dice, 5);
        let u = ((self.dice >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
        self.at -= mean_ms * libm::log(u);
        self.at as i64
    }
}

fn observe(detector: &mut Detector, at: i64) -> (String, Verdict) {
    let line = format!("GET /cart/{} 200", cbad::hash::mix(at as u64, 9) % 40);
    let verdict = detector.observe(&timed(&line, at));
    (line, verdict)
}

fn timed(line: &str, at: i64) -> Event<'_> {
    Event {
        timestamp_ms: Some(at),
        ..Event::text(line)
    }
}

fn of_volume(v: &Verdict) -> bool {
    v.evidence.contains_key("burst_bits") || v.evidence.contains_key("silence_bits")
}

fn begun(events: usize) -> (Detector, Arrivals) {
    let mut detector = Detector::new(Config::default());
    let mut arrivals = Arrivals {
        dice: 11,
        at: 1.7e12,
    };
    for _ in 0..events {
        let at = arrivals.next(500.0);
        observe(&mut detector, at);
    }
    (detector, arrivals)
}

#[test]
fn a_burst_is_told_once_and_in_words() {
    let (mut detector, mut arrivals) = begun(6_000);
    let found: Vec<_> = (0..200)
        .map(|_| {
            let at = arrivals.next(5.0);
            let (line, v) = observe(&mut detector, at);
            (line, at, v)
        })
        .filter(|(.., v)| of_volume(v))
        .collect();
    assert_eq!(found.len(), 1, "one incident, one alarm");
    let (line, at, v) = &found[0];
    assert!(v.anomaly && v.p_value <= 0.004 && v.evidence["burst_bits"] >= v.score);
    assert!(v.evidence["seconds"] * 4.0 < v.evidence["usual_seconds"]);
    let reason = v.reason.as_deref().unwrap_or_default();
    assert!(reason.starts_with("32 events came within "), "{reason}");
    let witness = v.witness.as_deref().unwrap_or_default();
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, witness);
    assert_eq!(
        replay(&timed(line, *at), &bytes.unwrap_or_default()).as_ref(),
        Ok(v)
    );
}

#[test]
fn a_silence_is_told_by_the_event_that_ends_it() {
    let (mut detector, mut arrivals) = begun(6_000);
    arrivals.at += 600_000.0;
    let at = arrivals.next(500.0);
    let (_, v) = observe(&mut detector, at);
    let reason = v.reason.as_deref().unwrap_or_default();
    assert!(
        v.anomaly && reason.starts_with("Nothing came for 10 min"),
        "{reason}"
    );
    assert!(v.evidence["silence_bits"] > 8.0);
}

#[test]
fn a_lasting_change_of_pace_becomes_usual() {
    let (mut detector, mut arrivals) = begun(6_000);
    let alarms = |detector: &mut Detector, arrivals: &mut Arrivals, n: usize| {
        (0..n)
            .filter(|_| {
                let at = arrivals.next(20.0);
                of_volume(&observe(detector, at).1)
            })
            .count()
    };
    assert!(
        alarms(&mut detector, &mut arrivals, 1_500) > 0,
        "it is told"
    );
    assert_eq!(
        alarms(&mut detector, &mut arrivals, 5_000),
        0,
        "and then usual"
    );
}

#[test]
fn a_steady_pace_keeps_to_its_share_of_the_promise() {
    for sensitivity in [0.5, 0.75] {
        let mut detector = Detector::new(Config {
            sensitivity,
            ..Config::default()
        });
        let mut arrivals = Arrivals { dice: 3, at: 0.0 };
        let n = 20_000;
        let mut alarms = 0;
        for _ in 0..n {
            let at = arrivals.next(500.0);
            alarms += u32::from(of_volume(&observe(&mut detector, at).1));
        }
        let share = f64::from(alarms) / f64::from(n) / Config::alpha(sensitivity);
        assert!(
            share <= 2.0 / 32.0,
            "{share} of the promise at {sensitivity}"
        );
    }
}

#[test]
fn clocks_that_stand_still_or_go_wrong_raise_no_alarm() {
    let (mut detector, arrivals) = begun(6_000);
    let quiet = |detector: &mut Detector, at: i64| {
        let (_, v) = observe(detector, at);
        assert!(!v.evidence.contains_key("burst_bits"), "{:?}", v.reason);
    };
    let now = arrivals.at as i64;
    for i in 0..30 {
        quiet(&mut detector, now - 60_000 + i); // an hour-old batch arrives late
    }
    quiet(&mut detector, now + 1_000);
    for at in [i64::MAX, i64::MIN, 0, -1, i64::MAX] {
        observe(&mut detector, at); // nothing overflows
    }
    let seconds = |detector: &mut Detector, n: i64| {
        (0..n)
            .filter(|i| of_volume(&observe(detector, 4_000_000_000_000 + i / 100 * 1_000).1))
            .count()
    };
    let mut detector = Detector::new(Config::default());
    assert_eq!(
        seconds(&mut detector, 20_000),
        0,
        "whole seconds, a hundred events each"
    );
}

#[test]
fn a_checkpoint_keeps_the_pace() {
    let (mut detector, mut arrivals) = begun(6_000);
    let mut copy = Detector::restore(&detector.snapshot()).expect("a sound checkpoint");
    for i in 0..400 {
        let at = arrivals.next(if i > 100 { 4.0 } else { 500.0 });
        assert_eq!(observe(&mut detector, at).1, observe(&mut copy, at).1);
    }
    assert_eq!(detector.snapshot(), copy.snapshot());
}

#[test]
fn a_repeated_burst_told_briefly_is_judged_as_one_told_in_full() {
    let (mut full, mut arrivals) = begun(6_000);
    full.set_sensitivity(1.0);
    let mut brief = full.clone();
    let mut repeats = 0;
    for (events, mean_ms) in [(200, 5.0), (3_000, 500.0), (200, 1.0)] {
        for _ in 0..events {
            let at = arrivals.next(mean_ms);
            let (line, one) = observe(&mut full, at);
            let other = brief.observe_briefly(&timed(&line, at));
            let judged = |v: &Verdict| {
                let said = (v.index, v.score, v.p_value, v.p_method, v.q_value);
                (said, v.anomaly, v.severity, v.state, v.repeat_of)
            };
            assert_eq!(judged(&one), judged(&other));
            if of_volume(&one) && one.repeat_of.is_some() {
                repeats += 1;
                assert!(other.reason.is_none() && other.evidence.is_empty());
            }
        }
    }
    assert!(repeats > 0, "the second burst");
    assert_eq!(full.snapshot(), brief.snapshot());
}
