//! The detector of one stream: score, decide, explain, then learn.

use crate::bits::{self, MicroBits};
use crate::calibrate::{Calibration, surprise};
use crate::checkpoint::{CheckpointError, Reader, Truncated, Writer};
use crate::config::{Config, Memory, Parts, Warmup};
use crate::event::{Event, Kind, Payload};
use crate::explain;
use crate::fdr::Fdr;
use crate::features::{Features, clip};
use crate::groups::{Group, Groups, MAX_KEY};
use crate::hash::{crc32, hash, mix};
use crate::model::{self, Counts, Model};
use crate::numeric::{self, Metrics, Moment};
use crate::recent::Recent;
use crate::verdict::{GroupVerdict, PMethod, Severity, State, Verdict};
use crate::witness::{Recorder, Replayer, Witness};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Name and version of the algorithm; verdicts of different ones are not comparable.
pub const ALGORITHM: &str = "cbad-1";

const MAGIC: &[u8; 4] = b"CBAD";
const FORMAT: u16 = 1;
/// Events that are learnt whatever they are.
const START: u32 = 100;
/// Surprise below which an event is ordinary and learnt, in micro-bits.
const ORDINARY: MicroBits = 7 * bits::BIT;
/// Events apart that two comings of one kind must be to count as two.
const APART: u16 = 25;
/// Comings after which an unusual kind is learnt.
const COMINGS: u16 = 8;
/// One in so many events that are not learnt still calibrates.
const SAMPLE: u64 = 20;
/// Groups closed before a group can be an anomaly.
const MIN_GROUPS: u64 = 50;
/// Causes of anomalies remembered, and for how many events.
const CAUSES: usize = 64;
const CAUSE_LIFE: u64 = 10_000;
/// Closed groups waiting to be fetched.
const MAX_CLOSED: usize = 1_024;

/// A streaming anomaly detector. Deterministic: the same events give the same verdicts on every machine.
#[derive(Clone, Debug)]
pub struct Detector {
    config: Config,
    alarm: MicroBits,
    model: Model,
    scores: Calibration,
    group_scores: Calibration,
    fdr: Fdr,
    group_fdr: Fdr,
    groups: Groups,
    closed: Vec<GroupVerdict>,
    recent: Recent,
    events: u64,
    groups_closed: u64,
    refused: u32, // share of events lately not learnt, in 2⁻¹⁶, moving over 256 events
    causes: Vec<Cause>,
    trace: [u64; 2],
    features: Features,
    metrics: Metrics,
}

/// A cause of anomalies: its key, its first anomaly and the last one.
#[derive(Clone, Copy, Debug)]
struct Cause {
    key: u64,
    first: u64,
    last: u64,
}

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

impl Detector {
    /// A detector that has seen nothing.
    pub fn new(config: Config) -> Detector {
        let config = config.bounded();
        let memory = config.memory;
        Detector {
            config,
            alarm: alarm(&config),
            model: Model::new(memory.table_bits, config.parts),
            scores: Calibration::new(memory.scores as usize),
            group_scores: Calibration::new(memory.scores as usize),
            fdr: Fdr::default(),
            group_fdr: Fdr::default(),
            groups: Groups::default(),
            closed: Vec::new(),
            recent: Recent::new(memory.recent_bytes as usize),
            events: 0,
            groups_closed: 0,
            refused: 0,
            causes: Vec::new(),
            trace: [config.seed, mix(config.seed, 1)],
            features: Features::default(),
            metrics: Metrics::default(),
        }
    }

    /// The configuration, every value inside its bounds.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Changes how readily alarms are raised; what has been learnt stays.
    pub fn set_sensitivity(&mut self, sensitivity: f64) {
        self.config.sensitivity = sensitivity;
        self.config = self.config.bounded();
        self.alarm = alarm(&self.config);
    }

