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

/// The table.
#[derive(Clone, Debug)]
pub struct Table {
    slots: Vec<Slot>,
    mask: usize,
    spill: Slot, // what a key is counted in that found no place
}

impl Table {
    /// A table of 2^`bits` slots.
    pub fn new(bits: u32) -> Table {
        let size = 1usize << bits;
        Table {
            slots: vec![EMPTY; size],
            mask: size - WAYS,
            spill: EMPTY,
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.slots.len() * size_of::<Slot>()
    }

    #[inline]
    fn place(&self, key: u64) -> (usize, u32) {
        (key as usize & self.mask, (key >> 32) as u32 | 1)
    }

    /// The count of `key`, zero if it has none.
    #[inline]
    pub fn get(&self, key: u64) -> Slot {
        let (at, check) = self.place(key);
        self.slots[at..at + WAYS]
            .iter()
            .find(|s| s.check == check)
            .copied()
            .unwrap_or(EMPTY)
    }

    /// The slot of `key`, made if need be.
    #[inline]
    pub fn slot(&mut self, key: u64) -> &mut Slot {
        let (at, check) = self.place(key);
        let bucket = &mut self.slots[at..at + WAYS];
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
        for s in &mut self.slots {
            s.n = (s.n >> 1) + (s.n & (mix(u64::from(s.check), throw) & 1) as u16);
            if s.n == 0 {
                *s = EMPTY;
            }
        }
    }

    /// Writes the occupied slots.
    pub fn write(&self, out: &mut Writer) {
        out.u32(self.slots.len().ilog2());
        let mut gap = 0u64;
        for s in &self.slots {
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
        let size = table.slots.len() as u64;
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
            table.slots[at as usize] = Slot { check, n, d };
            at += 1;
        }
    }
}
