//! Where records come from: service, instance and scope, and the names of the streams that follow from them.

use super::intake::Intake;
use super::proto::opentelemetry::proto::common::v1::{InstrumentationScope, KeyValue};
use super::proto::opentelemetry::proto::resource::v1::Resource;
use super::value;
use std::borrow::Cow;

/// The attribute that names a record's stream, on the record or its resource.
pub const STREAM: &str = "driftlock.stream";
/// Bytes of a stream's name.
const NAME_BYTES: usize = 128;
/// Bytes of a named stream that stands before other parts; what is left is enough for each of those.
pub const NAMED_BYTES: usize = 90;
/// Bytes of a service's name in a stream's.
const SERVICE_BYTES: usize = 48;
/// Attributes of a resource that are kept beside an anomaly: who and where, not everything about a process.
const KEPT: [&str; 9] = [
    "service.name",
    "service.namespace",
    "service.version",
    "service.instance.id",
    "deployment.environment.name",
    "deployment.environment",
    "host.name",
    "k8s.pod.name",
    "cloud.region",
];

/// What holds for all records of a resource, then of a scope.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The service, fit for a stream's name.
    pub service: String,
    /// The stream named by resource or header.
    pub stream: Option<String>,
    /// The session named by the resource.
    pub session: Option<String>,
    /// `"resource":{…}`, for metadata.
    pub resource: String,
    /// The instrumentation scope's name.
    pub scope: String,
}

impl Origin {
    /// The origin of a resource. A stream named by the resource goes before that of the request's header.
    pub fn of(resource: Option<&Resource>, intake: &mut Intake<'_>) -> Self {
        let attributes: &[KeyValue] = resource.map_or(&[], |r| &r.attributes);
        let service = value::text(attributes, "service.name").unwrap_or("unknown_service".into());
        let mut kept = String::from("\"resource\":");
        value::attributes(&mut kept, attributes, &|k| KEPT.contains(&k));
        let named = value::text(attributes, STREAM).map(Cow::into_owned);
        Self {
            service: intake.slug(&service, SERVICE_BYTES),
            stream: named.or_else(|| intake.header.map(str::to_owned)),
            session: value::text(attributes, "session.id").map(Cow::into_owned),
            resource: kept,
            scope: String::new(),
        }
    }

    /// The same within a scope.
    pub fn scoped(&mut self, scope: Option<&InstrumentationScope>) {
        self.scope = scope.map_or_else(String::new, |s| value::lossless(&s.name).into_owned());
    }

    /// The stream that a record with these attributes is to have: named by itself, its resource or the request's header.
    pub fn named<'a>(&'a self, attributes: &'a [KeyValue]) -> Option<Cow<'a, str>> {
        value::text(attributes, STREAM).or(self.stream.as_deref().map(Cow::Borrowed))
    }

    /// The stream of a record of `signal` with these attributes.
    pub fn stream(&self, attributes: &[KeyValue], signal: &str) -> String {
        self.named(attributes).map_or_else(
            || format!("{}/{signal}", self.service),
            |named| named.into_owned(),
        )
    }
}

/// The bytes that each of `parts` parts may have in the name of a stream whose other bytes are given: at most `most`.
pub fn room(others: usize, parts: usize, most: usize) -> usize {
    (NAME_BYTES.saturating_sub(others) / parts).min(most)
}

/// `text` as a part of a stream's name: other characters become `-`, and what is too long ends in a hash of the whole.
pub fn slug(text: &str, max: usize) -> String {
    let fit = |c: char| {
        if c.is_ascii_alphanumeric() || "._/:-".contains(c) {
            c
        } else {
            '-'
        }
    };
    let mut out: String = text
        .chars()
        .map(fit)
        .skip_while(|c| !c.is_ascii_alphanumeric())
        .collect();
    out.truncate(out.trim_end_matches('-').len());
    if out.is_empty() {
        return format!("x{:08x}", crc32fast::hash(text.as_bytes()));
    }
    if out.len() > max {
        out.truncate(max - 9);
        out.push_str(&format!("-{:08x}", crc32fast::hash(text.as_bytes())));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn names_fit_a_stream() {
        assert_eq!(slug("checkout api", 48), "checkout-api");
        assert_eq!(slug("/v1/{id}", 48), "v1/-id");
        assert_eq!(slug("héllo", 48), "h-llo");
        assert_eq!(
            slug("***", 48),
            "xe72a00f2".replace("e72a00f2", &format!("{:08x}", crc32fast::hash(b"***")))
        );
        let long = slug(&"a".repeat(300), 40);
        assert!(long.len() == 40 && long.starts_with("aaaa") && long.contains('-'));
    }
}
