//! The detector of one stream: score, decide, explain, then learn.

mod snapshot;
mod teach;

use crate::bits::{self, MicroBits};
use crate::calibrate::{Calibration, Reading, Recalibration};
use crate::config::{Config, Warmup};
use crate::event::{Event, Kind, Payload};
use crate::explain;
use crate::fdr::Fdr;
use crate::features::Features;
use crate::groups::{Group, Groups, MAX_KEY};
use crate::guard::{Guard, Judgement};
use crate::hash::{hash, mix};
use crate::judge::{fingerprint, judge, severity};
use crate::model::{Model, Trail};
use crate::numeric::{Metrics, Moment};
use crate::recent::Recent;
use crate::steps::{Course, Steps};
use crate::taught::{Known, Taught};
use crate::verdict::{GroupVerdict, PMethod, State, Verdict};
use crate::volume::{Pace, Volume};
use crate::witness::{Recorder, Witness};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Name and version of the algorithm; verdicts of different ones are not comparable.
pub const ALGORITHM: &str = "cbad-1";

/// Refused scores that enter the calibration: one in so many.
const SAMPLE: u64 = 4;
/// Groups closed before a group can be an anomaly.
const MIN_GROUPS: u64 = 50;
/// Causes of anomalies remembered, and for how many events.
const CAUSES: usize = 64;
const CAUSE_LIFE: u64 = 10_000;
/// Events after which the size of a checkpoint is looked at, in a stream of numbers and texts;
const MEASURED: u64 = 256;
/// so it is after an event of more bytes than this. It is kept so far below what is allowed that it seldom grows as much between.
const LONG: usize = 4_096;
const SLACK: usize = 32 * 1024;
/// Closed groups waiting to be fetched.
const MAX_CLOSED: usize = 256;
/// A group is looked at in two ways, and the more surprising one counts: of the chance of a false alarm seven eighths go to what
/// its events are and an eighth to their order (weighted Bonferroni), for where events interleave their order says little.
/// −log₂ of each share, micro-bits.
const BAG_COSTS: MicroBits = 192_645;
const ORDER_COSTS: MicroBits = 3 * bits::BIT;
// what else than an event's text goes into the hash of all that has been seen
const GROUPED: u64 = 0x67;
const CLOSED: u64 = 0x63;

/// A streaming anomaly detector. Deterministic: the same events give the same verdicts on every machine.
#[derive(Clone, Debug)]
pub struct Detector {
    config: Config,
    alarm: MicroBits,
    events: u64,
    groups_closed: u64,
    trace: [u64; 2],
    model: Model,
    guard: Guard,
    scores: Calibration,
    kept: Recalibration,
    fdr: Fdr,
    metrics: Metrics,
    groups: Groups,
    closed: Vec<GroupVerdict>,
    group_scores: Calibration,
    group_kept: Recalibration,
    group_fdr: Fdr,
    steps: Option<Box<Steps>>,
    recent: Recent,
    causes: Vec<Cause>,
    taught: Taught,
    volume: Option<Box<Volume>>,
    features: Features,
    trail: Trail,
}

/// A cause of anomalies: its key, its first anomaly and the last one.
#[derive(Clone, Copy, Debug)]
struct Cause {
    key: u64,
    first: u64,
    last: u64,
}

/// What an event came to.
struct Scored {
    raw: MicroBits,
    reading: Reading,
    first: MicroBits,    // surprise by the first step of calibration
    shift: MicroBits,    // what the second step adds
    surprise: MicroBits, // after both, and after what the event's group takes off
    p_method: PMethod,
    pace: Option<Pace>, // where volume is unusual
}

impl Scored {
    /// By the content or by the pace, whichever is the more surprising.
    fn most(&self) -> MicroBits {
        let pace = self.pace.map_or(0, |p| p.surprise().0);
        self.surprise.max(pace)
    }

    /// The pace, where that is the more surprising.
    fn pace_above(&self) -> Option<Pace> {
        self.pace.filter(|p| p.surprise().0 > self.surprise)
    }
}

/// What is said of a repeat of an anomaly.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeats {
    Explained,
    Bare,
}

