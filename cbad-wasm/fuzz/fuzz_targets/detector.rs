//! Any stream of events gets verdicts with a p-value in (0, 1], and a restored detector goes on with the same ones.
#![no_main]

use cbad::{Config, Detector, Event, Kind, Payload};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mut detector = Detector::new(Config::default());
    let lines = || text.split('\n').enumerate();
    // three times over, so that learning ends and repeats count
    for (i, line) in (0..3).flat_map(|_| lines()) {
        let kind = [Kind::Log, Kind::Metric, Kind::Trace, Kind::Llm][i % 4];
        let payload = if i % 3 == 0 {
            Payload::Text(line)
        } else {
            Payload::Json(line)
        };
        let timestamp_ms = (i % 5 > 0).then(|| i64::try_from(line.len()).unwrap_or(0) << (i % 60));
        let event = Event {
            kind,
            timestamp_ms,
            group: (i % 2 == 0).then_some(line),
            payload,
        };
        let verdict = detector.observe(&event);
        assert!(verdict.p_value > 0.0 && verdict.p_value <= 1.0 && verdict.score.is_finite());
    }
    let mut restored = Detector::restore(&detector.snapshot()).expect("its own snapshot");
    let last = Event::text(&text);
    let (a, b) = (detector.observe(&last), restored.observe(&last));
    assert_eq!(
        (a.score.to_bits(), a.p_value.to_bits()),
        (b.score.to_bits(), b.p_value.to_bits())
    );
});
