//! A token that nothing predicted, spelled byte by byte.
//!
//! Before every byte but the first a flag says whether the token ends. Flag and byte are nine binary decisions, each mixed from
//! what fourteen contexts remember: the beginning of the token in its column, after the tokens before it, anywhere; the bytes
//! before; and, digit for digit, the number above it.

use super::coder::Coder;
use super::history::{Column, History};
use super::layout::mix;
use super::lexer::{MAX_TOKEN, class};
use super::logistic::{Adaptive, Logistic, Mixer};

const CONTEXTS: usize = 14;
const INPUTS: usize = CONTEXTS + 1;
/// Bits seen after which a node stops slowing down.
const MATURE: u16 = 15;
/// Steps of the logistic domain that are refined, and their width.
const REFINED: usize = 33;
const STEP: i32 = 128;

/// What followed a context: the end flag in node 0 and a nibble's tree in 1 to 15. A node holds a 12-bit probability and a count.
#[derive(Clone, Copy)]
struct Slot {
    check: u16,
    nodes: [u16; 16],
}

/// What tells a slot's contexts apart; never 0, which is an empty slot.
fn check(hash: u32) -> u16 {
    (hash >> 16) as u16 | 1
}

const UNSEEN: u16 = 2048 << 4;

pub(super) struct Speller {
    logistic: Logistic,
    slots: Vec<Slot>,
    /// What a node's state has turned out to mean, per context.
    meaning: Vec<Adaptive>,
    by_place: Mixer<INPUTS>,
    by_node: Mixer<INPUTS>,
    /// What the mixed probability has turned out to mean, after each byte.
    refine: Vec<Adaptive>,
    token: Vec<u8>,
    /// Class of the token so far, and its first three bytes' worth of length: what the mixers' weights depend on.
    kind: usize,
    number: Vec<u8>,
    /// The last bytes of all text.
    recent: u64,
}

/// The contexts of one token, before its own bytes.
struct Base {
    hashes: [u32; CONTEXTS],
    above: Vec<u8>,
    next: Vec<u8>,
}

impl Speller {
    /// With 2^`bits` slots.
    pub fn new(logistic: Logistic, bits: u32) -> Self {
        let meaning = (0..CONTEXTS * 512)
            .map(|i| Adaptive::new((i as u32 % 32) * 2048 + 1024))
            .collect();
        Self {
            logistic,
            slots: vec![
                Slot {
                    check: 0,
                    nodes: [UNSEEN; 16]
                };
                1 << bits
            ],
            meaning,
            by_place: Mixer::new(4 * 4 * 16, 14_000),
            by_node: Mixer::new(16 * 16, 14_000),
            refine: (0..REFINED << bits.clamp(14, 20).saturating_sub(6))
                .map(|i| {
                    let step = (i % REFINED) as i32 - REFINED as i32 / 2;
                    Adaptive::settled(logistic.squash(step * STEP), 12)
                })
                .collect(),
            token: Vec::new(),
            kind: 0,
            number: Vec::new(),
            recent: 0,
        }
    }

    /// Codes a token of 1 to 255 bytes; a decoder passes any slice. The answer is the token.
    pub fn code(
        &mut self,
        coder: &mut impl Coder,
        history: &History,
        column: &Column,
        actual: &[u8],
    ) -> &[u8] {
        let base = self.base(history, column);
        self.token.clear();
        let mut prefix = 0u32;
        while self.token.len() < MAX_TOKEN {
            let at = self.token.len();
            self.kind = class(&self.token) as usize;
            let places = self.places(&base, prefix, 0);
            if at > 0 && self.decide(coder, &places, 0, at == actual.len()) {
                break;
            }
            let wanted = actual.get(at).copied().unwrap_or(0);
            let high = self.nibble(coder, &places, wanted >> 4, 0);
            let low_places = self.places(&base, prefix, 0x100 | u32::from(high));
            let low = self.nibble(coder, &low_places, wanted & 15, 16 + usize::from(high));
            let byte = high << 4 | low;
            self.token.push(byte);
            self.recent = self.recent << 8 | u64::from(byte);
            prefix = mix(prefix, u32::from(byte) + 1);
        }
        &self.token
    }

