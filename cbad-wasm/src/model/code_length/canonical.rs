//! The canonical form of an event: what the model can tell apart, and nothing else. Members stand in order of their paths,
//! numbers in their shortest spelling, one blank where there were several.

use crate::event::{Event, Payload};
use crate::features::{Features, MAX_BYTES, MAX_PIECES, Symbol};
use crate::json::{Leaf as Json, Scanner, Step as Span};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A member of an object, by its key as received.
    Key(String),
    /// An element of an array.
    Element,
}

/// One token, number or short value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its text.
    pub text: String,
    /// Whether a blank stands before it.
    pub blank: bool,
}

/// A text, or a leaf of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Where it stands in the record.
    pub path: Vec<Step>,
    /// Whether it is a JSON string.
    pub quoted: bool,
    /// Its tokens in order.
    pub pieces: Vec<Piece>,
    /// Whether a blank stands at its end.
    pub blank_end: bool,
}

/// An event without what no price depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonical {
    /// Whether it is a record; else one text.
    pub json: bool,
    /// Its leaves in order of their paths.
    pub leaves: Vec<Leaf>,
}

impl Canonical {
    /// The canonical form of an event; `None` where it is longer than what is priced.
    pub fn of(event: &Event<'_>) -> Option<Canonical> {
        let text = event.payload.as_str();
        let mut features = Features::default();
        features.extract_loose(event, None);
        if text.len() > MAX_BYTES || features.pieces.len() >= MAX_PIECES {
            return None;
        }
        let mut spans = Vec::new();
        let json = matches!(event.payload, Payload::Json(_))
            && Scanner::default()
                .scan(text.as_bytes(), |_, steps, leaf, start, end| {
                    spans.push((path(text, steps), leaf == Json::String, start, end));
                })
                .is_ok();
        if !json {
            spans = vec![(Vec::new(), false, 0, text.len())];
        }
        let mut pieces = features.pieces.iter().enumerate().peekable();
        let mut leaves = Vec::with_capacity(spans.len());
        for (path, quoted, start, end) in spans {
            let mut leaf = Leaf {
                path,
                quoted,
                pieces: Vec::new(),
                blank_end: false,
            };
            let mut at = start;
            while let Some((i, p)) = pieces.next_if(|(_, p)| p.end as usize <= end) {
                let number = features.numbers.iter().any(|x| x.piece as usize == i);
                leaf.pieces.push(Piece {
                    text: spelling(text.get(p.start as usize..p.end as usize)?, number),
                    blank: p.start as usize > at,
                });
                at = p.end as usize;
            }
            leaf.blank_end = at < end;
            leaves.push(leaf);
        }
        leaves.sort_by(|a, b| a.path.cmp(&b.path));
        Some(Canonical { json, leaves })
    }

    /// As text that reads as this form again.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let element = matches!(
            self.leaves.first().and_then(|l| l.path.first()),
            Some(Step::Element)
        );
        let bare = self.leaves.first().is_none_or(|l| l.path.is_empty());
        if !bare {
            out.push(if element { '[' } else { '{' });
        }
        for (i, leaf) in self.leaves.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            leaf.write(&mut out);
        }
        if !bare {
            out.push(if element { ']' } else { '}' });
        }
        out
    }

    /// The tokens in order with their symbols, and the numbers: what prices are made of.
    pub(super) fn features(&self, text: &str) -> Features {
        let mut features = Features::default();
        features.extract_loose(&self.event(text), None);
        features
    }

    /// As an event; `text` is [`Canonical::text`].
    pub fn event<'a>(&self, text: &'a str) -> Event<'a> {
        if self.json {
            Event::json(text)
        } else {
            Event::text(text)
        }
    }
}

impl Leaf {
    fn write(&self, out: &mut String) {
        for (i, step) in self.path.iter().enumerate() {
            match step {
                Step::Key(key) => {
                    if i > 0 {
                        out.push('{');
                    }
                    out.push('"');
                    out.push_str(key);
                    out.push_str("\":");
                }
                Step::Element if i > 0 => out.push('['),
                Step::Element => {}
            }
        }
        if self.quoted {
            out.push('"');
        }
        for piece in &self.pieces {
            if piece.blank {
                out.push(' ');
            }
            out.push_str(&piece.text);
        }
        if self.blank_end {
            out.push(' ');
        }
        if self.quoted {
            out.push('"');
        }
        for step in self.path.iter().skip(1).rev() {
            out.push(match step {
                Step::Key(_) => '}',
                Step::Element => ']',
            });
        }
    }
}

fn path(text: &str, steps: &[Span]) -> Vec<Step> {
    let step = |s: &Span| match *s {
        Span::Key(a, b) => Step::Key(text.get(a as usize..b as usize).unwrap_or("").to_owned()),
        Span::Element => Step::Element,
    };
    steps.iter().map(step).collect()
}

/// A number in its shortest spelling, anything else as it is.
fn spelling(text: &str, number: bool) -> String {
    let shortest = number
        .then(|| text.parse::<f64>().ok())
        .flatten()
        .map(|x| x.to_string());
    match shortest {
        Some(s) if s.len() <= text.len() => s,
        _ => text.to_owned(),
    }
}

/// What a piece is to the model.
#[derive(Clone, Copy, Debug)]
pub(super) enum Token {
    /// One of the bag.
    Symbol(Symbol),
    /// A number of a column, by its size.
    Number {
        /// Bucket of its size.
        bucket: u64,
    },
}

/// Every piece of `features`, which were read loosely, in order.
pub(super) fn tokens(features: &Features) -> Vec<Token> {
    let mut all: Vec<(u32, Token)> = features
        .bag
        .iter()
        .map(|s| (s.piece, Token::Symbol(*s)))
        .chain(
            features
                .numbers
                .iter()
                .map(|x| (x.piece, Token::Number { bucket: x.bucket })),
        )
        .collect();
    all.sort_by_key(|t| t.0);
    all.into_iter().map(|t| t.1).collect()
}
