//! What is written fits into a database whose values are limited.

use super::*;
use crate::detect::engine::Found;
use crate::detect::lesson::Lesson;
use crate::detect::record::Place;
use crate::detect::{log, sample};
use std::collections::BTreeMap;
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
        // a row of the log is filled up to a power of two
        let most = if *statement == JOURNAL {
            1 << 20
        } else {
            MOST / 2
        };
        assert!(largest <= most, "{largest} bytes in {statement}");
    }
}

#[test]
fn a_batch_of_seven_megabytes_is_stored_in_values_that_fit_and_comes_back_whole() {
    let batch = sample::batch(0, vec!["x".repeat(250_000); 28]);
    assert!(batch.len() > 7_000_000 - 1);
    let mut engine = Engine::new(name(), Counters::default(), Window::default());
    let mut store = Rows::default();
    for entry in [batch.clone(), vec![log::VERSION]] {
        let mut changes = Changes::new(&mut engine, 0);
        changes.entry = Some(entry);
        let statements = changes.finish().expect("fits");
        assert_fits(&statements);
        store.keep(statements);
    }
    let entries = store.entries(0);
    let last: Vec<i64> = entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(last, [8, 9]);
    assert!(entries[0].body == batch && entries[0].state.is_none());
    assert_eq!(entries[1].body, [log::VERSION]);
    assert_eq!(entries[1].state.as_ref(), Some(&engine.counters));
}

/// What statements leave in the tables that a restart reads.
#[derive(Default)]
struct Rows {
    counters: Option<Counters>,
    /// An earlier build's.
    old: Vec<Vec<Value>>,
    journal: BTreeMap<i64, Vec<Value>>,
    checkpoint: Vec<u8>,
    /// Events and detections by generation and day.
    usage: BTreeMap<(i64, String), (i64, i64)>,
    /// How often an anomaly was seen, by its sequence number.
    repeats: BTreeMap<i64, i64>,
}

impl Rows {
    fn keep(&mut self, statements: Vec<Statement>) {
        for (statement, values) in statements {
            let number = |i: usize| integer(&values[i]).expect("a number");
            match statement {
                JOURNAL => {
                    self.journal.insert(number(0), values[1..].to_vec());
                }
                "DELETE FROM log WHERE seq > 0" => self.old.clear(),
                "DELETE FROM journal WHERE slot > ?" => {
                    self.journal.retain(|slot, _| *slot <= number(0));
                }
                "DELETE FROM checkpoint" => self.checkpoint.clear(),
                s if s.starts_with("INSERT INTO checkpoint") => {
                    let chunk = values.into_iter().nth(1).and_then(bytes);
                    self.checkpoint.extend(chunk.expect("bytes"));
                }
                s if s.starts_with("INSERT INTO counters") => {
                    let body = text(&values[0]).expect("text");
                    self.counters = Some(serde_json::from_str(body).expect("counters"));
                }
                s if s.starts_with("INSERT INTO usage") => {
                    let day = text(&values[1]).expect("a day").to_owned();
                    let used = self.usage.entry((number(0), day)).or_default();
                    *used = (used.0 + number(2), used.1 + number(3));
                }
                s if s.starts_with("INSERT INTO repeats") => {
                    *self.repeats.entry(number(0)).or_insert(1) += number(1);
                }
                _ => {}
            }
        }
    }

    fn load(&self) -> Engine {
        let counters = self.counters.clone().unwrap_or_default();
        let old = joined(self.old.clone()).expect("an earlier build's log");
        let new = self.entries(counters.checkpoint_seq);
        let window = Window::default();
        rebuilt(name(), counters, window, &self.checkpoint, old, new).expect("loads")
    }

    fn entries(&self, checkpoint_seq: i64) -> Vec<Entry> {
        let page = |after: i64| {
            let behind = self.journal.range(after + 1..).take(PAGE_ROWS);
            Ok(behind.map(|(_, row)| row.clone()).collect())
        };
        journaled(checkpoint_seq, page).expect("a log")
    }

    /// Events counted, in the table and beside it.
    fn used(&self) -> i64 {
        let folded: i64 = self.usage.values().map(|(events, _)| events).sum();
        let beside = self.load().counters.used.map_or(0, |u| u.events as i64);
        folded + beside
    }

    /// How often anomalies were seen, in the table and beside it.
    fn repeated(&self) -> BTreeMap<i64, i64> {
        let mut repeated = self.repeats.clone();
        for (first, count) in self.load().counters.repeats {
            *repeated.entry(first as i64).or_insert(1) += i64::from(count);
        }
        repeated
    }
}

