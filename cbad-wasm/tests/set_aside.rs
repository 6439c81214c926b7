//! How well faults rank on streams that no constant was chosen on, and what each part of the detector brings there.

mod synthetic;

use cbad::{Config, Detector, Event, Parts};
use synthetic::Dice;
use synthetic::kinds::{KINDS, Kind};

const EVENTS: usize = 8_000;

/// What came of one stream.
struct Outcome {
    auprc: f64,
    found: f64,
    false_per_10k: f64,
}

/// The first fifth is not counted; faults are in it too.
fn run((_, make): Kind, parts: Parts, seed: u64) -> Outcome {
    let mut detector = Detector::new(Config {
        parts,
        ..Config::default()
    });
    let mut dice = Dice(seed);
    let mut scored = vec![];
    let (mut alarms, mut false_alarms) = (0, 0);
    for i in 0..EVENTS {
        let fault = dice.roll(50) == 0;
        let line = make(&mut dice, fault);
        let event = match line.starts_with('{') {
            true => Event::json(&line),
            false => Event::text(&line),
        };
        let verdict = detector.observe(&event);
        if i >= EVENTS / 5 {
            alarms += u32::from(verdict.anomaly && fault);
            false_alarms += u32::from(verdict.anomaly && !fault);
            scored.push((verdict.score, fault));
        }
    }
    let faults = scored.iter().filter(|s| s.1).count() as f64;
    Outcome {
        auprc: average_precision(&mut scored),
        found: f64::from(alarms) / faults,
        false_per_10k: 1e4 * f64::from(false_alarms) / (scored.len() as f64 - faults),
    }
}

/// Mean precision over the faults, equal scores taken together.
fn average_precision(scored: &mut [(f64, bool)]) -> f64 {
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut seen, mut hits, mut sum) = (0.0, 0.0, 0.0);
    for tie in scored.chunk_by(|a, b| a.0 == b.0) {
        let new = tie.iter().filter(|s| s.1).count() as f64;
        seen += tie.len() as f64;
        hits += new;
        sum += new * hits / seen;
    }
    sum / hits
}

#[test]
fn faults_rank_high_on_kinds_of_streams_nothing_was_tuned_on() {
    for kind in KINDS {
        let o = run(kind, Parts::default(), 5);
        println!(
            "{:<20} AUPRC {:.3}, {:.0} % found, {:.1} false per 10,000",
            kind.0,
            o.auprc,
            100.0 * o.found,
            o.false_per_10k
        );
        assert!(o.auprc >= 0.3, "{}: {:.3}", kind.0, o.auprc);
        assert!(
            o.false_per_10k <= 140.0,
            "{}: {:.1}",
            kind.0,
            o.false_per_10k
        );
    }
}

#[test]
#[ignore = "a table, not a test: --ignored --nocapture"]
fn what_each_part_brings() {
    let all = Parts::default();
    let without = [
        ("all", all),
        (
            "no guard",
            Parts {
                guard: false,
                ..all
            },
        ),
        (
            "no class excess",
            Parts {
                class_excess: false,
                ..all
            },
        ),
        (
            "no whole events",
            Parts {
                signature: false,
                ..all
            },
        ),
        (
            "no price of new words",
            Parts {
                new_words: false,
                ..all
            },
        ),
        (
            "no recalibration",
            Parts {
                recalibrate: false,
                ..all
            },
        ),
    ];
    for (name, parts) in without {
        print!("| {name} |");
        for kind in KINDS {
            let seeds = [5, 6, 7].map(|seed| run(kind, parts, seed));
            let mean = |f: fn(&Outcome) -> f64| seeds.iter().map(f).sum::<f64>() / 3.0;
            print!(
                " {:.3}, {:.0} %, {:.0} |",
                mean(|o| o.auprc),
                100.0 * mean(|o| o.found),
                mean(|o| o.false_per_10k)
            );
        }
        println!();
    }
}
