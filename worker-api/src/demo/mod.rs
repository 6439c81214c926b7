//! `POST /v1/demo/detect`: a look at what the detector says of a few events, without an account. Nothing is stored.
//!
//! A stream reports anomalies after 128 events, by their odds among them; a request of at most fifty can't give such odds. So each
//! event is priced by a fresh detector that has read all the *others*, and stands out if it costs far more than they do.

use crate::auth::limits;
use crate::detect::log::{Reader, Record};
use crate::error::{Code, Error, Result};
use crate::http::rate_limit::Quota;
use crate::http::{Request, Response};
use crate::ingest::events;
use crate::ingest::limits::{Limits, Rejected};
use crate::ingest::pipeline::{Batches, Terms};
use crate::platform::Ctx;
use cbad::{Config, Detector, FieldBits, TokenBits};
use serde::Serialize;

/// Requests per network address.
const PER_ADDRESS: Quota = Quota {
    requests: 10,
    window: 60,
};
/// Every event is priced against all others: what a request costs grows with the product of this and `EVENTS`.
const BODY_BYTES: usize = 32 << 10;
const EVENTS: usize = 50;
/// Fewer have nothing to stand out from.
const FEWEST: usize = 5;
/// An event stands out by at least so many bits beyond the usual price, 1 in 256 …
const LEAST_BITS: f64 = 8.0;
/// … and by so many times the upper half's own spread.
const SPREADS: f64 = 3.0;

/// What a request may hold: nobody's events, with nothing taken out, since nothing is kept.
fn terms(now_ms: i64) -> Terms<'static> {
    Terms {
        org: "",
        prefix: None,
        limits: Limits {
            events: EVENTS,
            streams: 1,
            event_bytes: BODY_BYTES,
            label_bytes: 256,
            ..Limits::default()
        },
        redaction: None,
        now_ms,
    }
}

#[derive(Debug, Serialize)]
struct Answer {
    accepted: usize,
    rejected: Vec<Rejected>,
    /// The usual price of an event, bits: the median.
    usual_bits: f64,
    /// Dearest first.
    events: Vec<Priced>,
    note: &'static str,
}

#[derive(Debug, Serialize)]
struct Priced {
    index: u32,
    /// What the event costs, bits, given all others.
    bits: f64,
    /// Bits beyond the median of the others.
    score: f64,
    /// Share of the events, this one included, that cost as much or more.
    p_value: f64,
    anomaly: bool,
    reason: Option<String>,
    tokens: Vec<TokenBits>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<FieldBits>,
    nearest: Option<String>,
}

/// Prices up to fifty events against each other.
pub async fn detect(ctx: &Ctx, request: &Request) -> Result<Response> {
    if request.body.len() > BODY_BYTES {
        return Err(
            Error::new(Code::BodyTooLarge, "the body is larger than the demo takes")
                .field("body", format!("at most {BODY_BYTES} bytes")),
        );
    }
    let batches = events::parse(
        &request.body,
        &request.media_type(),
        None,
        terms(ctx.now_ms()),
    )?;
    let standing = limits::charge_address(ctx, request, "demo", PER_ADDRESS).await?;
    let mut response = Response::json(200, &priced(batches)?);
    response.headers.extend(standing.headers());
    Ok(response)
}

fn priced(batches: Batches) -> Result<Answer> {
    let Some((_, batch)) = batches.streams.into_iter().next() else {
        return Ok(answer(Vec::new(), batches.rejected));
    };
    let batch = batch.finish();
    let records: Vec<Record<'_>> = Reader::new(&batch)
        .and_then(Iterator::collect)
        .map_err(Error::internal)?;
    let events = (0..records.len()).map(|i| price(&records, i)).collect();
    Ok(answer(events, batches.rejected))
}

