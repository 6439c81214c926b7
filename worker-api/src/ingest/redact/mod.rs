//! Personal data and credentials are taken out of events before anything is stored, scored or shown.
//!
//! One [`Redactor`] serves one request. Text and JSON stay what they are: JSON comes out as valid JSON, escapes are looked
//! through, and names of fields are looked at as well as values. Event ids and groups are always replaced by a keyed hash, so that
//! they still tell events apart. Nothing is copied where nothing is found.

pub mod kinds;
pub mod rules;
pub mod scan;

use crate::auth::api_key::hex;
use crate::auth::principal::Principal;
use crate::platform::Ctx;
use hmac::{Hmac, Mac};
use rules::{Action, Compiled};
use scan::{Kind, Span};
use serde::Serialize;
use sha2::Sha256;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use uuid::Uuid;

/// How often each kind was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts(BTreeMap<String, u32>);

impl Counts {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// As the value of a header: `card=1, email=2`.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, count)) in self.0.iter().enumerate() {
            let separator = if i > 0 { ", " } else { "" };
            write!(f, "{separator}{name}={count}")?;
        }
        Ok(())
    }
}

/// What holds for one organisation: its rules and the key of its hashes.
#[derive(Clone, Debug)]
pub struct Redaction {
    rules: Rc<Compiled>,
    org: Uuid,
    key: Rc<str>,
}

impl Redaction {
    /// The redaction that the caller's organisation wants; `None` where it keeps events as they are.
    pub fn of(ctx: &Ctx, principal: &Principal) -> Option<Self> {
        if principal.facts.pii_policy != "mask" {
            return None;
        }
        let rules = rules::cached(principal.facts.pii_rules.as_deref())?;
        Some(Self {
            rules,
            org: principal.org,
            key: ctx.settings.redaction_key.as_str().into(),
        })
    }
}

/// Redacts the texts of one request.
#[derive(Clone, Debug)]
pub struct Redactor {
    rules: Rc<Compiled>,
    org: Uuid,
    /// Key of the hashes.
    key: Rc<str>,
    counts: Counts,
    spans: Vec<Span>,
}

/// What the name of a JSON field says of its value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Plain,
    Secret,
    Phone,
}

impl Field {
    /// What it says of the value after this one: the same inside an array.
    fn after(self, arrays: u32) -> Field {
        if arrays > 0 { self } else { Field::Plain }
    }
}

impl Redactor {
    /// Nothing found yet.
    pub fn new(redaction: &Redaction) -> Self {
        let Redaction { rules, org, key } = redaction.clone();
        Self {
            rules,
            org,
            key,
            counts: Counts::default(),
            spans: Vec::new(),
        }
    }

    /// What was found so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Whether a text that cannot be changed, such as a stream's name, holds personal data. Not counted.
    pub fn is_personal(&mut self, text: &str) -> bool {
        self.rules.find(text, &mut self.spans);
        !self.spans.is_empty()
    }

