//! A stream of an hour: the kinds an application logs, each at its own rate, then one line that does not belong.

use cbad::{Config, Detector, Event};

fn ordinary(i: u64, seed: u64) -> String {
    let r = cbad::hash::mix(i, seed);
    let pick = |n: u64, from: u64| (r >> from) % n;
    match r % 100 {
        0..40 => format!(
            "INFO paid order {} in {} ms user={}",
            8_000 + i,
            20 + pick(40, 8),
            1 + pick(5_000, 16)
        ),
        40..70 => format!(
            "INFO GET /api/cart/{} 200 {}ms",
            1 + pick(9_999, 8),
            2 + pick(88, 24)
        ),
        70..85 => format!(
            "DEBUG cache hit key=user:{} ttl={}",
            1 + pick(5_000, 8),
            1 + pick(60, 24)
        ),
        85..97 => format!(
            "WARN slow query took {} ms table=orders",
            500 + pick(400, 8)
        ),
        _ => format!("INFO worker {} heartbeat ok", 1 + pick(8, 8)),
    }
}

#[test]
fn ordinary_kinds_are_learnt_and_the_odd_line_stands_out() {
    for (odd, token) in [
        (
            "FATAL out of memory: killed process 4242 (postgres)",
            "FATAL",
        ),
        (
            "INFO paid order 9999 in 41 ms user=17 gateway=sandbox",
            "gateway",
        ),
        ("ERROR connection refused to db-primary:5432", "ERROR"),
        ("WARN slow query took 799 ms table=passwords", "passwords"),
    ] {
        for seed in 1..=5 {
            let mut detector = Detector::new(Config::default());
            let alarms = (0..1_500)
                .filter(|&i| detector.observe(&Event::text(&ordinary(i, seed))).anomaly)
                .count();
            assert!(alarms <= 15, "{alarms} false alarms with seed {seed}");
            let verdict = detector.observe(&Event::text(odd));
            assert!(
                verdict.anomaly,
                "{odd} with seed {seed}: p = {}",
                verdict.p_value
            );
            let most = verdict.tokens.iter().map(|t| t.bits).fold(0.0, f64::max);
            let dearest = verdict.tokens.iter().find(|t| t.bits == most);
            assert_eq!(dearest.map(|t| t.text.as_str()), Some(token), "seed {seed}");
        }
    }
}
