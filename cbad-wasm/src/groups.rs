//! Open groups (sessions, traces): which templates each has shown and how it has gone, bounded in number and size.

use crate::bits::{self, MicroBits};
use crate::checkpoint::{Reader, Truncated, Writer};
use crate::features::Symbol;
use crate::hash::mix;
use crate::steps::Course;
use std::collections::BTreeMap;

/// Distinct templates kept of one group; further ones count as one.
const TEMPLATES: usize = 48;
/// Bytes kept of a group's key; longer keys are refused.
pub const MAX_KEY: usize = 256;
const OTHER: u64 = 77;
/// Bytes of open groups in a checkpoint.
const MAX_BYTES: usize = 96 * 1024;
/// The usual number of events in a group is over about so many events.
const MEMORY: u64 = 1 << 20;

/// One open group.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// Template and how often.
    pub templates: Vec<(u64, u32)>,
    /// Events it had.
    pub events: u64,
    /// Index of its last event.
    pub last: u64,
    /// The order of its events.
    pub course: Course,
}

impl Group {
    /// The group as a bag.
    pub fn bag(&self) -> Vec<Symbol> {
        let mut bag: Vec<Symbol> = self
            .templates
            .iter()
            .enumerate()
            .map(|(i, &(t, n))| Symbol {
                key: t,
                class: 0,
                word: false,
                count: n,
                piece: i as u32,
            })
            .collect();
        bag.sort_unstable_by_key(|s| s.key);
        bag
    }
}

/// All open groups, also in the order of their last event.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    open: BTreeMap<Box<str>, Group>,
    by_age: BTreeMap<u64, Box<str>>,
    templates: usize,
    keys: usize,
    started: u64,
    events: u64,
}

impl Groups {
    /// Counts an event with `template` at `index` in group `key`; gives the group.
    pub fn add(&mut self, key: &str, template: u64, index: u64) -> &mut Group {
        let name = match self.open.get(key) {
            Some(g) => self.by_age.remove(&g.last).unwrap_or_else(|| key.into()),
            None => {
                self.started += 1;
                self.keys += key.len();
                key.into()
            }
        };
        self.events += 1;
        if self.events >= MEMORY {
            self.events /= 2;
            self.started = (self.started / 2).max(1);
        }
        let group = self.open.entry(name.clone()).or_default();
        group.events += 1;
        group.last = index;
        let full = group.templates.len() >= TEMPLATES;
        let template = if full && !group.templates.iter().any(|t| t.0 == template) {
            mix(OTHER, 0)
        } else {
            template
        };
        match group.templates.iter_mut().find(|t| t.0 == template) {
            Some(t) => t.1 = t.1.saturating_add(1),
            None => {
                group.templates.push((template, 1));
                self.templates += 1;
            }
        }
        self.by_age.insert(index, name);
        group
    }

    /// Takes a group out.
    pub fn remove(&mut self, key: &str) -> Option<Group> {
        let group = self.open.remove(key)?;
        self.by_age.remove(&group.last);
        self.templates -= group.templates.len();
        self.keys -= key.len();
        Some(group)
    }

    /// The key of the group that has been silent longest, and the index of its last event.
    pub fn oldest(&self) -> Option<(u64, &str)> {
        self.by_age
            .first_key_value()
            .map(|(&last, key)| (last, &**key))
    }

    /// Whether there are more than `most`, or more than may be held.
    pub fn full(&self, most: usize) -> bool {
        self.open.len() > most || self.open.len() * 24 + self.templates * 10 + self.keys > MAX_BYTES
    }

    /// What an event's surprise loses for being one of several of its group, and the group judged once more as a whole:
    /// the logarithm of twice the usual number of events in a group.
    pub fn penalty(&self) -> MicroBits {
        bits::log2(2 * self.events.max(1)) - bits::log2(self.started.max(1))
    }

    /// Bytes held, roughly.
    pub fn bytes(&self) -> usize {
        self.open.len() * 224 + self.templates * 16 + self.keys * 2
    }

    /// Writes the groups.
    pub fn write(&self, out: &mut Writer) {
        out.varint(self.started);
        out.varint(self.events);
        out.varint(self.open.len() as u64);
        for (key, g) in &self.open {
            out.text(key);
            out.varint(g.events);
            out.varint(g.last);
            g.course.write(out);
            out.varint(g.templates.len() as u64);
            for &(t, n) in &g.templates {
                out.u64(t);
                out.varint(u64::from(n));
            }
        }
    }

    /// Reads what [`Groups::write`] wrote; earlier formats kept no course.
    pub fn read(input: &mut Reader, with_course: bool) -> Result<Groups, Truncated> {
        let mut groups = Groups {
            started: input.varint()?,
            events: input.varint()?,
            ..Groups::default()
        };
        for _ in 0..input.length()? {
            let key: Box<str> = input.text()?.into();
            let (events, last) = (input.varint()?, input.varint()?);
            let course = match with_course {
                true => Course::read(input)?,
                false => Course::default(),
            };
            let n = input.length()?;
            if n > TEMPLATES + 1 {
                return Err(Truncated);
            }
            let templates = (0..n)
                .map(|_| Ok((input.u64()?, input.small()?)))
                .collect::<Result<Vec<_>, Truncated>>()?;
            groups.templates += n;
            groups.keys += key.len();
            groups.by_age.insert(last, key.clone());
            groups.open.insert(
                key,
                Group {
                    templates,
                    events,
                    last,
                    course,
                },
            );
        }
        if groups.by_age.len() == groups.open.len() {
            Ok(groups)
        } else {
            Err(Truncated)
        }
    }
}
