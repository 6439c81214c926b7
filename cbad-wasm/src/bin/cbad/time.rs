//! Times as they stand in records: RFC 3339 or seconds, milliseconds, microseconds, nanoseconds since 1970.

/// Milliseconds since 1970-01-01 UTC.
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(x) = text.parse::<f64>() {
        return epoch(x);
    }
    let b = text.as_bytes();
    let digits = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        part.bytes()
            .all(|c| c.is_ascii_digit())
            .then(|| part.parse().ok())?
    };
    let (y, m, d) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    if b.get(4) != Some(&b'-')
        || b.get(7) != Some(&b'-')
        || !(1..=12).contains(&m)
        || !(1..=31).contains(&d)
    {
        return None;
    }
    let mut ms = days(y, m, d) * 86_400_000;
    if b.len() == 10 {
        return Some(ms);
    }
    let (h, min, s) = (
        digits(11, 13)?,
        digits(14, 16)?,
        if b.get(16) == Some(&b':') {
            digits(17, 19)?
        } else {
            0
        },
    );
    ms += ((h * 60 + min) * 60 + s) * 1000;
    let mut i = if b.get(16) == Some(&b':') { 19 } else { 16 };
    if matches!(b.get(i), Some(b'.' | b',')) {
        let from = i + 1;
        i = from;
        while b.get(i).is_some_and(u8::is_ascii_digit) {
            i += 1;
        }
        let fraction: String = text
            .get(from..i)?
            .chars()
            .chain("000".chars())
            .take(3)
            .collect();
        ms += fraction.parse::<i64>().ok()?;
    }
    match b.get(i) {
        Some(sign @ (b'+' | b'-')) => {
            let (h, m) = (
                digits(i + 1, i + 3)?,
                digits(i + 4, i + 6)
                    .or_else(|| digits(i + 3, i + 5))
                    .unwrap_or(0),
            );
            let offset = (h * 60 + m) * 60_000;
            Some(if *sign == b'+' {
                ms - offset
            } else {
                ms + offset
            })
        }
        _ => Some(ms),
    }
}

/// A number of seconds or finer units since 1970, told apart by size.
pub fn epoch(x: f64) -> Option<i64> {
    let ms = match x.abs() {
        a if !a.is_finite() => return None,
        a if a < 1e11 => x * 1e3,
        a if a < 1e14 => x,
        a if a < 1e17 => x / 1e3,
        _ => x / 1e6,
    };
    Some(ms as i64)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar (Howard Hinnant, days_from_civil).
fn days(y: i64, m: i64, d: i64) -> i64 {
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * (m + if m > 2 { -3 } else { 9 }) + 2) / 5 + d - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    #[test]
    fn known_times() {
        for (text, want) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-21T10:00:00Z", Some(1_795_255_200_000)),
            ("2026-11-21T11:00:00.25+01:00", Some(1_795_255_200_250)),
            ("1795255200", Some(1_795_255_200_000)),
            ("1795255200123", Some(1_795_255_200_123)),
            ("2000-02-29", Some(951_782_400_000)),
            ("yesterday", None),
            ("2026-13-01", None),
        ] {
            assert_eq!(super::parse(text), want, "{text}");
        }
    }
}