fn take(engine: &mut Engine, from: usize, count: usize, now_ms: i64) -> Vec<Statement> {
    let mut applied = engine
        .apply(&sample::orders(from, count), now_ms)
        .expect("a batch");
    let mut changes = Changes::new(engine, now_ms);
    changes.applied(&mut applied).expect("kept");
    changes.finish().expect("statements")
}

fn same(one: &Engine, other: &Engine) {
    assert_eq!(one.counters, other.counters);
    assert_eq!(one.snapshot(), other.snapshot());
}

#[test]
fn a_batch_is_one_row_and_a_restart_after_any_of_them_goes_on_where_it_was() {
    let day = 86_400_000;
    let mut live = Engine::new(name(), Counters::default(), Window::default());
    let mut store = Rows::default();
    for i in 0..30 {
        // the tenth comes on the next day, the twentieth is so long that a checkpoint is due
        let now = if i < 10 { 1 } else { day + 1 };
        let count = if i == 20 { 10_000 } else { 7 };
        let statements = take(&mut live, i * 7, count, now);
        let rows = statements.len();
        match i {
            10 => assert_eq!(rows, 4, "the entry, both days' usage, the counters"),
            20 => assert!(rows > 4, "a checkpoint"),
            _ => assert_eq!(rows, 1),
        }
        store.keep(statements);
        same(&store.load(), &live);
        assert_eq!(store.used(), live.counters.events as i64);
    }
    assert_eq!(store.usage.len(), 2);
    assert!(!store.checkpoint.is_empty());
    // twenty before the checkpoint, over which the nine since then were written
    let newest: Vec<i64> = store
        .journal
        .values()
        .map(|r| integer(&r[0]).expect("a number"))
        .collect();
    assert_eq!(newest, Vec::from_iter((21..30).chain(10..21)));
}

#[test]
fn rows_that_nothing_was_written_over_are_deleted_by_the_next_checkpoint() {
    let mut live = Engine::new(name(), Counters::default(), Window::default());
    let mut store = Rows::default();
    for (batches, left) in [(30, 30), (4, 30), (0, 4), (2, 2), (0, 2), (0, 0)] {
        for i in 0..batches {
            store.keep(take(&mut live, i * 3, 3, 1));
        }
        assert_eq!(store.journal.len(), left, "{batches}");
        let mut changes = Changes::new(&mut live, 1);
        changes.checkpoint();
        store.keep(changes.finish().expect("statements"));
        assert!(store.entries(live.counters.checkpoint_seq).is_empty());
        same(&store.load(), &live);
    }
}

#[test]
fn a_log_of_many_pages_is_read_up_to_the_newest_row_and_no_further() {
    for (before, since) in [
        (250, 0),
        (250, 99),
        (250, 100),
        (250, 230),
        (0, 200),
        (99, 300),
    ] {
        let mut live = Engine::new(name(), Counters::default(), Window::default());
        let mut store = Rows::default();
        for i in 0..before + since {
            if i == before {
                let mut changes = Changes::new(&mut live, 1);
                changes.checkpoint();
                store.keep(changes.finish().expect("statements"));
            }
            store.keep(take(&mut live, i * 3, 3, 1));
        }
        let expected = live.counters.log_seq - live.counters.checkpoint_seq;
        let newer = store.entries(live.counters.checkpoint_seq).len();
        assert_eq!(newer as i64, expected, "{before} and {since}");
        same(&store.load(), &live);
        assert_eq!(store.journal.len(), before.max(since));
    }
}

#[test]
fn repeats_wait_in_the_counters_and_none_is_lost_on_the_way_to_their_table() {
    let mut live = Engine::new(name(), Counters::default(), Window::default());
    let mut store = Rows::default();
    let mut expected = BTreeMap::new();
    for i in 0..200u64 {
        let mut applied = live
            .apply(&sample::orders(i as usize, 1), 1)
            .expect("a batch");
        // of one anomaly time and again, and of ever new ones
        applied.repeats = vec![7, 1_000 + i / 2];
        for first in &applied.repeats {
            *expected.entry(*first as i64).or_insert(1) += 1;
        }
        let mut changes = Changes::new(&mut live, 1);
        changes.applied(&mut applied).expect("kept");
        store.keep(changes.finish().expect("statements"));
        same(&store.load(), &live);
        assert_eq!(store.repeated(), expected);
    }
    let (beside, log) = (live.counters.repeats.len(), store.journal.len());
    assert!(beside <= 21 && log == 200, "{beside} {log}");
    store.keep(Changes::new(&mut live, 1).finish().expect("statements"));
    assert_eq!(store.repeats, expected, "folded into the table");
}

