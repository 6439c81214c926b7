//! Opaque cursors, bound to the organisation they were issued for.
//!
//! A cursor names the last row seen of a list ordered by (time, id) descending. It is not a secret: every query carries the
//! organisation anyway. The binding turns a cursor used elsewhere into a clear error instead of a puzzling page.

use crate::auth::api_key::hex;
use crate::error::{Code, Error, Result};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The position after a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The row's time as the database printed it (RFC 3339).
    pub time: String,
    /// The row's id.
    pub id: Uuid,
}

impl Cursor {
    /// The opaque text for `org`.
    pub fn encode(&self, org: Uuid) -> String {
        URL_SAFE_NO_PAD.encode(format!("1|{}|{}|{}", tag(org), self.time, self.id))
    }

    /// Reads a cursor issued for `org`.
    pub fn decode(text: &str, org: Uuid) -> Result<Self> {
        let refuse = || {
            Error::new(
                Code::InvalidCursor,
                "the cursor was not issued for this list",
            )
            .field("cursor", "the next_cursor of the previous page, unchanged")
        };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refuse())?;
        let plain = String::from_utf8(bytes).map_err(|_| refuse())?;
        let parts: Vec<&str> = plain.split('|').collect();
        let [version, bound, time, id] = parts[..] else {
            return Err(refuse());
        };
        let id = Uuid::parse_str(id).map_err(|_| refuse())?;
        // the time goes into a filter: only what a timestamp is made of
        let clean = !time.is_empty()
            && time.len() <= 40
            && time.bytes().all(|b| {
                b.is_ascii_digit() || matches!(b, b'-' | b':' | b'.' | b'T' | b'Z' | b'+')
            });
        if version != "1" || bound != tag(org) || !clean {
            return Err(refuse());
        }
        Ok(Self {
            time: time.to_owned(),
            id,
        })
    }
}

fn tag(org: Uuid) -> String {
    let digest = Sha256::digest(org.as_bytes());
    hex(&digest[..6])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn belongs_to_one_organisation() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let cursor = Cursor {
            time: "2026-11-21T10:00:00.5+00:00".into(),
            id: Uuid::from_u128(9),
        };
        let text = cursor.encode(a);
        assert_eq!(Cursor::decode(&text, a).expect("same"), cursor);
        assert_eq!(
            Cursor::decode(&text, b).expect_err("other").code,
            Code::InvalidCursor
        );
    }

    #[test]
    fn forged_cursors_are_refused() {
        let org = Uuid::from_u128(1);
        for time in ["2026),id.gt.(0", "x y", ""] {
            let text = Cursor {
                time: time.into(),
                id: org,
            }
            .encode(org);
            assert!(Cursor::decode(&text, org).is_err(), "{time}");
        }
        for text in ["", "%%%", "MXwyfDM"] {
            assert!(Cursor::decode(text, org).is_err());
        }
    }
}