    /// Scores an event, then learns it where that is safe. Never panics, whatever the input.
    pub fn observe(&mut self, event: &Event<'_>) -> Verdict {
        if event.kind == Kind::Metric
            && let Some(verdict) = self.observe_numbers(event)
        {
            return verdict;
        }
        let state = self.state();
        let mut features = std::mem::take(&mut self.features);
        features.extract(event);
        let raw = self
            .model
            .totals()
            .event(&mut &self.model.table, &features, |_, _| {});
        let reading = self.scores.read_at(raw);
        let (score, p_method) = surprise(raw, &reading);
        let q_value = self.fdr.observe(score);
        let anomaly = state != State::Learning && score >= self.alarm;
        let verdict = if anomaly {
            let repeat_of = self.cause(mix(features.template, 3));
            let witness = Witness {
                index: self.events,
                seed: self.config.seed,
                alarm: self.alarm,
                state,
                reading,
                q_value,
                repeat_of,
                checkpoint: self.trace,
                totals: self.model.totals(),
                context: explain::Context::default(),
                reads: Vec::new(),
            };
            self.explain(event, &features, witness)
        } else {
            plain(self.events, score, p_method, q_value, state)
        };
        self.learn(event, &features, raw, score);
        self.features = features;
        verdict
    }

    /// Scores and learns an event of kind metric; `None` if there is no number in it, so that it is read as text.
    fn observe_numbers(&mut self, event: &Event<'_>) -> Option<Verdict> {
        let now = Moment {
            index: self.events,
            seed: self.config.seed,
            alarm: self.alarm,
            learning: self.state() == State::Learning,
            checkpoint: self.trace,
        };
        let verdict = self
            .metrics
            .observe(event, &now, &mut self.fdr, &mut self.recent)?;
        self.count(event);
        Some(verdict)
    }

    /// The verdict on an anomaly with its explanation and witness.
    fn explain(&self, event: &Event<'_>, features: &Features, mut witness: Witness) -> Verdict {
        let mut costs = vec![0; features.pieces.len()];
        self.model
            .totals()
            .event(&mut &self.model.table, features, |piece, cost| {
                costs[piece as usize] += cost
            });
        witness.context =
            explain::context(event, features, &explain::dearest(&costs), &self.recent);
        let mut recorder = Recorder::new(&self.model.table);
        let mut verdict = judge(event, &witness, &mut recorder);
        witness.reads = recorder.reads;
        verdict.witness = Some(BASE64.encode(witness.to_bytes()));
        verdict
    }

    /// Learns an event unless it is unusual and its kind has not come back often enough.
    fn learn(&mut self, event: &Event<'_>, features: &Features, raw: MicroBits, score: MicroBits) {
        let ordinary = !self.config.parts.guard || self.model.events < START || score < ORDINARY;
        let learnt = ordinary || self.lasting(features.template);
        if learnt {
            self.model.learn(features);
            let json = matches!(event.payload, Payload::Json(_));
            if ordinary {
                self.recent.push(event.payload.as_str(), json);
            }
        }
        if learnt || mix(self.events, self.config.seed).is_multiple_of(SAMPLE) {
            self.scores.push(raw);
        }
        if let Some(key) = event.group.filter(|k| k.len() <= MAX_KEY) {
            self.groups.add(key, features.template, self.events);
            while self.groups.count() > self.config.memory.open_groups as usize {
                self.close_oldest();
                let waiting = self.closed.len();
                self.closed.drain(..waiting.saturating_sub(MAX_CLOSED));
            }
        }
        let now = if learnt { 0 } else { 1 << 16 };
        self.refused = (self.refused * 255 + now) / 256;
        self.count(event);
    }

    /// Counts an event and mixes it into the hash of all that has been seen.
    fn count(&mut self, event: &Event<'_>) {
        let seen = mix(
            hash(clip(event.payload.as_str()).as_bytes()),
            event.kind as u64,
        );
        self.trace = [
            mix(self.trace[0], seen),
            mix(self.trace[1] ^ 0x5bd1_e995, seen),
        ];
        self.events += 1;
    }

