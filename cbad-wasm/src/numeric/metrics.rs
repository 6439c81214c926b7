//! Metric events: one model for each series, one verdict for the event.

use super::calibrate::{Calibrator, PReading};
use super::labels::Labels;
use super::numbers::Numbers;
use super::report::{Facts, Part, verdict};
use super::series::Series;
use super::{NumericScore, NumericState};
use crate::bits::{self, MicroBits};
use crate::checkpoint::{Reader, Truncated, Writer};
use crate::config::Parts;
use crate::event::{Event, Payload};
use crate::fdr::Fdr;
use crate::hash::mix;
use crate::recent::Recent;
use crate::verdict::{State, Verdict};

/// Series with a model; numbers of others are not judged, and the verdict's evidence says so.
const MAX_SERIES: usize = 24;
/// Events after which a series that has not come again makes room for a new one.
const STALE: u64 = 20_000;
/// The same for a series of fewer than so many points.
const FORGOTTEN: u64 = 256;
const YOUNG: u64 = 64;
/// Events without an anomaly that end an incident.
const QUIET: u64 = 60;
/// Factor in bits by which a later event must exceed an incident's worst to be a new one.
const ESCALATION: f64 = 2.5;

/// The numeric side of a detector.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    series: Vec<Series>, // in order of key
    labels: Labels,
    calibrator: Option<Box<Calibrator>>, // of events with several series
    incident: Option<Incident>,
    fewer: u8, // series that may not be held, because a checkpoint would not hold them
    scratch: Numbers,
}

#[derive(Clone, Copy, Debug)]
struct Incident {
    first: u64,
    last: u64,
    worst: f64,
}

/// What the detector tells of itself.
pub(crate) struct Moment {
    pub index: u64,
    pub seed: u64,
    pub parts: Parts,
    pub alarm: MicroBits,
    pub learning: bool,
    pub checkpoint: [u64; 2],
    /// Explain it whether it is an anomaly or not.
    pub explain: bool,
}

impl Metrics {
    /// Judges an event and learns it; `None` if there is no number in it.
    pub fn observe(
        &mut self,
        event: &Event<'_>,
        now: &Moment,
        fdr: &mut Fdr,
        recent: &mut Recent,
    ) -> Option<Verdict> {
        let mut numbers = std::mem::take(&mut self.scratch);
        let verdict = numbers
            .read(event)
            .then(|| self.judge(event, now, &numbers, fdr, recent));
        self.scratch = numbers;
        verdict
    }

    fn judge(
        &mut self,
        event: &Event<'_>,
        now: &Moment,
        numbers: &Numbers,
        fdr: &mut Fdr,
        recent: &mut Recent,
    ) -> Verdict {
        let labels = self.labels.key(&numbers.labels);
        let places = self.places(labels, numbers, now);
        for at in places.iter().flatten() {
            self.series[*at].begin(now.index);
        }
        let mut parts = Vec::with_capacity(places.len());
        for (n, at) in numbers.numbers.iter().zip(&places) {
            let score = at.map(|at| self.series[at].observe(event.timestamp_ms, n.x));
            let points = at.map_or(0, |at| self.series[at].points());
            parts.push(Part { score, points });
        }
        let sum = Sum::of(&parts);
        let reading = (sum.judged > 1).then(|| {
            let calibrator = self.calibrator.get_or_insert_with(Box::default);
            let reading = calibrator.reading(sum.raw);
            if !sum.settling {
                calibrator.learn(sum.raw);
            }
            reading
        });
        let (p_value, _) = sum.p_value(reading.as_ref());
        let surprise = bits::from_bits(-libm::log2(p_value));
        let mut facts = Facts {
            index: now.index,
            seed: now.seed,
            alarm: now.alarm,
            learning: now.learning,
            q_value: fdr.observe(surprise),
            checkpoint: now.checkpoint,
            reading,
            repeat_of: None,
            nearest: None,
            event: None,
        };
        let anomaly = surprise >= now.alarm && facts.state(&sum) != State::Learning;
        if !anomaly && !now.explain {
            let json = matches!(event.payload, Payload::Json(_));
            recent.push(event.payload.as_str(), json);
            return facts.plain(&sum);
        }
        if anomaly {
            facts.repeat_of = self.repeat_of(now.index, sum.raw);
        }
        facts.nearest = super::report::nearest(numbers, &parts, recent);
        facts.event = Some((crate::judge::fingerprint(event), event.timestamp_ms));
        let mut v = verdict(event, &facts, numbers, &parts);
        v.witness = Some(super::report::encode(
            &self.witness(&facts, &places, &parts),
        ));
        v
    }

