//! The names of the views and numbers in words, for explanations.

use std::fmt;

/// One way in which a value can be surprising.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum View {
    /// Beyond the range the stream has kept to.
    Range,
    /// An unlikely next value.
    Step,
    /// An hour or so away from what is usual for this time.
    SeasonShort,
    /// Many hours away from what is usual for this time.
    SeasonLong,
    /// A course of values not seen before.
    Shape,
    /// A level rarely seen.
    Level,
    /// The same value again and again.
    Flat,
    /// A step larger than any before.
    Jump,
    /// The mean of the newest values beyond its own range.
    ShortMean,
    /// The mean of many values beyond its own range.
    LongMean,
    /// Much more variable than before.
    Variability,
}

impl View {
    pub(crate) const ALL: [View; 11] = [
        View::Range,
        View::Step,
        View::SeasonShort,
        View::SeasonLong,
        View::Shape,
        View::Level,
        View::Flat,
        View::Jump,
        View::ShortMean,
        View::LongMean,
        View::Variability,
    ];

    /// Those of means and variability over many values.
    pub(crate) const OF_MANY: [View; 5] = [
        View::SeasonShort,
        View::SeasonLong,
        View::ShortMean,
        View::LongMean,
        View::Variability,
    ];

    /// What the seasonal views find where no season is known: a change of level.
    pub(crate) fn without_season(self) -> View {
        match self {
            View::SeasonShort => View::ShortMean,
            View::SeasonLong => View::LongMean,
            other => other,
        }
    }

    /// In plain words.
    pub fn words(self) -> &'static str {
        match self {
            View::Range => "outside the range seen so far",
            View::Step => "unlikely next value",
            View::SeasonShort => "outside the usual range for this hour",
            View::SeasonLong => "away from the usual level for hours",
            View::Shape => "rare shape",
            View::Level => "rare level",
            View::Flat => "flat line",
            View::Jump => "sudden jump",
            View::ShortMean | View::LongMean => "level shift",
            View::Variability => "unusual variability",
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// A number in about four digits.
pub(crate) fn short(x: f64) -> String {
    let size = x.abs();
    let digits = match size {
        s if s >= 1e15 || s > 0.0 && s < 1e-6 => return format!("{x:.3e}"),
        s if s >= 1000.0 => 0,
        s if s >= 100.0 => 1,
        s if s >= 1.0 => 2,
        s if s >= 0.01 => 4,
        _ => 8,
    };
    let text = format!("{x:.digits$}");
    if text.contains('.') {
        let text = text.trim_end_matches('0').trim_end_matches('.');
        return if text == "-0" { "0" } else { text }.to_owned();
    }
    text
}
