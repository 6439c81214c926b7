//! One decision after another through an arithmetic coder, with an account of what each sort of decision costs.

use crate::bits::{BIT, MicroBits, to_bits};
use crate::codec::columns::coder::Coder;

/// What an event took, in bits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ledger {
    /// What the model says the event costs: the price that verdicts are made from, in micro-bits.
    pub price: MicroBits,
    /// What the coder spent on saying so: which symbols and sizes of numbers are there.
    pub said: f64,
    /// What it spent on saying that others are not.
    pub absent: f64,
    /// What it spent on what no price counts: the spelling of new and varying texts, the digits of numbers, the order.
    pub unpriced: f64,
}

impl Ledger {
    /// All bits.
    pub fn bits(&self) -> f64 {
        self.said + self.absent + self.unpriced
    }
}

/// A chance of 1 in 65,536ths, learnt from what comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habit(u16);

impl Default for Habit {
    fn default() -> Habit {
        Habit(1 << 15)
    }
}

/// Writes or reads decisions: an encoder is told each and returns it, a decoder finds it out.
pub(super) struct Pen<'c> {
    pub coder: &'c mut dyn Coder,
    pub ledger: Ledger,
}

impl Pen<'_> {
    fn bit(&mut self, p: u32, bit: bool) -> (bool, f64) {
        let bit = self.coder.bit(p, bit);
        let chance = if bit { p } else { 65_536 - p };
        (bit, 16.0 - libm::log2(f64::from(chance)))
    }

    /// A decision that costs `price` if it is yes. Whole bits first, then the fraction, so that every step is exact to
    /// the coder's 2⁻¹⁶; where the price is nothing, yes takes 2·10⁻⁵ bits and no takes sixteen.
    pub fn priced(&mut self, price: MicroBits, yes: bool) -> bool {
        let (mut whole, fraction) = (price / BIT, price % BIT);
        let mut spent = 0.0;
        let mut first = true;
        while whole > 0 || first {
            let step = whole.min(16);
            whole -= step;
            let p = if step > 0 {
                1u32 << (16 - step)
            } else {
                rounded(fraction)
            };
            let (bit, cost) = self.bit(p, yes);
            spent += cost;
            if !bit {
                self.ledger.absent += spent;
                return false;
            }
            first = false;
        }
        if price >= BIT && fraction > 0 {
            let (bit, cost) = self.bit(rounded(fraction), yes);
            spent += cost;
            if !bit {
                self.ledger.absent += spent;
                return false;
            }
        }
        self.ledger.price += price;
        self.ledger.said += spent;
        true
    }

    /// A decision without a price.
    pub fn soft(&mut self, habit: &mut Habit, bit: bool) -> bool {
        let (bit, cost) = self.bit(u32::from(habit.0), bit);
        self.ledger.unpriced += cost;
        let (p, target) = (i32::from(habit.0), if bit { 65_000 } else { 535 });
        habit.0 = (p + (target - p) / 16).clamp(64, 65_472) as u16;
        bit
    }

    /// A chance of `part` in `all`.
    pub fn share(&mut self, part: u32, all: u32, bit: bool) -> bool {
        if part == 0 || part >= all {
            return part > 0;
        }
        let p = (u64::from(part) * 65_536 / u64::from(all)).clamp(1, 65_535) as u32;
        let (bit, cost) = self.bit(p, bit);
        self.ledger.unpriced += cost;
        bit
    }

    /// A number, small ones in few bits (Elias gamma).
    pub fn number(&mut self, x: u32) -> u32 {
        let width = (x.saturating_add(1)).ilog2();
        let mut found = 0;
        while found < 31 && self.share(1, 2, found < width) {
            found += 1;
        }
        let mut out = 1u32;
        for i in (0..found).rev() {
            out = out << 1 | u32::from(self.share(1, 2, (x.saturating_add(1) >> i) & 1 == 1));
        }
        out - 1
    }

    /// A text, with the habits of letters after letters.
    pub fn text(&mut self, letters: &mut Letters, text: &str) -> String {
        let length = self.number(text.len() as u32) as usize;
        let mut out = Vec::with_capacity(length.min(1 << 16));
        let mut before = 0u8;
        for i in 0..length {
            let want = text.as_bytes().get(i).copied().unwrap_or(0);
            let mut node = 1usize;
            for bit in (0..8).rev() {
                let habit = &mut letters.0[usize::from(before) << 8 | node];
                node = node << 1 | usize::from(self.soft(habit, (want >> bit) & 1 == 1));
            }
            before = node as u8;
            out.push(before);
        }
        String::from_utf8_lossy(&out).into_owned()
    }
}

fn rounded(fraction: MicroBits) -> u32 {
    (libm::round(65_536.0 * libm::exp2(-to_bits(fraction))) as u32).clamp(1, 65_535)
}

/// How often bits of a byte follow the byte before.
#[derive(Clone, Debug)]
pub(super) struct Letters(Vec<Habit>);

impl Default for Letters {
    fn default() -> Letters {
        Letters(vec![Habit::default(); 1 << 16])
    }
}
