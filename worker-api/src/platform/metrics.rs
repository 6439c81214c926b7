//! Counters of this isolate, since it began. They are for graphs and alarms; what is billed is counted in the objects.

use std::cell::RefCell;
use std::collections::BTreeMap;

thread_local!(static COUNTERS: RefCell<BTreeMap<&'static str, u64>> = const { RefCell::new(BTreeMap::new()) });

/// Adds to a counter.
pub fn add(name: &'static str, by: u64) {
    COUNTERS.with_borrow_mut(|c| *c.entry(name).or_default() += by);
}

/// A counter's value.
pub fn get(name: &str) -> u64 {
    COUNTERS.with_borrow(|c| c.get(name).copied().unwrap_or_default())
}
