//! What must hold for any bytes; run by `cargo fuzz` (`fuzz_targets/`) and by `cargo test` (`tests/fuzz.rs`).

use cbad::codec::{Codec, zstd};
use cbad::{Config, Detector, Event, Kind, Memory, Payload, code_length, hash, replay};

const LIMIT: usize = 1 << 22;

/// A target: its name, which is that of its corpus, and what must not panic.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 5] = [
    ("codecs", codecs),
    ("events", events),
    ("code_length", coded),
    ("checkpoint", checkpoint),
    ("witness", witness),
];

/// What is compressed comes back; what is not compressed data is refused.
pub fn codecs(data: &[u8]) {
    let (prefix, rest) = data.split_at(data.len() / 3);
    for codec in Codec::ALL {
        let packed = codec.compress(data);
        let back = codec.decompress(&packed, LIMIT);
        assert_eq!(back.as_deref(), Ok(data), "{}", codec.name());
        let _ = codec.decompress(data, LIMIT);
        // one wrong byte
        if let Some(&at) = data.first() {
            let mut damaged = packed;
            let at = usize::from(at) % damaged.len().max(1);
            if let Some(byte) = damaged.get_mut(at) {
                *byte ^= 1 + data.len() as u8 % 255;
            }
            let _ = codec.decompress(&damaged, LIMIT);
        }
    }
    let frame = zstd::compress(rest, prefix);
    assert_eq!(zstd::decompress(&frame, prefix, LIMIT).as_deref(), Ok(rest));
    let _ = zstd::decompress(rest, prefix, LIMIT);
}

fn small() -> Config {
    Config {
        memory: Memory {
            table_bits: 8,
            scores: 256,
            recent_bytes: 1 << 10,
            open_groups: 4,
        },
        ..Config::default()
    }
}

/// Any stream of events gets verdicts with a p-value in (0, 1], and a restored detector goes on with the same ones.
pub fn events(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut detector = Detector::new(small());
    let lines = || text.split('\n').enumerate();
    // three times over, so that repeats count
    for (i, line) in (0..3).flat_map(|_| lines()) {
        let event = Event {
            kind: [Kind::Log, Kind::Metric, Kind::Trace, Kind::Llm][i % 4],
            timestamp_ms: (i % 5 > 0).then(|| i64::try_from(line.len()).unwrap_or(0) << (i % 60)),
            group: (i % 2 == 0).then_some(line),
            payload: if i % 3 == 0 {
                Payload::Text(line)
            } else {
                Payload::Json(line)
            },
        };
        let verdict = detector.observe(&event);
        assert!(verdict.p_value > 0.0 && verdict.p_value <= 1.0 && verdict.score.is_finite());
        assert!(verdict.q_value > 0.0 && verdict.q_value <= 1.0);
    }
    let mut restored = Detector::restore(&detector.snapshot()).expect("its own snapshot");
    let last = Event::json(&text);
    let explained = detector.explain(&last);
    let (a, b) = (detector.observe(&last), restored.observe(&last));
    assert_eq!(
        (a.score.to_bits(), a.p_value.to_bits()),
        (b.score.to_bits(), b.p_value.to_bits())
    );
    assert_eq!(explained.score.to_bits(), a.score.to_bits());
}

/// Any stream of events comes back from the arithmetic coder; what is no such stream does no harm.
pub fn coded(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut sender = code_length::Sender::new(small());
    let mut sent = Vec::new();
    for (i, line) in text.split('\n').take(30).enumerate() {
        let event = if i % 2 == 0 {
            Event::json(line)
        } else {
            Event::text(line)
        };
        if sender.send(&event).is_some() {
            sent.extend(code_length::canonical::Canonical::of(&event));
        }
    }
    let bytes = sender.finish();
    let mut receiver = code_length::Receiver::new(small(), &bytes);
    for event in sent {
        assert_eq!(receiver.receive(), event);
    }
}

/// A snapshot of a detector that has seen a little of everything.
fn snapshot() -> Vec<u8> {
    let mut detector = Detector::new(small());
    for i in 0..160 {
        let line = format!("user {} paid order {}", i % 9, 8_000 + i);
        let mut event = Event::text(&line);
        let key = format!("g{}", i / 7);
        event.group = (i % 3 == 0).then_some(&key);
        detector.observe(&event);
        let point = format!("{{\"cpu\":{},\"mem\":{}}}", i % 13, 100 - i % 5);
        detector.observe(&Event {
            kind: Kind::Metric,
            timestamp_ms: Some(60_000 * i),
            ..Event::json(&point)
        });
    }
    detector.snapshot()
}

/// Bytes that are no checkpoint are refused, and so is a state that no detector writes, even under a right checksum; whatever is
/// accepted works.
pub fn checkpoint(data: &[u8]) {
    let event = Event::text("paid order 8123 in 41 ms");
    let try_it = |bytes: &[u8]| {
        if let Ok(mut detector) = Detector::restore(bytes) {
            detector.observe(&event);
            detector.observe(&Event {
                kind: Kind::Metric,
                ..Event::json("{\"cpu\":7,\"mem\":98}")
            });
            detector.close_idle_groups(0);
            let again = detector.snapshot();
            assert!(
                Detector::restore(&again).is_ok(),
                "what works can be stored"
            );
        }
    };
    try_it(data);
    let mut bytes = snapshot();
    // behind magic, format, name of the algorithm and hash of the configuration stands the checksum of the rest
    let crc = 4 + 2 + 1 + cbad::ALGORITHM.len() + 8;
    let body = crc + 4;
    for triple in data.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([triple[0], triple[1]])) % (bytes.len() - body);
        bytes[body + at] ^= triple[2];
    }
    let checksum = hash::crc32(&bytes[body..]).to_le_bytes();
    bytes[crc..body].copy_from_slice(&checksum);
    try_it(&bytes);
}

/// Bytes that are no witness of an event are refused, damaged ones too or they give some verdict.
pub fn witness(data: &[u8]) {
    use base64::Engine as _;
    let mut detector = Detector::restore(&snapshot()).expect("its own snapshot");
    let text = String::from_utf8_lossy(&data[..data.len().min(40)]);
    let log = Event::text(&text);
    let point = Event {
        kind: Kind::Metric,
        ..Event::json("{\"cpu\":7000,\"mem\":98}")
    };
    for event in [log, point] {
        let _ = replay(&event, data);
        let verdict = detector.explain(&event);
        let given = verdict.witness.as_deref().unwrap_or("");
        let Ok(mut witness) = base64::engine::general_purpose::STANDARD.decode(given) else {
            panic!("a witness is base64")
        };
        if !witness.is_empty() {
            let replayed = replay(&event, &witness).expect("its own witness");
            assert_eq!(replayed.score.to_bits(), verdict.score.to_bits());
            for triple in data.chunks_exact(3) {
                let at = usize::from(u16::from_le_bytes([triple[0], triple[1]])) % witness.len();
                witness[at] ^= triple[2];
            }
            let _ = replay(&event, &witness);
        }
        detector.observe(&event);
    }
}