    /// Plain text.
    pub fn text<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        let action = self.rules.action;
        self.replace(text, action)
    }

    /// An id or a group: finds become hashes whatever the action, so that what was different stays different.
    pub fn label<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        self.replace(text, Action::Hash)
    }

    /// A valid JSON text.
    pub fn json<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        self.json_as(text, self.rules.action)
    }

    /// A valid JSON text that tells things apart, as a label does.
    pub fn json_label<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        self.json_as(text, Action::Hash)
    }

    fn json_as<'t>(&mut self, text: &'t str, action: Action) -> Cow<'t, str> {
        let b = text.as_bytes();
        let mut out = Edit::new(text);
        let mut field = Field::Plain;
        let mut arrays = 0u32; // open ones under a name that says what they hold
        let mut i = 0;
        while i < b.len() {
            match b[i] {
                b'"' => {
                    let end = string_end(b, i + 1);
                    let inner = text.get(i + 1..end).unwrap_or("");
                    if is_name(b, end + 1) {
                        field = self.field(inner);
                        arrays = 0;
                        self.string(inner, i + 1, end, Field::Plain, Action::Hash, &mut out);
                    } else {
                        self.string(inner, i + 1, end, field, action, &mut out);
                        field = field.after(arrays);
                    }
                    i = end + 1;
                }
                b'-' | b'0'..=b'9' => {
                    let end = i + b[i..]
                        .iter()
                        .take_while(|c| c.is_ascii_alphanumeric() || b"+-.".contains(c))
                        .count();
                    let number = text.get(i..end).unwrap_or("");
                    self.json_number(number, i, end, field, action, &mut out);
                    field = field.after(arrays);
                    i = end;
                }
                // an array under a credential's name holds credentials, up to its end
                b'[' => {
                    arrays += u32::from(!matches!(field, Field::Plain));
                    i += 1;
                }
                b']' => {
                    arrays = arrays.saturating_sub(1);
                    field = field.after(arrays);
                    i += 1;
                }
                b'{' | b'}' => {
                    (field, arrays) = (Field::Plain, 0);
                    i += 1;
                }
                _ => i += 1,
            }
        }
        out.finish()
    }

    fn field(&self, name: &str) -> Field {
        let name = name.as_bytes();
        if self.rules.has(Kind::Secret) && kinds::is_secret_name(name) {
            Field::Secret
        } else if self.rules.has(Kind::Phone) && kinds::is_phone_name(name) {
            Field::Phone
        } else {
            Field::Plain
        }
    }

    /// The inside of a JSON string, at `start..end` of the text being edited.
    fn string(
        &mut self,
        raw: &str,
        start: usize,
        end: usize,
        field: Field,
        action: Action,
        out: &mut Edit<'_>,
    ) {
        if raw.is_empty() {
            return;
        }
        let whole = match field {
            Field::Secret if !is_masked(raw) => Some(Kind::Secret),
            Field::Phone if is_phone_value(raw) => Some(Kind::Phone),
            _ => None,
        };
        if let Some(kind) = whole {
            self.count(kind);
            out.put(start, end, &self.placeholder(raw, kind, action));
            return;
        }
        if !raw.as_bytes().contains(&b'\\') {
            self.rules.find(raw, &mut self.spans);
            for span in std::mem::take(&mut self.spans) {
                self.count(span.kind);
                let found = raw.get(span.start..span.end).unwrap_or("");
                out.put(
                    start + span.start,
                    start + span.end,
                    &self.placeholder(found, span.kind, action),
                );
            }
            return;
        }
        // escapes can hide anything: look at what the string means
        let unescape = |inner: &str| serde_json::from_str::<String>(&format!("\"{inner}\""));
        let Ok(meant) = unescape(raw).or_else(|_| unescape(&without_halves(raw))) else {
            // what cannot be read cannot be cleared
            self.count(Kind::Secret);
            out.put(start, end, &self.placeholder(raw, Kind::Secret, action));
            return;
        };
        if let Cow::Owned(changed) = self.replace(&meant, action) {
            let quoted = serde_json::to_string(&changed).unwrap_or_default();
            out.put(
                start,
                end,
                quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or(""),
            );
        }
    }

    fn json_number(
        &mut self,
        number: &str,
        start: usize,
        end: usize,
        field: Field,
        action: Action,
        out: &mut Edit<'_>,
    ) {
        let kind = match field {
            Field::Secret if number.len() >= 4 => Some(Kind::Secret),
            Field::Phone if is_phone_value(number) => Some(Kind::Phone),
            // the shortest number of a built-in kind has nine characters; what the organisation looks for may have fewer
            _ => {
                if number.len() >= 9 {
                    self.rules.find(number, &mut self.spans);
                } else {
                    self.rules.find_own(number, &mut self.spans);
                }
                self.spans.first().map(|s| s.kind)
            }
        };
        if let Some(kind) = kind {
            self.count(kind);
            let value = match action {
                Action::Drop => "null".to_owned(),
                action => format!("\"{}\"", self.placeholder(number, kind, action)),
            };
            out.put(start, end, &value);
        }
    }

    fn replace<'t>(&mut self, text: &'t str, action: Action) -> Cow<'t, str> {
        self.rules.find(text, &mut self.spans);
        if self.spans.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = Edit::new(text);
        for span in std::mem::take(&mut self.spans) {
            self.count(span.kind);
            let found = text.get(span.start..span.end).unwrap_or("");
            out.put(
                span.start,
                span.end,
                &self.placeholder(found, span.kind, action),
            );
        }
        out.finish()
    }

    fn count(&mut self, kind: Kind) {
        let name = self.rules.name(kind);
        match self.counts.0.get_mut(name) {
            Some(n) => *n += 1,
            None => {
                self.counts.0.insert(name.to_owned(), 1);
            }
        }
    }

    fn placeholder(&self, found: &str, kind: Kind, action: Action) -> String {
        let name = self.rules.name(kind);
        match action {
            Action::Replace => format!("[{name}]"),
            Action::Hash => format!("[{name}:{}]", self.hash(found)),
            Action::Drop => String::new(),
        }
    }

    /// 64 bits of HMAC-SHA256 (RFC 2104) over organisation and value.
    fn hash(&self, value: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()) else {
            return String::new();
        };
        mac.update(b"redact\n");
        mac.update(self.org.as_bytes());
        mac.update(value.as_bytes());
        let digest = mac.finalize().into_bytes();
        hex(&digest[..8])
    }
}

