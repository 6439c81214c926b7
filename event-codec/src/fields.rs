//! An event's fields as the text that came in, found in one pass and without copying.

use crate::scan::Scanner;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de::DeserializeSeed};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::marker::PhantomData;

/// A field's value; `null` counts as none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A string without escapes, without its quotes.
    Plain(&'a str),
    /// Any other value, as JSON.
    Json(&'a str),
}

impl<'a> Value<'a> {
    /// The value whose JSON this is.
    pub fn of(json: &'a str) -> Self {
        let inner = json.strip_prefix('"').and_then(|j| j.strip_suffix('"'));
        match inner.filter(|text| !text.as_bytes().contains(&b'\\')) {
            Some(text) => Value::Plain(text),
            None => Value::Json(json),
        }
    }

    /// The text of a string; borrowed where it has no escapes. Else the JSON: of what is no string, or none that has a text, as with
    /// half of a surrogate pair (RFC 8259, section 8.2).
    pub fn text(self) -> Result<Cow<'a, str>, &'a str> {
        match self {
            Value::Plain(text) => Ok(Cow::Borrowed(text)),
            Value::Json(json) if json.starts_with('"') => serde_json::from_str::<String>(json)
                .map(Cow::Owned)
                .map_err(|_| json),
            Value::Json(json) => Err(json),
        }
    }
}

/// The fields of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields<'a> {
    /// The stream's name.
    pub stream: Option<Value<'a>>,
    /// What kind of event.
    pub event_type: Option<Value<'a>>,
    /// An older name of that.
    pub stream_type: Option<Value<'a>>,
    /// When it happened.
    pub timestamp: Option<Value<'a>>,
    /// The sender's id, for de-duplication.
    pub id: Option<Value<'a>>,
    /// Session or trace key.
    pub group: Option<Value<'a>>,
    /// What is kept beside the event.
    pub metadata: Option<Value<'a>>,
    /// The event itself.
    pub data: Option<Value<'a>>,
    /// The event itself, where it is a number.
    pub value: Option<Value<'a>>,
    /// Whose the sender says that it is.
    pub organization_id: Option<Value<'a>>,
    /// Whether there is a field that no event has.
    pub has_own: bool,
}

impl<'a> Fields<'a> {
    /// The fields of one event. Fails on what is not JSON, no object, or has one field twice.
    pub fn of(text: &'a str) -> serde_json::Result<Self> {
        Scanner::new(text)
            .only(Scanner::fields)
            .map_or_else(|| serde_json::from_str(text), Ok)
    }

    /// The fields of all events of a JSON array. Fails where one of them would.
    pub fn all(text: &'a str) -> serde_json::Result<Vec<Self>> {
        Scanner::new(text)
            .only(Scanner::list)
            .map_or_else(|| serde_json::from_str(text), Ok)
    }

    /// The place of a field's value.
    pub(crate) fn slot(&mut self, field: Field) -> &mut Option<Value<'a>> {
        match field {
            Field::Stream => &mut self.stream,
            Field::EventType => &mut self.event_type,
            Field::StreamType => &mut self.stream_type,
            Field::Timestamp => &mut self.timestamp,
            Field::Id => &mut self.id,
            Field::Group => &mut self.group,
            Field::Metadata => &mut self.metadata,
            Field::Data => &mut self.data,
            Field::Value => &mut self.value,
            Field::OrganizationId => &mut self.organization_id,
        }
    }
}

/// A field that events have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Stream,
    EventType,
    StreamType,
    Timestamp,
    Id,
    Group,
    Metadata,
    Data,
    Value,
    OrganizationId,
}

impl Field {
    /// The field of a name; none where no event has it.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "stream" => Self::Stream,
            "event_type" => Self::EventType,
            "stream_type" => Self::StreamType,
            "timestamp" => Self::Timestamp,
            "id" => Self::Id,
            "group" => Self::Group,
            "metadata" => Self::Metadata,
            "data" => Self::Data,
            "value" => Self::Value,
            "organization_id" => Self::OrganizationId,
            _ => return None,
        })
    }
}

/// The whole of JSON, and says what is wrong with what is not: [`Scanner`] reads what events ordinarily look like, and leaves the rest
/// to this.
impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor(PhantomData))
    }
}

struct FieldsVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for FieldsVisitor<'a> {
    type Value = Fields<'a>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an event object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = map.next_key_seed(Name)? {
            let Some(field) = Field::of(&name) else {
                fields.has_own = true;
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let slot = fields.slot(field);
            if slot.is_some() {
                // what `duplicate_field` says, which takes a name that lives for good
                return Err(de::Error::custom(format_args!("duplicate field `{name}`")));
            }
            let raw = map.next_value::<Option<&'de RawValue>>()?;
            *slot = raw.map(|raw| Value::of(raw.get()));
        }
        Ok(fields)
    }
}

/// A field's name, borrowed where it has no escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;
