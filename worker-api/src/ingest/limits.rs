//! What one request and one event may be. A refusal names the limit and the value that was found.

use serde::Serialize;

/// Why one record is not taken: code and detail.
pub type Refusal = (&'static str, String);

/// A record that was not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Position in the request.
    pub index: u32,
    /// Stable code.
    pub code: &'static str,
    /// The limit and the value, or what was expected.
    pub detail: String,
    /// The line of an NDJSON body, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Whether it only goes with another event, by which the record counts.
    #[serde(skip)]
    pub is_part: bool,
}

/// Limits of one request. That of the body is a setting of the Worker.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Events in a request.
    pub events: usize,
    /// Streams in a request: each is a call to an object of its own.
    pub streams: usize,
    /// Bytes of a request's events as they are kept, of all streams together: what a sender says once (a resource, a scope) is
    /// repeated in each event it goes with. A call to an object takes 32 MiB.
    pub kept_bytes: usize,
    /// Bytes of one event's payload.
    pub event_bytes: usize,
    /// Bytes of an event id, group or metadata object.
    pub label_bytes: usize,
    /// Objects and arrays inside one another in a payload.
    pub depth: usize,
    /// Members of all objects of a payload together.
    pub keys: usize,
    /// Milliseconds since the Unix epoch that a timestamp may have at least: 1980-01-01.
    pub earliest_ms: i64,
    /// Milliseconds that a timestamp may be ahead of the clock: two years. Both ends catch a wrong unit, not a wrong clock.
    pub ahead_ms: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            events: 10_000,
            streams: 100,
            kept_bytes: 24 << 20,
            event_bytes: 262_144,
            label_bytes: 4096,
            depth: 64,
            keys: 2_000,
            earliest_ms: 315_532_800_000,
            ahead_ms: 63_072_000_000,
        }
    }
}

impl Limits {
    /// Checks what a request's events come to with one of `next` bytes more, after `before`.
    pub fn kept(&self, before: usize, next: usize) -> Result<(), Refusal> {
        if before + next <= self.kept_bytes {
            return Ok(());
        }
        Err((
            "request_too_large",
            format!(
                "the request's events come to {} bytes as they are kept, with what they share repeated in each; the limit is {}: from \
                 the one that goes beyond it on they are for another request",
                before + next,
                self.kept_bytes
            ),
        ))
    }

    /// Checks a payload's size.
    pub fn size(&self, text: &str) -> Result<(), Refusal> {
        if text.len() <= self.event_bytes {
            return Ok(());
        }
        Err((
            "event_too_large",
            format!(
                "the event has {} bytes, the limit is {}",
                text.len(),
                self.event_bytes
            ),
        ))
    }

    /// Checks the shape of a JSON payload in one pass over its bytes; what is too short to break a limit is not looked at.
    pub fn shape(&self, json: &str) -> Result<(), Refusal> {
        // a level takes two bytes at least, a member four
        if json.len() <= 2 * self.depth && json.len() <= 4 * self.keys {
            return Ok(());
        }
        let (mut depth, mut deepest, mut keys) = (0usize, 0usize, 0usize);
        let mut bytes = json.as_bytes().iter();
        while let Some(byte) = bytes.next() {
            match byte {
                b'"' => {
                    while let Some(byte) = bytes.next() {
                        match byte {
                            b'\\' => {
                                bytes.next();
                            }
                            b'"' => break,
                            _ => {}
                        }
                    }
                }
                b'{' | b'[' => {
                    depth += 1;
                    deepest = deepest.max(depth);
                }
                b'}' | b']' => depth = depth.saturating_sub(1),
                b':' => keys += 1,
                _ => {}
            }
        }
        if deepest > self.depth {
            return Err((
                "too_deep",
                format!(
                    "the event nests {deepest} levels, the limit is {}",
                    self.depth
                ),
            ));
        }
        if keys > self.keys {
            return Err((
                "too_many_keys",
                format!("the event has {keys} keys, the limit is {}", self.keys),
            ));
        }
        Ok(())
    }

    /// Checks that a time is one that can be meant.
    pub fn time(&self, ms: i64, now_ms: i64) -> Result<(), Refusal> {
        let latest = now_ms.saturating_add(self.ahead_ms);
        if (self.earliest_ms..=latest).contains(&ms) {
            return Ok(());
        }
        Err((
            "invalid_timestamp",
            format!(
                "the timestamp is {ms} ms after 1970, the limits are {} (1980) and {latest} (two years from now)",
                self.earliest_ms
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let limits = Limits {
            depth: 3,
            keys: 4,
            ..Limits::default()
        };
        for good in [
            r#"{"a":[{"b":1}]}"#,
            r#"{"a":"{{{{[[[[::::::","b":"\"{{{{{"}"#,
            "[[[]],[],[],[[1]]]",
            "5",
        ] {
            assert_eq!(limits.shape(good), Ok(()), "{good}");
        }
        let (code, detail) = limits.shape("[[[[1]]]]").expect_err("deep");
        assert_eq!(
            (code, detail.as_str()),
            ("too_deep", "the event nests 4 levels, the limit is 3")
        );
        let (code, detail) = limits
            .shape(r#"{"a":1,"b":{"c":1,"d":1,"e":1}}"#)
            .expect_err("keys");
        assert_eq!(
            (code, detail.as_str()),
            ("too_many_keys", "the event has 5 keys, the limit is 4")
        );
    }

    #[test]
    fn times_of_a_wrong_unit_are_refused() {
        let limits = Limits::default();
        let now = 1_795_251_600_000;
        assert!(limits.time(now, now).is_ok() && limits.time(1_000_000_000_000, now).is_ok());
        for wrong in [0, -1, 1_795_251_600, now * 1000, now + 64_000_000_000] {
            assert_eq!(
                limits.time(wrong, now).expect_err("wrong").0,
                "invalid_timestamp"
            );
        }
    }
}
