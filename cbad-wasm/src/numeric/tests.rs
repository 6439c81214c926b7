//! Behaviour of the model on small synthetic streams, each with its own seed.

#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

/// Gaussian-ish noise from a fixed generator (sum of uniforms), so that tests draw the same numbers everywhere.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64) / (1u64 << 53) as f64
    }
    fn gauss(&mut self) -> f64 {
        let mut s = -6.0;
        for _ in 0..12 {
            s += self.uniform();
        }
        s
    }
}

fn assert_same(a: &NumericScore, b: &NumericScore) {
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
}

proptest! {
    #[test]
    fn never_panics_and_continues_after_a_checkpoint(
        points in prop::collection::vec((prop::option::of(any::<i64>()), any::<f64>()), 0..400),
        cut in 0usize..400,
    ) {
        let mut a = NumericModel::new(3);
        let cut = cut.min(points.len());
        for (t, x) in &points[..cut] {
            a.observe(*t, *x);
        }
        let mut bytes = vec![7];
        a.write(&mut bytes);
        let (mut b, used) = NumericModel::read(&bytes[1..]).unwrap();
        prop_assert_eq!(used, bytes.len() - 1);
        for (t, x) in &points[cut..] {
            let (s, r) = (a.observe(*t, *x), b.observe(*t, *x));
            prop_assert!(s.p_value > 0.0 && s.p_value <= 1.0);
            prop_assert!(s.lo.is_finite() && s.hi.is_finite() && s.expected.is_finite());
            assert_same(&s, &r);
        }
    }

    #[test]
    fn reading_any_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..20_000)) {
        if let Ok((mut m, _)) = NumericModel::read(&bytes) {
            m.observe(Some(1), 1.0);
        }
    }
}

#[test]
fn a_damaged_checkpoint_is_an_error_or_a_model() {
    let mut noise = Noise(5);
    let mut m = NumericModel::new(1);
    for i in 0..2_000 {
        m.observe(Some(i * 60_000), noise.gauss());
    }
    let mut bytes = Vec::new();
    m.write(&mut bytes);
    assert!(bytes.len() <= 16 * 1024, "{} bytes", bytes.len());
    for i in 0..bytes.len() {
        assert!(NumericModel::read(&bytes[..i]).is_err());
        let mut broken = bytes.clone();
        broken[i] ^= 0xff;
        if let Ok((mut m, _)) = NumericModel::read(&broken) {
            for x in [0.0, f64::MAX, f64::MIN, f64::NAN, 1e-300] {
                m.observe(Some(0), x);
            }
        }
    }
}

#[test]
fn a_spike_is_found_and_explained() {
    let mut noise = Noise(1);
    let mut m = NumericModel::new(1);
    for i in 0..3_000 {
        m.observe(Some(i * 60_000), 100.0 + noise.gauss());
    }
    let s = m.observe(Some(3_000 * 60_000), 140.0);
    assert!(s.p_value < 1e-3, "{s:?}");
    assert_eq!(s.view, Some(View::Range));
    assert!(s.lo < 100.0 && s.hi > 100.0 && s.hi < 110.0, "{s:?}");
}

/// A day's wave with noise, spikes, a shift and a flat stretch, on a grid of thousandths (1/1024) so that sums are exact.
fn course_of(seed: u64) -> Vec<f64> {
    let mut noise = Noise(seed);
    (0..4_000)
        .map(|i| {
            let wave = 40.0 * libm::sin(f64::from(i) * std::f64::consts::TAU / 288.0);
            let spike = if noise.uniform() < 0.002 { 150.0 } else { 0.0 };
            let shift = if i > 3_000 { 60.0 } else { 0.0 };
            let x = wave + 4.0 * noise.gauss() + spike + shift;
            if (2_000..2_040).contains(&i) {
                7.0
            } else {
                (x * 1024.0).round() / 1024.0
            }
        })
        .collect()
}

/// Bits and p-values of a series, every five minutes.
fn judged(series: impl Iterator<Item = f64>, clock: bool) -> Vec<(i64, f64)> {
    let mut model = NumericModel::new(1);
    (0..)
        .zip(series)
        .map(|(i, x)| {
            let s = model.observe(clock.then_some(i * 300_000), x);
            (s.micro_bits, s.p_value)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Kibibytes or gibibytes, degrees above one zero or another: no unit and no zero point changes a verdict.
    #[test]
    fn units_and_zero_points_do_not_matter(
        seed in any::<u64>(), clock in any::<bool>(), power in -60i32..60, offset in -1_000_000i32..1_000_000,
    ) {
        let series = course_of(seed);
        let unit = libm::scalbn(1.0, power);
        let moved = series.iter().map(|x| (x + f64::from(offset)) * unit);
        prop_assert_eq!(judged(series.iter().copied(), clock), judged(moved, clock));
    }

    /// A unit whose factor is no power of two rounds every value anew, which moves hardly a verdict.
    #[test]
    fn rounding_by_a_unit_hardly_matters(seed in any::<u64>(), clock in any::<bool>(), unit in 0.001f64..1_000.0) {
        let series = course_of(seed);
        let moved = series.iter().map(|x| (x + 273.15) * unit);
        let (a, b) = (judged(series.iter().copied(), clock), judged(moved, clock));
        let differs = a.iter().zip(&b).filter(|(a, b)| (a.0 - b.0).abs() > 100_000).count();
        prop_assert!(differs * 100 <= a.len(), "{} of {} differ by a tenth of a bit", differs, a.len());
    }
}

#[test]
fn each_part_matters_and_stays_off_in_what_is_stored() {
    type Switch = fn(&mut Parts) -> &mut bool;
    let switches: [Switch; 4] = [
        |p| &mut p.season,
        |p| &mut p.shifts,
        |p| &mut p.shape,
        |p| &mut p.incidents,
    ];
    let series = course_of(3);
    let bits = |model: &mut NumericModel, from: usize| -> Vec<i64> {
        let points = (0..).zip(&series).skip(from);
        points
            .map(|(i, x)| model.observe(Some(i * 300_000), *x).micro_bits)
            .collect()
    };
    let all = bits(&mut NumericModel::new(1), 0);
    for (n, switch) in switches.iter().enumerate() {
        let mut parts = Parts::default();
        *switch(&mut parts) = false;
        let mut model = NumericModel::with(1, parts);
        for (i, x) in (0..).zip(&series).take(2_500) {
            model.observe(Some(i * 300_000), *x);
        }
        let mut stored = Vec::new();
        model.write(&mut stored);
        let (mut again, _) = NumericModel::read(&stored).unwrap();
        let rest = bits(&mut model, 2_500);
        assert_eq!(rest, bits(&mut again, 2_500), "part {n}");
        assert_ne!(rest, all[2_500..], "part {n}");
    }
}
