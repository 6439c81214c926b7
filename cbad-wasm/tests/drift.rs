//! A lasting change becomes normal after the documented number of events (docs/ALGORITHMS.md, section 3), and a short attack does
//! not. `cargo test -p cbad-wasm --test drift -- --nocapture` prints the counts.

use cbad::hash::mix;
use cbad::{Config, Detector, Event, State};

/// A kind of stream: its ordinary events, and a kind that was not there before.
struct Case {
    name: &'static str,
    ordinary: fn(u64) -> String,
    new: fn(u64) -> String,
    /// Whether all events of the new kind are one kind to the guard: numbers of other sizes in records make other kinds.
    one_kind: bool,
}

const CASES: [Case; 3] = [
    Case {
        name: "text",
        ordinary: |i| match dice(i, 4) {
            0 => format!(
                "user {} paid order {} in {} ms",
                dice(i, 40),
                8_000 + i,
                dice(i, 50)
            ),
            1 => format!("cache hit for key session:{:08x}", dice(i, 1 << 31)),
            2 => format!(
                "worker {} took job {} after {} s",
                dice(i, 8),
                i,
                dice(i, 30)
            ),
            _ => format!("GET /api/cart/{} 200 in {} ms", dice(i, 9_999), dice(i, 90)),
        },
        new: |i| {
            format!(
                "voucher {} redeemed at till {}",
                dice(i, 90_000),
                dice(i, 9)
            )
        },
        one_kind: true,
    },
    Case {
        name: "records",
        ordinary: record,
        new: |_| r#"{"level":"NOTICE","voucher":{"code":"spring","till":"t1"}}"#.to_owned(),
        one_kind: true,
    },
    Case {
        name: "records of several sizes",
        ordinary: record,
        new: |i| {
            format!(
                r#"{{"level":"NOTICE","voucher":{{"code":"spring","till":"t1"}},"ms":{}}}"#,
                2 + dice(i, 60)
            )
        },
        one_kind: false,
    },
];

fn record(i: u64) -> String {
    format!(
        r#"{{"level":"INFO","route":"/{}","status":200,"ms":{},"user":{{"plan":"p{}"}}}}"#,
        ["cart", "pay", "search"][dice(i, 3) as usize],
        2 + dice(i, 60),
        dice(i, 3)
    )
}

fn dice(i: u64, sides: u64) -> u64 {
    mix(mix(i, 0xD1), sides) % sides
}

fn event(line: &str) -> Event<'_> {
    if line.starts_with('{') {
        Event::json(line)
    } else {
        Event::text(line)
    }
}

/// A detector after 4,000 ordinary events, no longer young.
fn grown(case: &Case) -> Detector {
    let mut detector = Detector::new(Config::default());
    for i in 0..4_000 {
        detector.observe(&event(&(case.ordinary)(i)));
    }
    assert_eq!(detector.state(), State::Ready, "{}", case.name);
    detector
}

/// What became of a new kind: the event that taught it, the coming from which at most 2 of 40 are anomalies, and the anomalies
/// told anew, not as repeats.
struct Course {
    learnt: Option<u64>,
    quiet: Option<u64>,
    told: usize,
}

/// Goes on for `comings` of the new kind, every `every`th event being one.
fn course(case: &Case, every: u64, comings: u64) -> Course {
    let mut detector = grown(case);
    let (mut alarms, mut learnt, mut told) = (Vec::new(), None, 0);
    for i in 1..=every * comings {
        let new = i % every == 0;
        let line = (if new { case.new } else { case.ordinary })(10_000 + i);
        let unknown = |detector: &Detector| {
            let said = detector.explain(&event(&line)).reason;
            said.is_some_and(|reason| reason.contains("has not been seen"))
        };
        let before = new && learnt.is_none() && unknown(&detector);
        let verdict = detector.observe(&event(&line));
        if new {
            alarms.push(verdict.anomaly);
            told += usize::from(verdict.anomaly && verdict.repeat_of.is_none());
        }
        if before && !unknown(&detector) {
            learnt = Some(i);
        }
    }
    let calm = |of: &[bool]| of.iter().filter(|a| **a).count() <= 2;
    let quiet = alarms.windows(40).position(calm);
    Course {
        learnt,
        quiet: quiet.map(|at| (at as u64 + 1) * every),
        told,
    }
}

