//! What an event costs after 10⁴, 10⁵, 10⁶ and 10⁷ events of one stream, and what the detector holds then.
//!
//! The last events before each step are timed, in short batches of which the quickest counts: other work on the machine only adds.

use crate::made::{Dice, made_line};
use cbad::{Config, Detector, Event};
use std::time::{Duration, Instant};

/// Events in a batch.
const BATCH: u64 = 1_000;
/// Batches before a step of which the quickest counts, no more than half of the step.
const BATCHES: u64 = 100;

/// Goes up to `most` events.
pub fn run(most: u64) {
    let mut detector = Detector::new(Config::default());
    let mut dice = Dice(1);
    // 1, 2 and 5 times each power of ten
    let steps = (4..=18)
        .flat_map(|e| [1, 2, 5].map(|f| f * 10u64.pow(e)))
        .take_while(|&s| s <= most);
    let mut seen = 0;
    for step in steps {
        let mut least = Duration::MAX;
        while seen < step {
            let lines: Vec<String> = (seen..seen + BATCH)
                .map(|i| made_line(&mut dice, i / 200))
                .collect();
            let start = Instant::now();
            for line in &lines {
                std::hint::black_box(detector.observe(&Event::text(line)));
            }
            if step - seen <= (step / 2).min(BATCHES * BATCH) {
                least = least.min(start.elapsed());
            }
            seen += BATCH;
        }
        println!(
            "{{\"events\":{seen},\"ns_per_event\":{},\"memory_bytes\":{},\"snapshot_bytes\":{}}}",
            least.as_nanos() / u128::from(BATCH),
            detector.memory_bytes(),
            detector.snapshot().len()
        );
    }
}