#[test]
fn what_changes_without_a_batch_is_not_forgotten_for_an_older_row_of_the_log() {
    let mut live = Engine::new(name(), Counters::default(), Window::default());
    let mut store = Rows::default();
    store.keep(take(&mut live, 0, 5, 1));
    live.counters.sensitivity = Some(0.7);
    store.keep(Changes::new(&mut live, 1).finish().expect("statements"));
    same(&store.load(), &live);
    assert_eq!(store.load().counters.used, None, "folded into the table");
    let mut again = store.load();
    store.keep(take(&mut again, 5, 5, 1));
    take(&mut live, 5, 5, 1);
    same(&store.load(), &live);
    assert_eq!(store.used(), 10);
}

#[test]
fn an_object_from_before_rows_said_the_counters_goes_on() {
    // as an earlier build left it: entries bare, counters in their own row and without the fields they have since
    let mut old = Engine::new(name(), Counters::default(), Window::default());
    let mut store = Rows::default();
    for i in 0..3 {
        old.apply(&sample::orders(i * 5, 5), 1).expect("a batch");
        let seq = i as i64 + 1;
        let row = vec![seq.into(), 5i64.into(), sample::orders(i * 5, 5).into()];
        store.old.push(row);
    }
    store.usage.insert((0, "1970-01-01".into()), (15, 0));
    let body = r#"{"generation":0,"events":15,"detections":0,"found":0,"event_type":"log","log_events":15,"log_bytes":600,"first_ms":1,"last_ms":1,"sensitivity":null,"base":0}"#;
    store.counters = Some(serde_json::from_str(body).expect("old counters"));
    let mut live = store.load();
    assert_eq!((live.counters.events, live.counters.log_seq), (15, 3));
    assert_eq!(live.snapshot(), old.snapshot());
    store.keep(take(&mut live, 15, 5, 1));
    let first = store.journal.first_key_value().expect("a row");
    assert_eq!(
        (*first.0, integer(&first.1[0])),
        (1, Some(4)),
        "behind the rows that were there"
    );
    same(&store.load(), &live);
    assert_eq!(store.used(), 20);
    // a restart with both logs, and one after a checkpoint has taken the place of both
    let mut again = store.load();
    store.keep(take(&mut again, 20, 5, 1));
    take(&mut live, 20, 5, 1);
    same(&store.load(), &live);
    let mut changes = Changes::new(&mut live, 1);
    changes.checkpoint();
    store.keep(changes.finish().expect("statements"));
    assert!(store.old.is_empty());
    same(&store.load(), &live);
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

#[test]
fn batches_that_waited_are_one_row_and_come_before_whatever_is_written_next() {
    type Next = fn(&mut Changes<'_>);
    let checkpoint: Next = |changes| changes.checkpoint();
    let batch: Next = |changes| {
        let mut applied = changes
            .engine()
            .apply(&sample::orders(90, 3), 1)
            .expect("a batch");
        changes.applied(&mut applied).expect("kept");
    };
    let lesson: Next = |changes| {
        let taught = Lesson {
            sequence: 1,
            generation: 0,
            event_type: "log".into(),
            json: false,
            text: "paid order 7 in 3 ms".into(),
            group: None,
            teach: true,
            look: false,
        };
        let (_, entry) = changes.engine().learn_lesson(&taught);
        changes.lesson(entry.expect("a lesson"));
    };
    for (next, rows) in [
        ((|changes| changes.waited()) as Next, 1),
        (batch, 1),
        (lesson, 2),
        (checkpoint, 0),
        ((|_| {}) as Next, 1),
    ] {
        let mut live = Engine::new(name(), Counters::default(), Window::default());
        let mut store = Rows::default();
        store.keep(take(&mut live, 0, 5, 1));
        for i in 1..4 {
            let mut applied = live.apply(&sample::orders(i * 5, 5), 1).expect("a batch");
            let mut changes = Changes::new(&mut live, 1);
            changes.applied(&mut applied).expect("kept");
            assert!(changes.wait());
        }
        assert_eq!(
            store.load().counters.events,
            5,
            "the others are nowhere but in memory"
        );
        let mut changes = Changes::new(&mut live, 1);
        next(&mut changes);
        store.keep(changes.finish().expect("statements"));
        assert!(live.unwritten.is_empty());
        same(&store.load(), &live);
        assert_eq!(store.used(), live.counters.events as i64);
        assert_eq!(store.journal.len(), 1 + rows);
    }
}