    /// Where the series of each number stands, made where there is room; a missing number makes none.
    fn places(&mut self, labels: u64, numbers: &Numbers, now: &Moment) -> Vec<Option<usize>> {
        let numbers = &numbers.numbers;
        let key = |column| mix(column, labels);
        let mut places: Vec<Option<usize>> = Vec::with_capacity(numbers.len());
        places.extend(numbers.iter().map(|n| self.find(key(n.column))));
        for at in places.iter().flatten() {
            self.series[*at].seen = now.index; // none of them makes room
        }
        let mut made = false;
        for (n, place) in numbers.iter().zip(&places) {
            made |= place.is_none() && n.x.is_finite() && self.make(key(n.column), now);
        }
        if made {
            // a new series moves others, and one that made room moved them before it
            for (n, place) in numbers.iter().zip(&mut places) {
                *place = self.find(key(n.column));
            }
        }
        places
    }

    fn find(&self, key: u64) -> Option<usize> {
        self.series.binary_search_by_key(&key, |s| s.key).ok()
    }

    /// Makes the series with this key, if it is not there and there is room.
    fn make(&mut self, key: u64, now: &Moment) -> bool {
        let full = self.series.len() + usize::from(self.fewer) >= MAX_SERIES;
        if self.find(key).is_some() || full && !self.make_room(now.index) {
            return false;
        }
        let at = self.series.partition_point(|s| s.key < key);
        self.series
            .insert(at, Series::new(key, now.seed, now.parts));
        self.series[at].seen = now.index;
        true
    }

