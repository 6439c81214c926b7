//! Names of streams and of the objects that own them.

use uuid::Uuid;

/// Longest stream name in bytes.
pub const MAX_STREAM: usize = 128;
/// What a stream name looks like, for error messages.
pub const STREAM_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}$";

/// Whether `name` matches [`STREAM_PATTERN`].
pub fn is_stream(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() <= MAX_STREAM
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"._/:-".contains(b))
}

/// The identity of a stream object: `v1:{org}:{stream}#{shard}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectName {
    /// The organisation.
    pub org: Uuid,
    /// The stream.
    pub stream: String,
    /// The shard, 0 unless the stream was split.
    pub shard: u32,
}

impl ObjectName {
    /// The name of the first shard.
    pub fn first(org: Uuid, stream: &str) -> Self {
        Self {
            org,
            stream: stream.to_owned(),
            shard: 0,
        }
    }
    /// Reads a name as printed by `Display`.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("v1:")?;
        let (org, rest) = rest.split_at_checked(36)?;
        let (stream, shard) = rest.strip_prefix(':')?.rsplit_once('#')?;
        if !is_stream(stream) {
            return None;
        }
        Some(Self {
            org: Uuid::parse_str(org).ok()?,
            stream: stream.to_owned(),
            shard: shard.parse().ok()?,
        })
    }
    /// The deterministic id of the anomaly at `sequence`: UUIDv5 (RFC 9562 section 5.5) in the organisation's namespace.
    pub fn anomaly_id(&self, generation: u32, sequence: u64) -> Uuid {
        let name = format!("{}\n{generation}\n{}\n{sequence}", self.stream, self.shard);
        Uuid::new_v5(&self.org, name.as_bytes())
    }
}

impl std::fmt::Display for ObjectName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "v1:{}:{}#{}", self.org, self.stream, self.shard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_names() {
        for good in [
            "a",
            "checkout-api",
            "metrics/cpu",
            "llm/support-bot",
            "A1._/:-",
            &"x".repeat(128),
        ] {
            assert!(is_stream(good), "{good}");
        }
        for bad in [
            "",
            "-a",
            ".a",
            "a b",
            "a\n",
            "é",
            "a#1",
            "a,b",
            "a(b",
            &"x".repeat(129),
        ] {
            assert!(!is_stream(bad), "{bad}");
        }
    }

    #[test]
    fn names_round_trip_and_ids_are_stable() {
        let name = ObjectName::first(Uuid::from_u128(0x11), "metrics/cpu:0");
        assert_eq!(ObjectName::parse(&name.to_string()), Some(name.clone()));
        assert_eq!(name.anomaly_id(0, 5), name.anomaly_id(0, 5));
        assert_ne!(name.anomaly_id(0, 5), name.anomaly_id(1, 5));
        assert_ne!(
            name.anomaly_id(0, 5),
            ObjectName::first(Uuid::from_u128(0x12), "metrics/cpu:0").anomaly_id(0, 5)
        );
        for bad in [
            "",
            "v1:",
            "v2:x",
            "v1:00000000-0000-0000-0000-000000000011:a",
            "v1:00000000-0000-0000-0000-000000000011:a b#0",
        ] {
            assert_eq!(ObjectName::parse(bad), None, "{bad}");
        }
    }
}
