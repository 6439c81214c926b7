//! From what was read to a verdict: the same code for an anomaly as it happens and for its replay from a witness.

use crate::bits::{self, MicroBits};
use crate::checkpoint::Truncated;
use crate::event::Event;
use crate::explain;
use crate::features::{Features, clip};
use crate::hash::{hash, mix};
use crate::model::Counts;
use crate::numeric;
use crate::verdict::{Severity, State, Verdict};
use crate::volume::{Change, Pace};
use crate::witness::{Replayer, Witness};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::collections::BTreeMap;

/// A witness does not fit its event, or is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The bytes are not a witness of this version.
    #[error("not a witness of this version")]
    NotAWitness,
    /// The event needs other counts than the witness holds.
    #[error("the witness belongs to another event")]
    OtherEvent,
}

/// Recomputes an anomaly's verdict from the event and its witness alone, bit for bit.
///
/// # Errors
/// A [`ReplayError`] where the witness is damaged or belongs to another event.
pub fn replay(event: &Event<'_>, witness: &[u8]) -> Result<Verdict, ReplayError> {
    if numeric::is_witness(witness) {
        return numeric::replay(event, witness);
    }
    let w = Witness::from_bytes(witness).map_err(|_: Truncated| ReplayError::NotAWitness)?;
    if w.event != fingerprint(event) {
        return Err(ReplayError::OtherEvent);
    }
    let mut reads = Replayer::new(&w.reads);
    let mut verdict = judge(event, &w, &mut reads);
    if !reads.complete() {
        return Err(ReplayError::OtherEvent);
    }
    verdict.witness = Some(BASE64.encode(witness));
    Ok(verdict)
}

/// What a metric anomaly's series did before it and what was expected, from the event and its witness; empty for other events.
///
/// # Errors
/// A [`ReplayError`] where the witness is damaged or belongs to another event.
pub fn course(event: &Event<'_>, witness: &[u8]) -> Result<Vec<numeric::Course>, ReplayError> {
    if numeric::is_witness(witness) {
        return numeric::course(event, witness);
    }
    Ok(Vec::new())
}

/// What tells events apart: kind and text, of which a very long one counts by its beginning.
pub fn fingerprint(event: &Event<'_>) -> u64 {
    mix(
        hash(clip(event.payload.as_str()).as_bytes()),
        event.kind as u64,
    )
}

/// The verdict a witness leads to, counts being read from `counts`.
pub fn judge(event: &Event<'_>, w: &Witness, counts: &mut impl Counts) -> Verdict {
    let mut features = Features::default();
    let fields = features.extract_fields(event);
    let text = event.payload.as_str();
    let mut costs = vec![0; features.pieces.len()];
    let raw = w.totals.event(counts, &features, |piece, cost| {
        costs[piece as usize] += cost
    });
    let (first, p_method) = w.reading.surprise(raw);
    let content = (first + w.shift - w.penalty).max(0);
    let (pace, pace_method) = w.pace.map_or((0, p_method), |p| p.surprise());
    let by_pace = pace > content;
    let surprise = content.max(pace);
    let seen = explain::dearest(&costs)
        .first()
        .map_or(0, |&piece| w.totals.seen(counts, &features, piece));
    let tokens = explain::tokens(text, &features.pieces, &costs, &w.context);
    let fields = explain::fields(text, &fields, &tokens);
    let mut verdict = Verdict::quiet(w.index, surprise, w.q_value, w.state);
    verdict.p_method = if by_pace { pace_method } else { p_method };
    verdict.anomaly = w.state != State::Learning && surprise >= w.alarm;
    verdict.severity = verdict.anomaly.then(|| severity(surprise, w.alarm));
    verdict.repeat_of = w.repeat_of;
    let mut reason = explain::sentence(&costs, &tokens, &fields, seen, &w.context);
    if let Some(pace) = &w.pace {
        reason = match by_pace {
            true => pace.sentence(),
            false => format!("{reason} {}", pace.sentence()),
        };
        verdict.evidence = evidence(pace);
    }
    verdict.reason = Some(reason);
    verdict.tokens = tokens;
    verdict.fields = fields;
    verdict.nearest.clone_from(&w.context.nearest);
    verdict.algorithm = Some(crate::ALGORITHM.to_owned());
    verdict.seed = Some(w.seed);
    verdict.checkpoint = Some(format!("{:016x}{:016x}", w.checkpoint[0], w.checkpoint[1]));
    verdict
}

/// The pace of events as named quantities.
fn evidence(pace: &Pace) -> BTreeMap<String, f64> {
    let name = match pace.change {
        Change::Burst => "burst_bits",
        Change::Silence => "silence_bits",
    };
    let seconds = |ms: i64| ms as f64 / 1_000.0;
    BTreeMap::from([
        (name.to_owned(), bits::to_bits(pace.surprise().0)),
        ("seconds".to_owned(), seconds(pace.took_ms)),
        ("usual_seconds".to_owned(), seconds(pace.usual_ms)),
    ])
}

/// Low within five bits of the alarm level, medium within fifteen, high beyond.
pub fn severity(surprise: MicroBits, alarm: MicroBits) -> Severity {
    match (surprise - alarm) / bits::BIT {
        ..5 => Severity::Low,
        5..15 => Severity::Medium,
        _ => Severity::High,
    }
}
