//! What comes out: the one verdict type of command, HTTP, live feed, wasm and database.

use crate::bits::{self, MicroBits};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a p-value was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PMethod {
    /// By its rank among the stream's own calibration scores.
    Rank,
    /// By the tail fitted beyond what those scores can resolve.
    Tail,
}

/// How bad an anomaly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Just beyond the alarm level.
    Low,
    /// Clearly beyond it.
    Medium,
    /// Far beyond it.
    High,
}

/// Where a stream's model stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Too few events yet for a verdict: never an anomaly.
    Learning,
    /// Verdicts mean what they say.
    Ready,
    /// Much of what comes lately is unlike the baseline: the model is taking it up.
    Drifting,
}

/// Something that was seen where something else was met, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// The text seen before.
    pub text: String,
    /// In how many of the recent normal events.
    pub count: u64,
}

/// One token of an event's text with its price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenBits {
    /// The token as received.
    pub text: String,
    /// UTF-8 byte offset of its start in the event's text.
    pub start: usize,
    /// UTF-8 byte offset of its end.
    pub end: usize,
    /// Its share of the code length, in bits.
    pub bits: f64,
    /// What was seen in its place, most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expected: Vec<Expected>,
}

/// One field of a record with its price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldBits {
    /// Dotted path, `[]` for array elements.
    pub path: String,
    /// Its share of the code length, in bits.
    pub bits: f64,
    /// The value as received.
    pub text: String,
    /// What the field held before, most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expected: Vec<Expected>,
}

/// The verdict on one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// 0-based position in the detector's stream.
    pub index: u64,
    /// Bits of surprise beyond what is usual. Of texts and records −log₂ of the p-value, so comparable across the stream; of numbers
    /// what they cost their own models, from which the p-value is taken, with repeats of an incident held down.
    pub score: f64,
    /// Probability of so much surprise in this stream, in (0, 1].
    pub p_value: f64,
    /// How the p-value was found.
    pub p_method: PMethod,
    /// Smallest level of false discovery at which the event is a discovery, 1 if at none (`fdr.rs`): an annotation.
    pub q_value: f64,
    /// Whether `p_value` is at or below α(sensitivity).
    pub anomaly: bool,
    /// How bad, for an anomaly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Where the model stood.
    pub state: State,
    /// Index of the first anomaly of the same cause, for a repeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat_of: Option<u64>,
    /// One sentence saying what is odd.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// All tokens in order of position, for an anomaly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<TokenBits>,
    /// All fields in order of position, for an anomalous record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldBits>,
    /// The most similar recent normal event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
    /// Window measures, filled in later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measures: Option<serde_json::Value>,
    /// What the price read of the model, base64, at most 64 KiB: enough to recompute the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<String>,
    /// Version of the algorithm, for an anomaly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// Seed of the detector, for an anomaly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Hash of all that led to the state the verdict was given in, hex: configuration (but for the sensitivity), and in order all
    /// events with kind, text, time and group, all closings of groups, all that was taught.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// Evidence beyond the content: named quantities such as `rate_bits`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<String, f64>,
}

impl Verdict {
    /// A verdict on an event that is no anomaly; its surprise is in micro-bits.
    pub(crate) fn quiet(index: u64, surprise: MicroBits, q_value: f64, state: State) -> Verdict {
        let p_value = bits::probability(surprise);
        Verdict::bare(index, surprise, p_value, q_value, state)
    }

    /// The same where the p-value does not follow from the score.
    pub(crate) fn bare(
        index: u64,
        score: MicroBits,
        p_value: f64,
        q_value: f64,
        state: State,
    ) -> Verdict {
        Verdict {
            index,
            score: bits::to_bits(score),
            p_value,
            p_method: PMethod::Rank,
            q_value,
            anomaly: false,
            severity: None,
            state,
            repeat_of: None,
            reason: None,
            tokens: Vec::new(),
            fields: Vec::new(),
            nearest: None,
            measures: None,
            witness: None,
            algorithm: None,
            seed: None,
            checkpoint: None,
            evidence: BTreeMap::new(),
        }
    }
}

/// The verdict on a group (session, trace) when it closes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupVerdict {
    /// The group's key.
    pub group: String,
    /// Bits of surprise of the group as a whole.
    pub score: f64,
    /// Probability of so much surprise among the stream's groups.
    pub p_value: f64,
    /// How the p-value was found.
    pub p_method: PMethod,
    /// As an event's, among groups.
    pub q_value: f64,
    /// Whether `p_value` is at or below α(sensitivity).
    pub anomaly: bool,
    /// How bad, for an anomaly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Where the group model stood.
    pub state: State,
    /// Events the group had.
    pub events: u64,
    /// Index of its last event.
    pub last_index: u64,
    /// One sentence saying what is odd.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
