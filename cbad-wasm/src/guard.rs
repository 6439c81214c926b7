//! What is learnt: the ordinary, what has come back often enough, and everything once much is unlike the baseline.
//!
//! So a burst or an attack does not become the new normal unnoticed, and a lasting change does: its kind is learnt at the
//! 13th coming, two comings counting as one unless they are 50 events apart (600 events), or sooner where a quarter of all
//! events is refused; from the 25th counted coming on it is learnt however close it follows the last. In the first 1,000
//! events the second coming, 50 events after the first, is enough; in the first 2,000 so is the eighth coming of a template,
//! 16 events apart, whatever the sizes of its numbers.

use crate::bits::MicroBits;
use crate::checkpoint::{Reader, Truncated, Writer};
use crate::hash::mix;
use crate::ring::Ring;
use crate::table::Table;

/// Events that are learnt whatever they are.
const START: u64 = 64;
/// An event is ordinary unless it is among the one in so many most surprising.
const ORDINARY: usize = 16;
/// Scores without which every event is ordinary.
const FEWEST: usize = 20;
/// Events apart that two comings of one kind must be to count as two.
const APART: u16 = 50;
/// Comings after which an unusual kind is learnt.
const COMINGS: u16 = 12;
/// One in so many refused scores enters the guard's ring.
const SAMPLE: u64 = 8;
/// For so many events every kind's refused scores enter it, bursts once: a young model refuses much that is normal.
const YOUNG: u64 = 2_000;
/// For so many events the second coming is enough to be learnt.
const VERY_YOUNG: u64 = 1_000;
const YOUNG_COMINGS: u16 = 2;
/// A quarter in 2⁻¹⁶: more refused events than this mean that the stream has changed.
const FLOOD: u32 = 1 << 14;
const RETURNS: u64 = 91;
const TEMPLATES: u64 = 92;
/// Events apart that two comings of a template must be to count as two in a young stream.
const SOME_APART: u16 = 16;
/// Comings after which a template is familiar.
const FAMILIAR: u16 = 8;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// As usual: learnt.
    Ordinary,
    /// Unusual, but of a kind that has come back: learnt.
    Lasting,
    /// Unusual: not learnt.
    Refused {
        /// The model is young and this is no part of a burst: calibration may take it for normal.
        early: bool,
    },
}

/// The guard of a model.
#[derive(Clone, Debug)]
pub struct Guard {
    ring: Ring,
    refused: u32, // share of late, in 2⁻¹⁶, moving over 256 events
}

impl Guard {
    /// A guard that compares with up to `capacity` scores.
    pub fn new(capacity: usize) -> Guard {
        Guard {
            ring: Ring::new(capacity),
            refused: 0,
        }
    }

    /// Bytes held at most.
    pub fn bytes(&self) -> usize {
        self.ring.bytes()
    }

    /// Whether much of what came lately was refused.
    pub fn flooded(&self) -> bool {
        self.refused > FLOOD
    }

    /// Judges the `index`th event by its raw score and its kind.
    pub fn judge(
        &mut self,
        index: u64,
        raw: MicroBits,
        kind: u64,
        template: u64,
        counts: &mut Table,
        seed: u64,
    ) -> Judgement {
        let scores = self.ring.count();
        let ordinary = index < START
            || scores < FEWEST
            || (self.ring.at_least(raw) + 1) * ORDINARY > scores + 1;
        let judgement = if ordinary {
            Judgement::Ordinary
        } else {
            match returned(index, kind, counts) {
                Judgement::Refused { .. } if familiar(index, template, counts) => {
                    Judgement::Lasting
                }
                judgement => judgement,
            }
        };
        let refused = matches!(judgement, Judgement::Refused { .. });
        let early = judgement == Judgement::Refused { early: true };
        if !refused || early || self.flooded() || mix(index, seed).is_multiple_of(SAMPLE) {
            self.ring.push(raw, true);
        }
        self.refused = (self.refused * 255 + (u32::from(refused) << 16)) / 256;
        judgement
    }

    /// Writes the guard.
    pub fn write(&self, out: &mut Writer) {
        out.u32(self.refused);
        self.ring.write(out);
    }

    /// Reads what [`Guard::write`] wrote.
    pub fn read(input: &mut Reader, capacity: usize) -> Result<Guard, Truncated> {
        let refused = input.u32()?;
        if refused > 1 << 16 {
            return Err(Truncated);
        }
        Ok(Guard {
            refused,
            ring: Ring::read(input, capacity)?,
        })
    }
}

/// Whether a young stream's event is new only in the sizes of its numbers: its template has come before, now and then. Refusing
/// it would leave its words unlearnt, and so ever dearer.
fn familiar(index: u64, template: u64, counts: &mut Table) -> bool {
    if index >= YOUNG {
        return false;
    }
    let now = index as u16;
    let seen = counts.slot(mix(TEMPLATES, template));
    if seen.n == 0 || now.wrapping_sub(seen.d) >= SOME_APART {
        seen.n = seen.n.saturating_add(1);
        seen.d = now;
    }
    seen.n >= FAMILIAR
}

/// Whether an unusual kind of event has come back often enough, apart enough: a burst counts once.
fn returned(index: u64, kind: u64, counts: &mut Table) -> Judgement {
    let now = index as u16;
    let kind = counts.slot(mix(RETURNS, kind));
    let apart = kind.n == 0 || now.wrapping_sub(kind.d) >= APART;
    if apart {
        kind.n = kind.n.saturating_add(1);
        kind.d = now;
    }
    let enough = if apart {
        kind.n > COMINGS
    } else {
        kind.n > 2 * COMINGS
    };
    let young = apart && kind.n >= YOUNG_COMINGS && index < VERY_YOUNG;
    if enough || young {
        Judgement::Lasting
    } else {
        Judgement::Refused {
            early: apart && index < YOUNG,
        }
    }
}
