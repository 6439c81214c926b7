//! The one frozen configuration and its switches.

use serde::{Deserialize, Serialize};

/// When the learning state ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Warmup {
    /// After [`Config::MIN_EVENTS`] events.
    #[default]
    Auto,
    /// After this many events, but not before [`Config::MIN_EVENTS`].
    Events(u64),
}

/// Bounds on what a detector may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// Slots of the count table as a power of two (8 bytes each), 8 to 20.
    pub table_bits: u32,
    /// Calibration scores held (4 bytes each), 256 to 65,536.
    pub scores: u32,
    /// Bytes of recent event text, up to 1 MiB.
    pub recent_bytes: u32,
    /// Open groups at most.
    pub open_groups: u32,
}

impl Memory {
    /// Bytes of a checkpoint at most: 512 KiB, and where more is held than by default as much more.
    pub fn checkpoint_bytes(&self) -> usize {
        let usual = Memory::default();
        let more = |own: u32, usual: u32, bytes: usize| own.saturating_sub(usual) as usize * bytes;
        let slots = |bits: u32| 1u32 << bits.min(20);
        let table = more(slots(self.table_bits), slots(usual.table_bits), 11);
        let scores = more(self.scores, usual.scores, 5 * 5); // in five rings
        let texts = more(self.recent_bytes, usual.recent_bytes, 1);
        (512 << 10) + table + scores + texts
    }
}

impl Default for Memory {
    fn default() -> Memory {
        Memory {
            table_bits: 15,
            scores: 2_000,
            recent_bytes: 48 * 1024,
            open_groups: 1_024,
        }
    }
}

// by reference, as serde asks
fn is_on(part: &bool) -> bool {
    *part
}

/// Later switches that words and records use.
const EVENTS: u8 = 3;

/// Parts that can be switched off, for the ablation table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parts {
    /// Learn only what is ordinary or has come back.
    pub guard: bool,
    /// Price variable tokens net of what their class usually costs.
    pub class_excess: bool,
    /// Price a whole event that was seen before by its own count.
    pub signature: bool,
    /// Correct promised rates by the rates kept.
    pub recalibrate: bool,
    /// Price a word of a text at most as a new one.
    pub new_words: bool,
    /// Judge bursts and silences by the times of events.
    pub volume: bool,
    /// Judge groups by the order of their events too.
    pub order: bool,
    /// Expect of a number what is usual at this time of day and week, or at this place of a cycle.
    #[serde(skip_serializing_if = "is_on")]
    pub season: bool,
    /// Look at means and variability over many numbers beside each one.
    #[serde(skip_serializing_if = "is_on")]
    pub shifts: bool,
    /// Look at the shape that the newest numbers make.
    #[serde(skip_serializing_if = "is_on")]
    pub shape: bool,
    /// Hold the score of a number down that belongs to an incident already reported.
    #[serde(skip_serializing_if = "is_on")]
    pub incidents: bool,
}

impl Default for Parts {
    fn default() -> Parts {
        Parts {
            guard: true,
            class_excess: true,
            signature: true,
            recalibrate: true,
            new_words: true,
            volume: true,
            order: true,
            season: true,
            shifts: true,
            shape: true,
            incidents: true,
        }
    }
}

impl Parts {
    /// The later switches that are off, one bit each, so that nothing is stored where all are on.
    pub(crate) fn off(&self) -> u8 {
        u8::from(!self.new_words)
            | u8::from(!self.volume) << 1
            | u8::from(!self.order) << 2
            | self.off_numbers() << EVENTS
    }

    /// Of these, those that only words and records use.
    pub(crate) fn off_events(&self) -> u8 {
        self.off() & ((1 << EVENTS) - 1)
    }

    /// Those that only numbers use.
    pub(crate) fn off_numbers(&self) -> u8 {
        u8::from(!self.season)
            | u8::from(!self.shifts) << 1
            | u8::from(!self.shape) << 2
            | u8::from(!self.incidents) << 3
    }

    /// Turns off what [`Parts::off`] said.
    pub(crate) fn turn_off(&mut self, bits: u8) {
        self.turn_off_events(bits);
        self.turn_off_numbers(bits >> EVENTS);
    }

    /// Turns off what [`Parts::off_events`] said.
    pub(crate) fn turn_off_events(&mut self, bits: u8) {
        self.new_words = bits & 1 == 0;
        self.volume = bits & 2 == 0;
        self.order = bits & 4 == 0;
    }

    /// Turns off what [`Parts::off_numbers`] said.
    pub(crate) fn turn_off_numbers(&mut self, bits: u8) {
        self.season = bits & 1 == 0;
        self.shifts = bits & 2 == 0;
        self.shape = bits & 4 == 0;
        self.incidents = bits & 8 == 0;
    }
}

/// Configuration of a detector. `Config::default()` is the frozen configuration every figure is measured with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Seed of whatever is sampled.
    pub seed: u64,
    /// 0.0 (fewest alarms) to 1.0 (most); see [`Config::alpha`].
    pub sensitivity: f64,
    /// When the learning state ends.
    pub warmup: Warmup,
    /// Bounds on memory.
    pub memory: Memory,
    /// Switches for ablation.
    pub parts: Parts,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            seed: 1,
            sensitivity: Config::BALANCED,
            warmup: Warmup::Auto,
            memory: Memory::default(),
            parts: Parts::default(),
        }
    }
}

impl Config {
    /// Events a stream needs before its first alarm.
    pub const MIN_EVENTS: u64 = 128;
    /// Points a series of numbers needs before its first alarm.
    pub const MIN_POINTS: u64 = 350;
    /// Profile `strict`: α = 10⁻³·² = 0.00063.
    pub const STRICT: f64 = 0.25;
    /// Profile `balanced`, the default: α = 10⁻²·⁴ = 0.0040.
    pub const BALANCED: f64 = 0.5;
    /// Profile `sensitive`: α = 10⁻¹·⁶ = 0.025.
    pub const SENSITIVE: f64 = 0.75;

    /// The sensitivity of a profile by its name.
    pub fn profile(name: &str) -> Option<f64> {
        match name {
            "strict" => Some(Config::STRICT),
            "balanced" => Some(Config::BALANCED),
            "sensitive" => Some(Config::SENSITIVE),
            _ => None,
        }
    }

    /// The promised rate of false alarms: α = 10^(3.2·sensitivity − 4), from 0.0001 at 0 to 0.16 at 1.
    pub fn alpha(sensitivity: f64) -> f64 {
        let s = if sensitivity.is_finite() {
            sensitivity.clamp(0.0, 1.0)
        } else {
            Config::BALANCED
        };
        libm::exp10(3.2 * s - 4.0)
    }

    /// The same configuration with every value inside its bounds.
    pub fn bounded(mut self) -> Config {
        if !self.sensitivity.is_finite() {
            self.sensitivity = Config::BALANCED;
        }
        self.sensitivity = self.sensitivity.clamp(0.0, 1.0);
        let m = &mut self.memory;
        m.table_bits = m.table_bits.clamp(8, 20);
        m.scores = m.scores.clamp(256, 65_536);
        m.recent_bytes = m.recent_bytes.min(1 << 20);
        m.open_groups = m.open_groups.clamp(1, 65_536);
        self
    }
}
