//! What becomes of a verdict: the anomaly as the API shows it, and the row as the database keeps it.

use super::log::{Record, kind_name};
use super::name::ObjectName;
use crate::ingest::time;
use cbad::Verdict;
use cbad::measures::{Measures, newest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// Bytes kept of a column where the whole would be too large to store, and what follows them.
const SMALL_BYTES: usize = 32 << 10;
const CUT: &str = " … (cut)";

/// An anomaly in lists, in the live feed and in answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Anomaly {
    /// UUIDv5 of organisation, stream, generation, shard and sequence.
    pub id: Uuid,
    /// Where it was found.
    pub stream: String,
    /// `log`, `metric`, `trace` or `llm`.
    pub event_type: String,
    /// The event's own time, RFC 3339.
    pub timestamp: Option<String>,
    /// When it was scored, RFC 3339.
    pub detected_at: String,
    /// Bits of surprise beyond what is usual.
    pub score: Option<f64>,
    /// How improbable a score this high is in this stream.
    pub p_value: Option<f64>,
    /// `rank` or `tail`.
    pub p_method: Option<String>,
    /// Share of false discoveries to expect among alarms at least this strong.
    pub q_value: Option<f64>,
    /// `low`, `medium` or `high`.
    pub severity: String,
    /// `new`, `acknowledged`, `resolved` or `false_positive`.
    pub status: String,
    /// One sentence.
    pub reason: Option<String>,
    /// How often the same cause was seen, this time included.
    pub repeats: u32,
    /// Session or trace key.
    pub group: Option<String>,
    /// `detector` or `api`.
    pub source: String,
    /// The caller's own data.
    pub metadata: Value,
}

/// A row of `anomalies`, and what is needed to complete it before it is sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pending {
    /// Column → value. All rows carry the same columns, as a bulk insert needs.
    pub row: serde_json::Map<String, Value>,
    /// Events before the window, oldest first.
    pub baseline: Vec<String>,
    /// The newest events, the anomalous one last.
    pub window: Vec<String>,
    /// Whether the measures are in the row.
    pub measured: bool,
}

/// The columns of a row, in one place: a bulk insert refuses rows whose columns differ.
const COLUMNS: &[&str] = &[
    "id",
    "org_id",
    "stream",
    "shard",
    "generation",
    "seq",
    "event_type",
    "event_id",
    "group_key",
    "event_timestamp",
    "detected_at",
    "score",
    "p_value",
    "p_method",
    "q_value",
    "severity",
    "reason",
    "event_text",
    "event_format",
    "metadata",
    "tokens",
    "fields",
    "nearest",
    "measures",
    "witness",
    "algorithm",
    "seed",
    "checkpoint",
    "source",
    "ncd_score",
    "glass_box_explanation",
    "compression_baseline",
    "compression_window",
    "compression_combined",
    "baseline_data",
    "window_data",
];

/// Where and when an anomaly was found.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The object that found it.
    pub name: &'a ObjectName,
    /// The stream's generation.
    pub generation: u32,
    /// The event's position in the stream.
    pub sequence: u64,
    /// When, in milliseconds.
    pub now_ms: i64,
}

impl Place<'_> {
    /// The anomaly's id.
    pub fn id(&self) -> Uuid {
        self.name.anomaly_id(self.generation, self.sequence)
    }
}