    fn make_room(&mut self, now: u64) -> bool {
        let stale = |s: &Series| {
            let young = s.points() < YOUNG;
            s.seen.saturating_add(if young { FORGOTTEN } else { STALE }) < now
        };
        let series = self.series.iter().enumerate().filter(|(_, s)| stale(s));
        match series.min_by_key(|(_, s)| s.seen).map(|(at, _)| at) {
            Some(at) => {
                self.series.remove(at);
                true
            }
            None => false,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Lets the series go that has not come for longest, of several the youngest, and its room with it; false if there is none.
    pub fn shed(&mut self) -> bool {
        let series = self.series.iter().enumerate();
        let oldest = series.min_by_key(|(_, s)| (s.seen, s.points(), s.key));
        let Some((at, _)) = oldest else {
            return false;
        };
        self.series.remove(at);
        self.fewer = (MAX_SERIES - self.series.len()) as u8;
        true
    }

    /// Where the series stand that the event at `index` was judged by; `None` if it was not judged by any.
    pub fn state(&self, index: u64, learning: bool) -> Option<State> {
        let own = || self.series.iter().filter(|s| s.seen == index);
        own().next()?;
        Some(state(
            learning,
            own().any(|s| s.state() != NumericState::Learning),
            own().any(|s| s.state() == NumericState::Drifting),
        ))
    }

    fn repeat_of(&mut self, index: u64, raw: f64) -> Option<u64> {
        match &mut self.incident {
            Some(i) if index - i.last.min(index) <= QUIET && raw <= ESCALATION * i.worst => {
                i.last = index;
                i.worst = i.worst.max(raw);
                Some(i.first)
            }
            incident => {
                *incident = Some(Incident {
                    first: index,
                    last: index,
                    worst: raw,
                });
                None
            }
        }
    }

    /// Bytes held, about.
    pub fn bytes(&self) -> usize {
        self.series.iter().map(Series::bytes).sum::<usize>() + size_of::<Metrics>()
    }

    fn witness(&self, facts: &Facts, places: &[Option<usize>], parts: &[Part]) -> Vec<u8> {
        let mut order: Vec<usize> = (0..parts.len()).collect();
        order.sort_by_key(|i| (std::cmp::Reverse(parts[*i].raw()), *i));
        let mut models: Vec<usize> = Vec::new(); // the dearest series, as many as fit
        let mut states: Vec<Vec<u8>> = Vec::new();
        let mut room = super::report::WITNESS_BYTES;
        for i in order {
            let Some(at) = places[i].filter(|at| !models.contains(at)) else {
                continue;
            };
            let points = places.iter().filter(|p| **p == Some(at)).count();
            let mut w = Writer::default();
            self.series[at].write_before(points, &mut w);
            if w.bytes.len() > room {
                break;
            }
            room -= w.bytes.len();
            models.push(at);
            states.push(w.bytes);
        }
        let mut out = Writer::default();
        facts.write(&mut out);
        out.varint(states.len() as u64);
        states.iter().for_each(|s| out.bytes.extend_from_slice(s));
        out.varint(parts.len() as u64);
        for (place, part) in places.iter().zip(parts) {
            let model = place.and_then(|at| models.iter().position(|m| *m == at));
            part.write(model, &mut out);
        }
        out.bytes
    }

    pub fn write(&self, out: &mut Writer) {
        out.varint(self.series.len() as u64);
        self.series.iter().for_each(|s| s.write(out));
        self.labels.write(out);
        let mut bytes = Vec::new();
        if let Some(c) = &self.calibrator {
            c.write(&mut super::bytes::Writer(&mut bytes));
        }
        out.slice(&bytes);
        out.u8(u8::from(self.incident.is_some()) | self.fewer << 1);
        if let Some(i) = self.incident {
            out.varint(i.first);
            out.varint(i.last);
            out.f64(i.worst);
        }
    }

    pub fn read(r: &mut Reader<'_>) -> Result<Metrics, Truncated> {
        let mut m = Metrics::default();
        let n = r.length()?;
        if n > MAX_SERIES {
            return Err(Truncated);
        }
        for _ in 0..n {
            m.series.push(Series::read(r)?);
        }
        if !m.series.is_sorted_by(|a, b| a.key < b.key) {
            return Err(Truncated);
        }
        m.labels = Labels::read(r)?;
        let bytes = r.slice()?;
        if !bytes.is_empty() {
            let mut inner = super::bytes::Reader::new(bytes);
            let c = Calibrator::read(&mut inner).map_err(|_| Truncated)?;
            m.calibrator = Some(Box::new(c));
        }
        let flags = r.u8()?;
        m.fewer = flags >> 1;
        if m.series.len() + usize::from(m.fewer) > MAX_SERIES {
            return Err(Truncated);
        }
        if flags & 1 == 1 {
            m.incident = Some(Incident {
                first: r.varint()?,
                last: r.varint()?,
                worst: r.finite()?,
            });
        }
        Ok(m)
    }
}

/// The numbers of an event taken together.
pub(crate) struct Sum {
    /// Surprise of the event by itself, bits: the l2 norm over its numbers.
    pub raw: f64,
    /// The same with repeats of an incident held down.
    pub grouped: f64,
    /// Numbers judged.
    pub judged: usize,
    /// Numbers not judged: there was no room for their series.
    pub unjudged: usize,
    /// Some model is too young for its scores to calibrate others.
    pub settling: bool,
    only: Option<NumericScore>,
    ready: bool,
    drifting: bool,
}

impl Sum {
    pub fn of(parts: &[Part]) -> Sum {
        let (mut raw, mut grouped) = (0.0, 0.0);
        let mut sum = Sum {
            raw: 0.0,
            grouped: 0.0,
            judged: 0,
            unjudged: parts.iter().filter(|p| p.score.is_none()).count(),
            settling: false,
            only: None,
            ready: false,
            drifting: false,
        };
        for s in parts.iter().filter_map(|p| p.score) {
            let (r, g) = (s.raw_micro_bits as f64, s.micro_bits as f64);
            raw += r * r;
            grouped += g * g;
            sum.judged += 1;
            sum.settling |= s.state == NumericState::Learning;
            sum.ready |= s.state != NumericState::Learning;
            sum.drifting |= s.state == NumericState::Drifting;
            sum.only = Some(s);
        }
        sum.raw = raw.sqrt() / 1e6;
        sum.grouped = grouped.sqrt() / 1e6;
        sum
    }

    /// The event's p-value: its only number's own, or by the calibration of events with several.
    pub fn p_value(&self, reading: Option<&PReading>) -> (f64, super::NumericPMethod) {
        match (reading, self.only) {
            (Some(r), _) => r.p_value(self.raw),
            (None, Some(s)) => (s.p_value, s.p_method),
            (None, None) => (1.0, super::NumericPMethod::Rank),
        }
    }

    /// Where the models stand.
    pub fn state(&self, learning: bool) -> State {
        state(learning, self.ready, self.drifting)
    }
}

fn state(learning: bool, ready: bool, drifting: bool) -> State {
    if learning || !ready {
        State::Learning
    } else if drifting {
        State::Drifting
    } else {
        State::Ready
    }
}
