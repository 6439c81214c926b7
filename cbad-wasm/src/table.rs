//! A bounded hashed count table: buckets of four slots. In a full bucket a new key wears down the least count and takes
//! its place when that is one, so what is frequent stays and what came once goes.
//!
//! A slot is eight bytes: 32 bits of the key, a count and a value of 16 bits each. Two keys that agree in bucket and
//! check bits are taken for one: with 2¹⁵ slots about one look-up of an absent key in 10⁹.

use crate::checkpoint::{Reader, Truncated, Writer};
use crate::hash::mix;

/// One count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    pub(crate) check: u32,
    /// How often.
    pub n: u16,
    /// What else is kept: a mean in sixteenths of a bit, a number of distinct values, a time.
    pub d: u16,
}

const EMPTY: Slot = Slot {
    check: 0,
    n: 0,
    d: 0,
};
const WAYS: usize = 4;

/// Where a key is counted, or would be: as good as the key, and found without a search.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    at: u32, // the slot, where there is one; else one of its bucket
    check: u32,
}

impl Place {
    /// Whether it is one: a place that was never looked up is none.
    #[inline]
    fn known(self) -> bool {
        self.check != 0
    }
}

/// The table.
#[derive(Clone, Debug)]
pub struct Table {
    buckets: Vec<[Slot; WAYS]>,
    spill: Slot, // what a key is counted in that found no place
}

impl Table {
    /// A table of 2^`bits` slots.
    pub fn new(bits: u32) -> Table {
        Table {
            buckets: vec![[EMPTY; WAYS]; (1 << bits) / WAYS],
            spill: EMPTY,
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.buckets.len() * size_of::<[Slot; WAYS]>()
    }

    /// The count of `key`, zero if it has none.
    #[inline]
    pub fn get(&self, key: u64) -> Slot {
        self.find(key).0
    }

    /// The count of `key`, zero if it has none, and where it is.
    #[inline(always)]
    pub fn find(&self, key: u64) -> (Slot, Place) {
        let bucket = (key as usize / WAYS) & (self.buckets.len() - 1);
        let check = (key >> 32) as u32 | 1;
        let at = (bucket * WAYS) as u32;
        for (slot, at) in self.buckets[bucket].iter().zip(at..) {
            if slot.check == check {
                return (*slot, Place { at, check });
            }
        }
        (EMPTY, Place { at, check })
    }

    /// The slot of `key`, made if need be.
    #[inline]
    pub fn slot(&mut self, key: u64) -> &mut Slot {
        self.slot_at(self.find(key).1)
    }

    /// The slot of the key whose place it is, made if need be.
    #[inline]
    pub fn slot_at(&mut self, place: Place) -> &mut Slot {
        let slots = self.buckets.as_flattened_mut();
        // a borrow that is given back on one way alone has to be taken twice
        if slots
            .get(place.at as usize)
            .is_some_and(|s| s.check == place.check)
        {
            return &mut self.buckets.as_flattened_mut()[place.at as usize];
        }
        self.make(place)
    }

    /// The slot at a place, or where that was never looked up, of the key.
    #[inline]
    pub fn slot_at_or(&mut self, place: Place, key: impl FnOnce() -> u64) -> &mut Slot {
        if place.known() {
            self.slot_at(place)
        } else {
            self.slot(key())
        }
    }

    /// Looks once more, for what was made in between may have been moved, and makes a slot.
    #[inline(never)]
    fn make(&mut self, place: Place) -> &mut Slot {
        let check = place.check;
        let bucket = &mut self.buckets[place.at as usize / WAYS];
        let mut least = 0;
        let mut low = u32::MAX;
        for (i, s) in bucket.iter().enumerate() {
            if s.check == check {
                return &mut bucket[i];
            }
            let weight = if s.check == 0 { 0 } else { u32::from(s.n) + 1 };
            if weight < low {
                (least, low) = (i, weight);
            }
        }
        if bucket[least].n > 1 {
            bucket[least].n -= 1; // a key that keeps coming wears the least one down; one that came once does not
            self.spill = EMPTY;
            return &mut self.spill;
        }
        bucket[least] = Slot { check, n: 0, d: 0 };
        &mut bucket[least]
    }

    /// Halves every count; what reaches zero is forgotten. Odd counts are rounded up or down by a throw: so of all that was
    /// seen once half is forgotten, not everything at one moment.
    pub fn halve(&mut self, throw: u64) {
        for s in self.buckets.as_flattened_mut() {
            s.n = (s.n >> 1) + (s.n & (mix(u64::from(s.check), throw) & 1) as u16);
            if s.n == 0 {
                *s = EMPTY;
            }
        }
    }

    /// Writes the occupied slots.
    pub fn write(&self, out: &mut Writer) {
        let slots = self.buckets.as_flattened();
        out.u32(slots.len().ilog2());
        let mut gap = 0u64;
        for s in slots {
            if s.check == 0 {
                gap += 1;
                continue;
            }
            out.varint(gap);
            gap = 0;
            out.u32(s.check);
            out.varint(u64::from(s.n));
            out.varint(u64::from(s.d));
        }
        out.varint(gap);
    }

    /// Reads what [`Table::write`] wrote.
    pub fn read(input: &mut Reader, bits: u32) -> Result<Table, Truncated> {
        if input.u32()? != bits {
            return Err(Truncated);
        }
        let mut table = Table::new(bits);
        let slots = table.buckets.as_flattened_mut();
        let size = slots.len() as u64;
        let mut at = 0u64;
        loop {
            at = at
                .checked_add(input.varint()?)
                .filter(|&a| a <= size)
                .ok_or(Truncated)?;
            if at == size {
                return Ok(table);
            }
            let check = input.u32()?;
            let n = u16::try_from(input.varint()?).map_err(|_| Truncated)?;
            let d = u16::try_from(input.varint()?).map_err(|_| Truncated)?;
            if check & 1 == 0 {
                return Err(Truncated);
            }
            slots[at as usize] = Slot { check, n, d };
            at += 1;
        }
    }
}
