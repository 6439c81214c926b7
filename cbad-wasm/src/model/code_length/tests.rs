//! Every event comes back, and what the coder spends on what is there is what the model says it costs.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::bits::{BIT, to_bits};
use crate::features::Features;
use crate::verdict::Verdict;
use proptest::prelude::*;

/// The price of an event as the detector computes it.
fn price(detector: &Detector, event: &Event<'_>) -> i64 {
    let mut features = Features::default();
    features.extract(event);
    let model = detector.model();
    model
        .totals()
        .event(&mut &model.table, &features, |_, _| {})
}

/// Sends events and receives them; gives the ledgers and the bytes.
fn there_and_back(events: &[(bool, String)]) -> (Vec<Ledger>, usize) {
    let mut sender = Sender::new(Config::default());
    let mut sent = Vec::new();
    let mut ledgers = Vec::new();
    for (json, text) in events {
        let event = if *json {
            Event::json(text)
        } else {
            Event::text(text)
        };
        let claimed = price(sender.detector(), &event);
        let Some((ledger, written)) = sender.send(&event) else {
            continue;
        };
        assert_eq!(
            ledger.price, claimed,
            "the ledger against the detector: {text}"
        );
        let over = ledger.said - to_bits(ledger.price);
        let decisions = 2.0 + text.len() as f64; // at most
        assert!(
            (-OVERHEAD * decisions..=OVERHEAD * decisions).contains(&over),
            "{over} bits over the price: {text}"
        );
        assert!(
            (written - ledger.bits()).abs() <= 16.0 + ledger.bits() / 500.0,
            "{written} bits written, {} accounted",
            ledger.bits()
        );
        ledgers.push(ledger);
        sent.push(Canonical::of(&event).unwrap());
    }
    let bytes = sender.finish();
    let mut receiver = Receiver::new(Config::default(), &bytes);
    for canonical in sent {
        assert_eq!(receiver.receive(), canonical);
    }
    (ledgers, bytes.len())
}

fn line(i: u64) -> (bool, String) {
    let dice = |sides: u64| crate::hash::mix(i, sides) % sides;
    match dice(7) {
        0 => (
            true,
            format!(
                "{{\"level\":\"info\",\"ms\":{},\"user\":\"u{}\",\"tags\":[\"a\",\"b b\",{}]}}",
                dice(5_000),
                dice(30),
                dice(9)
            ),
        ),
        1 => (
            true,
            format!(
                "{{\"ms\":1.50,\"level\":\"warn\",\"message\":\"cache miss for key {} of /var/lib/x{}\"}}",
                dice(900),
                dice(3)
            ),
        ),
        _ => (
            false,
            format!(
                "081109 203{:03} {} INFO dfs.DataNode: Receiving block blk_{} src: /10.250.{}.{}:54106",
                i / 20,
                dice(300),
                dice(1 << 30),
                dice(20),
                dice(255)
            ),
        ),
    }
}

#[test]
fn a_log_comes_back_and_its_bits_are_spent() {
    let events: Vec<_> = (0..400)
        .map(line)
        .chain([
            (false, "FATAL kernel panic: out of memory, oom oom".into()),
            (
                true,
                "{\"level\":\"info\",\"zone\":{\"id\":\"weird\"}}".into(),
            ),
        ])
        .collect();
    let (ledgers, bytes) = there_and_back(&events);
    let bits: f64 = ledgers.iter().map(Ledger::bits).sum();
    assert!((8.0 * bytes as f64 - bits).abs() < 40.0 + bits / 1_000.0);
    let ordinary: i64 = ledgers[200..400].iter().map(|l| l.price).sum::<i64>() / 200;
    assert!(
        ledgers[400].price > 3 * ordinary,
        "a new line costs more than an ordinary one"
    );
}

#[test]
fn sequences_that_repeat_come_back_priced_as_a_whole() {
    let event = |i: u64| {
        let n = crate::hash::mix(i, 5) % 4;
        (
            false,
            format!(
                "{}{}",
                "open read read write read ".repeat(1 + n as usize),
                ["close", "close sync", "abort"][(i % 3) as usize]
            ),
        )
    };
    there_and_back(&(0..200).map(event).collect::<Vec<_>>());
}

#[test]
fn tokens_of_a_verdict_add_up_to_what_is_spent() {
    let mut sender = Sender::new(Config::default());
    for i in 0..300 {
        sender.send(&Event::text(&line(7 * i + 1).1));
    }
    for text in [
        "FATAL kernel panic: out of memory",
        "081109 203001 7 INFO dfs.DataNode: Deleting block blk_5",
    ] {
        let verdict: Verdict = sender.detector().explain(&Event::text(text));
        let shown: f64 = verdict.tokens.iter().map(|t| t.bits).sum();
        let (ledger, _) = sender.send(&Event::text(text)).unwrap();
        assert!(
            (shown - ledger.said).abs() < 0.01,
            "{shown} bits shown, {} spent",
            ledger.said
        );
        assert!(ledger.price > 10 * BIT);
    }
}

fn content() -> impl Strategy<Value = (bool, String)> {
    let word = prop_oneof![
        "[a-c]{1,3}",
        "[0-9]{1,6}",
        "[a-z0-9]{1,8}",
        "[ .:/_\\-]{1,2}",
        "\\PC{0,6}",
        Just("10.0.0.1:80".to_owned()),
        Just("/var/log/x".to_owned())
    ];
    let text = proptest::collection::vec(word, 0..9).prop_map(|w| w.join(" "));
    let value = prop_oneof![
        text.clone()
            .prop_map(|t| serde_json::to_string(&t).unwrap()),
        "[a-c0-9]{1,3}".prop_map(|t| format!("\"{t}\"")),
        any::<f64>().prop_map(|x| format!("{x:?}")),
        (-20i64..2_000).prop_map(|x| x.to_string()),
        Just("[]".to_owned()),
        Just("{ }".to_owned()),
        Just("null".to_owned()),
    ];
    let record = proptest::collection::vec(("[a-d]", value), 1..6).prop_map(|members| {
        let member = |(i, (k, v)): (usize, &(String, String))| match i % 3 {
            0 => format!("\"{k}\":{v}"),
            1 => format!("\"{k}\": [{v}, {v}]"),
            _ => format!("\"{k}\":{{\"x\":{v}}}"),
        };
        format!(
            "{{{}}}",
            members
                .iter()
                .enumerate()
                .map(member)
                .collect::<Vec<_>>()
                .join(",")
        )
    });
    prop_oneof![
        text.clone().prop_map(|t| (false, t)),
        text.prop_map(|t| (true, t)),
        record.prop_map(|t| (true, t)),
        (0u64..40).prop_map(line),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_stream_comes_back(events in proptest::collection::vec(content(), 1..40), rounds in 1usize..4) {
        let all: Vec<_> = (0..rounds).flat_map(|_| events.clone()).collect();
        there_and_back(&all);
    }
}
