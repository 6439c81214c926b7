//! From scores to a verdict: words, fields, witness; and back from a witness to the verdict.

use super::calibrate::PReading;
use super::metrics::Sum;
use super::numbers::Numbers;
use super::series::Series;
use super::view::short;
use super::{NumericPMethod, NumericScore, NumericState, View};
use crate::bits::{self, MicroBits};
use crate::checkpoint::{Reader, Truncated, Writer};
use crate::detector::ALGORITHM;
use crate::event::Event;
use crate::judge::{self, ReplayError};
use crate::recent::Recent;
use crate::verdict::{Expected, FieldBits, PMethod, State, TokenBits, Verdict};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// First byte of a witness of numbers.
const VERSION: u8 = 0x4f;
/// The same of one that does not tell which event it belongs to; it is still read.
const ANY_EVENT: u8 = 0x4e;
/// Bytes of models in a witness at most: in base64 the whole stays below 64 KiB.
pub(crate) const WITNESS_BYTES: usize = 44 * 1024;
/// Bytes kept of the nearest event.
const NEAREST: usize = 1024;

/// What a verdict depends on beside the event and the models.
pub(crate) struct Facts {
    pub index: u64,
    pub seed: u64,
    pub alarm: MicroBits,
    pub learning: bool,
    pub q_value: f64,
    pub checkpoint: [u64; 2],
    pub reading: Option<PReading>,
    pub repeat_of: Option<u64>,
    pub nearest: Option<String>,
    /// Hash of the event and its time; `None` in an old witness.
    pub event: Option<(u64, Option<i64>)>,
}

/// What became of one number of an event.
pub(crate) struct Part {
    /// `None`: there was no room for a model.
    pub score: Option<NumericScore>,
    /// Points its series has had.
    pub points: u64,
}

impl Part {
    pub fn raw(&self) -> i64 {
        self.score.map_or(-1, |s| s.raw_micro_bits)
    }

    /// With the number of its model among those in the witness, or as judged where there was no room for it.
    pub fn write(&self, model: Option<usize>, out: &mut Writer) {
        out.varint(self.points);
        match (self.score, model) {
            (None, _) => out.u8(0),
            (Some(_), Some(model)) => {
                out.u8(1);
                out.u8(model as u8);
            }
            (Some(s), None) => {
                out.u8(2);
                write_score(&s, out);
            }
        }
    }
}

impl Facts {
    pub fn state(&self, sum: &Sum) -> State {
        sum.state(self.learning)
    }

    /// The verdict without words.
    pub fn plain(&self, sum: &Sum) -> Verdict {
        let (p_value, method) = sum.p_value(self.reading.as_ref());
        let method = match method {
            NumericPMethod::Rank => PMethod::Rank,
            NumericPMethod::Tail => PMethod::Tail,
        };
        let score = bits::from_bits(sum.grouped);
        let mut v = Verdict::bare(self.index, score, p_value, self.q_value, self.state(sum));
        v.p_method = method;
        if sum.unjudged > 0 {
            let count = sum.unjudged as f64;
            v.evidence.insert("numbers_not_judged".to_owned(), count);
        }
        v
    }

    pub fn write(&self, out: &mut Writer) {
        out.u8(if self.event.is_some() {
            VERSION
        } else {
            ANY_EVENT
        });
        out.varint(self.index);
        out.u64(self.seed);
        out.signed(self.alarm);
        out.u8(u8::from(self.learning));
        out.f64(self.q_value);
        self.checkpoint.iter().for_each(|&h| out.u64(h));
        out.u8(u8::from(self.reading.is_some()));
        if let Some(r) = self.reading {
            for x in [r.above, r.total, r.k, r.edge, r.mean] {
                out.f64(x);
            }
        }
        out.varint(self.repeat_of.map_or(0, |i| i + 1));
        out.text(self.nearest.as_deref().unwrap_or(""));
        if let Some((hash, at)) = self.event {
            out.u64(hash);
            out.u8(u8::from(at.is_some()));
            if let Some(at) = at {
                out.signed(at);
            }
        }
    }

    pub fn read(r: &mut Reader<'_>) -> Result<Facts, Truncated> {
        let version = r.u8()?;
        if version != VERSION && version != ANY_EVENT {
            return Err(Truncated);
        }
        let (index, seed, alarm) = (r.varint()?, r.u64()?, r.micro_bits()?);
        let (learning, q_value) = (r.u8()? == 1, r.finite()?);
        let checkpoint = [r.u64()?, r.u64()?];
        let reading = match r.u8()? {
            0 => None,
            _ => Some(PReading {
                above: r.finite()?,
                total: r.finite()?,
                k: r.finite()?,
                edge: r.finite()?,
                mean: r.finite()?,
            }),
        };
        let repeat_of = r.varint()?.checked_sub(1);
        let nearest = Some(r.text()?).filter(|t| !t.is_empty()).map(str::to_owned);
        let event = match version {
            ANY_EVENT => None,
            _ => Some((
                r.u64()?,
                match r.u8()? {
                    0 => None,
                    1 => Some(r.signed()?),
                    _ => return Err(Truncated),
                },
            )),
        };
        Ok(Facts {
            index,
            seed,
            alarm,
            learning,
            q_value,
            checkpoint,
            reading,
            repeat_of,
            nearest,
            event,
        })
    }

