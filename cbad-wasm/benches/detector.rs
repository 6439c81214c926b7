//! Scoring and learning, snapshots, metrics; and, as the reference in the same run, zstd level 3 with a dictionary per event.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use cbad::{Config, Detector, Event, Kind, Payload};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn learnt(lines: &[String]) -> Detector {
    let mut detector = Detector::new(Config::default());
    lines
        .iter()
        .for_each(|line| drop(detector.observe(&Event::text(line))));
    detector
}

fn events(c: &mut Criterion) {
    let (lines, source) = common::lines();
    let mut group = c.benchmark_group(format!("events/{source}"));
    group
        .throughput(Throughput::Elements(lines.len() as u64))
        .sample_size(10);
    group.bench_function("score and learn, from nothing", |b| {
        b.iter(|| learnt(black_box(&lines)))
    });
    let trained = learnt(&lines).snapshot();
    group.bench_function("score and learn, ready", |b| {
        b.iter_batched(
            || Detector::restore(&trained).unwrap(),
            |mut detector| {
                lines
                    .iter()
                    .for_each(|line| drop(black_box(detector.observe(&Event::text(line)))))
            },
            BatchSize::LargeInput,
        )
    });
    let dictionary = zstd::dict::from_samples(&lines[..2000], 32 << 10).unwrap();
    let mut compressor = zstd::bulk::Compressor::with_dictionary(3, &dictionary).unwrap();
    let mut out = vec![0; 1 << 16];
    group.bench_function("reference: libzstd -3 with a dictionary, per event", |b| {
        b.iter(|| {
            lines
                .iter()
                .map(|line| {
                    compressor
                        .compress_to_buffer(line.as_bytes(), &mut out)
                        .unwrap()
                })
                .sum::<usize>()
        })
    });
    group.finish();
}

fn metrics(c: &mut Criterion) {
    let mut dice = common::Dice(5);
    let values: Vec<String> = (0..20_000u64)
        .map(|i| common::made_point(&mut dice, i))
        .collect();
    let mut group = c.benchmark_group("metrics/made");
    group
        .throughput(Throughput::Elements(values.len() as u64))
        .sample_size(10);
    group.bench_function("score and learn", |b| {
        b.iter(|| {
            let mut detector = Detector::new(Config::default());
            for (i, value) in values.iter().enumerate() {
                let timestamp_ms = Some(1_763_719_200_000 + 300_000 * i as i64);
                let event = Event {
                    kind: Kind::Metric,
                    timestamp_ms,
                    group: None,
                    payload: Payload::Json(value),
                };
                black_box(detector.observe(&event));
            }
        })
    });
    group.finish();
}

fn checkpoints(c: &mut Criterion) {
    let (lines, source) = common::lines();
    let detector = learnt(&lines);
    let bytes = detector.snapshot();
    println!(
        "snapshot {} bytes, {} bytes in memory",
        bytes.len(),
        detector.memory_bytes()
    );
    let mut group = c.benchmark_group(format!("checkpoint/{source}"));
    group
        .throughput(Throughput::Bytes(bytes.len() as u64))
        .sample_size(20);
    group.bench_function("snapshot", |b| b.iter(|| detector.snapshot()));
    group.bench_function("restore", |b| {
        b.iter(|| Detector::restore(black_box(&bytes)).unwrap())
    });
    group.finish();
}

criterion_group!(benches, events, metrics, checkpoints);
criterion_main!(benches);
