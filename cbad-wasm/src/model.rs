//! The adaptive model: what an event costs in bits given what the stream has shown, and how it learns.
//!
//! An event is a bag of distinct symbols. A symbol costs −log₂ of how likely it is to be in an event, with that count;
//! a variable one is charged net of what its class usually costs. Numbers of records cost −log₂ of their size bucket in
//! their column. Where whole events come back, the bag as a whole is a symbol too.

use crate::bits::{self, BIT, MicroBits};
use crate::checkpoint::{Reader, Truncated, Writer};
use crate::config::Parts;
use crate::features::{Features, Number, Symbol};
use crate::hash::mix;
use crate::table::{Slot, Table};

#[cfg(feature = "cli")]
pub mod code_length;

/// Where counts are read: the table, the table with a record of what was read, or such a record alone.
pub trait Counts {
    /// The count of `key`.
    fn get(&mut self, key: u64) -> Slot;
}

impl Counts for &Table {
    #[inline]
    fn get(&mut self, key: u64) -> Slot {
        Table::get(self, key)
    }
}

/// Domain of the bags of single events.
const EVENT: u64 = 63;
/// Domain of the bags of groups.
const GROUP: u64 = 64;

// what a count is of, mixed into its key
const BAG: u64 = 29;
const PRESENT: u64 = 30;
const USUAL: u64 = 34;
const COLUMN: u64 = 35;
const BUCKET: u64 = 36;
const REPETITION: u64 = 38;
const NOVEL: u64 = 39;
const WORDS: u64 = 40;
const COUNTED: u64 = 128; // and the classes of counts after it

/// A mean is kept in sixteenths of a bit.
const SIXTEENTH: i64 = BIT / 16;
/// Bags are compared whole where a symbol occurs 1.8 times per event on average (in sixteenths).
const REPETITIVE: u16 = 29;
/// All counts are halved when this many events have been learnt since the last time.
const HALF_LIFE: u32 = 60_000;
/// What the letters of a new word cost beside the news that it is one.
const SPELLING: MicroBits = 6 * BIT;
/// Events learnt before the share of new words is counted: to an empty model every word is new.
const SETTLED: u32 = 64;
/// A size of a number seen less often than this is priced with the help of the next smaller one,
const RARE: u64 = 4;
/// which counts in tenths of a coming, up to so many.
const BESIDE: u64 = 10;
/// The share of new texts in a class is over about this many of its tokens.
const NOVEL_MEMORY: u16 = 4_096;

/// Counts of symbols, columns and bags.
#[derive(Clone, Debug)]
pub struct Model {
    /// The counts.
    pub table: Table,
    events: u32, // learnt, decayed with the counts
    groups: u32,
    parts: Parts,
}

impl Model {
    /// An empty model with 2^`table_bits` counts.
    pub fn new(table_bits: u32, parts: Parts) -> Model {
        Model {
            table: Table::new(table_bits),
            events: 0,
            groups: 0,
            parts,
        }
    }

    /// What prices depend on beside the counts.
    pub fn totals(&self) -> Totals {
        Totals {
            events: self.events,
            groups: self.groups,
            parts: self.parts,
        }
    }

    /// The kind of an event, by which its coming back is recognised: its template with the sizes of its numbers, or the
    /// set of its symbols where symbols are few and repeat.
    pub fn kind(&self, features: &Features) -> u64 {
        if self.table.get(mix(EVENT, REPETITION)).d >= REPETITIVE {
            return features.bag.iter().fold(EVENT, |h, s| mix(h, s.key));
        }
        features
            .numbers
            .iter()
            .fold(features.template, |h, x| mix(mix(h, x.column), x.bucket))
    }

    /// Learns an event.
    pub fn learn(&mut self, features: &Features) {
        self.events += 1;
        self.learn_bag(EVENT, &features.bag, self.events);
        for x in &features.numbers {
            add(self.table.slot(mix(x.column, COLUMN)));
            add(self.table.slot(mix(mix(x.column, BUCKET), x.bucket)));
        }
        self.age();
    }

    /// Learns a closed group.
    pub fn learn_group(&mut self, bag: &[Symbol]) {
        self.groups += 1;
        self.learn_bag(GROUP, bag, self.groups);
        self.age();
    }

    fn age(&mut self) {
        if self.events.max(self.groups) >= HALF_LIFE {
            let throw = u64::from(self.table.get(mix(EVENT, BAG)).n);
            self.table.halve(throw);
            self.events /= 2;
            self.groups /= 2;
        }
    }