    /// Whether the witness belongs to this event, as far as it tells.
    pub fn fits(&self, event: &Event<'_>) -> bool {
        self.event
            .is_none_or(|told| told == (judge::fingerprint(event), event.timestamp_ms))
    }
}

/// The verdict with everything but its witness.
pub(crate) fn verdict(
    event: &Event<'_>,
    facts: &Facts,
    numbers: &Numbers,
    parts: &[Part],
) -> Verdict {
    let sum = Sum::of(parts);
    let mut v = facts.plain(&sum);
    let surprise = bits::from_bits(-libm::log2(v.p_value));
    v.anomaly = v.state != State::Learning && surprise >= facts.alarm;
    let how_bad = surprise.max(bits::from_bits(sum.raw));
    v.severity = v.anomaly.then(|| judge::severity(how_bad, facts.alarm));
    v.repeat_of = facts.repeat_of;
    v.reason = Some(sentence(event, numbers, parts));
    let text = event.payload.as_str();
    for (n, part) in numbers.numbers.iter().zip(parts) {
        let Some(s) = part.score else { continue };
        let value = text.get(n.start..n.end).unwrap_or("").to_owned();
        let bits = bits::to_bits(s.raw_micro_bits);
        let expected = if s.missing {
            Vec::new()
        } else {
            vec![Expected {
                text: format!("{} to {}", short(s.lo), short(s.hi)),
                count: part.points,
            }]
        };
        v.tokens.push(TokenBits {
            text: value.clone(),
            start: n.start,
            end: n.end,
            bits,
            expected: expected.clone(),
        });
        v.fields.push(FieldBits {
            path: n.path.clone(),
            bits,
            text: value,
            expected,
        });
    }
    v.nearest.clone_from(&facts.nearest);
    v.algorithm = Some(ALGORITHM.to_owned());
    v.seed = Some(facts.seed);
    v.checkpoint = Some(format!(
        "{:016x}{:016x}",
        facts.checkpoint[0], facts.checkpoint[1]
    ));
    v
}

/// The dearest number in words, and the others that matter.
fn sentence(event: &Event<'_>, numbers: &Numbers, parts: &[Part]) -> String {
    let mut order: Vec<usize> = (0..parts.len()).filter(|i| parts[*i].raw() > 0).collect();
    order.sort_by_key(|i| (std::cmp::Reverse(parts[*i].raw()), *i));
    let words = |s: &NumericScore| s.view.map_or("unusual", View::words);
    let Some((first, s)) = order
        .first()
        .and_then(|i| Some((*i, parts.get(*i)?.score?)))
    else {
        return "This event's numbers are unusual together.".to_owned();
    };
    let n = &numbers.numbers[first];
    let text = event.payload.as_str().get(n.start..n.end).unwrap_or("");
    let what = if s.counter {
        format!("{} grew by {} to {text}", n.path, short(s.value))
    } else {
        format!("{} is {text}", n.path)
    };
    let mut out = format!(
        "{what}: {}; about {} was expected, usually {} to {} ({:.1} bits).",
        words(&s),
        short(s.expected),
        short(s.lo),
        short(s.hi),
        bits::to_bits(s.raw_micro_bits)
    );
    let also: Vec<String> = order[1..]
        .iter()
        .filter(|i| 3 * parts[**i].raw() >= s.raw_micro_bits)
        .take(3)
        .filter_map(|i| {
            let score = parts[*i].score?;
            Some(format!("{} ({})", numbers.numbers[*i].path, words(&score)))
        })
        .collect();
    if !also.is_empty() {
        out.push_str(&format!(" Also {}.", also.join(", ")));
    }
    out
}

/// The recent normal event whose dearest field comes closest to this one's.
pub(crate) fn nearest(numbers: &Numbers, parts: &[Part], recent: &Recent) -> Option<String> {
    let dearest = (0..parts.len()).max_by_key(|i| (parts[*i].raw(), std::cmp::Reverse(*i)))?;
    let (column, x) = {
        let n = numbers.numbers.get(dearest)?;
        (n.column, n.x)
    };
    let mut other = Numbers::default();
    let mut best: Option<(f64, &str)> = None;
    for (text, json) in recent.iter() {
        let payload = if json {
            crate::event::Payload::Json(text)
        } else {
            crate::event::Payload::Text(text)
        };
        let event = Event {
            payload,
            ..Event::text("")
        };
        other.read(&event);
        let Some(n) = other.numbers.iter().find(|n| n.column == column) else {
            continue;
        };
        let away = (n.x - x).abs();
        if away.is_finite() && best.is_none_or(|b| away <= b.0) {
            best = Some((away, text));
        }
    }
    best.map(|b| b.1.chars().take(NEAREST).collect())
}

