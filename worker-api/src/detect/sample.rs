//! Batches for tests of what takes them.

use super::log::{Format, Record, Writer};
use cbad::Kind;

/// A batch of log lines, the first at `from` in its request.
pub(crate) fn batch(from: usize, lines: impl IntoIterator<Item = String>) -> Vec<u8> {
    let mut batch = Writer::default();
    for (index, text) in (from as u32..).zip(lines) {
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
    batch.finish()
}

/// Lines that differ in their numbers.
pub(crate) fn orders(from: usize, count: usize) -> Vec<u8> {
    let line = |i| format!("user {} paid order {} in {} ms", i % 17, 8_000 + i, i % 40);
    batch(from, (from..from + count).map(line))
}
