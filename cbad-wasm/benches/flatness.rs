//! What an event costs after 10⁴, 10⁵, 10⁶ and 10⁷ events of one stream, and what the detector holds then.
//!
//! `cargo bench --bench flatness -- 10000000` prints one line of JSON per step. The last 10,000 events before each step are timed.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, missing_docs)]

mod common;

use cbad::{Config, Detector, Event};
use std::time::{Duration, Instant};

const TIMED: u64 = 10_000;

fn main() {
    let most: u64 = std::env::args()
        .find_map(|arg| arg.parse().ok())
        .unwrap_or(1_000_000);
    let mut detector = Detector::new(Config::default());
    let mut dice = common::Dice(1);
    // 1, 2 and 5 times each power of ten
    let steps: Vec<u64> = (4..=18)
        .flat_map(|e| [1, 2, 5].map(|f| f * 10u64.pow(e)))
        .filter(|&s| s <= most)
        .collect();
    let mut seen = 0;
    for step in steps {
        let mut best = Duration::MAX;
        while seen < step {
            let upto = step.min(seen + TIMED);
            let lines: Vec<String> = (seen..upto)
                .map(|i| common::made_line(&mut dice, i / 200))
                .collect();
            let start = Instant::now();
            for line in &lines {
                std::hint::black_box(detector.observe(&Event::text(line)));
            }
            // the median would need them all; the least of the last ten batches tells cost from the machine's other work
            let timed = start.elapsed() / lines.len().max(1) as u32;
            best = if step - seen > 10 * TIMED {
                Duration::MAX
            } else {
                best.min(timed)
            };
            seen = upto;
        }
        println!(
            "{{\"events\":{seen},\"ns_per_event\":{},\"memory_bytes\":{},\"snapshot_bytes\":{}}}",
            best.as_nanos(),
            detector.memory_bytes(),
            detector.snapshot().len()
        );
    }
}