/// A text with pieces replaced from left to right; borrowed until the first.
struct Edit<'t> {
    text: &'t str,
    out: String,
    done: usize,
}

impl<'t> Edit<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            out: String::new(),
            done: 0,
        }
    }
    fn put(&mut self, start: usize, end: usize, with: &str) {
        self.out
            .push_str(self.text.get(self.done..start).unwrap_or(""));
        self.out.push_str(with);
        self.done = end;
    }
    fn finish(mut self) -> Cow<'t, str> {
        if self.done == 0 {
            return Cow::Borrowed(self.text);
        }
        self.out.push_str(self.text.get(self.done..).unwrap_or(""));
        Cow::Owned(self.out)
    }
}

/// The inside of a JSON string with each half of a surrogate pair that stands alone (JavaScript leaves one where it cuts an emoji)
/// written as the replacement character, which can be read.
fn without_halves(raw: &str) -> String {
    let unit = |at: usize| {
        let escape = raw.get(at..at + 6).filter(|e| e.starts_with("\\u"))?;
        u16::from_str_radix(escape.get(2..)?, 16).ok()
    };
    let mut out = String::with_capacity(raw.len());
    let mut i = 0;
    while let Some(c) = raw.get(i..).and_then(|rest| rest.chars().next()) {
        let length = match (c, unit(i)) {
            ('\\', Some(0xD800..=0xDBFF)) if matches!(unit(i + 6), Some(0xDC00..=0xDFFF)) => 12,
            ('\\', Some(0xD800..=0xDFFF)) => {
                out.push('\u{FFFD}');
                i += 6;
                continue;
            }
            ('\\', _) => 2, // whatever is escaped, a backslash too, belongs to it
            _ => c.len_utf8(),
        };
        out.push_str(raw.get(i..i + length).unwrap_or(""));
        i += length;
    }
    out
}

/// The closing quote of the string that begins at `from`.
fn string_end(b: &[u8], from: usize) -> usize {
    let mut i = from;
    while let Some(&c) = b.get(i) {
        match c {
            b'"' => return i,
            b'\\' => i += 2,
            _ => i += 1,
        }
    }
    b.len()
}

/// Whether a string that ends before `from` is the name of a field: a colon follows.
fn is_name(b: &[u8], from: usize) -> bool {
    let rest = b.get(from..).unwrap_or_default();
    rest.iter().find(|c| !c.is_ascii_whitespace()) == Some(&b':')
}

fn is_masked(value: &str) -> bool {
    value.bytes().all(|c| b"*".contains(&c)) || (value.starts_with('[') && value.ends_with(']'))
}

/// Digits with what stands between the digits of telephone numbers.
fn is_phone_value(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    (6..=15).contains(&digits)
        && value
            .bytes()
            .all(|c| c.is_ascii_digit() || b"+ -./()".contains(&c))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