impl Detector {
    /// A detector that has seen nothing.
    pub fn new(config: Config) -> Detector {
        let config = config.bounded();
        let memory = config.memory;
        let scores = memory.scores as usize;
        Detector {
            config,
            alarm: alarm(&config),
            events: 0,
            groups_closed: 0,
            trace: beginning(&config),
            model: Model::new(memory.table_bits, config.parts),
            guard: Guard::new(scores),
            scores: Calibration::new(scores),
            kept: Recalibration::default(),
            fdr: Fdr::default(),
            metrics: Metrics::default(),
            groups: Groups::default(),
            closed: Vec::new(),
            group_scores: Calibration::new(scores),
            group_kept: Recalibration::default(),
            group_fdr: Fdr::default(),
            steps: None,
            recent: Recent::new(memory.recent_bytes as usize),
            causes: Vec::new(),
            taught: Taught::default(),
            volume: None,
            features: Features::default(),
            trail: Trail::default(),
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
        self.observed(event, Repeats::Explained)
    }

    /// The same, for those who only count repeats: the verdict on a repeat of an anomaly by its content or pace comes without tokens,
    /// fields, reason and witness, which are most of its cost. What is learnt is the same.
    pub fn observe_briefly(&mut self, event: &Event<'_>) -> Verdict {
        self.observed(event, Repeats::Bare)
    }

    fn observed(&mut self, event: &Event<'_>, repeats: Repeats) -> Verdict {
        if event.kind == Kind::Metric
            && let Some(verdict) = self.observe_numbers(event, false)
        {
            return verdict;
        }
        let state = self.content_state();
        let mut features = std::mem::take(&mut self.features);
        features.extract(event);
        let mut scored = self.score(event, &features);
        scored.pace = self.pace(event);
        let surprise = scored.most();
        let q_value = self.fdr.observe(surprise);
        let verdict = if state != State::Learning && surprise >= self.alarm {
            self.explained(event, &features, &scored, q_value, repeats)
        } else {
            Verdict {
                p_method: scored.p_method,
                ..Verdict::quiet(self.events, surprise, q_value, state)
            }
        };
        self.learn(event, &features, &scored);
        self.features = features;
        verdict
    }

    /// What would be said of an event, explained whether it is an anomaly or not. Nothing is learnt.
    pub fn explain(&self, event: &Event<'_>) -> Verdict {
        let mut copy = self.clone();
        if event.kind == Kind::Metric
            && let Some(verdict) = copy.observe_numbers(event, true)
        {
            return verdict;
        }
        let mut features = Features::default();
        features.extract(event);
        let mut scored = copy.score(event, &features);
        scored.pace = copy.pace(event);
        let q_value = copy.fdr.observe(scored.most());
        copy.explained(event, &features, &scored, q_value, Repeats::Explained)
    }

    /// Scores and learns an event of kind metric; `None` if there is no number in it, so that it is read as text.
    fn observe_numbers(&mut self, event: &Event<'_>, explain: bool) -> Option<Verdict> {
        let now = Moment {
            index: self.events,
            seed: self.config.seed,
            parts: self.config.parts,
            alarm: self.alarm,
            learning: self.content_state() == State::Learning,
            checkpoint: self.trace,
            explain,
        };
        let verdict = self
            .metrics
            .observe(event, &now, &mut self.fdr, &mut self.recent)?;
        self.count(event);
        Some(verdict)
    }

    fn score(&mut self, event: &Event<'_>, features: &Features) -> Scored {
        let totals = self.model.totals();
        let mut trail = std::mem::take(&mut self.trail);
        // the common case reads the table itself
        let raw = if self.taught.is_empty() {
            totals.trace(&mut &self.model.table, features, &mut trail)
        } else {
            totals.trace(&mut self.known(), features, &mut trail)
        };
        self.trail = trail;
        let reading = self.scores.read_at(raw);
        let (first, p_method) = reading.surprise(raw);
        let shift = if self.config.parts.recalibrate {
            self.kept.apply(first) - first
        } else {
            0
        };
        let surprise = (first + shift - self.penalty(event)).max(0);
        Scored {
            raw,
            reading,
            first,
            shift,
            surprise,
            p_method,
            pace: None,
        }
    }

    /// What is unusual about when an event comes, which is then learnt.
    fn pace(&mut self, event: &Event<'_>) -> Option<Pace> {
        let at = event.timestamp_ms.filter(|_| self.config.parts.volume)?;
        let volume = self.volume.get_or_insert_with(|| Box::new(Volume::new(at)));
        let pace = volume.observe(at, self.alarm)?;
        (self.content_state() != State::Learning).then_some(pace)
    }

    /// The counts that prices read: the model's, and those of what people said is expected.
    fn known(&self) -> Known<'_> {
        Known {
            table: &self.model.table,
            taught: &self.taught,
            events: self.model.totals().events,
        }
    }

