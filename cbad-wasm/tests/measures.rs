//! Window measures against their formulas, on windows that belong and windows that don't, and on nothing at all.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use cbad::codec::Codec;
use cbad::measures::{Measures, Statistic, WindowOptions, entropy, window_report};
use proptest::prelude::*;
use std::time::Instant;

/// A small deterministic generator, so that a test names its data by a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn ordinary(dice: &mut Dice) -> String {
    match dice.roll(3) {
        0 => format!(
            "10.250.{}.{} GET /api/orders/{} 200 {} ms",
            dice.roll(20),
            dice.roll(255),
            dice.roll(90_000),
            dice.roll(300)
        ),
        1 => format!(
            "order {} paid by card in {} ms",
            dice.roll(90_000),
            dice.roll(300)
        ),
        _ => format!(
            "block blk_{} served to 10.251.{}.{}",
            dice.roll(1 << 31),
            dice.roll(20),
            dice.roll(255)
        ),
    }
}

fn odd(dice: &mut Dice) -> String {
    format!(
        "panic: kernel page fault at 0x{:08x}, machine check {}",
        dice.roll(1 << 31),
        dice.roll(1 << 20)
    )
}

fn report(baseline: &[String], window: &[String], options: &WindowOptions) -> Measures {
    let bytes = |events: &[String]| -> Vec<Vec<u8>> {
        events.iter().map(|e| e.clone().into_bytes()).collect()
    };
    let (b, w) = (bytes(baseline), bytes(window));
    let (b, w): (Vec<&[u8]>, Vec<&[u8]>) = (
        b.iter().map(Vec::as_slice).collect(),
        w.iter().map(Vec::as_slice).collect(),
    );
    window_report(&b, &w, options)
}

fn streams(seed: u64) -> (Vec<String>, Vec<String>, Vec<String>) {
    let mut dice = Dice(seed);
    let baseline = (0..400).map(|_| ordinary(&mut dice)).collect();
    let window = (0..50).map(|_| ordinary(&mut dice)).collect();
    let strange = (0..50).map(|_| odd(&mut dice)).collect();
    (baseline, window, strange)
}

#[test]
fn a_clear_null_settles_early_and_a_clear_anomaly_gets_the_smallest_p() {
    let (baseline, window, strange) = streams(1);
    // the column codec is too slow for permutations by the hundred
    for codec in [Codec::Zstd, Codec::Deflate, Codec::Lz4] {
        let options = WindowOptions {
            codec,
            ..WindowOptions::default()
        };
        let start = Instant::now();
        let null = report(&baseline, &window, &options);
        let (null_time, start) = (start.elapsed(), Instant::now());
        let anomaly = report(&baseline, &strange, &options);
        println!(
            "{}: null p = {:.3} after {} permutations in {null_time:?}; anomaly p = {} after {} in {:?}; ncd {:.3} and {:.3}",
            codec.name(),
            null.p_value,
            null.permutations,
            anomaly.p_value,
            anomaly.permutations,
            start.elapsed(),
            null.ncd,
            anomaly.ncd,
        );
        assert!(null.permutations < 199 && null.p_value > 0.05, "{null:?}");
        assert_eq!((anomaly.permutations, anomaly.p_value), (199, 1.0 / 200.0));
    }
}

#[test]
fn the_numbers_follow_from_the_lengths_reported() {
    let (baseline, _, strange) = streams(2);
    let m = report(
        &baseline,
        &strange,
        &WindowOptions {
            permutations: 0,
            ..WindowOptions::default()
        },
    );
    let (b, w, bw) = (
        m.compressed_baseline as f64,
        m.compressed_window as f64,
        m.compressed_combined as f64,
    );
    assert_eq!(m.ncd, (bw - b.min(w)) / b.max(w));
    assert_eq!(m.delta_bits, (b - w) * 8.0 / m.bytes_window as f64);
    assert_eq!(m.compression_ratio_baseline, b / m.bytes_baseline as f64);
    assert_eq!(m.compression_ratio_window, w / m.bytes_window as f64);
    // equal budgets, to within one event
    assert!(m.bytes_baseline.abs_diff(m.bytes_window) < 100, "{m:?}");
    assert_eq!((m.p_value, m.permutations), (1.0, 0));
}

