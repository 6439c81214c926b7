//! The memory budget of an isolate: detectors that were not used for longest leave memory first.
//!
//! Objects of a class share an isolate with 128 MB, and wasm memory never shrinks. An evicted detector loses nothing: its next
//! event rebuilds it from checkpoint and log.

use super::engine::Engine;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

/// Bytes of detectors kept in one isolate.
const BUDGET: usize = 64 << 20;
/// A detector's bytes are counted at its first use, and again after so many: summing them up takes longer than an event.
const RECOUNTED: u64 = 16;

type Slot = Rc<RefCell<Option<Engine>>>;

struct Entry {
    /// The clock at its latest use.
    used: u64,
    uses: u64,
    bytes: usize,
    slot: Weak<RefCell<Option<Engine>>>,
}

#[derive(Default)]
struct Residents {
    clock: u64,
    /// By the slot's address, which nothing else gets while the entry points there.
    entries: BTreeMap<usize, Entry>,
}

thread_local!(static RESIDENTS: RefCell<Residents> = RefCell::default());

/// Notes that the engine in `slot` was just used and evicts others beyond the budget.
pub fn used(slot: &Slot) {
    let bytes = || slot.borrow().as_ref().map_or(0, Engine::memory_bytes);
    RESIDENTS.with_borrow_mut(|r| r.used(slot, bytes, BUDGET));
}

impl Residents {
    fn used(&mut self, slot: &Slot, bytes: impl FnOnce() -> usize, budget: usize) {
        self.clock += 1;
        let entry = self.entries.entry(Rc::as_ptr(slot).addr());
        let entry = entry.or_insert_with(|| Entry {
            used: 0,
            uses: 0,
            bytes: 0,
            slot: Rc::downgrade(slot),
        });
        entry.used = self.clock;
        entry.uses += 1;
        if entry.uses % RECOUNTED == 1 {
            entry.bytes = bytes();
            self.evict(budget);
        }
    }

    fn evict(&mut self, budget: usize) {
        self.entries.retain(|_, e| e.slot.strong_count() > 0);
        while self.entries.values().map(|e| e.bytes).sum::<usize>() > budget
            && self.entries.len() > 1
        {
            let oldest = self.entries.iter().min_by_key(|(_, e)| e.used);
            let Some(oldest) = oldest.map(|(address, _)| *address) else {
                break;
            };
            if let Some(entry) = self.entries.remove(&oldest)
                && let Some(slot) = entry.slot.upgrade()
                && let Ok(mut engine) = slot.try_borrow_mut()
                // what waits to be written is written within milliseconds, and there in memory alone
                && engine.as_ref().is_none_or(|e| e.unwritten.is_empty())
            {
                *engine = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{dedupe::Window, engine::Counters, name::ObjectName};

    fn engine() -> Slot {
        let name = ObjectName::first(uuid::Uuid::nil(), "s");
        let engine = Engine::new(name, Counters::default(), Window::default());
        Rc::new(RefCell::new(Some(engine)))
    }

    #[test]
    fn the_longest_unused_leaves_first() {
        let mut residents = Residents::default();
        let slots: Vec<Slot> = (0..3).map(|_| engine()).collect();
        for slot in &slots {
            residents.used(slot, || 40, 100);
        }
        assert!(
            slots[0].borrow().is_none()
                && slots[1].borrow().is_some()
                && slots[2].borrow().is_some()
        );
        residents.used(&slots[1], || 40, 100);
        residents.used(&slots[0], || 40, 100);
        assert!(slots[1].borrow().is_some() && slots[2].borrow().is_none());
    }

    #[test]
    fn one_that_grows_is_noticed_in_time() {
        let mut residents = Residents::default();
        let slots: Vec<Slot> = (0..2).map(|_| engine()).collect();
        slots.iter().for_each(|s| residents.used(s, || 40, 100));
        for _ in 1..RECOUNTED {
            residents.used(&slots[1], || 90, 100);
        }
        assert!(slots[0].borrow().is_some());
        residents.used(&slots[1], || 90, 100);
        assert!(slots[0].borrow().is_none() && slots[1].borrow().is_some());
    }

    #[test]
    fn one_whose_object_is_gone_takes_no_room() {
        let mut residents = Residents::default();
        residents.used(&engine(), || 90, 100);
        let (kept, other) = (engine(), engine());
        residents.used(&kept, || 40, 100);
        residents.used(&other, || 40, 100);
        assert!(kept.borrow().is_some() && residents.entries.len() == 2);
    }
}