#[test]
fn a_new_kind_that_keeps_coming_is_learnt_at_its_thirteenth_coming_and_then_grows_quiet() {
    for case in &CASES {
        // every how manieth event is of the new kind; which event its 13th coming is, 50 events apart; quiet from which at the latest
        for (every, thirteenth, quiet) in [
            (2, 602, Some(400)),
            (3, 615, Some(700)),
            (5, 605, Some(1_300)),
            (10, 610, Some(1_500)),
            (25, 625, Some(1_800)),
            (50, 650, Some(2_500)),
            (60, 780, Some(2_800)),
            (100, 1_300, None),
        ] {
            let seen = course(case, every, 240.max(4_000 / every));
            let name = format!("{}, every {every}th event", case.name);
            println!(
                "{name}: learnt at event {:?} (13th coming: {thirteenth}), quiet from event {:?}, told {} times",
                seen.learnt, seen.quiet, seen.told
            );
            if case.one_kind {
                assert_eq!(seen.learnt, Some(thirteenth), "{name}");
            } else {
                let range = thirteenth..=2 * thirteenth;
                assert!(seen.learnt.is_some_and(|at| range.contains(&at)), "{name}");
            }
            if let Some(latest) = quiet {
                assert!(seen.quiet.is_some_and(|at| at <= latest), "{name}");
            }
            assert_eq!(seen.told, 1, "{name}");
        }
    }
}

#[test]
fn a_burst_of_forty_stays_refused() {
    for case in &CASES {
        let mut detector = grown(case);
        let alarms = (0..40)
            .filter(|i| detector.observe(&event(&(case.new)(20_000 + i))).anomaly)
            .count();
        println!("{}: {alarms} of 40 in a burst alarmed", case.name);
        assert!(alarms >= 38, "{}: {alarms} of 40", case.name);
        for i in 0..500 {
            detector.observe(&event(&(case.ordinary)(30_000 + i)));
        }
        let after = detector.explain(&event(&(case.new)(20_100)));
        assert!(after.anomaly, "{}: p = {}", case.name, after.p_value);
        assert_eq!(detector.state(), State::Ready, "{}", case.name);
    }
}

#[test]
fn a_stream_that_changes_is_drifting_and_then_ready_again() {
    for case in &CASES {
        let mut detector = grown(case);
        let (mut drifting, mut ready, mut alarms_after) = (None, None, 0);
        for i in 1..=4_000u64 {
            // every second event is of the new kind from now on
            let make = if i % 2 == 0 { case.new } else { case.ordinary };
            let verdict = detector.observe(&event(&make(40_000 + i)));
            match verdict.state {
                State::Drifting => {
                    drifting.get_or_insert(i);
                    ready = None;
                }
                _ if drifting.is_some() => {
                    ready.get_or_insert(i);
                }
                _ => {}
            }
            alarms_after += u32::from(i > 2_000 && verdict.anomaly);
        }
        println!(
            "{}: half the stream changes: drifting at event {drifting:?}, ready at {ready:?}, {alarms_after} alarms in events 2,001 to 4,000",
            case.name
        );
        assert!(
            drifting.is_some_and(|at| at <= 400),
            "{}: {drifting:?}",
            case.name
        );
        assert!(
            ready.is_some_and(|at| at <= 2_000),
            "{}: {ready:?}",
            case.name
        );
        // promised: 4 of 1,000
        assert!(alarms_after <= 30, "{}: {alarms_after}", case.name);
    }
}