    /// Takes note of a token that was not spelled, so that contexts of bytes go across tokens.
    pub fn advance(&mut self, token: &[u8]) {
        for &byte in token.iter().skip(token.len().saturating_sub(8)) {
            self.recent = self.recent << 8 | u64::from(byte);
        }
    }

    fn base(&mut self, history: &History, column: &Column) -> Base {
        let back = |n| history.back(n);
        let here = history.layout.column();
        let pair = mix(mix(3, back(1)), back(2));
        let above = history.above(column);
        let mut next = std::mem::take(&mut self.number);
        history.extrapolate(column, &mut next);
        Base {
            hashes: [
                here,
                mix(2, back(1)),
                pair,
                5,
                6,
                7,
                mix(here, 8),
                mix(here, 9),
                12,
                13,
                14,
                mix(mix(pair, back(3)), back(4)),
                mix(15, back(4)),
                16,
            ],
            above: history.tokens.bytes(above.last).to_vec(),
            next,
        }
    }

    /// The slots of all contexts for the next byte (`nibble` 0) or, the high nibble known, for its rest.
    fn places(&mut self, base: &Base, prefix: u32, nibble: u32) -> [usize; CONTEXTS] {
        let at = self.token.len();
        let fold = |x: u64| mix(x as u32, (x >> 32) as u32 ^ 0x1234);
        let aligned = |other: &[u8]| {
            let order = match self.token.as_slice().cmp(other.get(..at).unwrap_or(other)) {
                std::cmp::Ordering::Less => 0u32,
                std::cmp::Ordering::Equal => 1,
                std::cmp::Ordering::Greater => 2,
            };
            let digit = |i: usize| other.get(i).map_or(0, |&b| u32::from(b) + 1);
            let gap = self
                .token
                .last()
                .zip(at.checked_sub(1).and_then(|i| other.get(i)))
                .map_or(0, |(&a, &b)| u32::from(a.wrapping_sub(b)));
            let detail = if order == 1 { digit(at + 1) } else { gap };
            mix(
                mix(digit(at) << 2 | order, detail),
                at.min(other.len() + 1) as u32,
            )
        };
        let details = [
            prefix,
            prefix,
            prefix,
            prefix,
            fold(self.recent & 0xFF_FFFF),
            fold(self.recent & 0xFF_FFFF_FFFF),
            aligned(&base.above),
            aligned(&base.next),
            fold(self.recent & (1u64 << (8 * at.min(2))).wrapping_sub(1))
                ^ ((self.kind as u32) << 8 | at.min(20) as u32),
            fold(self.recent & 0xFFFF),
            fold(self.recent & 0xFFFF_FFFF),
            prefix,
            prefix,
            fold(self.recent & 0xFFFF_FFFF_FFFF),
        ];
        let mut hashes = [0; CONTEXTS];
        for (i, hash) in hashes.iter_mut().enumerate() {
            *hash = mix(
                mix(base.hashes[i], details[i]),
                nibble.wrapping_mul(0x2545_F491).wrapping_add(i as u32),
            );
        }
        // all loads before the first branch on one of them: they come from all over memory, and so wait together
        let mask = self.slots.len() - 1;
        let found = hashes.map(|hash| self.slots[mix(hash, 0x77) as usize & mask].check);
        let mut places = [0; CONTEXTS];
        for ((place, hash), found) in places.iter_mut().zip(hashes).zip(found) {
            let first = mix(hash, 0x77) as usize & mask;
            *place = if found == check(hash) {
                first
            } else {
                self.find(first, check(hash))
            };
        }
        places
    }

    /// The slot of a context that is not at its first place: its second, or the less used of both, emptied.
    fn find(&mut self, first: usize, check: u16) -> usize {
        let second = first ^ 1;
        if self.slots[second].check == check {
            return second;
        }
        let used = |slot: &Slot| slot.nodes[1] & 15;
        let place = if used(&self.slots[first]) <= used(&self.slots[second]) {
            first
        } else {
            second
        };
        self.slots[place] = Slot {
            check,
            nodes: [UNSEEN; 16],
        };
        place
    }

