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