    fn learn_bag(&mut self, domain: u64, bag: &[Symbol], events: u32) {
        let mut signature = domain;
        let mut total = 0u64;
        let (mut words, mut new_words) = (0u16, 0u16);
        for s in bag {
            let class = count_class(s.count);
            let present = self.table.slot(mix(mix(domain, PRESENT), s.key));
            let before = u64::from(present.n);
            add(present);
            add(self.table.slot(mix(mix(domain, COUNTED + class), s.key)));
            if s.class != 0 {
                average(
                    self.table.slot(mix(s.class, USUAL)),
                    bits::price(20 * before + 1, 20 * u64::from(events) + 2),
                );
                let novel = self.table.slot(mix(s.class, NOVEL));
                add(novel);
                novel.d += u16::from(before == 0);
                if novel.n >= NOVEL_MEMORY {
                    novel.n /= 2;
                    novel.d /= 2;
                }
            }
            if s.word {
                words += 1;
                new_words += u16::from(before == 0);
            }
            total += u64::from(s.count);
            signature = mix(signature, mix(s.key, class));
        }
        if words > 0 && events >= SETTLED {
            let seen = self.table.slot(mix(domain, WORDS));
            seen.n = seen.n.saturating_add(words);
            seen.d = seen.d.saturating_add(new_words);
            if seen.n >= NOVEL_MEMORY {
                seen.n /= 2;
                seen.d /= 2;
            }
        }
        average(
            self.table.slot(mix(domain, REPETITION)),
            total as i64 * BIT / bag.len().max(1) as i64,
        );
        let seen = self.table.slot(mix(mix(domain, BAG), signature));
        add(seen);
        let new = u16::from(seen.n == 1);
        let all = self.table.slot(mix(domain, BAG));
        add(all);
        all.d = all.d.saturating_add(new).min(all.n);
    }

    /// Writes the model.
    pub fn write(&self, out: &mut Writer) {
        out.u32(self.events);
        out.u32(self.groups);
        self.table.write(out);
    }

    /// Reads what [`Model::write`] wrote.
    pub fn read(input: &mut Reader, parts: Parts, table_bits: u32) -> Result<Model, Truncated> {
        let (events, groups) = (input.u32()?, input.u32()?);
        let table = Table::read(input, table_bits)?;
        if events.max(groups) > HALF_LIFE {
            Err(Truncated)
        } else {
            Ok(Model {
                table,
                events,
                groups,
                parts,
            })
        }
    }
}

/// The keys of the counts that say how usual an event is: its symbols, numbers and itself as a whole.
pub fn keys(features: &Features) -> Vec<u64> {
    let mut keys = Vec::with_capacity(2 * features.bag.len() + features.numbers.len() + 1);
    let mut signature = EVENT;
    for s in &features.bag {
        let class = count_class(s.count);
        keys.push(mix(mix(EVENT, PRESENT), s.key));
        keys.push(mix(mix(EVENT, COUNTED + class), s.key));
        signature = mix(signature, mix(s.key, class));
    }
    keys.push(mix(mix(EVENT, BAG), signature));
    keys.extend(
        features
            .numbers
            .iter()
            .map(|x| mix(mix(x.column, BUCKET), x.bucket)),
    );
    keys
}

/// What prices depend on beside the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Events learnt.
    pub events: u32,
    /// Groups learnt.
    pub groups: u32,
    /// Which parts are on.
    pub parts: Parts,
}

impl Totals {
    /// Price of an event; `each(piece, micro-bits)` is told what every symbol and number costs.
    #[inline]
    pub fn event(
        &self,
        counts: &mut impl Counts,
        features: &Features,
        mut each: impl FnMut(u32, MicroBits),
    ) -> MicroBits {
        let bag = self.bag(counts, EVENT, &features.bag, self.events, &mut each);
        let numbers: MicroBits = features
            .numbers
            .iter()
            .map(|x| number(counts, x, &mut each))
            .sum();
        bag + numbers
    }

    /// Price of a closed group.
    pub fn group(
        &self,
        counts: &mut impl Counts,
        bag: &[Symbol],
        mut each: impl FnMut(u32, MicroBits),
    ) -> MicroBits {
        self.bag(counts, GROUP, bag, self.groups, &mut each)
    }

    /// In how many of the events learnt the symbol or number of a piece had been.
    pub fn seen(&self, counts: &mut impl Counts, features: &Features, piece: u32) -> u64 {
        let key = match features.bag.iter().find(|s| s.piece == piece) {
            Some(s) => mix(mix(EVENT, PRESENT), s.key),
            None => match features.numbers.iter().find(|x| x.piece == piece) {
                Some(x) => mix(mix(x.column, BUCKET), x.bucket),
                None => return 0,
            },
        };
        u64::from(counts.get(key).n)
    }

    #[inline]
    fn bag(
        &self,
        counts: &mut impl Counts,
        domain: u64,
        bag: &[Symbol],
        events: u32,
        each: &mut impl FnMut(u32, MicroBits),
    ) -> MicroBits {
        let mut total = 0;
        let mut signature = domain;
        let new_word = self.new_word(counts, domain);
        for s in bag {
            let class = count_class(s.count);
            let cost = self.priced(counts, domain, s, class, events, new_word);
            each(s.piece, cost);
            total += cost;
            signature = mix(signature, mix(s.key, class));
        }
        if self.by_the_whole(counts, domain) {
            whole(counts, domain, signature, total)
        } else {
            total
        }
    }