    fn nibble(
        &mut self,
        coder: &mut impl Coder,
        places: &[usize; CONTEXTS],
        wanted: u8,
        offset: usize,
    ) -> u8 {
        let mut node = 1usize;
        for shift in (0..4).rev() {
            let bit = self.decide_at(coder, places, node, offset, wanted >> shift & 1 == 1);
            node = node * 2 + usize::from(bit);
        }
        (node & 15) as u8
    }

    fn decide(
        &mut self,
        coder: &mut impl Coder,
        places: &[usize; CONTEXTS],
        node: usize,
        bit: bool,
    ) -> bool {
        self.decide_at(coder, places, node, 0, bit)
    }

    /// One decision: `node` in the slots; `offset` tells the low nibble's trees apart.
    fn decide_at(
        &mut self,
        coder: &mut impl Coder,
        places: &[usize; CONTEXTS],
        node: usize,
        offset: usize,
        bit: bool,
    ) -> bool {
        let mut inputs = [0i32; INPUTS];
        let mut states = [0usize; CONTEXTS];
        for (i, &place) in places.iter().enumerate() {
            let state = self.slots[place].nodes[node & 15];
            // count, then the probability's upper five bits
            states[i] = i << 9 | usize::from(state & 15) << 5 | usize::from(state >> 11);
            if state & 15 != 0 {
                inputs[i] = self.logistic.stretch(self.meaning[states[i]].p());
            }
        }
        inputs[CONTEXTS] = 256;
        let kind = self.kind;
        let place_set = (kind * 4 + self.token.len().min(3)) * 16
            + if offset == 0 {
                node.ilog2_or_zero()
            } else {
                5 + node.ilog2_or_zero()
            };
        let a = self.by_place.mix(self.logistic, &inputs, place_set);
        let seen = inputs.iter().take(CONTEXTS).filter(|&&x| x != 0).count();
        let b = self.by_node.mix(
            self.logistic,
            &inputs,
            seen * 16
                + if offset == 0 {
                    node.ilog2_or_zero()
                } else {
                    5 + node.ilog2_or_zero()
                },
        );
        let mixed = (a + b) / 2;
        let p = self.logistic.squash(mixed);
        let (low, part) = self.refinement(mixed, offset * 16 + node);
        let (below, above) = (self.refine[low].p(), self.refine[low + 1].p());
        let refined = (below * (STEP as u32 - part) + above * part) / STEP as u32;
        let bit = coder.bit(((p + 3 * refined) / 4).clamp(1, 65_535), bit);
        self.refine[low + usize::from(2 * part >= STEP as u32)].update(bit, 255);
        self.by_place.update(&inputs, bit, 24);
        self.by_node.update(&inputs, bit, 24);
        for (&place, &state) in places.iter().zip(&states) {
            self.meaning[state].update(bit, 1023);
            update(&mut self.slots[place].nodes[node & 15], bit);
        }
        bit
    }
}

impl Speller {
    /// The step of `refine` below a logistic value after the last byte, and how far the value is beyond it.
    fn refinement(&self, mixed: i32, node: usize) -> (usize, u32) {
        let sets = self.refine.len() / REFINED;
        let set = mix(self.recent as u32 & 0xFF, node as u32) as usize & (sets - 1);
        let above = mixed + STEP * (REFINED as i32 / 2);
        (
            set * REFINED + (above / STEP).clamp(0, REFINED as i32 - 2) as usize,
            (above % STEP) as u32,
        )
    }
}

trait OrZero {
    fn ilog2_or_zero(self) -> usize;
}

impl OrZero for usize {
    /// 0 for the end flag, 1 to 4 for the depth of a node.
    fn ilog2_or_zero(self) -> usize {
        self.checked_ilog2().map_or(0, |depth| depth as usize + 1)
    }
}

/// 65,536 / (n + 1.5)
const RATE: [u16; 16] = [
    43690, 26214, 18725, 14564, 11916, 10082, 8738, 7710, 6899, 6242, 5699, 5243, 4855, 4520, 4228,
    3972,
];

fn update(state: &mut u16, bit: bool) {
    let (p, n) = (i32::from(*state >> 4), *state & 15);
    let target = if bit { 4095 } else { 0 };
    let moved = p + (((target - p) * i32::from(RATE[usize::from(n)])) >> 16);
    *state = (moved.clamp(0, 4095) as u16) << 4 | if n < MATURE { n + 1 } else { n };
}