/// One event, explained by a detector that has read all the others.
fn price(records: &[Record<'_>], i: usize) -> Priced {
    let mut detector = Detector::new(Config::default());
    for (j, other) in records.iter().enumerate() {
        if j != i {
            detector.observe(&other.event());
        }
    }
    let verdict = detector.explain(&records[i].event());
    let tokens: f64 = verdict.tokens.iter().map(|t| t.bits).sum();
    let fields: f64 = verdict.fields.iter().map(|f| f.bits).sum();
    Priced {
        index: records[i].index,
        bits: tokens.max(fields),
        score: 0.0,
        p_value: 1.0,
        anomaly: false,
        reason: verdict.reason,
        tokens: verdict.tokens,
        fields: verdict.fields,
        nearest: verdict.nearest,
    }
}

/// Judges prices against each other.
fn answer(mut events: Vec<Priced>, rejected: Vec<Rejected>) -> Answer {
    let mut prices: Vec<f64> = events.iter().map(|e| e.bits).collect();
    prices.sort_by(f64::total_cmp);
    let n = prices.len();
    for event in &mut events {
        let mut others = prices.clone();
        others.remove(others.partition_point(|p| *p < event.bits).min(n - 1));
        let usual = quantile(&others, 0.5);
        let spread = quantile(&others, 0.75) - usual;
        let dearer = others.iter().filter(|p| **p >= event.bits).count();
        event.score = (event.bits - usual).max(0.0);
        event.p_value = (1 + dearer) as f64 / n as f64;
        event.anomaly = n >= FEWEST && event.score >= LEAST_BITS.max(SPREADS * spread);
        if !event.anomaly {
            event.reason = None;
        }
    }
    events.sort_by(|a, b| b.bits.total_cmp(&a.bits));
    Answer {
        accepted: n,
        rejected,
        usual_bits: quantile(&prices, 0.5),
        events,
        note: "Each event was priced by a detector that had read only the others. A stream learns from at least 128 events and then judges by their odds.",
    }
}

/// A quantile of sorted values; 0 of none.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted
        .get((last as f64 * share).round() as usize)
        .copied()
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn priced(body: &[u8]) -> Result<Answer> {
        super::priced(events::parse(body, "application/json", None, terms(0))?)
    }

    fn lines(texts: impl Iterator<Item = String>) -> Vec<u8> {
        let events: Vec<_> = texts
            .map(|data| serde_json::json!({ "data": data }))
            .collect();
        serde_json::to_vec(&events).expect("JSON")
    }

    fn ordinary(i: usize) -> String {
        format!(
            "payment captured order={} gateway=stripe took={}ms",
            8100 + i,
            200 + i * 7
        )
    }

    #[test]
    fn the_odd_one_stands_out_whatever_its_place() {
        for place in [0, 13, 29] {
            let body = lines((0..30).map(|i| {
                if i == place {
                    "table orders dropped by root".into()
                } else {
                    ordinary(i)
                }
            }));
            let answer = priced(&body).expect("priced");
            let first = &answer.events[0];
            assert_eq!((first.index as usize, first.anomaly), (place, true));
            assert!(first.reason.is_some() && first.score > 8.0, "{first:?}");
            let others = answer.events.iter().filter(|e| e.anomaly).count();
            assert_eq!(others, 1, "only the odd one");
        }
    }

    #[test]
    fn ordinary_events_raise_no_alarm() {
        let answer = priced(&lines((0..50).map(ordinary))).expect("priced");
        assert_eq!(answer.accepted, 50);
        assert!(
            answer.events.iter().all(|e| !e.anomaly),
            "{:?}",
            answer.events[0]
        );
    }

    #[test]
    fn too_few_too_many_and_none() {
        let few = priced(&lines((0..3).map(|i| "x".repeat(i + 1)))).expect("priced");
        assert!(few.events.iter().all(|e| !e.anomaly));
        let none = priced(b"[]").expect("priced");
        assert_eq!((none.accepted, none.events.len()), (0, 0));
        let many = priced(&lines((0..51).map(ordinary)));
        assert_eq!(many.expect_err("51").code, Code::TooManyEvents);
    }

    #[test]
    fn the_same_events_get_the_same_answer() {
        let body = lines((0..20).map(ordinary));
        let once = serde_json::to_string(&priced(&body).expect("priced")).expect("JSON");
        let again = serde_json::to_string(&priced(&body).expect("priced")).expect("JSON");
        assert_eq!(once, again);
    }
}
