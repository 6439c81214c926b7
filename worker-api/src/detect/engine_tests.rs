use super::*;
use crate::detect::log::Format;
use cbad::Kind;

fn engine() -> Engine {
    Engine::new(
        ObjectName::first(Uuid::from_u128(7), "checkout"),
        Counters::default(),
        Window::default(),
    )
}

fn batch(lines: &[String], ids: bool) -> Vec<u8> {
    let mut w = Writer::default();
    for (i, line) in lines.iter().enumerate() {
        let id = format!("id-{line}");
        w.push(&Record {
            index: i as u32,
            kind: Kind::Log,
            timestamp_ms: None,
            group: None,
            id: ids.then_some(id.as_str()),
            metadata: None,
            format: Format::Text,
            text: line,
        });
    }
    w.finish()
}

fn line(i: u64) -> String {
    let user = i.wrapping_mul(7919) % 5000;
    match i % 4 {
        0 => format!("INFO paid order {} in {} ms", 8000 + i, 20 + i % 37),
        1 => format!(
            "INFO user {user} logged in from 10.0.{}.{}",
            i % 200,
            user % 250
        ),
        2 => format!("DEBUG cache hit key=user:{user} ttl={}", 30 + i % 60),
        _ => format!("INFO GET /cart/{user} 200 {} ms", 3 + i % 20),
    }
}

#[test]
fn events_with_a_known_id_are_not_counted_again() {
    let mut e = engine();
    let lines: Vec<String> = (0..10).map(line).collect();
    let first = e.apply(&batch(&lines, true), 1).expect("batch");
    assert_eq!((first.answer.accepted, first.answer.duplicates), (10, 0));
    e.window.add(1, 1, first.ids);
    let again = e.apply(&batch(&lines, true), 2).expect("batch");
    assert_eq!(
        (again.answer.accepted, again.answer.duplicates, again.log),
        (0, 10, None)
    );
    assert!(first.answer.repeated.is_empty());
    assert_eq!(
        serde_json::to_string(&again.answer.repeated).expect("JSON"),
        "[[0,9]]"
    );
    assert_eq!(e.counters.events, 10);
    let twice = e
        .apply(&batch(&[line(99), line(99)], true), 3)
        .expect("batch");
    assert_eq!((twice.answer.accepted, twice.answer.duplicates), (1, 1));
    assert_eq!(twice.answer.repeated.iter().collect::<Vec<_>>(), [1]);
}

#[test]
fn checkpoint_and_log_rebuild_the_same_engine() {
    let mut straight = engine();
    let (mut checkpoint, mut counters, mut logs) = (Vec::new(), Counters::default(), Vec::new());
    let mut expected = Vec::new();
    for chunk in 0..30u64 {
        let lines: Vec<String> = (chunk * 50..chunk * 50 + 50).map(line).collect();
        let applied = straight.apply(&batch(&lines, false), 1).expect("batch");
        if chunk == 9 {
            checkpoint = straight.snapshot();
        }
        if (10..20).contains(&chunk) {
            logs.push(applied.log.expect("accepted"));
        }
        if chunk == 19 {
            counters = straight.counters.clone();
        }
        if chunk >= 20 {
            expected.push(straight.snapshot());
        }
    }
    let mut rebuilt = Engine::restore(
        straight.name.clone(),
        counters,
        Window::default(),
        &checkpoint,
    )
    .expect("checkpoint");
    for log in &logs {
        rebuilt.replay(log).expect("log");
    }
    for (chunk, want) in (20..30u64).zip(expected) {
        let lines: Vec<String> = (chunk * 50..chunk * 50 + 50).map(line).collect();
        rebuilt.apply(&batch(&lines, false), 1).expect("batch");
        assert!(rebuilt.snapshot() == want, "chunk {chunk}");
    }
    assert_eq!(rebuilt.counters, straight.counters);
}

#[test]
fn a_corrupt_batch_changes_nothing() {
    let mut e = engine();
    let before = e.snapshot();
    let mut bytes = batch(&[line(1), line(2)], false);
    bytes.truncate(bytes.len() - 3);
    assert!(e.apply(&bytes, 1).is_err());
    assert!(e.snapshot() == before && e.counters == Counters::default());
}

#[test]
fn an_odd_event_among_ordinary_ones_is_recorded_once() {
    let mut e = engine();
    let lines: Vec<String> = (0..1500).map(line).collect();
    let ordinary = e.apply(&batch(&lines, false), 1).expect("batch");
    assert!(
        ordinary.anomalies.len() <= 15,
        "{} false alarms",
        ordinary.anomalies.len()
    );
    let odd = e
        .apply(
            &batch(
                &["FATAL kernel panic: segfault in payment-gateway, dumping core".into()],
                false,
            ),
            2,
        )
        .expect("batch");
    assert_eq!(odd.answer.anomalies.len(), 1);
    let found = &odd.answer.anomalies[0];
    assert_eq!(found.id, e.name.anomaly_id(0, 1500));
    assert!(found.p_value <= 0.001 && !found.reason.is_empty());
    let pending = &odd.anomalies[0];
    assert_eq!(
        pending.row["event_text"],
        "FATAL kernel panic: segfault in payment-gateway, dumping core"
    );
    assert_eq!(
        pending.window.last().map(String::as_str),
        pending.row["event_text"].as_str()
    );
}

#[test]
fn a_packed_answer_says_the_same_or_there_is_none() {
    let plain = IngestAnswer {
        accepted: 4_095,
        state: "drifting".into(),
        events_seen: (1 << 39) - 1,
        ..IngestAnswer::default()
    };
    for (accepted, state, events_seen) in [
        (0, "learning", 0),
        (100, "ready", 123_456_789),
        (4_095, "drifting", (1 << 39) - 1),
    ] {
        let answer = IngestAnswer {
            accepted,
            state: state.into(),
            events_seen,
            ..IngestAnswer::default()
        };
        let packed = answer.packed().expect("plain");
        assert_eq!(IngestAnswer::unpacked(packed), Some(answer));
    }
    let special: [fn(&mut IngestAnswer); 7] = [
        |a| a.accepted = 4_096,
        |a| a.events_seen = 1 << 39,
        |a| a.state = "asleep".into(),
        |a| a.duplicates = 1,
        |a| a.repeated.push(0),
        |a| a.unrecorded = 1,
        |a| a.moved = Some(Layout::default()),
    ];
    for change in special {
        let mut answer = plain.clone();
        change(&mut answer);
        assert_eq!(answer.packed(), None, "{answer:?}");
    }
    let lines: Vec<String> = (0..10).map(line).collect();
    let scored = engine()
        .apply(&batch(&lines, true), 1)
        .expect("batch")
        .answer;
    let packed = scored.packed().expect("plain");
    assert_eq!(IngestAnswer::unpacked(packed), Some(scored));
}
