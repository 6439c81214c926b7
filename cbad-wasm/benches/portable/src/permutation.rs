//! Times the permutation test of 400 baseline and 50 window events.
//!
//! One line of JSON per codec and window, the least of several runs: other work on the machine only ever adds.

use crate::made::{Dice, made_line, odd_line};
use cbad::codec::Codec;
use cbad::measures::{WindowOptions, window_report};
use std::time::{Duration, Instant};

const RUNS: usize = 15;

fn lines(count: usize, mut line: impl FnMut() -> String) -> Vec<Vec<u8>> {
    (0..count).map(|_| line().into_bytes()).collect()
}

fn refs(lines: &[Vec<u8>]) -> Vec<&[u8]> {
    lines.iter().map(Vec::as_slice).collect()
}

/// Prints what each codec finds in an ordinary and in an odd window.
pub fn run() {
    let mut dice = Dice(5);
    let baseline = lines(400, || made_line(&mut dice, 73_000));
    let windows = [
        ("ordinary", lines(50, || made_line(&mut dice, 73_000))),
        ("odd", lines(50, || odd_line(&mut dice))),
    ];
    for codec in [Codec::Zstd, Codec::Deflate, Codec::Lz4] {
        for (name, window) in &windows {
            let options = WindowOptions {
                codec,
                ..WindowOptions::default()
            };
            let mut least = Duration::MAX;
            let mut report = None;
            for _ in 0..RUNS {
                let start = Instant::now();
                report = Some(window_report(&refs(&baseline), &refs(window), &options));
                least = least.min(start.elapsed());
            }
            let Some(report) = report else { continue };
            println!(
                "{{\"codec\":\"{}\",\"window\":\"{name}\",\"p\":{},\"permutations\":{},\"ncd\":{},\"ms\":{:.2}}}",
                codec.name(),
                report.p_value,
                report.permutations,
                report.ncd,
                least.as_secs_f64() * 1e3
            );
        }
    }
}