    /// What being one of several events of a group takes off an event's surprise.
    fn penalty(&self, event: &Event<'_>) -> MicroBits {
        if grouped(event) {
            self.groups.penalty()
        } else {
            0
        }
    }

    /// The verdict on an anomaly with its explanation and witness.
    fn explained(
        &mut self,
        event: &Event<'_>,
        features: &Features,
        scored: &Scored,
        q_value: f64,
        repeats: Repeats,
    ) -> Verdict {
        let cause = match scored.pace_above() {
            Some(pace) => mix(pace.change as u64, 4),
            None => mix(features.template, 3),
        };
        let repeat_of = self.cause(cause);
        if repeat_of.is_some() && repeats == Repeats::Bare {
            let surprise = scored.most();
            return Verdict {
                p_method: scored
                    .pace_above()
                    .map_or(scored.p_method, |p| p.surprise().1),
                anomaly: true,
                severity: Some(severity(surprise, self.alarm)),
                repeat_of,
                ..Verdict::quiet(self.events, surprise, q_value, self.content_state())
            };
        }
        let mut costs = vec![0; features.pieces.len()];
        let totals = self.model.totals();
        totals.event(&mut self.known(), features, |piece, cost| {
            costs[piece as usize] += cost
        });
        let most = match repeat_of {
            Some(_) => explain::LOOKED_AT_AGAIN,
            None => explain::LOOKED_AT,
        };
        let mut witness = Witness {
            event: fingerprint(event),
            index: self.events,
            seed: self.config.seed,
            alarm: self.alarm,
            state: self.content_state(),
            reading: scored.reading,
            shift: scored.shift,
            penalty: self.penalty(event),
            q_value,
            repeat_of,
            checkpoint: self.trace,
            totals,
            context: explain::context(
                event,
                features,
                &explain::dearest(&costs),
                &self.recent,
                most,
            ),
            reads: Vec::new(),
            pace: scored.pace,
        };
        let mut recorder = Recorder::new(self.known());
        let mut verdict = judge(event, &witness, &mut recorder);
        witness.reads = recorder.reads;
        verdict.witness = Some(BASE64.encode(witness.to_bytes()));
        verdict
    }

    /// Learns an event unless it is unusual and its kind has not come back often enough, and counts it towards its group.
    fn learn(&mut self, event: &Event<'_>, features: &Features, scored: &Scored) {
        let learnt = self.learn_content(event, features, scored);
        if let Some(key) = event.group.filter(|_| grouped(event)) {
            let group = self.groups.add(key, features.template, self.events);
            if self.config.parts.order {
                let most = self.config.memory.scores as usize;
                self.steps
                    .get_or_insert_with(|| Box::new(Steps::new(most)))
                    .go(
                        &mut group.course,
                        features.template,
                        group.events - 1,
                        learnt,
                    );
            }
            while self.groups.full(self.config.memory.open_groups as usize) {
                self.close_oldest();
                let waiting = self.closed.len();
                self.closed.drain(..waiting.saturating_sub(MAX_CLOSED));
            }
        }
        self.count(event);
    }

    /// Counts an event and mixes it into the hash of all that has been seen.
    fn count(&mut self, event: &Event<'_>) {
        let mut seen = fingerprint(event);
        if let Some(at) = event.timestamp_ms {
            seen = mix(seen, at as u64);
        }
        if let Some(group) = event.group {
            seen = mix(seen ^ GROUPED, hash(group.as_bytes()));
        }
        self.note(seen);
        self.events += 1;
        self.keep_small(event);
    }

