//! The order of a group's events: which kind follows which, the group's beginning and end among them.
//!
//! A step costs −log₂ of how often it was taken from where it starts (a first-order Markov chain with Krichevsky and Trofimov's
//! estimate). Of a closed group the dearest step counts: a sum would rank groups by their length, and hide one step that never
//! came before among many ordinary ones.

use crate::bits::{self, MicroBits};
use crate::calibrate::{Calibration, Recalibration};
use crate::checkpoint::{Reader, Truncated, Writer};
use crate::hash::mix;
use crate::table::Table;

/// Before a group's first event.
pub const BEGIN: u64 = 1;
/// After its last one.
const END: u64 = 2;
const FROM: u64 = 65;
/// Counts kept, as a power of two; eight bytes each.
const BITS: u32 = 12;
/// All counts are halved when so many steps have been learnt since the last time.
const HALF_LIFE: u32 = 60_000;

/// How an open group has gone so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// Template of its last event.
    pub at: u64,
    /// What its dearest step cost.
    pub dearest: MicroBits,
    /// Which of its events that step led to, from 0; its number of events where the step was its end.
    pub place: u64,
}

impl Default for Course {
    fn default() -> Course {
        Course {
            at: BEGIN,
            dearest: 0,
            place: 0,
        }
    }
}

impl Course {
    /// Writes the course.
    pub fn write(&self, out: &mut Writer) {
        out.u64(self.at);
        out.signed(self.dearest);
        out.varint(self.place);
    }

    /// Reads what [`Course::write`] wrote.
    pub fn read(input: &mut Reader) -> Result<Course, Truncated> {
        Ok(Course {
            at: input.u64()?,
            dearest: input.micro_bits()?,
            place: input.varint()?,
        })
    }
}

/// What is known of the steps of a stream's groups.
#[derive(Clone, Debug)]
pub struct Steps {
    table: Table,
    learnt: u32,
    /// The dearest steps of closed groups,
    pub scores: Calibration,
    /// and how often each surprise came.
    pub kept: Recalibration,
}

impl Steps {
    /// Nothing yet; holds up to `scores` scores.
    pub fn new(scores: usize) -> Steps {
        Steps {
            table: Table::new(BITS),
            learnt: 0,
            scores: Calibration::new(scores),
            kept: Recalibration::default(),
        }
    }

    /// Takes a group on to its `place`th event, of template `to`; the step is learnt where that event was.
    pub fn go(&mut self, course: &mut Course, to: u64, place: u64, learn: bool) {
        let (from, step) = keys(course.at, to);
        let all = u64::from(self.table.get(from).n);
        // a count that found no place is started anew and may be ahead of the other
        let here = u64::from(self.table.get(step).n).min(all);
        let cost = bits::price(2 * here + 1, 2 * all + 2);
        if cost > course.dearest {
            (course.dearest, course.place) = (cost, place);
        }
        course.at = to;
        if learn {
            self.learn(from, step);
        }
    }

    /// Takes a group of so many events to its end.
    pub fn end(&mut self, course: &mut Course, events: u64) {
        self.go(course, END, events, true);
    }

    fn learn(&mut self, from: u64, step: u64) {
        for key in [from, step] {
            let slot = self.table.slot(key);
            slot.n = slot.n.saturating_add(1);
        }
        self.learnt += 1;
        if self.learnt >= HALF_LIFE {
            self.table.halve(u64::from(self.table.get(from).n));
            self.learnt = 0;
        }
    }

    /// Bytes held at most.
    pub fn bytes(&self) -> usize {
        self.table.bytes() + self.scores.bytes()
    }

    /// Writes the counts and scores.
    pub fn write(&self, out: &mut Writer) {
        out.u32(self.learnt);
        self.table.write(out);
        self.scores.write(out);
        self.kept.write(out);
    }

    /// Reads what [`Steps::write`] wrote.
    pub fn read(input: &mut Reader, scores: usize) -> Result<Steps, Truncated> {
        let learnt = input.u32()?;
        if learnt >= HALF_LIFE {
            return Err(Truncated);
        }
        Ok(Steps {
            learnt,
            table: Table::read(input, BITS)?,
            scores: Calibration::read(input, scores)?,
            kept: Recalibration::read(input)?,
        })
    }
}

/// The keys of all steps from `from` and of the one to `to`.
fn keys(from: u64, to: u64) -> (u64, u64) {
    let from = mix(FROM, from);
    (from, mix(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dearest(steps: &mut Steps, course: &[u64]) -> Course {
        let mut c = Course::default();
        for (place, &to) in course.iter().enumerate() {
            steps.go(&mut c, to, place as u64, true);
        }
        steps.end(&mut c, course.len() as u64);
        c
    }

    #[test]
    fn a_wrong_order_an_early_end_and_a_skipped_event_are_dear() {
        let mut steps = Steps::new(256);
        for _ in 0..500 {
            dearest(&mut steps, &[10, 20, 30, 40]);
        }
        let usual = dearest(&mut steps.clone(), &[10, 20, 30, 40]).dearest;
        for (course, place) in [
            (&[10, 30, 20, 40][..], 1),
            (&[10, 20, 30], 3),
            (&[10, 20, 40], 2),
            (&[20, 30, 40], 0),
        ] {
            let odd = dearest(&mut steps.clone(), course);
            assert!(odd.dearest > usual + 8 * bits::BIT, "{course:?}");
            assert_eq!(odd.place, place, "{course:?}");
        }
    }

    #[test]
    fn what_was_written_goes_on() {
        let mut steps = Steps::new(256);
        for i in 0..70_000u64 {
            dearest(&mut steps, &[i % 7, i % 5]);
        }
        let mut out = Writer::default();
        steps.write(&mut out);
        let mut back = Steps::read(&mut Reader::new(&out.bytes), 256).unwrap_or(Steps::new(256));
        assert_eq!(
            dearest(&mut back, &[1, 9, 1]),
            dearest(&mut steps, &[1, 9, 1])
        );
    }
}
