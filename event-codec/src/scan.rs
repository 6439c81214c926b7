//! Finds the fields of events as most senders write them. Whatever else the text holds, a name with escapes, a field that comes twice,
//! an error, makes the answer none: then [`super::fields`] looks at all of it again with serde, which also says what is wrong. So this
//! takes a part of JSON (RFC 8259), and nothing beyond it.

use crate::fields::{Field, Fields, Value};
use serde_json::value::RawValue;

/// About how many bytes an event has: room for a list's is made beforehand, for so many at most.
const BYTES_AN_EVENT: usize = 100;
const MOST_EXPECTED: usize = 1_000;
/// Bytes of a value that the next event may have too: a stream's name, a type.
const SHORT: usize = 64;

/// Fields of an event that the next one is compared with.
const KNOWN: usize = 16;

/// A field of the event before. Events of a list have mostly the same fields in the same order, and some of the same values: comparing
/// takes less time than reading.
#[derive(Clone, Copy, Default)]
struct Known<'a> {
    name: &'a str,
    field: Option<Field>,
    /// A short string without escapes; empty for anything else.
    value: &'a str,
}

/// A place in a JSON text. Every method moves it on behind what it has read.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// The beginning of a text.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// What `read` finds, where the text holds nothing else.
    pub(crate) fn only<T>(mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let found = read(&mut self)?;
        self.space();
        (self.at == self.text.len()).then_some(found)
    }

    /// An array of events.
    pub(crate) fn list(&mut self) -> Option<Vec<Fields<'a>>> {
        self.expect(b'[')?;
        let mut events = Vec::with_capacity((self.text.len() / BYTES_AN_EVENT).min(MOST_EXPECTED));
        if self.next_is(b']') {
            return Some(events);
        }
        let mut before = [Known::default(); KNOWN];
        loop {
            events.push(self.fields_like(&mut before)?);
            match self.next_byte()? {
                b',' => {}
                b']' => return Some(events),
                _ => return None,
            }
        }
    }

    /// An event.
    pub(crate) fn fields(&mut self) -> Option<Fields<'a>> {
        self.fields_like(&mut [])
    }

    /// An event, and what is known of it for the next one.
    fn fields_like(&mut self, before: &mut [Known<'a>]) -> Option<Fields<'a>> {
        self.expect(b'{')?;
        let mut fields = Fields::default();
        if self.next_is(b'}') {
            return Some(fields);
        }
        for place in 0.. {
            self.expect(b'"')?;
            let known = before.get(place).copied();
            let (name, field) = match known.filter(|known| self.goes_on(known.name)) {
                Some(known) => (known.name, known.field),
                None => match self.string()? {
                    Value::Plain(name) => (name, Field::of(name)),
                    Value::Json(_) => return None,
                },
            };
            self.expect(b':')?;
            let value = self.value(known.map_or("", |known| known.value))?;
            match field.map(|field| fields.slot(field)) {
                Some(Some(_)) => return None,
                Some(slot) => *slot = value,
                None => fields.has_own = true,
            }
            let value = match value {
                Some(Value::Plain(text)) if text.len() <= SHORT => text,
                _ => "",
            };
            let now = Known { name, field, value };
            if let Some(known) = before.get_mut(place) {
                *known = now;
            }
            match self.next_byte()? {
                b',' => {}
                b'}' => return Some(fields),
                _ => return None,
            }
        }
        None
    }

    /// Moves behind a string that holds this and nothing else, from behind its first quote. `text` has no escapes.
    fn goes_on(&mut self, text: &str) -> bool {
        let bytes = self.text.as_bytes();
        let end = self.at + text.len();
        let is_it =
            bytes.get(end) == Some(&b'"') && bytes.get(self.at..end) == Some(text.as_bytes());
        if is_it {
            self.at = end + 1;
        }
        is_it
    }

    /// Any value; `Some(None)` is `null`. `likely`: a string without escapes that it may well be.
    fn value(&mut self, likely: &'a str) -> Option<Option<Value<'a>>> {
        self.space();
        let from = self.at;
        let value = match self.peek()? {
            b'"' => {
                self.at += 1;
                if !likely.is_empty() && self.goes_on(likely) {
                    return Some(Some(Value::Plain(likely)));
                }
                return self.string().map(Some);
            }
            b'n' => return self.word("null").map(|()| None),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'-' | b'0'..=b'9' => self.number(),
            b'{' | b'[' => self.nested(),
            _ => None,
        };
        value?;
        self.text
            .get(from..self.at)
            .map(|json| Some(Value::Json(json)))
    }

    /// The rest of a string behind its first quote.
    fn string(&mut self) -> Option<Value<'a>> {
        let from = self.at;
        let bytes = self.text.as_bytes();
        let mut has_escapes = false;
        loop {
            self.at = plain_until(bytes, self.at);
            match bytes.get(self.at)? {
                b'"' => break,
                b'\\' => {
                    has_escapes = true;
                    self.escape()?;
                }
                // a control character
                _ => return None,
            }
        }
        self.at += 1;
        Some(if has_escapes {
            Value::Json(self.text.get(from - 1..self.at)?)
        } else {
            Value::Plain(self.text.get(from..self.at - 1)?)
        })
    }

    /// An escape sequence from its backslash on. Halves of surrogate pairs are escapes too: whether it has a text is asked where that is
    /// wanted.
    fn escape(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let length = match bytes.get(self.at + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
            b'u' => {
                let digits = bytes.get(self.at + 2..self.at + 6)?;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(6)?
            }
            _ => return None,
        };
        self.at += length;
        Some(())
    }

    /// RFC 8259, section 6.
    fn number(&mut self) -> Option<()> {
        self.skip(b'-');
        if !self.skip(b'0') {
            self.digits()?;
        }
        if self.skip(b'.') {
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _ = self.skip(b'+') || self.skip(b'-');
            self.digits()?;
        }
        Some(())
    }

    /// One digit at least.
    fn digits(&mut self) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        (count > 0).then_some(())
    }

    /// An object or an array.
    fn nested(&mut self) -> Option<()> {
        let rest = serde_json::Deserializer::from_str(self.text.get(self.at..)?);
        let mut values = rest.into_iter::<&RawValue>();
        values.next()?.ok()?;
        self.at += values.byte_offset();
        Some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += word.len();
        rest.starts_with(word.as_bytes()).then_some(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Moves over a byte, where it is that.
    fn skip(&mut self, byte: u8) -> bool {
        let is_it = self.peek() == Some(byte);
        self.at += usize::from(is_it);
        is_it
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// The next byte that is no white space.
    fn next_byte(&mut self) -> Option<u8> {
        self.space();
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn next_is(&mut self, byte: u8) -> bool {
        self.space();
        self.skip(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.next_is(byte).then_some(())
    }
}

/// The first place from `at` on with a byte that no string holds as it is.
fn plain_until(bytes: &[u8], mut at: usize) -> usize {
    let ends = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    // sixteen at once, which compiles to vector instructions: most of what comes in is the insides of strings
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        if chunk.iter().fold(false, |any, &byte| any | ends(byte)) {
            break;
        }
        at += 16;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .position(|&byte| ends(byte))
        .unwrap_or(rest.len())
}