    /// Mixes what changes the state into its hash.
    fn note(&mut self, what: u64) {
        self.trace = [
            mix(self.trace[0], what),
            mix(self.trace[1] ^ 0x5BD1_E995, what),
        ];
    }

    /// Learns what an event says, where that is safe; whether it did.
    fn learn_content(&mut self, event: &Event<'_>, features: &Features, scored: &Scored) -> bool {
        let judgement = if self.config.parts.guard {
            let kind = self.model.kind(features);
            self.guard.judge(
                self.events,
                scored.raw,
                kind,
                features.template,
                &mut self.model.table,
                self.config.seed,
            )
        } else {
            Judgement::Ordinary
        };
        let refused = matches!(judgement, Judgement::Refused { .. });
        let early = judgement == Judgement::Refused { early: true };
        if !refused {
            self.model.learn(features, &self.trail);
        }
        if judgement == Judgement::Ordinary {
            self.recent.push(
                event.payload.as_str(),
                matches!(event.payload, Payload::Json(_)),
            );
        }
        if !refused
            || early
            || self.guard.flooded()
            || mix(self.events, self.config.seed).is_multiple_of(SAMPLE)
        {
            self.scores.push(scored.raw, !refused || early);
        }
        if self.events >= Config::MIN_EVENTS {
            self.kept.push(scored.first, refused);
        }
        !refused
    }

