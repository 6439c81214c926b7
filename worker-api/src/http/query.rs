//! Query strings: percent-decoding and typed parameters with clear refusals.

use super::Request;
use crate::error::{Error, Result};
use crate::ingest::time;
use std::str::FromStr;

/// Splits and decodes `a=1&b=x%20y` (WHATWG form encoding: `+` is a space).
pub fn parse(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|p| !p.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Percent-decodes one component; bytes that are not UTF-8 become U+FFFD.
pub fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced)
        .decode_utf8_lossy()
        .into_owned()
}

/// A parameter that parses as `T`, or absent.
pub fn typed<T: FromStr>(request: &Request, name: &str, expected: &str) -> Result<Option<T>> {
    match request.param(name) {
        None => Ok(None),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|_| Error::parameter(name, expected)),
    }
}

/// A parameter that is one of `allowed`, or absent.
pub fn one_of<'r>(request: &'r Request, name: &str, allowed: &[&str]) -> Result<Option<&'r str>> {
    match request.param(name) {
        None => Ok(None),
        Some(value) if allowed.contains(&value) => Ok(Some(value)),
        Some(_) => Err(Error::parameter(name, &allowed.join(", "))),
    }
}

/// A time, normalised, so that nothing of the caller's text reaches the filter.
pub fn instant(request: &Request, name: &str) -> Result<Option<String>> {
    let Some(text) = request.param(name) else {
        return Ok(None);
    };
    let ms = time::from_rfc3339(text).ok_or_else(|| {
        Error::parameter(name, "a time as in RFC 3339, e.g. 2026-11-21T10:00:00Z")
    })?;
    Ok(Some(time::to_rfc3339(ms)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn decodes_pairs() {
        assert_eq!(
            super::parse("a=1&b=x%20y+z&c&=d"),
            [
                ("a".into(), "1".into()),
                ("b".into(), "x y z".into()),
                ("c".into(), String::new()),
                (String::new(), "d".into()),
            ] as [(String, String); 4]
        );
    }
}
