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

struct Entry {
    used: u64,
    bytes: usize,
    slot: Weak<RefCell<Option<Engine>>>,
}

#[derive(Default)]
struct Residents {
    clock: u64,
    entries: BTreeMap<String, Entry>,
}

thread_local!(static RESIDENTS: RefCell<Residents> = RefCell::default());

/// Notes that the engine in `slot` was just used and evicts others beyond the budget.
pub fn used(name: &str, bytes: usize, slot: &Rc<RefCell<Option<Engine>>>) {
    RESIDENTS.with_borrow_mut(|r| r.used(name, bytes, slot, BUDGET));
}

impl Residents {
    fn used(
        &mut self,
        name: &str,
        bytes: usize,
        slot: &Rc<RefCell<Option<Engine>>>,
        budget: usize,
    ) {
        self.clock += 1;
        self.entries.insert(
            name.to_owned(),
            Entry {
                used: self.clock,
                bytes,
                slot: Rc::downgrade(slot),
            },
        );
        self.entries.retain(|_, e| e.slot.strong_count() > 0);
        while self.entries.values().map(|e| e.bytes).sum::<usize>() > budget
            && self.entries.len() > 1
        {
            let Some(oldest) = self
                .entries
                .iter()
                .min_by_key(|(_, e)| e.used)
                .map(|(n, _)| n.clone())
            else {
                break;
            };
            if let Some(entry) = self.entries.remove(&oldest)
                && let Some(slot) = entry.slot.upgrade()
                && let Ok(mut engine) = slot.try_borrow_mut()
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

    #[test]
    fn the_longest_unused_leaves_first() {
        let mut residents = Residents::default();
        let slots: Vec<_> = (0..3u128)
            .map(|i| {
                let name = ObjectName::first(uuid::Uuid::from_u128(i), "s");
                Rc::new(RefCell::new(Some(Engine::new(
                    name,
                    Counters::default(),
                    Window::default(),
                ))))
            })
            .collect();
        for (i, slot) in slots.iter().enumerate() {
            residents.used(&format!("{i}"), 40, slot, 100);
        }
        assert!(
            slots[0].borrow().is_none()
                && slots[1].borrow().is_some()
                && slots[2].borrow().is_some()
        );
        residents.used("1", 40, &slots[1], 100);
        residents.used("0", 40, &slots[0], 100);
        assert!(slots[1].borrow().is_some() && slots[2].borrow().is_none());
    }
}
