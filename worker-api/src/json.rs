//! JSON as bytes.

use crate::error::{self, Code};
use serde::de::{DeserializeOwned, Error};
use serde_json::Value;

/// Reads a value. Always as a text: for bytes serde_json would come with all of its code a second time, for every type.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let text = std::str::from_utf8(bytes).map_err(serde_json::Error::custom)?;
    serde_json::from_str(text)
}

/// A request's body.
pub fn body(bytes: &[u8]) -> error::Result<Value> {
    read(bytes).map_err(|_| {
        error::Error::new(Code::InvalidJson, "the body is not valid JSON")
            .field("body", "a JSON object")
    })
}
