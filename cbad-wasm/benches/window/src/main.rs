//! Times the permutation test of 400 baseline and 50 window events; built natively and for wasm32-wasip1 by `scripts/bench`.
//!
//! One line of JSON per codec and window, the least of several runs: other work on the machine only ever adds.

use cbad::codec::Codec;
use cbad::measures::{WindowOptions, window_report};
use std::time::{Duration, Instant};

const RUNS: usize = 15;

fn roll(seed: &mut u64, sides: u64) -> u64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % sides
}

fn ordinary(seed: &mut u64) -> String {
    let (thread, block, net, host) = (
        roll(seed, 300),
        roll(seed, 1 << 31),
        roll(seed, 20),
        roll(seed, 255),
    );
    match roll(seed, 3) {
        0 => format!(
            "081109 203518 {thread} INFO dfs.DataNode$DataXceiver: Receiving block blk_{block} src: /10.250.{net}.{host}:54106 dest: /10.250.19.102:50010"
        ),
        1 => format!(
            "081109 203521 {thread} INFO dfs.DataNode$PacketResponder: PacketResponder {} for block blk_{block} terminating",
            host % 3
        ),
        _ => format!(
            "081109 203521 {thread} INFO dfs.FSNamesystem: BLOCK* NameSystem.addStoredBlock: blockMap updated: 10.250.{net}.{host}:50010 is added to blk_{block} size 67108864"
        ),
    }
}

fn odd(seed: &mut u64) -> String {
    let (thread, block, net, host) = (
        roll(seed, 300),
        roll(seed, 1 << 31),
        roll(seed, 20),
        roll(seed, 255),
    );
    format!(
        "081109 204100 {thread} WARN dfs.DataNode$DataXceiver: Got exception while serving blk_{block} to /10.251.{net}.{host}: java.io.IOException"
    )
}

fn main() {
    let mut seed = 5;
    let baseline: Vec<String> = (0..400).map(|_| ordinary(&mut seed)).collect();
    let same: Vec<String> = (0..50).map(|_| ordinary(&mut seed)).collect();
    let strange: Vec<String> = (0..50).map(|_| odd(&mut seed)).collect();
    let bytes = |events: &[String]| -> Vec<Vec<u8>> {
        events.iter().map(|e| e.clone().into_bytes()).collect()
    };
    let baseline = bytes(&baseline);
    let b: Vec<&[u8]> = baseline.iter().map(Vec::as_slice).collect();
    for codec in [Codec::Zstd, Codec::Deflate, Codec::Lz4] {
        for (name, window) in [("ordinary", bytes(&same)), ("odd", bytes(&strange))] {
            let w: Vec<&[u8]> = window.iter().map(Vec::as_slice).collect();
            let options = WindowOptions {
                codec,
                ..WindowOptions::default()
            };
            let mut least = Duration::MAX;
            let mut report = window_report(&b, &w, &options);
            for _ in 0..RUNS {
                let start = Instant::now();
                report = window_report(&b, &w, &options);
                least = least.min(start.elapsed());
            }
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
