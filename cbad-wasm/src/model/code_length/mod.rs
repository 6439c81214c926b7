//! The proof that prices are code lengths: an arithmetic coder, driven by the counts and the very functions that price
//! events, sends every event in its canonical form, and a receiver with the same past reads it back.
//!
//! Each symbol is a decision "it is there, that often". The decision's chance is 2^(−price), so that yes costs what a
//! verdict says of the symbol, discounts and ceilings included. Whatever chances are taken, a row of yes and no decisions
//! is a code, so this holds for any price that depends on the past alone. What that code also needs is kept
//! apart in the [`Ledger`]: saying that other known symbols are *not* there, spelling what is new or varies, digits, order.
//! None of this is in a verdict. It is why bits of a verdict are not the size of the compressed event.
//!
//! For tests and the command; the Worker is built without it.

mod book;
pub mod canonical;
mod pen;
mod send;

use crate::codec::columns::coder::{Coder, Decoder, Encoder};
use crate::{Config, Detector, Event};
use book::Book;
use canonical::Canonical;
pub use pen::Ledger;
use pen::Pen;

/// The coder spends at most this much more on a decision than its price, in bits.
pub const OVERHEAD: f64 = 4e-5;

/// What both ends hold.
struct End {
    detector: Detector,
    book: Book,
}

impl End {
    fn new(config: Config) -> End {
        End {
            detector: Detector::new(config),
            book: Book::default(),
        }
    }

    fn pass(&mut self, coder: &mut dyn Coder, event: Option<&Canonical>) -> (Canonical, Ledger) {
        let mut pen = Pen {
            coder,
            ledger: Ledger::default(),
        };
        let passed = send::pass(self.detector.model(), &mut self.book, &mut pen, event);
        let ledger = pen.ledger;
        let text = passed.text();
        self.book.learn(&passed, &text);
        self.detector.observe(&passed.event(&text));
        (passed, ledger)
    }
}

/// Codes a stream of events.
pub struct Sender {
    end: End,
    coder: Encoder,
}

impl Sender {
    /// One that has seen nothing.
    pub fn new(config: Config) -> Sender {
        Sender {
            end: End::new(config),
            coder: Encoder::new(Vec::new()),
        }
    }

    /// The detector as it stands, before the next event.
    pub fn detector(&self) -> &Detector {
        &self.end.detector
    }

    /// Sends an event, then learns it. Gives the account and what the coder has really written; `None`, and nothing is
    /// sent, where the event is longer than what is priced.
    pub fn send(&mut self, event: &Event<'_>) -> Option<(Ledger, f64)> {
        let canonical = Canonical::of(event)?;
        let before = self.coder.bits();
        let (_, ledger) = self.end.pass(&mut self.coder, Some(&canonical));
        Some((ledger, self.coder.bits() - before))
    }

    /// All that was sent.
    pub fn finish(self) -> Vec<u8> {
        self.coder.finish()
    }
}

/// Reads what a [`Sender`] wrote.
pub struct Receiver<'a> {
    end: End,
    coder: Decoder<'a>,
}

impl<'a> Receiver<'a> {
    /// With the configuration that the sender had.
    pub fn new(config: Config, bytes: &'a [u8]) -> Receiver<'a> {
        Receiver {
            end: End::new(config),
            coder: Decoder::new(bytes),
        }
    }

    /// The next event.
    pub fn receive(&mut self) -> Canonical {
        self.end.pass(&mut self.coder, None).0
    }
}

#[cfg(test)]
mod tests;
