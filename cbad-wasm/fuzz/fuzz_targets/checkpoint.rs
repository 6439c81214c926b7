//! Bytes that are no checkpoint are refused; whatever is accepted works.
#![no_main]

use cbad::{Config, Detector, Event, replay};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let event = Event::text("paid order 8123 in 41 ms");
    if let Ok(mut detector) = Detector::restore(data) {
        detector.observe(&event);
    }
    let _ = replay(&event, data);
    let mut bytes = Detector::new(Config::default()).snapshot();
    for pair in data.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([pair[0], pair[1]])) % bytes.len().max(1);
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= pair[2];
        }
    }
    if let Ok(mut detector) = Detector::restore(&bytes) {
        detector.observe(&event);
    }
});
