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
use crate::table::{Place, Slot, Table};

#[cfg(feature = "cli")]
pub mod code_length;

/// Where counts are read: the table, the table with a record of what was read, or such a record alone.
pub trait Counts {
    /// The count of `key`, and where it is.
    fn find(&mut self, key: u64) -> (Slot, Place);

    /// The count of `key`.
    #[inline]
    fn get(&mut self, key: u64) -> Slot {
        self.find(key).0
    }
}

impl Counts for &Table {
    #[inline]
    fn find(&mut self, key: u64) -> (Slot, Place) {
        Table::find(self, key)
    }
}

/// Where a price found the counts of a symbol (present, so often, usual) or of a number (column, size).
#[derive(Clone, Copy, Debug, Default)]
pub struct Places([Place; 3]);

/// What a price leaves for learning, which needs the same counts: a place for each symbol and number, in order.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    places: Vec<Places>,
    signature: u64,
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
/// It is over the last so many.
const MEAN_OVER: u16 = 200;
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

    /// Learns an event that was priced with the same counts.
    pub fn learn(&mut self, features: &Features, trail: &Trail) {
        self.events += 1;
        self.learn_bag(EVENT, &features.bag, self.events, trail);
        for places in trail.places.iter().skip(features.bag.len()) {
            add(self.table.slot_at(places.0[0]));
            add(self.table.slot_at(places.0[1]));
        }
        self.age();
    }

    /// Learns a closed group that was priced with the same counts.
    pub fn learn_group(&mut self, bag: &[Symbol], trail: &Trail) {
        self.groups += 1;
        self.learn_bag(GROUP, bag, self.groups, trail);
        self.age();
    }

    fn age(&mut self) {
        if self.events.max(self.groups) >= HALF_LIFE {
            let throw = u64::from(self.table.get(mix(EVENT, BAG)).n);
            self.table.halve(throw);
            // these hold a second count, which the table knows nothing of
            for domain in [EVENT, GROUP] {
                for what in [BAG, WORDS] {
                    let slot = self.table.get(mix(domain, what));
                    if slot.n > 0 {
                        self.table.slot(mix(domain, what)).d = slot.d / 2;
                    }
                }
            }
            self.events /= 2;
            self.groups /= 2;
        }
    }

    #[inline]
    fn learn_bag(&mut self, domain: u64, bag: &[Symbol], events: u32, trail: &Trail) {
        let mut total = 0u64;
        let (mut words, mut new_words) = (0u16, 0u16);
        for (s, places) in bag.iter().zip(&trail.places) {
            let [present, counted, usual] = places.0;
            let present = self.table.slot_at(present);
            let before = u64::from(present.n);
            add(present);
            let counted_key = || counted_key(domain, s.key, count_class(s.count));
            add(self.table.slot_at_or(counted, counted_key));
            if s.class != 0 {
                average(
                    self.table.slot_at_or(usual, || mix(s.class, USUAL)),
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
        let seen = self.table.slot(mix(mix(domain, BAG), trail.signature));
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

/// The key of how often a symbol was there at all.
#[inline]
fn present_key(domain: u64, symbol: u64) -> u64 {
    mix(mix(domain, PRESENT), symbol)
}

/// The key of how often a symbol was there as often as `class` says.
#[inline]
fn counted_key(domain: u64, symbol: u64, class: u64) -> u64 {
    mix(mix(domain, COUNTED + class), symbol)
}

/// The keys of the counts that say how usual an event is: its symbols, numbers and itself as a whole.
pub fn keys(features: &Features) -> Vec<u64> {
    let mut keys = Vec::with_capacity(2 * features.bag.len() + features.numbers.len() + 1);
    let mut signature = EVENT;
    for s in &features.bag {
        let class = count_class(s.count);
        keys.push(present_key(EVENT, s.key));
        keys.push(counted_key(EVENT, s.key, class));
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
        self.walk(counts, features, &mut |piece, cost, _| each(piece, cost))
            .0
    }

    /// Price of an event, leaving a trail for learning it.
    #[inline]
    pub fn trace(
        &self,
        counts: &mut impl Counts,
        features: &Features,
        trail: &mut Trail,
    ) -> MicroBits {
        let places = &mut trail.places;
        places.clear();
        let (cost, signature) = self.walk(counts, features, &mut |_, _, p| places.push(p));
        trail.signature = signature;
        cost
    }

    /// Price of a closed group, leaving a trail for learning it.
    pub fn group(&self, counts: &mut impl Counts, bag: &[Symbol], trail: &mut Trail) -> MicroBits {
        let places = &mut trail.places;
        places.clear();
        let each = &mut |_, _, p| places.push(p);
        let (cost, signature) = self.bag(counts, GROUP, bag, each);
        trail.signature = signature;
        cost
    }

    /// Price and signature of an event; `each` is told what every symbol and number costs and where its counts are.
    #[inline(always)]
    fn walk(
        &self,
        counts: &mut impl Counts,
        features: &Features,
        each: &mut impl FnMut(u32, MicroBits, Places),
    ) -> (MicroBits, u64) {
        let (bag, signature) = self.bag(counts, EVENT, &features.bag, each);
        let numbers: MicroBits = features
            .numbers
            .iter()
            .map(|x| {
                let (cost, places) = number(counts, x);
                each(x.piece, cost, places);
                cost
            })
            .sum();
        (bag + numbers, signature)
    }

    /// In how many of the events learnt the symbol or number of a piece had been.
    pub fn seen(&self, counts: &mut impl Counts, features: &Features, piece: u32) -> u64 {
        let key = match features.bag.iter().find(|s| s.piece == piece) {
            Some(s) => present_key(EVENT, s.key),
            None => match features.numbers.iter().find(|x| x.piece == piece) {
                Some(x) => mix(mix(x.column, BUCKET), x.bucket),
                None => return 0,
            },
        };
        u64::from(counts.get(key).n)
    }

    #[inline(always)]
    fn bag(
        &self,
        counts: &mut impl Counts,
        domain: u64,
        bag: &[Symbol],
        each: &mut impl FnMut(u32, MicroBits, Places),
    ) -> (MicroBits, u64) {
        let mut total = 0;
        let mut signature = domain;
        let base = self.base(counts, domain);
        for s in bag {
            let class = count_class(s.count);
            let (cost, places) = self.priced(counts, &base, s, class);
            each(s.piece, cost, places);
            total += cost;
            signature = mix(signature, mix(s.key, class));
        }
        if self.by_the_whole(counts, domain) {
            total = whole(counts, domain, signature, total);
        }
        (total, signature)
    }

    /// What the prices of all symbols of a bag have in common.
    #[inline]
    fn base(&self, counts: &mut impl Counts, domain: u64) -> Base {
        let events = match domain {
            GROUP => self.groups,
            _ => self.events,
        };
        Base {
            domain,
            events: bits::log2(20 * u64::from(events) + 2),
            new_word: self.new_word(counts, domain),
        }
    }

    /// Whether a bag that was seen whole is priced by that.
    #[inline]
    fn by_the_whole(&self, counts: &mut impl Counts, domain: u64) -> bool {
        let repetitive = domain == GROUP || counts.get(mix(EVENT, REPETITION)).d >= REPETITIVE;
        self.parts.signature && repetitive
    }

    /// What a verdict says of a symbol that comes as often as `class` says.
    #[inline(always)]
    fn priced(
        &self,
        counts: &mut impl Counts,
        base: &Base,
        s: &Symbol,
        class: u64,
    ) -> (MicroBits, Places) {
        let (cost, places) = self.symbol(counts, base, s, class);
        if s.word && self.parts.new_words {
            (cost.min(base.new_word), places)
        } else {
            (cost, places)
        }
    }

    /// Price of a word never seen: that a word is new, then its letters. A rare word costs no more than that.
    #[inline(always)]
    fn new_word(&self, counts: &mut impl Counts, domain: u64) -> MicroBits {
        let words = counts.get(mix(domain, WORDS));
        let new = bits::price(2 * u64::from(words.d) + 1, 2 * u64::from(words.n) + 2);
        new + SPELLING
    }

    /// Price of one symbol: that it is there, that it is there so often, net of what its class usually costs.
    #[inline(always)]
    fn symbol(
        &self,
        counts: &mut impl Counts,
        base: &Base,
        s: &Symbol,
        class: u64,
    ) -> (MicroBits, Places) {
        let mut places = Places::default();
        let (present, at) = counts.find(present_key(base.domain, s.key));
        let present = u32::from(present.n);
        places.0[0] = at;
        let mut counted = 0;
        if present > 0 {
            let (slot, at) = counts.find(counted_key(base.domain, s.key, class));
            counted = u32::from(slot.n);
            places.0[1] = at;
        }
        let there = bits::log2_small(20 * present + 1);
        let so_often = bits::log2_small(2 * present + 2) - bits::log2_small(2 * counted + 1);
        let cost = (base.events - there).max(0) + so_often.max(0);
        if s.class == 0 || !self.parts.class_excess {
            return (cost, places);
        }
        let (usual, at) = counts.find(mix(s.class, USUAL));
        places.0[2] = at;
        let excess = (cost - i64::from(usual.d) * SIXTEENTH).max(0);
        if present > 0 {
            return (excess, places);
        }
        let novel = counts.get(mix(s.class, NOVEL)); // where new texts are common, one more says little
        let news = bits::price(2 * u64::from(novel.d) + 1, 2 * u64::from(novel.n) + 2);
        (excess.min(news), places)
    }
}

/// What the prices of all symbols of a bag have in common.
struct Base {
    domain: u64,
    events: MicroBits, // the logarithm of how often a symbol could have been there
    new_word: MicroBits,
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
fn number(counts: &mut impl Counts, x: &Number) -> (MicroBits, Places) {
    let (all, column_at) = counts.find(mix(x.column, COLUMN));
    let bucket = mix(x.column, BUCKET);
    let (here, here_at) = counts.find(mix(bucket, x.bucket));
    // beside a size that is usual another one is less of a surprise
    let beside = if u64::from(here.n) < RARE {
        u64::from(counts.get(mix(bucket, x.bucket.wrapping_sub(1))).n)
    } else {
        0
    };
    let cost = bits::price(
        10 * u64::from(here.n) + 1 + beside.min(BESIDE),
        10 * u64::from(all.n) + 30,
    );
    (cost, Places([column_at, here_at, Place::default()]))
}

#[inline]
fn add(slot: &mut Slot) {
    slot.n = slot.n.saturating_add(1);
}

/// Moves the mean in a slot towards `cost`.
#[inline]
fn average(slot: &mut Slot, cost: MicroBits) {
    add(slot);
    let old = i64::from(slot.d) * SIXTEENTH;
    let step = match slot.n {
        0..MEAN_OVER => (cost - old) / i64::from(slot.n),
        _ => (cost - old) / i64::from(MEAN_OVER), // by a constant: quicker
    };
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
