//! JSON whose strings hold bytes that are not UTF-8, as log shippers send them.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text of a JSON body. A stray byte is spelled `\xNN` inside its string, so that nothing is lost; `None` where the body is
/// neither an object nor an array, so that stray bytes cannot be inside a string of it.
pub fn json(body: &[u8]) -> Option<Cow<'_, str>> {
    if let Ok(text) = std::str::from_utf8(body) {
        return Some(Cow::Borrowed(text));
    }
    if !matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return None;
    }
    let mut out = String::with_capacity(body.len() + 64);
    for chunk in body.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // in JSON the backslash itself is escaped
            let _ = write!(out, "\\\\x{byte:02x}");
        }
    }
    Some(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::json;

    #[test]
    fn stray_bytes_are_spelled_out() {
        assert_eq!(
            json(b"{\"a\":\"caf\xe9\"}").as_deref(),
            Some(r#"{"a":"caf\\xe9"}"#)
        );
        assert_eq!(
            json("{\"a\":\"café\"}".as_bytes()).as_deref(),
            Some("{\"a\":\"café\"}")
        );
        assert_eq!(json(b"\"\xff\""), None);
    }
}