    /// Whether a bag that was seen whole is priced by that.
    #[inline]
    fn by_the_whole(&self, counts: &mut impl Counts, domain: u64) -> bool {
        let repetitive = domain == GROUP || counts.get(mix(EVENT, REPETITION)).d >= REPETITIVE;
        self.parts.signature && repetitive
    }

    /// What a verdict says of a symbol.
    #[inline]
    fn priced(
        &self,
        counts: &mut impl Counts,
        domain: u64,
        s: &Symbol,
        class: u64,
        events: u32,
        new_word: MicroBits,
    ) -> MicroBits {
        let cost = self.symbol(counts, domain, s, class, events);
        if s.word && self.parts.new_words {
            cost.min(new_word)
        } else {
            cost
        }
    }

    /// Price of a word never seen: that a word is new, then its letters. A rare word costs no more than that.
    #[inline]
    fn new_word(&self, counts: &mut impl Counts, domain: u64) -> MicroBits {
        let words = counts.get(mix(domain, WORDS));
        let new = bits::price(2 * u64::from(words.d) + 1, 2 * u64::from(words.n) + 2);
        new + SPELLING
    }

    /// Price of one symbol: that it is there, that it is there so often, net of what its class usually costs.
    #[inline]
    fn symbol(
        &self,
        counts: &mut impl Counts,
        domain: u64,
        s: &Symbol,
        class: u64,
        events: u32,
    ) -> MicroBits {
        let present = u64::from(counts.get(mix(mix(domain, PRESENT), s.key)).n);
        let counted = if present == 0 {
            0
        } else {
            u64::from(counts.get(mix(mix(domain, COUNTED + class), s.key)).n)
        };
        let cost = bits::price(20 * present + 1, 20 * u64::from(events) + 2)
            + bits::price(2 * counted + 1, 2 * present + 2);
        if s.class == 0 || !self.parts.class_excess {
            return cost;
        }
        let usual = i64::from(counts.get(mix(s.class, USUAL)).d) * SIXTEENTH;
        let excess = (cost - usual).max(0);
        if present > 0 {
            return excess;
        }
        let novel = counts.get(mix(s.class, NOVEL)); // where new texts are common, one more says little
        excess.min(bits::price(
            2 * u64::from(novel.d) + 1,
            2 * u64::from(novel.n) + 2,
        ))
    }
}

/// Price of a bag given how often it was seen whole: a mixture of its count and of the product of its symbols.
fn whole(counts: &mut impl Counts, domain: u64, signature: u64, total: MicroBits) -> MicroBits {
    let all = counts.get(mix(domain, BAG));
    if all.n == 0 {
        return total;
    }
    let (n, new) = (f64::from(all.n), f64::from(all.d));
    let seen = counts.get(mix(mix(domain, BAG), signature)).n;
    if seen == 0 {
        return total + bits::from_bits(libm::log2((n + new) / new.max(0.5)));
    }
    bits::from_bits(-libm::log2(
        (f64::from(seen) + new * bits::probability(total)) / (n + new),
    ))
    .max(0)
}

#[inline]
fn number(
    counts: &mut impl Counts,
    x: &Number,
    each: &mut impl FnMut(u32, MicroBits),
) -> MicroBits {
    let all = u64::from(counts.get(mix(x.column, COLUMN)).n);
    let bucket = mix(x.column, BUCKET);
    let here = u64::from(counts.get(mix(bucket, x.bucket)).n);
    // beside a size that is usual another one is less of a surprise
    let beside = if here < RARE {
        u64::from(counts.get(mix(bucket, x.bucket.wrapping_sub(1))).n)
    } else {
        0
    };
    let cost = bits::price(10 * here + 1 + beside.min(BESIDE), 10 * all + 30);
    each(x.piece, cost);
    cost
}

#[inline]
fn add(slot: &mut Slot) {
    slot.n = slot.n.saturating_add(1);
}

/// Moves the mean in a slot towards `cost`, over the last 200 or so.
#[inline]
fn average(slot: &mut Slot, cost: MicroBits) {
    add(slot);
    let old = i64::from(slot.d) * SIXTEENTH;
    let step = (cost - old) / i64::from(slot.n.min(200));
    let new = (old + step + SIXTEENTH / 2) / SIXTEENTH;
    slot.d = new.clamp(0, i64::from(u16::MAX)) as u16;
}

/// Counts in classes: exact to four, then coarser.
#[inline]
fn count_class(count: u32) -> u64 {
    match count {
        0..=4 => u64::from(count),
        5..=6 => 5,
        7..=9 => 6,
        10..=14 => 7,
        15..=24 => 8,
        25..=49 => 9,
        _ => 10 + u64::from(count.ilog2()),
    }
}
