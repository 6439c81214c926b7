//! Which token comes next: several contexts each remember what followed them, and the candidates are asked about in turn.
//!
//! A question "is it this one?" is one binary decision, whose probability is mixed from how reliable each context that names
//! the candidate, and each that names another, has been with this much confidence. In regular text it answers nearly every
//! token, for a few thousandths of a bit.

use super::coder::Coder;
use super::history::{Above, Column, History};
use super::layout::mix;
use super::logistic::{Adaptive, Logistic, Mixer};
use super::tokens::NONE;

/// Contexts with a memory of their own.
const CONTEXTS: usize = 8;
/// And two more views: the longest repeat, and the number extrapolated.
const VIEWS: usize = CONTEXTS + 2;
/// Inputs of the mixer: one per view, and a bias.
const INPUTS: usize = VIEWS + 1;
/// Questions asked at most before the token is spelled.
const QUESTIONS: usize = 3;
const CONFIDENCE: usize = 16;

/// What followed a context: the latest, and the one before that.
#[derive(Clone, Copy, Default)]
struct Slot {
    check: u16,
    sure: [u8; 2],
    ids: [u32; 2],
}

/// A view's first and second candidate with the state that its reliability is kept under.
#[derive(Clone, Copy, Default)]
struct View {
    ids: [u32; 2],
    sure: [u8; 2],
}

pub(super) struct Predictor {
    logistic: Logistic,
    slots: Vec<Slot>,
    places: [usize; CONTEXTS],
    checks: [u16; CONTEXTS],
    views: [View; VIEWS],
    reliability: Vec<Adaptive>,
    mixer: Mixer<INPUTS>,
    by_agreement: Vec<Adaptive>,
    repeats: Vec<u32>,
    /// Position after the earlier occurrence of what was last coded, 0 for none; and how many tokens have agreed.
    repeat: (usize, usize),
    number: Vec<u8>,
}

impl Predictor {
    /// With 2^`bits` slots.
    pub fn new(logistic: Logistic, bits: u32) -> Self {
        let reliability = (0..VIEWS * 2 * CONFIDENCE)
            .map(|i| {
                Adaptive::new(if (i / CONFIDENCE).is_multiple_of(2) {
                    20_000 + 2_500 * (i % CONFIDENCE) as u32
                } else {
                    6_000
                })
            })
            .collect();
        Self {
            logistic,
            slots: vec![Slot::default(); 1 << bits],
            places: [0; CONTEXTS],
            checks: [0; CONTEXTS],
            views: [View::default(); VIEWS],
            reliability,
            mixer: Mixer::new(QUESTIONS * 4 * 4, 20_000),
            by_agreement: (0..1 << VIEWS).map(|_| Adaptive::new(32_768)).collect(),
            repeats: vec![0; 1 << bits.saturating_sub(2).max(8)],
            repeat: (0, 0),
            number: Vec::new(),
        }
    }

    /// Codes the next token if a candidate is right: its number, or `None` if it has to be spelled. `actual` is the encoder's;
    /// a decoder passes no bytes.
    pub fn code(
        &mut self,
        coder: &mut impl Coder,
        history: &mut History,
        column: &Column,
        actual: &[u8],
    ) -> Option<u32> {
        self.look_up(history, column);
        let mut refused = [NONE; QUESTIONS];
        for question in 0..QUESTIONS {
            let Some(candidate) = self.best(&refused) else {
                break;
            };
            let right = history.tokens.bytes(candidate) == actual;
            if self.ask(coder, candidate, question, history, right) {
                return Some(candidate);
            }
            refused[question] = candidate;
        }
        None
    }

    /// Learns what the token was, whichever way it was coded. Call before the history takes it in.
    pub fn learn(&mut self, history: &History, actual: u32) {
        for (view, state) in self
            .views
            .iter()
            .zip(self.reliability.chunks_exact_mut(2 * CONFIDENCE))
        {
            for (which, (&id, &sure)) in view.ids.iter().zip(&view.sure).enumerate() {
                if id != NONE && (which == 0 || view.ids[0] != actual) {
                    state[which * CONFIDENCE + usize::from(sure)].update(id == actual, 255);
                }
            }
        }
        for (&place, &check) in self.places.iter().zip(&self.checks) {
            let slot = &mut self.slots[place];
            if slot.check != check {
                *slot = Slot {
                    check,
                    sure: [0, 0],
                    ids: [actual, NONE],
                };
            } else if slot.ids[0] == actual {
                slot.sure[0] = (slot.sure[0] + 1).min(CONFIDENCE as u8 - 1);
            } else {
                let again = slot.ids[1] == actual;
                let (old, new) = (
                    slot.sure[0],
                    if again {
                        (slot.sure[1] + 1).min(CONFIDENCE as u8 - 1)
                    } else {
                        0
                    },
                );
                slot.ids = [actual, slot.ids[0]];
                slot.sure = [new.min(3), old / 2];
            }
        }
        self.follow(history, actual);
    }

