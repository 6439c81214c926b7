//! The outer levels of a protobuf request, walked without building them, so that each record is decoded by itself: one that is
//! broken costs no other, and only one is in memory at a time.
//!
//! All three signals nest alike: request { 1: resource level { 1: resource, 2: scope level { 1: scope, 2: record } } }. A test
//! holds this against the generated messages.

use prost::bytes::{Buf, Bytes};
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// The bytes are not protobuf at a level that holds others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Field number of resource and scope in their levels.
pub const OWNER: u32 = 1;
/// Field number of what a level repeats.
pub const ITEM: u32 = 2;
/// Field number of the resource levels in the request.
pub const ROOT: u32 = 1;

/// The length-delimited fields of a message, others skipped.
pub struct Fields(Bytes);

/// Walks a message.
pub fn fields(message: Bytes) -> Fields {
    Fields(message)
}

impl Fields {
    fn step(&mut self) -> Result<Option<(u32, Bytes)>, Malformed> {
        let (tag, wire) = decode_key(&mut self.0).map_err(|_| Malformed)?;
        if wire != WireType::LengthDelimited {
            skip_field(wire, tag, &mut self.0, DecodeContext::default()).map_err(|_| Malformed)?;
            return Ok(None);
        }
        let length = decode_varint(&mut self.0).map_err(|_| Malformed)?;
        let length = usize::try_from(length).map_err(|_| Malformed)?;
        if length > self.0.remaining() {
            return Err(Malformed);
        }
        Ok(Some((tag, self.0.split_to(length))))
    }
}

impl Iterator for Fields {
    type Item = Result<(u32, Bytes), Malformed>;
    fn next(&mut self) -> Option<Self::Item> {
        while !self.0.is_empty() {
            match self.step() {
                Ok(Some(field)) => return Some(Ok(field)),
                Ok(None) => {}
                Err(error) => {
                    self.0 = Bytes::new();
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

/// Parts that a record may have: each has two bytes or more in the body, and a hundred or more in memory.
pub const MOST_PARTS: usize = 100_000;

/// Whether a record has more parts (attributes, events, points) than may be decoded at once. What is no message is passed over.
pub fn is_bomb(record: &Bytes) -> bool {
    if record.len() < 2 * MOST_PARTS {
        return false;
    }
    let mut parts = 0;
    for part in fields(record.clone()).map_while(Result::ok) {
        parts += 1 + fields(part.1)
            .map_while(Result::ok)
            .take(MOST_PARTS)
            .count();
        if parts > MOST_PARTS {
            return true;
        }
    }
    false
}

/// The occurrences of one field of a message.
pub fn only(message: &Bytes, tag: u32) -> impl Iterator<Item = Result<Bytes, Malformed>> {
    fields(message.clone()).filter_map(move |field| match field {
        Ok((t, bytes)) => (t == tag).then_some(Ok(bytes)),
        Err(error) => Some(Err(error)),
    })
}