impl Pending {
    /// The row of a verdict. `recent` are the newest events, oldest first, the anomalous one last.
    pub fn from_verdict<'r>(
        place: Place<'_>,
        record: &Record<'_>,
        verdict: &Verdict,
        recent: impl Iterator<Item = &'r str>,
    ) -> Self {
        let mut row = empty_row(place, kind_name(record.kind));
        let mut set = |column: &str, value: Value| {
            row.insert(column.into(), value);
        };
        let part = |value: Result<Value, serde_json::Error>| value.unwrap_or(Value::Null);
        set("event_id", json!(record.id));
        set("group_key", json!(record.group));
        set(
            "event_timestamp",
            json!(record.timestamp_ms.map(time::to_rfc3339)),
        );
        set("score", json!(verdict.score));
        set("p_value", json!(verdict.p_value));
        set("p_method", part(serde_json::to_value(verdict.p_method)));
        set("q_value", json!(verdict.q_value));
        set(
            "severity",
            match verdict.severity {
                Some(s) => part(serde_json::to_value(s)),
                None => json!("low"),
            },
        );
        set("reason", json!(verdict.reason));
        set("glass_box_explanation", json!(verdict.reason));
        set("event_text", json!(record.text));
        set("event_format", json!(record.format.as_str()));
        if let Some(metadata) = record.metadata {
            set("metadata", metadata_of(metadata));
        }
        set("tokens", part(serde_json::to_value(&verdict.tokens)));
        set("fields", part(serde_json::to_value(&verdict.fields)));
        set("nearest", json!(verdict.nearest));
        set("witness", json!(verdict.witness));
        set("algorithm", json!(verdict.algorithm));
        set("seed", json!(verdict.seed.map(|s| s.to_string())));
        set("checkpoint", json!(verdict.checkpoint));
        let (baseline, window) = newest(recent, record.text);
        let owned =
            |events: Vec<&str>| -> Vec<String> { events.into_iter().map(str::to_owned).collect() };
        let mut pending = Self {
            row,
            baseline: owned(baseline),
            window: owned(window),
            measured: false,
        };
        pending.row.values_mut().for_each(escape_nul);
        pending
    }

    /// The row of an anomaly that was found elsewhere.
    pub fn found(
        place: Place<'_>,
        event_type: &str,
        severity: &str,
        metadata: Value,
        reason: Option<&str>,
    ) -> Self {
        let mut row = empty_row(place, event_type);
        for (column, value) in [
            ("severity", json!(severity)),
            ("metadata", metadata),
            ("source", json!("api")),
            ("reason", json!(reason)),
        ] {
            row.insert(column.into(), value);
        }
        row.values_mut().for_each(escape_nul);
        Self {
            row,
            baseline: Vec::new(),
            window: Vec::new(),
            measured: true,
        }
    }

    /// The same without what makes it large: tokens, nearest event, witness, windows. Reason, figures and event stay.
    #[must_use]
    pub fn slim(&self) -> Self {
        let mut row = self.row.clone();
        for column in ["tokens", "fields", "nearest", "witness"] {
            row.insert(column.into(), Value::Null);
        }
        let mut slim = Self {
            row,
            baseline: Vec::new(),
            window: Vec::new(),
            measured: false,
        };
        slim.complete(None);
        slim
    }

    /// The same with the beginning of the event alone, where even slim it is too large to be stored.
    #[must_use]
    pub fn small(&self) -> Self {
        let mut small = self.slim();
        for column in [
            "event_text",
            "reason",
            "glass_box_explanation",
            "window_data",
        ] {
            if let Some(Value::String(text)) = small.row.get_mut(column)
                && text.len() > SMALL_BYTES
            {
                text.truncate(text.floor_char_boundary(SMALL_BYTES));
                text.push_str(CUT);
            }
        }
        let metadata = small.row.get("metadata").map(Value::to_string);
        if metadata.is_some_and(|m| m.len() > SMALL_BYTES) {
            small.row.insert("metadata".into(), json!({}));
        }
        small
    }

    /// Puts the window measures into the row.
    pub fn complete(&mut self, measures: Option<&Measures>) {
        if let Some(m) = measures {
            for (column, value) in [
                ("measures", serde_json::to_value(m).unwrap_or(Value::Null)),
                ("ncd_score", json!(m.ncd)),
                ("compression_baseline", json!(m.compressed_baseline)),
                ("compression_window", json!(m.compressed_window)),
                ("compression_combined", json!(m.compressed_combined)),
            ] {
                self.row.insert(column.into(), value);
            }
        }
        for (column, events) in [
            ("baseline_data", &self.baseline),
            ("window_data", &self.window),
        ] {
            let mut text = if events.is_empty() {
                Value::Null
            } else {
                Value::String(events.join("\n"))
            };
            escape_nul(&mut text);
            self.row.insert(column.into(), text);
        }
        self.measured = true;
        self.baseline = Vec::new();
        self.window = Vec::new();
    }

    /// What the live feed and the answers show of it.
    pub fn anomaly(&self) -> Anomaly {
        let get = |column: &str| self.row.get(column).unwrap_or(&Value::Null);
        let text = |column: &str| get(column).as_str().map(str::to_owned);
        Anomaly {
            id: text("id")
                .and_then(|s| Uuid::parse_str(&s).ok())
                .unwrap_or_default(),
            stream: text("stream").unwrap_or_default(),
            event_type: text("event_type").unwrap_or_default(),
            timestamp: text("event_timestamp"),
            detected_at: text("detected_at").unwrap_or_default(),
            score: get("score").as_f64(),
            p_value: get("p_value").as_f64(),
            p_method: text("p_method"),
            q_value: get("q_value").as_f64(),
            severity: text("severity").unwrap_or_default(),
            status: "new".into(),
            reason: text("reason"),
            repeats: 1,
            group: text("group_key"),
            source: text("source").unwrap_or_default(),
            metadata: get("metadata").clone(),
        }
    }
}

