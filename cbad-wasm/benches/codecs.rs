//! The codecs on a window, and the permutation test of 400 baseline and 50 window events.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use cbad::codec::{Codec, zstd as ours};
use cbad::measures::{WindowOptions, window_report};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn codecs(c: &mut Criterion) {
    let (lines, source) = common::lines();
    for (name, count) in [("window", 50), ("file", 4000)] {
        let text = lines[..count].join("\n").into_bytes();
        let mut group = c.benchmark_group(format!("{name}/{source}"));
        group
            .throughput(Throughput::Bytes(text.len() as u64))
            .sample_size(20);
        for codec in Codec::ALL {
            let packed = codec.compress(&text);
            group.bench_function(BenchmarkId::new("compress", codec.name()), |b| {
                b.iter(|| codec.compress(black_box(&text)))
            });
            group.bench_function(BenchmarkId::new("decompress", codec.name()), |b| {
                b.iter(|| codec.decompress(black_box(&packed), text.len()).unwrap())
            });
        }
        let prefix = lines[4000..4100].join("\n").into_bytes();
        group.bench_function("compress/zstd with a prefix", |b| {
            b.iter(|| ours::compress(black_box(&text), &prefix))
        });
        group.bench_function("compress/libzstd -3", |b| {
            b.iter(|| zstd::bulk::compress(black_box(&text), 3).unwrap())
        });
        group.finish();
    }
}

fn permutation(c: &mut Criterion) {
    let (lines, source) = common::lines();
    let mut dice = common::Dice(3);
    let odd: Vec<String> = (0..50).map(|_| common::odd_line(&mut dice)).collect();
    let baseline: Vec<&[u8]> = lines[..400].iter().map(String::as_bytes).collect();
    // time-ordered lines are not exchangeable with the baseline: this shows what p does on a real log, not under the null
    let same: Vec<&[u8]> = lines[400..]
        .iter()
        .step_by(9)
        .take(50)
        .map(String::as_bytes)
        .collect();
    let odd: Vec<&[u8]> = odd.iter().map(String::as_bytes).collect();
    let mut group = c.benchmark_group(format!("permutation test 400+50/{source}"));
    group.sample_size(10);
    for codec in [Codec::Zstd, Codec::Deflate, Codec::Lz4] {
        let all = WindowOptions {
            codec,
            stop_after: 0,
            ..WindowOptions::default()
        };
        let early = WindowOptions {
            codec,
            ..WindowOptions::default()
        };
        for (name, window, options) in [
            ("199 permutations", &odd, all),
            ("the lines that follow, stopping early", &same, early),
        ] {
            let seen = window_report(&baseline, window, &options);
            println!(
                "{}, {name}: p = {:.4} after {} permutations, ncd {:.3}",
                codec.name(),
                seen.p_value,
                seen.permutations,
                seen.ncd
            );
            group.bench_function(BenchmarkId::new(name, codec.name()), |b| {
                b.iter(|| window_report(black_box(&baseline), window, &options))
            });
        }
    }
    group.finish();
}

criterion_group!(benches, codecs, permutation);
criterion_main!(benches);