#[test]
fn every_statistic_sees_a_window_of_noise() {
    let (baseline, _, _) = streams(3);
    let mut dice = Dice(4);
    let noise: Vec<String> = (0..50)
        .map(|_| {
            (0..60)
                .map(|_| char::from(33 + dice.roll(90) as u8))
                .collect()
        })
        .collect();
    for statistic in [
        Statistic::Ncd,
        Statistic::DeltaBits,
        Statistic::CompressionRatio,
        Statistic::Entropy,
    ] {
        let m = report(
            &baseline,
            &noise,
            &WindowOptions {
                statistic,
                ..WindowOptions::default()
            },
        );
        assert_eq!(m.p_value, 1.0 / 200.0, "{statistic:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_report_and_another_seed_other_permutations() {
    let (baseline, window, _) = streams(5);
    let with = |seed| {
        report(
            &baseline,
            &window,
            &WindowOptions {
                seed,
                stop_after: 0,
                ..WindowOptions::default()
            },
        )
    };
    assert_eq!(with(1), with(1));
    assert_ne!(with(1).p_value, with(2).p_value);
}

#[test]
fn the_report_is_json_with_the_documented_names() {
    let (baseline, window, _) = streams(6);
    let json = serde_json::to_value(report(&baseline, &window, &WindowOptions::default())).unwrap();
    for name in [
        "codec",
        "compression_ratio_baseline",
        "compression_ratio_window",
        "delta_bits",
        "entropy_baseline",
        "entropy_window",
        "ncd",
        "p_value",
        "permutations",
        "bytes_baseline",
        "bytes_window",
        "compressed_baseline",
        "compressed_window",
        "compressed_combined",
        "seed",
    ] {
        assert!(json.get(name).is_some(), "{name}");
    }
    assert_eq!(json["codec"], "zstd");
}

#[test]
fn entropy_of_known_histograms() {
    assert_eq!(entropy(b""), 0.0);
    assert_eq!(entropy(b"aaaa").to_bits(), 0.0f64.to_bits());
    assert_eq!(entropy(b"abab"), 1.0);
    assert_eq!(entropy(&(0..=255).collect::<Vec<u8>>()), 8.0);
}

/// Under the null p must be (nearly) uniform: P(p ≤ x) ≤ x always, and not far below it either.
#[test]
fn p_values_are_uniform_under_the_null() {
    const TRIALS: usize = 400;
    let options = WindowOptions {
        codec: Codec::Lz4,
        permutations: 99,
        stop_after: 0,
        ..WindowOptions::default()
    };
    let mut p: Vec<f64> = (0..TRIALS)
        .map(|trial| {
            let mut dice = Dice(1000 + trial as u64);
            let baseline: Vec<String> = (0..60).map(|_| ordinary(&mut dice)).collect();
            let window: Vec<String> = (0..20).map(|_| ordinary(&mut dice)).collect();
            report(
                &baseline,
                &window,
                &WindowOptions {
                    seed: trial as u64,
                    ..options
                },
            )
            .p_value
        })
        .collect();
    p.sort_by(f64::total_cmp);
    // p lives on k/100: compare the two distribution functions at these points
    let distance = (1..=100)
        .map(|k| {
            let x = f64::from(k) / 100.0;
            let share = p.partition_point(|&p| p <= x + 1e-9) as f64 / TRIALS as f64;
            (share - x).abs()
        })
        .fold(0.0, f64::max);
    let critical = 1.628 / (TRIALS as f64).sqrt(); // Kolmogorov-Smirnov, 1 %
    println!(
        "Kolmogorov-Smirnov distance {distance:.4}, critical at 1 % {critical:.4}, {TRIALS} trials"
    );
    assert!(distance < critical, "{distance} ≥ {critical}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_finite_measures(
        baseline in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..12),
        window in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..12),
        seed in any::<u64>(),
    ) {
        let b: Vec<&[u8]> = baseline.iter().map(Vec::as_slice).collect();
        let w: Vec<&[u8]> = window.iter().map(Vec::as_slice).collect();
        for codec in Codec::ALL {
            let m = window_report(&b, &w, &WindowOptions { codec, permutations: 3, seed, ..WindowOptions::default() });
            for x in [m.compression_ratio_baseline, m.compression_ratio_window, m.delta_bits, m.ncd, m.entropy_baseline, m.entropy_window] {
                prop_assert!(x.is_finite());
            }
            prop_assert!(m.p_value > 0.0 && m.p_value <= 1.0);
        }
    }
}
