//! The numbers of a metric event, and the labels that tell its series apart.

use crate::event::{Event, Payload};
use crate::hash::{hash, mix};
use crate::json::{self, Leaf, Scanner, Step};

/// Numbers taken from one event; what follows is not looked at.
pub(crate) const MAX_NUMBERS: usize = 64;
/// Bytes kept of a field's path.
const MAX_PATH: usize = 128;
/// Bytes of a string that may be a label.
const MAX_LABEL: usize = 64;
/// Labels looked at in one event.
const MAX_LABELS: usize = 16;
/// A bare number is this field.
const BARE: &str = "value";

/// A place in an event where a number stands or is missing.
#[derive(Clone, Debug)]
pub(crate) struct Number {
    /// Hash of the path.
    pub column: u64,
    /// The path in words.
    pub path: String,
    /// Byte offsets in the event's text.
    pub start: usize,
    pub end: usize,
    /// Not finite where the number is missing: `null`, `"NaN"` and the like.
    pub x: f64,
}

/// A short string beside the numbers, such as a host's name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Label {
    pub column: u64,
    pub value: u64,
}

/// What one event holds, in order of position.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    pub numbers: Vec<Number>,
    pub labels: Vec<Label>,
    scanner: Scanner,
}

impl Numbers {
    /// Reads an event; true if there is a number in it, or a missing one.
    pub fn read(&mut self, event: &Event<'_>) -> bool {
        let (numbers, labels) = (&mut self.numbers, &mut self.labels);
        let mut used = 0;
        labels.clear();
        let text = event.payload.as_str();
        let json = matches!(event.payload, Payload::Json(_))
            && self
                .scanner
                .scan(text.as_bytes(), |column, steps, leaf, start, end| {
                    let value = &text[start..end];
                    let x = match leaf {
                        Leaf::Number => value.parse().ok(),
                        Leaf::Literal if value == "null" => Some(f64::NAN),
                        Leaf::String => missing(value),
                        _ => None,
                    };
                    match x {
                        Some(x) if used < MAX_NUMBERS => {
                            let bare = steps.is_empty();
                            let column = if bare { bare_column() } else { column };
                            let place = Place { column, start, end };
                            put(numbers, used, &place, x, || path(text, steps));
                            used += 1;
                        }
                        None if leaf == Leaf::String
                            && value.len() <= MAX_LABEL
                            && labels.len() < MAX_LABELS =>
                        {
                            labels.push(Label {
                                column,
                                value: hash(value.as_bytes()),
                            });
                        }
                        _ => {}
                    }
                })
                .is_ok();
        if !json {
            used = 0;
            labels.clear();
            let value = text.trim();
            let x = value.parse().ok().or_else(|| missing(value));
            if let Some(x) = x {
                let start = text.len() - text.trim_start().len();
                let place = Place {
                    column: bare_column(),
                    start,
                    end: start + value.len(),
                };
                put(numbers, 0, &place, x, || BARE.to_owned());
                used = 1;
            }
        }
        numbers.truncate(used);
        used > 0
    }
}

struct Place {
    column: u64,
    start: usize,
    end: usize,
}

/// Puts a number at `at`, writing the path anew only where the column differs from the last event's.
fn put(numbers: &mut Vec<Number>, at: usize, place: &Place, x: f64, path: impl FnOnce() -> String) {
    if numbers.get(at).is_none_or(|n| n.column != place.column) {
        numbers.truncate(at);
        numbers.push(Number {
            column: place.column,
            path: path(),
            start: 0,
            end: 0,
            x: 0.0,
        });
    }
    let number = &mut numbers[at];
    (number.start, number.end, number.x) = (place.start, place.end, x);
}

fn path(text: &str, steps: &[Step]) -> String {
    if steps.is_empty() {
        return BARE.to_owned();
    }
    let mut path = json::path_text(text, steps);
    let mut end = path.len().min(MAX_PATH);
    while !path.is_char_boundary(end) {
        end -= 1;
    }
    path.truncate(end);
    path
}

/// The column of `{"value": …}`, which a bare number shares.
fn bare_column() -> u64 {
    mix(json::ROOT, hash(BARE.as_bytes()))
}

/// Words for a number that is not there.
fn missing(text: &str) -> Option<f64> {
    let known = ["nan", "inf", "+inf", "-inf", "infinity", "-infinity"];
    known
        .iter()
        .any(|w| text.eq_ignore_ascii_case(w))
        .then_some(f64::NAN)
}
