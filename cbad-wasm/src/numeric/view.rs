//! The names of the views, for explanations.

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