    /// The first anomaly of the same cause, if there was one lately.
    fn cause(&mut self, key: u64) -> Option<u64> {
        let now = self.events;
        self.causes.retain(|c| now - c.last < CAUSE_LIFE);
        if let Some(c) = self.causes.iter_mut().find(|c| c.key == key) {
            let first = c.first;
            *c = Cause {
                key,
                first,
                last: now,
            };
            return Some(first);
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
        self.note(mix(CLOSED, hash(group.as_bytes())));
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
            .group(&mut &self.model.table, &bag, &mut self.trail);
        let recalibrate = self.config.parts.recalibrate;
        let (kept, mut p_method) = calibrated(
            raw,
            &mut self.group_scores,
            &mut self.group_kept,
            recalibrate,
        );
        // judged twice: by its events and as a whole
        let mut most = kept - bits::BIT;
        let mut reason = format!(
            "This group of {} events combines kinds of events as few groups of this stream do ({:.1} bits).",
            group.events,
            bits::to_bits(raw)
        );
        if let Some(steps) = &mut self.steps {
            let mut course = group.course;
            steps.end(&mut course, group.events);
            let raw = course.dearest;
            let (kept, method) = calibrated(raw, &mut steps.scores, &mut steps.kept, recalibrate);
            let kept = kept - bits::BIT - ORDER_COSTS;
            most -= BAG_COSTS;
            if kept > most {
                (most, p_method) = (kept, method);
                reason = out_of_order(group.events, &course);
            }
        }
        let surprise = most.max(0);
        let q_value = self.group_fdr.observe(surprise);
        let state = if self.groups_closed < MIN_GROUPS || self.content_state() == State::Learning {
            State::Learning
        } else {
            State::Ready
        };
        let anomaly = state == State::Ready && surprise >= self.alarm;
        self.model.learn_group(&bag, &self.trail);
        self.groups_closed += 1;
        GroupVerdict {
            group: key.to_owned(),
            score: bits::to_bits(surprise),
            p_value: bits::probability(surprise),
            p_method,
            q_value,
            anomaly,
            severity: anomaly.then(|| severity(surprise, self.alarm)),
            state,
            events: group.events,
            last_index: group.last,
            reason: anomaly.then_some(reason),
        }
    }

    /// Where the models stand that the newest event was judged by: its series', where it held numbers, or the stream's.
    pub fn state(&self) -> State {
        let newest = self.events.wrapping_sub(1);
        match self
            .metrics
            .state(newest, self.content_state() == State::Learning)
        {
            Some(state) => state,
            None => self.content_state(),
        }
    }

    /// Where the model of texts and records stands.
    fn content_state(&self) -> State {
        let needed = match self.config.warmup {
            Warmup::Auto => Config::MIN_EVENTS,
            Warmup::Events(n) => n.max(Config::MIN_EVENTS),
        };
        match self.events {
            n if n < needed => State::Learning,
            _ if self.guard.flooded() => State::Drifting,
            _ => State::Ready,
        }
    }

    /// Events observed.
    pub fn events_seen(&self) -> u64 {
        self.events
    }

    /// What prices are read from.
    #[cfg(feature = "cli")]
    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// Where a stream has numbers and texts, both models may not fit a checkpoint: then series go, for good.
    fn keep_small(&mut self, event: &Event<'_>) {
        let due = self.events.is_multiple_of(MEASURED) || event.payload.as_str().len() > LONG;
        if due && !self.metrics.is_empty() && self.model.totals().events > 0 {
            let most = self.config.memory.checkpoint_bytes() - SLACK;
            while self.written().len() > most && self.metrics.shed() {}
        }
    }

    /// Bytes held, by the sizes of its parts.
    pub fn memory_bytes(&self) -> usize {
        let scores = self.scores.bytes() + self.group_scores.bytes() + self.guard.bytes();
        self.model.table.bytes()
            + scores
            + self.recent.bytes()
            + self.groups.bytes()
            + self.metrics.bytes()
            + self.taught.bytes()
            + self.steps.as_ref().map_or(0, |s| s.bytes())
            + self.volume.as_ref().map_or(0, |v| v.bytes())
            + size_of::<Detector>()
    }

    /// The newest normal events' texts, oldest first.
    pub fn recent(&self) -> impl Iterator<Item = &str> {
        self.recent.iter().map(|(text, _)| text)
    }
}

/// The surprise of a group's raw score in micro-bits, by both steps of calibration, which then take it up.
fn calibrated(
    raw: MicroBits,
    scores: &mut Calibration,
    kept: &mut Recalibration,
    recalibrate: bool,
) -> (MicroBits, PMethod) {
    let (first, method) = scores.read_at(raw).surprise(raw);
    let second = if recalibrate {
        kept.apply(first)
    } else {
        first
    };
    scores.push(raw, true);
    kept.push(first, false);
    (second, method)
}

/// The sentence on a group whose events come in an unusual order.
fn out_of_order(events: u64, course: &Course) -> String {
    let bits = bits::to_bits(course.dearest);
    match course.place {
        0 => format!(
            "This group of {events} events begins as few groups of this stream do ({bits:.1} bits)."
        ),
        place if place == events => format!(
            "This group ends after {events} events where few groups of this stream do ({bits:.1} bits)."
        ),
        place => format!(
            "Event {} of this group of {events} seldom follows the one before it ({bits:.1} bits).",
            place + 1
        ),
    }
}

/// Whether an event counts towards a group.
fn grouped(event: &Event<'_>) -> bool {
    event.group.is_some_and(|k| k.len() <= MAX_KEY)
}

/// The hash of a state that has seen nothing: of all that its configuration has a say in, but for the sensitivity, which may
/// change.
fn beginning(c: &Config) -> [u64; 2] {
    let m = &c.memory;
    let warmup = match c.warmup {
        Warmup::Auto => 0,
        Warmup::Events(n) => n.saturating_add(1),
    };
    let parts = [
        c.parts.guard,
        c.parts.class_excess,
        c.parts.signature,
        c.parts.recalibrate,
    ];
    let parts = parts.iter().fold(u64::from(c.parts.off()), |bits, &p| {
        bits << 1 | u64::from(p)
    });
    let sizes = [m.table_bits, m.scores, m.recent_bytes, m.open_groups].map(u64::from);
    let all = sizes.into_iter().chain([warmup, parts]).fold(c.seed, mix);
    [all, mix(all, 1)]
}

/// The surprise from which an event is an anomaly.
fn alarm(config: &Config) -> MicroBits {
    bits::from_bits(-libm::log2(Config::alpha(config.sensitivity)))
}
