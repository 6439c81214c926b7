//! The promised rates: on stationary streams p ≤ α happens about as often as α says.

#![allow(clippy::unwrap_used)]

use super::*;

/// A fixed generator (xorshift): the same numbers everywhere.
struct Noise(u64);

impl Noise {
    fn new(seed: u64) -> Noise {
        let mut noise = Noise(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x0139_408d_cbbf_7a44);
        for _ in 0..20 {
            noise.uniform();
        }
        noise
    }
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
    fn gauss(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }
    fn poisson(&mut self, mean: f64) -> f64 {
        let least = libm::exp(-mean);
        let (mut k, mut product) = (0.0, self.uniform());
        while product > least {
            k += 1.0;
            product *= self.uniform();
        }
        k
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Source {
    Gauss,
    Correlated(f64),
    Season,
    SeasonWithClock,
    Poisson,
    LogNormal,
    ContaminatedStart,
}

const SOURCES: [Source; 8] = [
    Source::Gauss,
    Source::Correlated(0.9),
    Source::Correlated(0.99),
    Source::Season,
    Source::SeasonWithClock,
    Source::Poisson,
    Source::LogNormal,
    Source::ContaminatedStart,
];
const RATES: [f64; 3] = [1e-2, 1e-3, 1e-4];
/// Points of the start of a contaminated stream.
const START: usize = 2_000;

/// How often p ≤ each of [`RATES`], over the rate, after the learning state; several seeds of `points` each.
fn ratios(source: Source, seeds: u64, points: usize) -> [f64; 3] {
    let (mut counts, mut judged) = ([0u64; 3], 0u64);
    for seed in 1..=seeds {
        let mut noise = Noise::new(seed);
        let mut model = NumericModel::new(1);
        let mut level = 0.0;
        for i in 0..points {
            let wave = 5.0 * libm::sin(i as f64 * std::f64::consts::TAU / 288.0);
            let x = match source {
                Source::Gauss => noise.gauss(),
                Source::Correlated(r) => {
                    level = r * level + noise.gauss();
                    level
                }
                Source::Season | Source::SeasonWithClock => wave + noise.gauss(),
                Source::Poisson => noise.poisson(4.0),
                Source::LogNormal => libm::exp(1.5 * noise.gauss()),
                Source::ContaminatedStart if i < START && noise.uniform() < 0.02 => {
                    20.0 * noise.gauss()
                }
                Source::ContaminatedStart => noise.gauss(),
            };
            let at = (source == Source::SeasonWithClock).then_some(i as i64 * 300_000);
            let s = model.observe(at, x);
            if s.state == NumericState::Learning || source == Source::ContaminatedStart && i < START
            {
                continue;
            }
            judged += 1;
            for (count, rate) in counts.iter_mut().zip(RATES) {
                *count += u64::from(s.p_value <= rate);
            }
        }
    }
    let mut out = [0.0; 3];
    for ((ratio, count), rate) in out.iter_mut().zip(counts).zip(RATES) {
        *ratio = count as f64 / judged as f64 / rate;
    }
    out
}

#[test]
fn promised_rates_hold_on_a_hundred_thousand_points() {
    for source in SOURCES {
        let [hundredth, thousandth, ten_thousandth] = ratios(source, 1, 100_000);
        assert!(hundredth < 1.5, "{source:?}: {hundredth:.2} times 1e-2");
        assert!(thousandth < 1.5, "{source:?}: {thousandth:.2} times 1e-3");
        // ten points are expected: two standard deviations more
        assert!(
            ten_thousandth < 2.2,
            "{source:?}: {ten_thousandth:.2} times 1e-4"
        );
    }
}

/// `cargo test --release -p cbad-wasm promised_rates -- --ignored --nocapture`
#[test]
#[ignore = "a minute: eight million points"]
fn promised_rates_hold_on_a_million_points() {
    for source in SOURCES {
        let found = ratios(source, 1, 1_000_000);
        println!("{source:?}: {found:.2?} of 1e-2, 1e-3, 1e-4");
        let most = if source == Source::ContaminatedStart {
            3.0
        } else {
            1.5
        };
        for (ratio, rate) in found.into_iter().zip(RATES) {
            assert!(
                (1.0 / most..=most).contains(&ratio),
                "{source:?}: {ratio:.2} times {rate:e}"
            );
        }
    }
}