    /// Whether an unusual kind of event has come back often enough, apart enough, to be normal: a burst counts once.
    fn lasting(&mut self, template: u64) -> bool {
        let now = self.events as u16;
        let kind = self.model.table.slot(mix(91, template));
        if kind.n == 0 || now.wrapping_sub(kind.d) >= APART {
            kind.n = kind.n.saturating_add(1);
            kind.d = now;
            kind.n > COMINGS
        } else {
            kind.n > 2 * COMINGS
        }
    }

    /// The first anomaly of the same cause, if there was one lately.
    fn cause(&mut self, key: u64) -> Option<u64> {
        let now = self.events;
        self.causes.retain(|c| now - c.last < CAUSE_LIFE);
        if let Some(c) = self.causes.iter_mut().find(|c| c.key == key) {
            c.last = now;
            return Some(c.first);
        }
        if self.causes.len() == CAUSES {
            self.causes.remove(0);
        }
        self.causes.push(Cause {
            key,
            first: now,
            last: now,
        });
        None
    }

    /// Closes a group and gives the verdict on it; `None` if it is not open.
    pub fn close_group(&mut self, group: &str) -> Option<GroupVerdict> {
        let open = self.groups.remove(group)?;
        Some(self.judge_group(group, &open))
    }

    /// Closes the groups without an event among the last `idle_events`, oldest first; also gives the verdicts on those
    /// that were closed to make room.
    pub fn close_idle_groups(&mut self, idle_events: u64) -> Vec<GroupVerdict> {
        while self
            .groups
            .oldest()
            .is_some_and(|(last, _)| last.saturating_add(idle_events) < self.events)
        {
            self.close_oldest();
        }
        std::mem::take(&mut self.closed)
    }

    fn close_oldest(&mut self) {
        let Some(key) = self.groups.oldest().map(|(_, k)| k.to_owned()) else {
            return;
        };
        if let Some(verdict) = self.close_group(&key) {
            self.closed.push(verdict);
        }
    }

    fn judge_group(&mut self, key: &str, group: &Group) -> GroupVerdict {
        let bag = group.bag();
        let raw = self
            .model
            .totals()
            .group(&mut &self.model.table, &bag, |_, _| {});
        let reading = self.group_scores.read_at(raw);
        let (score, p_method) = surprise(raw, &reading);
        let q_value = self.group_fdr.observe(score);
        let state = if self.groups_closed < MIN_GROUPS || self.state() == State::Learning {
            State::Learning
        } else {
            State::Ready
        };
        let anomaly = state == State::Ready && score >= self.alarm;
        self.model.learn_group(&bag);
        self.group_scores.push(raw);
        self.groups_closed += 1;
        let reason = format!(
            "This group of {} events combines kinds of events as few groups of this stream do ({:.1} bits).",
            group.events,
            bits::to_bits(raw)
        );
        GroupVerdict {
            group: key.to_owned(),
            score: bits::to_bits(score),
            p_value: bits::probability(score),
            p_method,
            q_value,
            anomaly,
            severity: anomaly.then(|| severity(score, self.alarm)),
            state,
            events: group.events,
            last_index: group.last,
            reason: anomaly.then_some(reason),
        }
    }

    /// Where the model stands.
    pub fn state(&self) -> State {
        let needed = match self.config.warmup {
            Warmup::Auto => Config::MIN_EVENTS,
            Warmup::Events(n) => n.max(Config::MIN_EVENTS),
        };
        match self.events {
            n if n < needed => State::Learning,
            _ if self.refused > 1 << 14 => State::Drifting,
            _ => State::Ready,
        }
    }

    /// Events observed.
    pub fn events_seen(&self) -> u64 {
        self.events
    }

    /// Bytes held, by the sizes of its parts.
    pub fn memory_bytes(&self) -> usize {
        self.model.table.bytes()
            + self.scores.bytes()
            + self.group_scores.bytes()
            + self.recent.bytes()
            + self.groups.bytes()
            + self.metrics.bytes()
            + size_of::<Detector>()
    }