/// Metadata as the database takes it. What only this reader refuses (half a surrogate pair, 1e999, 128 levels) is left out: it must
/// not keep the anomaly from being stored.
fn metadata_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!({}))
}

fn empty_row(place: Place<'_>, event_type: &str) -> serde_json::Map<String, Value> {
    let mut row: serde_json::Map<String, Value> = COLUMNS
        .iter()
        .map(|c| ((*c).to_owned(), Value::Null))
        .collect();
    for (column, value) in [
        ("id", json!(place.id())),
        ("org_id", json!(place.name.org)),
        ("stream", json!(place.name.stream)),
        ("shard", json!(place.name.shard)),
        ("generation", json!(place.generation)),
        ("seq", json!(place.sequence)),
        ("event_type", json!(event_type)),
        ("detected_at", json!(time::to_rfc3339(place.now_ms))),
        ("source", json!("detector")),
        ("metadata", json!({})),
    ] {
        row.insert(column.into(), value);
    }
    row
}

/// PostgreSQL holds no U+0000 in text or jsonb: it is shown as the six characters of its JSON escape.
fn escape_nul(value: &mut Value) {
    match value {
        Value::String(s) if s.contains('\0') => *s = s.replace('\0', "\\u0000"),
        Value::Array(list) => list.iter_mut().for_each(escape_nul),
        Value::Object(map) => {
            if map.keys().any(|k| k.contains('\0')) {
                *map = std::mem::take(map)
                    .into_iter()
                    .map(|(k, v)| (k.replace('\0', "\\u0000"), v))
                    .collect();
            }
            map.values_mut().for_each(escape_nul);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &ObjectName) -> Place<'_> {
        Place {
            name,
            generation: 0,
            sequence: 3,
            now_ms: 0,
        }
    }

    #[test]
    fn metadata_that_cannot_be_read_is_an_empty_object_and_not_null() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        for text in [r#"{"a":"\ud800"}"#, r#"{"a":1e999}"#, &deep] {
            assert_eq!(metadata_of(text), json!({}), "{text}");
        }
        assert_eq!(metadata_of(r#"{"a":1}"#), json!({"a": 1}));
    }

    #[test]
    fn rows_of_both_sources_have_the_same_columns() {
        let name = ObjectName::first(Uuid::from_u128(1), "s");
        let mut found = Pending::found(place(&name), "log", "high", json!({}), None);
        found.complete(None);
        let mut columns: Vec<&str> = COLUMNS.to_vec();
        columns.sort_unstable();
        let mut have: Vec<&str> = found.row.keys().map(String::as_str).collect();
        have.sort_unstable();
        assert_eq!(have, columns);
        assert_eq!(found.anomaly().id, place(&name).id());
    }

    #[test]
    fn nul_is_escaped_everywhere() {
        let mut value = json!({"a\u{0}": ["x\u{0}y", {"b": "\u{0}"}]});
        escape_nul(&mut value);
        assert_eq!(value, json!({"a\\u0000": ["x\\u0000y", {"b": "\\u0000"}]}));
    }
}