    /// Keeps up with the longest repeat.
    fn follow(&mut self, history: &History, actual: u32) {
        let (at, agreed) = self.repeat;
        self.repeat = if at != 0 && history.at(at) == actual {
            (at + 1, (agreed + 1).min(64))
        } else {
            (0, 0)
        };
        let mut hash = mix(actual, 0xA5);
        for n in 1..6 {
            hash = mix(hash, history.back(n));
        }
        let place = hash as usize & (self.repeats.len() - 1);
        if self.repeat.0 == 0 {
            self.repeat = (self.repeats[place] as usize, 0);
        }
        self.repeats[place] = history.len() as u32 + 1;
    }

    fn look_up(&mut self, history: &mut History, column: &Column) {
        let above = history.above(column);
        for (i, hash) in contexts(history, &above).into_iter().enumerate() {
            let hash = mix(hash, i as u32 + 1);
            self.places[i] = hash as usize & (self.slots.len() - 1);
            self.checks[i] = (hash >> 16) as u16 ^ hash as u16;
            let slot = self.slots[self.places[i]];
            self.views[i] = if slot.check == self.checks[i] {
                View {
                    ids: slot.ids,
                    sure: slot.sure,
                }
            } else {
                View::default()
            };
        }
        let (at, agreed) = self.repeat;
        let sure = if agreed < 8 {
            agreed
        } else {
            (7 + agreed / 8).min(CONFIDENCE - 1)
        };
        self.views[CONTEXTS] = View {
            ids: [if at == 0 { NONE } else { history.at(at) }, NONE],
            sure: [sure as u8, 0],
        };
        let mut number = std::mem::take(&mut self.number);
        history.extrapolate(column, &mut number);
        let id = if number.is_empty() || column.steady == 0 {
            NONE
        } else {
            history.tokens.intern(&number)
        };
        self.views[CONTEXTS + 1] = View {
            ids: [id, NONE],
            sure: [column.steady.min(CONFIDENCE as u8 - 1), 0],
        };
        self.number = number;
    }

    /// The candidate with the most evidence that has not been refused.
    fn best(&self, refused: &[u32]) -> Option<u32> {
        let mut best = (0, NONE);
        for view in &self.views {
            for &id in &view.ids {
                if id == NONE || refused.contains(&id) || id == best.1 {
                    continue;
                }
                let evidence: u32 = self
                    .views
                    .iter()
                    .enumerate()
                    .filter_map(|(u, o)| self.odds(u, o, id))
                    .sum();
                if evidence > best.0 {
                    best = (evidence, id);
                }
            }
        }
        (best.0 > 24_000).then_some(best.1)
    }

    /// How reliable a view that names `id` has been, as odds (4,096 is evens).
    fn odds(&self, view: usize, state: &View, id: u32) -> Option<u32> {
        let which = state.ids.iter().position(|&named| named == id)?;
        let p = self.p(view, which, state);
        Some((p << 12) / (65_536 - p))
    }

    fn p(&self, view: usize, which: usize, state: &View) -> u32 {
        self.reliability[(view * 2 + which) * CONFIDENCE + usize::from(state.sure[which])].p()
    }

    /// One question.
    fn ask(
        &mut self,
        coder: &mut impl Coder,
        candidate: u32,
        question: usize,
        history: &History,
        right: bool,
    ) -> bool {
        let mut inputs = [0i32; INPUTS];
        let mut agreement = 0usize;
        for (v, view) in self.views.iter().enumerate() {
            inputs[v] = if view.ids[0] == NONE {
                0
            } else if let Some(which) = view.ids.iter().position(|&id| id == candidate) {
                agreement |= usize::from(which == 0) << v;
                self.logistic.stretch(self.p(v, which, view))
            } else {
                -self.logistic.stretch(self.p(v, 0, view)) / 2 - 128
            };
        }
        inputs[VIEWS] = 256;
        let class = history.tokens.class(candidate) as usize;
        let votes = (agreement.count_ones() as usize / 3).min(3);
        let mixed = self
            .mixer
            .mix(self.logistic, &inputs, (question * 4 + class) * 4 + votes);
        let agreed = &mut self.by_agreement[agreement];
        let p = (3 * self.logistic.squash(mixed)
            + if question == 0 {
                agreed.p()
            } else {
                self.logistic.squash(mixed)
            })
            / 4;
        let hit = coder.bit(p.clamp(1, 65_535), right);
        self.mixer.update(&inputs, hit, 14);
        if question == 0 {
            agreed.update(hit, 255);
        }
        hit
    }
}

/// Hashes of the contexts, in the order of the slots.
fn contexts(history: &History, above: &Above) -> [u32; CONTEXTS] {
    let back = |n| history.back(n);
    let (column, template, slot) = (
        history.layout.column(),
        history.layout.template(),
        history.layout.slot(),
    );
    let pair = mix(mix(11, back(1)), back(2));
    [
        mix(7, back(1)),
        pair,
        mix(mix(pair, back(3)), back(4)),
        mix(mix(column, above.last), above.later),
        template,
        mix(slot, back(1)),
        mix(mix(column, above.last), above.before),
        mix(mix(template, above.last), back(2)),
    ]
}