    /// The newest normal events' texts, oldest first.
    pub fn recent(&self) -> impl Iterator<Item = &str> {
        self.recent.iter().map(|(text, _)| text)
    }

    /// The whole state, to be continued by [`Detector::restore`].
    pub fn snapshot(&self) -> Vec<u8> {
        let mut body = Writer::default();
        write_config(&self.config, &mut body);
        let config_hash = hash(&body.bytes);
        body.varint(self.events);
        body.varint(self.groups_closed);
        body.u32(self.refused);
        self.trace.iter().for_each(|&t| body.u64(t));
        self.model.write(&mut body);
        self.scores.write(&mut body);
        self.group_scores.write(&mut body);
        self.fdr.write(&mut body);
        self.group_fdr.write(&mut body);
        self.groups.write(&mut body);
        self.recent.write(&mut body);
        self.metrics.write(&mut body);
        body.varint(self.causes.len() as u64);
        for c in &self.causes {
            body.u64(c.key);
            body.varint(c.first);
            body.varint(c.last);
        }
        body.slice(&serde_json::to_vec(&self.closed).unwrap_or_default());
        let mut out = Writer::default();
        out.bytes.extend_from_slice(MAGIC);
        out.u16(FORMAT);
        out.text(ALGORITHM);
        out.u64(config_hash);
        out.u32(crc32(&body.bytes));
        out.bytes.extend_from_slice(&body.bytes);
        out.bytes
    }

    /// The detector that `bytes` were a snapshot of; it goes on bit for bit like the original.
    ///
    /// # Errors
    /// A [`CheckpointError`] where `bytes` are not a sound snapshot of this algorithm.
    pub fn restore(bytes: &[u8]) -> Result<Detector, CheckpointError> {
        let mut r = Reader::new(bytes);
        if r.take(4) != Ok(MAGIC) {
            return Err(CheckpointError::NotACheckpoint);
        }
        let found = r.u16()?;
        if found != FORMAT {
            return Err(CheckpointError::Version {
                found,
                known: FORMAT,
            });
        }
        let algorithm = r.text()?;
        if algorithm != ALGORITHM {
            return Err(CheckpointError::Algorithm(algorithm.to_owned()));
        }
        let (config_hash, crc) = (r.u64()?, r.u32()?);
        if crc32(r.rest) != crc {
            return Err(CheckpointError::Checksum);
        }
        let body = r.rest;
        let config = read_config(&mut r)?;
        if hash(&body[..body.len() - r.rest.len()]) != config_hash || config != config.bounded() {
            return Err(CheckpointError::Config);
        }
        let mut d = Detector::new(config);
        d.events = r.varint()?;
        d.groups_closed = r.varint()?;
        d.refused = r.u32()?.min(1 << 16);
        d.trace = [r.u64()?, r.u64()?];
        d.model = Model::read(&mut r, config.parts)?;
        d.scores = Calibration::read(&mut r, config.memory.scores as usize)?;
        d.group_scores = Calibration::read(&mut r, config.memory.scores as usize)?;
        d.fdr = Fdr::read(&mut r)?;
        d.group_fdr = Fdr::read(&mut r)?;
        d.groups = Groups::read(&mut r)?;
        d.recent = Recent::read(&mut r, config.memory.recent_bytes as usize)?;
        d.metrics = Metrics::read(&mut r)?;
        for _ in 0..r.length()?.min(CAUSES) {
            d.causes.push(Cause {
                key: r.u64()?,
                first: r.varint()?,
                last: r.varint()?,
            });
        }
        d.closed = serde_json::from_slice(r.slice()?).map_err(|_| CheckpointError::Corrupt)?;
        let sane = d
            .causes
            .iter()
            .all(|c| c.first <= c.last && c.last <= d.events);
        if r.rest.is_empty() && sane {
            Ok(d)
        } else {
            Err(CheckpointError::Corrupt)
        }
    }
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
    let mut reads = Replayer::new(&w.reads);
    let mut verdict = judge(event, &w, &mut reads);
    if !reads.complete() {
        return Err(ReplayError::OtherEvent);
    }
    verdict.witness = Some(BASE64.encode(witness));
    Ok(verdict)
}

