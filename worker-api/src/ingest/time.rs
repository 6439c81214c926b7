//! Timestamps as callers send them.

use ::time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Milliseconds since the Unix epoch of an RFC 3339 time, or `None`.
pub fn from_rfc3339(text: &str) -> Option<i64> {
    let t = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(t.unix_timestamp_nanos() / 1_000_000).ok()
}

/// Milliseconds of a JSON number: seconds below 10^11, milliseconds above (10^11 s is the year 5138).
pub fn from_number(value: f64) -> Option<i64> {
    let ms = if value.abs() < 1e11 {
        value * 1000.0
    } else {
        value
    };
    (value.is_finite() && ms.abs() < 253_402_300_800_000.0).then_some(ms as i64)
}

/// RFC 3339 in UTC with milliseconds; out of range times print as the epoch.
pub fn to_rfc3339(ms: i64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .format(&Rfc3339)
        .unwrap_or_else(|_| "1970-01-01T00:00:00Z".into())
}

/// The UTC day `YYYY-MM-DD` of a time.
pub fn day(ms: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000));
    let day = time.unwrap_or(OffsetDateTime::UNIX_EPOCH).date();
    // a formatter of times takes ten times as long, and this is asked with every batch
    let (year, month, day) = (day.year(), u8::from(day.month()), day.day());
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        assert_eq!(
            from_rfc3339("2026-11-21T10:00:00.250+01:00"),
            Some(1_795_251_600_250)
        );
        assert_eq!(to_rfc3339(1_795_251_600_250), "2026-11-21T09:00:00.25Z");
        assert_eq!(day(1_795_251_600_250), "2026-11-21");
        assert_eq!(day(-1), "1969-12-31");
        assert_eq!(day(i64::MAX), "1970-01-01");
        assert_eq!(from_number(1_795_251_600.25), Some(1_795_251_600_250));
        assert_eq!(from_number(1_795_251_600_250.0), Some(1_795_251_600_250));
        for bad in [
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "2026-11-21 10:00:00",
        ] {
            assert_eq!(from_rfc3339(bad), None, "{bad}");
        }
        assert_eq!(from_number(f64::INFINITY), None);
    }
}
