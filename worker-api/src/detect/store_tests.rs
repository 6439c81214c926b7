//! What is written fits into a database whose values are limited.

use super::*;
use crate::detect::engine::Found;
use crate::detect::log::{Format, Record, Writer};
use crate::detect::record::Place;
use cbad::Kind;
use uuid::Uuid;

/// What Cloudflare takes as one value.
const MOST: usize = 2_000_000;

fn name() -> ObjectName {
    ObjectName::first(Uuid::nil(), "large")
}

fn size(value: &Value) -> usize {
    match value {
        Value::Blob(b) => b.len(),
        Value::String(s) => s.len(),
        _ => 8,
    }
}

fn assert_fits(statements: &[Statement]) {
    for (statement, values) in statements {
        let largest = values.iter().map(size).max().unwrap_or(0);
        assert!(largest < MOST / 2 + 1, "{largest} bytes in {statement}");
    }
}

#[test]
fn a_batch_of_seven_megabytes_is_stored_in_values_that_fit_and_comes_back_whole() {
    let text = "x".repeat(250_000);
    let mut batch = Writer::default();
    for index in 0..28 {
        batch.push(&Record {
            index,
            kind: Kind::Log,
            timestamp_ms: None,
            group: None,
            id: None,
            metadata: None,
            format: Format::Text,
            text: &text,
        });
    }
    let batch = batch.finish();
    assert!(batch.len() > 7_000_000 - 1);
    let mut engine = Engine::new(name(), Counters::default(), Window::default());
    let mut changes = Changes::new(&mut engine, 0);
    changes.log(28, &batch);
    changes.log(1, &[1, 2, 3]);
    assert_fits(&changes.statements);
    let rows = changes.statements.iter().map(|(_, values)| {
        let row = values.iter().map(|v| match v {
            Value::Blob(b) => Value::Blob(b.clone()),
            other => Value::Integer(integer(other).unwrap_or(0)),
        });
        row.collect()
    });
    assert_eq!(joined(rows.collect()), [batch, vec![1, 2, 3]]);
}

#[test]
fn anomalies_and_answers_fit_too() {
    let mut engine = Engine::new(name(), Counters::default(), Window::default());
    let place_name = name();
    let place = Place {
        name: &place_name,
        generation: 0,
        sequence: 1,
        now_ms: 0,
    };
    let mut pending = Pending::found(place, "log", "high", serde_json::json!({}), None);
    let controls = "\u{1}".repeat(262_144);
    pending.row.insert("event_text".into(), controls.into());
    let mut changes = Changes::new(&mut engine, 0);
    changes.found(&pending).expect("kept");
    let found = Found {
        id: Uuid::nil(),
        index: 0,
        stream: "large".into(),
        score: 1.0,
        p_value: 0.5,
        severity: "low".into(),
        reason: "because ".repeat(40),
    };
    let answer = IngestAnswer {
        accepted: 10_000,
        anomalies: vec![found; 10_000],
        ..IngestAnswer::default()
    };
    let key = RequestKey {
        key: "k".into(),
        body: "b".into(),
    };
    let answer = serde_json::to_string(&answer).expect("an answer");
    changes.answer(&key, answer, ALL);
    assert_fits(&changes.statements);
    let kept: Vec<&str> = changes
        .statements
        .iter()
        .flat_map(|(_, v)| v.iter().filter_map(text))
        .collect();
    assert!(kept.iter().any(|t| t.contains("(cut)")));
    assert!(kept.iter().any(|t| t.contains("\"accepted\":10000")));
}

#[test]
fn another_body_under_a_key_is_a_mistake_for_a_day_and_then_a_new_request() {
    let row: Vec<Value> = vec![
        "body".into(),
        "{}".into(),
        65_535i64.into(),
        1_000i64.into(),
    ];
    let key = |body: &str| RequestKey {
        key: "k".into(),
        body: body.into(),
    };
    let day = dedupe::MAX_AGE_MS;
    for now in [1_000, 1_000 + day - 1, 1_000 + day, 1_000 + 100 * day, -day] {
        assert!(matches!(
            judged(&row, &key("body"), now),
            Some(Earlier::Same(..))
        ));
        let other = judged(&row, &key("other"), now);
        assert_eq!(matches!(other, Some(Earlier::Different)), now < 1_000 + day);
        assert_eq!(other.is_none(), now >= 1_000 + day);
    }
}