/// The verdict a witness leads to, counts being read from `counts`.
fn judge(event: &Event<'_>, w: &Witness, counts: &mut impl Counts) -> Verdict {
    let mut features = Features::default();
    let fields = features.extract_fields(event);
    let mut costs = vec![0; features.pieces.len()];
    let raw = w.totals.event(counts, &features, |piece, cost| {
        costs[piece as usize] += cost
    });
    let (score, p_method) = surprise(raw, &w.reading);
    let seen = explain::dearest(&costs)
        .first()
        .map_or(0, |&piece| model::seen(counts, &features, piece));
    let text = event.payload.as_str();
    let tokens = explain::tokens(text, &features.pieces, &costs, &w.context);
    let fields = explain::fields(text, &fields, &tokens);
    let mut verdict = plain(w.index, score, p_method, w.q_value, w.state);
    verdict.anomaly = w.state != State::Learning && score >= w.alarm;
    verdict.severity = verdict.anomaly.then(|| severity(score, w.alarm));
    verdict.repeat_of = w.repeat_of;
    verdict.reason = Some(explain::sentence(
        &costs, &tokens, &fields, seen, &w.context,
    ));
    verdict.tokens = tokens;
    verdict.fields = fields;
    verdict.nearest.clone_from(&w.context.nearest);
    verdict.algorithm = Some(ALGORITHM.to_owned());
    verdict.seed = Some(w.seed);
    verdict.checkpoint = Some(format!("{:016x}{:016x}", w.checkpoint[0], w.checkpoint[1]));
    verdict
}

pub(crate) fn plain(
    index: u64,
    score: MicroBits,
    p_method: PMethod,
    q_value: f64,
    state: State,
) -> Verdict {
    Verdict {
        index,
        score: bits::to_bits(score),
        p_value: bits::probability(score),
        p_method,
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
        evidence: std::collections::BTreeMap::new(),
    }
}

/// The surprise from which an event is an anomaly.
fn alarm(config: &Config) -> MicroBits {
    bits::from_bits(-libm::log2(Config::alpha(config.sensitivity)))
}

/// Low within five bits of the alarm level, medium within fifteen, high beyond.
pub(crate) fn severity(score: MicroBits, alarm: MicroBits) -> Severity {
    match (score - alarm) / bits::BIT {
        ..5 => Severity::Low,
        5..15 => Severity::Medium,
        _ => Severity::High,
    }
}

fn write_config(c: &Config, out: &mut Writer) {
    out.u64(c.seed);
    out.f64(c.sensitivity);
    out.varint(match c.warmup {
        Warmup::Auto => 0,
        Warmup::Events(n) => n.saturating_add(1),
    });
    for x in [
        c.memory.table_bits,
        c.memory.scores,
        c.memory.recent_bytes,
        c.memory.open_groups,
    ] {
        out.u32(x);
    }
    for part in [c.parts.guard, c.parts.class_excess, c.parts.signature] {
        out.u8(u8::from(part));
    }
}

fn read_config(r: &mut Reader) -> Result<Config, Truncated> {
    let (seed, sensitivity) = (r.u64()?, r.finite()?);
    let warmup = r
        .varint()?
        .checked_sub(1)
        .map_or(Warmup::Auto, Warmup::Events);
    let memory = Memory {
        table_bits: r.u32()?,
        scores: r.u32()?,
        recent_bytes: r.u32()?,
        open_groups: r.u32()?,
    };
    let parts = Parts {
        guard: r.u8()? == 1,
        class_excess: r.u8()? == 1,
        signature: r.u8()? == 1,
    };
    Ok(Config {
        seed,
        sensitivity,
        warmup,
        memory,
        parts,
    })
}
