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
/// Bytes of a text that is kept to read the next one by.
const MAX_ALIKE: usize = 1_024;
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
    last: Last,
}

/// The last record that was read leaf by leaf. One that differs from it in its numbers alone has the same paths and labels.
#[derive(Clone, Debug, Default)]
struct Last {
    text: Vec<u8>, // empty: not to be gone by
    spans: Vec<(usize, usize)>,
}

impl Numbers {
    /// Reads an event; true if there is a number in it, or a missing one.
    pub fn read(&mut self, event: &Event<'_>) -> bool {
        if matches!(event.payload, Payload::Json(_)) && self.read_alike(event.payload.as_str()) {
            return true;
        }
        self.last.text.clear();
        self.last.spans.clear();
        let mut plain = true; // every number is written as one
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
                            plain &= leaf == Leaf::Number;
                            self.last.spans.push((start, end));
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
        if json && plain && (1..MAX_NUMBERS).contains(&used) && text.len() <= MAX_ALIKE {
            self.last.text.extend_from_slice(text.as_bytes());
        }
        used > 0
    }

    /// Reads a record that differs from the last one in its numbers alone; false, and nothing read, where it does not.
    fn read_alike(&mut self, text: &str) -> bool {
        let (bytes, last) = (text.as_bytes(), &self.last);
        if last.text.is_empty() {
            return false;
        }
        let (mut from, mut at) = (0, 0); // how far both agree
        for (number, &(start, end)) in self.numbers.iter_mut().zip(&last.spans) {
            let between = &last.text[from..start];
            let begin = at + between.len();
            let digits = bytes
                .get(begin)
                .is_some_and(|b| matches!(b, b'-' | b'0'..=b'9'));
            if !digits || bytes[at..begin] != *between {
                return false;
            }
            let stop = json::number_end(bytes, begin);
            let Ok(x) = text[begin..stop].parse() else {
                return false;
            };
            (number.start, number.end, number.x) = (begin, stop, x);
            (from, at) = (end, stop);
        }
        bytes[at..] == last.text[from..]
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
    path.truncate(path.floor_char_boundary(MAX_PATH));
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

#[cfg(test)]
mod tests {
    use super::*;

    /// All that was read, numbers by their bits.
    fn seen(numbers: &Numbers) -> String {
        let place = |n: &Number| (n.column, n.path.clone(), n.start, n.end, n.x.to_bits());
        let numbers_read: Vec<_> = numbers.numbers.iter().map(place).collect();
        format!("{numbers_read:?} {:?}", numbers.labels)
    }

    #[test]
    fn what_came_before_changes_nothing() {
        let texts = [
            r#"{"value":41.250}"#,
            r#"{"value":-3e2}"#,
            r#"{"value":-}"#,
            r#"{"value":null}"#,
            r#"{"value":"nan"}"#,
            r#"{"value": 41.250}"#,
            r#"{"value":1,"host":"a"}"#,
            r#"{"value":12,"host":"a"}"#,
            r#"{"value":12,"host":"b"}"#,
            r#"{"value":12,"host":"a"}}"#,
            r#"{"host":"1","cpu":[1,2,3]}"#,
            r#"{"host":"1","cpu":[10,2.5,1-2]}"#,
            r#"{"host":"1","cpu":[10,2.5,3e]}"#,
            r#"{"host":"1","cpu":[10,22,3,4]}"#,
            r#"{"host":"1","cpu":[10,22,é]}"#,
            "[1,2]",
            "[1,2",
            "12",
            "1234",
            "1e999",
            "{}",
            "",
        ];
        for before in texts {
            for text in texts {
                let (mut used, mut fresh) = (Numbers::default(), Numbers::default());
                used.read(&Event::json(before));
                let read = used.read(&Event::json(text));
                assert_eq!(read, fresh.read(&Event::json(text)), "{before} {text}");
                if read {
                    assert_eq!(seen(&used), seen(&fresh), "{before} {text}");
                }
            }
        }
    }
}