/// A witness as it stands in a verdict.
pub(crate) fn encode(witness: &[u8]) -> String {
    BASE64.encode(witness)
}

/// Whether these bytes are a witness of numbers.
pub(crate) fn is_witness(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(&(VERSION | ANY_EVENT)))
}

/// Recomputes the verdict on a metric event from its witness.
pub(crate) fn replay(event: &Event<'_>, witness: &[u8]) -> Result<Verdict, ReplayError> {
    let mut r = Reader::new(witness);
    let (facts, mut models) = read_models(&mut r).map_err(|_| ReplayError::NotAWitness)?;
    let mut numbers = Numbers::default();
    numbers.read(event);
    let count = r.length().map_err(|_| ReplayError::NotAWitness)?;
    if count != numbers.numbers.len() || !facts.fits(event) {
        return Err(ReplayError::OtherEvent);
    }
    let mut parts = Vec::new();
    for n in &numbers.numbers {
        let (part, _) = read_part(&mut r, &mut models, event.timestamp_ms, n.x)
            .map_err(|_| ReplayError::NotAWitness)?;
        parts.push(part);
    }
    if !r.rest.is_empty() {
        return Err(ReplayError::NotAWitness);
    }
    let mut v = verdict(event, &facts, &numbers, &parts);
    v.witness = Some(encode(witness));
    Ok(v)
}

fn read_models(r: &mut Reader<'_>) -> Result<(Facts, Vec<Series>), Truncated> {
    let facts = Facts::read(r)?;
    let models = (0..r.length()?).map(|_| Series::read_before(r, |_, _| ()));
    let models = models.collect::<Result<Vec<_>, _>>()?;
    Ok((facts, models))
}

/// What became of one number, and which of the models judged it.
pub(crate) fn read_part(
    r: &mut Reader<'_>,
    models: &mut [Series],
    at: Option<i64>,
    x: f64,
) -> Result<(Part, Option<usize>), Truncated> {
    let points = r.varint()?;
    let (score, model) = match r.u8()? {
        0 => (None, None),
        1 => {
            let number = usize::from(r.u8()?);
            let model = models.get_mut(number).ok_or(Truncated)?;
            (Some(model.observe(at, x)), Some(number))
        }
        2 => (Some(read_score(r)?), None),
        _ => return Err(Truncated),
    };
    Ok((Part { score, points }, model))
}

fn write_score(s: &NumericScore, out: &mut Writer) {
    for m in [s.micro_bits, s.raw_micro_bits, s.view_micro_bits] {
        out.signed(m);
    }
    for x in [s.p_value, s.value, s.expected, s.lo, s.hi] {
        out.f64(x);
    }
    out.u8(s.view.map_or(0, |v| v as u8 + 1));
    out.u8(s.state as u8);
    let flags = [
        s.p_method == NumericPMethod::Tail,
        s.missing,
        s.counter,
        s.repeat,
    ];
    out.u8(flags
        .iter()
        .rev()
        .fold(0, |a, flag| a << 1 | u8::from(*flag)));
}

fn read_score(r: &mut Reader<'_>) -> Result<NumericScore, Truncated> {
    let [micro_bits, raw_micro_bits, view_micro_bits] =
        [r.micro_bits()?, r.micro_bits()?, r.micro_bits()?];
    let [p_value, value, expected, lo, hi] = [
        r.finite()?,
        r.finite()?,
        r.finite()?,
        r.finite()?,
        r.finite()?,
    ];
    let view = match usize::from(r.u8()?) {
        0 => None,
        v => Some(*View::ALL.get(v - 1).ok_or(Truncated)?),
    };
    let state = match r.u8()? {
        0 => NumericState::Learning,
        1 => NumericState::Ready,
        2 => NumericState::Drifting,
        _ => return Err(Truncated),
    };
    let flags = r.u8()?;
    Ok(NumericScore {
        micro_bits,
        raw_micro_bits,
        p_value,
        p_method: if flags & 1 > 0 {
            NumericPMethod::Tail
        } else {
            NumericPMethod::Rank
        },
        value,
        expected,
        lo,
        hi,
        view,
        view_micro_bits,
        state,
        missing: flags & 2 > 0,
        counter: flags & 4 > 0,
        repeat: flags & 8 > 0,
    })
}
