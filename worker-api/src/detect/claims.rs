//! Which body an organisation's `Idempotency-Key` was first used with, whatever streams it had events for.
//!
//! Streams remember their own part of a request (`detect::store`); this is the record across streams, without which a key sent
//! again with another body for other streams would not be noticed. It lies in objects of the class `KeyObject`, of which an
//! organisation has [`SHARDS`], so that claims do not queue behind one another. A claim is 16 bytes of key, 16 of body, and a time.
//! An alarm ends them with their time, so that an object without claims stores nothing.

use super::dedupe::MAX_AGE_MS;
use super::store::RequestKey;
use crate::error::Result;
use crate::platform::storage::{Sql, integer, text};
use uuid::Uuid;

/// Objects that share an organisation's claims.
pub const SHARDS: usize = 256;
/// Claims that one object remembers: half a million for an organisation.
const CLAIMS: i64 = 2_000;
/// Old claims are looked for once in this many.
const SWEEP_EVERY: i64 = 256;

/// The object that holds the claim of a key: by the first byte of its hash.
pub fn object_name(org: Uuid, key: &RequestKey) -> String {
    let shard = key.key.get(..2).unwrap_or("00");
    format!("v1:claims:{org}:{shard}")
}

/// Claims the key for the body; `false` where another body has it.
pub fn claim(sql: &Sql, key: &RequestKey, now_ms: i64) -> Result<bool> {
    sql.run(
        "CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, body TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID",
        vec![],
    )?;
    let rows = sql.rows(
        "SELECT body, at FROM claims WHERE key = ?",
        vec![key.key.clone().into()],
    )?;
    if let Some([body, at]) = rows.first().map(Vec::as_slice)
        && now_ms - integer(at).unwrap_or(0) < MAX_AGE_MS
    {
        return Ok(text(body) == Some(key.body.as_str()));
    }
    let values = vec![
        key.key.clone().into(),
        key.body.clone().into(),
        now_ms.into(),
    ];
    sql.run(
        "INSERT OR REPLACE INTO claims (key, body, at) VALUES (?, ?, ?)",
        values,
    )?;
    sweep(sql, now_ms)?;
    Ok(true)
}

/// Forgets what is too old. Says when the oldest of the rest will be; `None` if there is no rest.
pub fn expire(sql: &Sql, now_ms: i64) -> Result<Option<i64>> {
    sql.run(
        "DELETE FROM claims WHERE at <= ?",
        vec![(now_ms - MAX_AGE_MS).into()],
    )?;
    let oldest = sql.integer("SELECT min(at) FROM claims", vec![])?;
    Ok(oldest.map(|at| at + MAX_AGE_MS))
}

/// Now and then forgets what is too old or too much. Counting every time would read more rows than a claim writes.
fn sweep(sql: &Sql, now_ms: i64) -> Result<()> {
    if now_ms % SWEEP_EVERY != 0 {
        return Ok(());
    }
    let values = vec![(now_ms - MAX_AGE_MS).into(), CLAIMS.into()];
    sql.run(
        "DELETE FROM claims WHERE at < ?1 OR at < (SELECT at FROM claims ORDER BY at DESC LIMIT 1 OFFSET ?2)",
        values,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_spread_over_the_objects() {
        let names: std::collections::BTreeSet<String> = (0..2000u32)
            .map(|i| {
                let key = RequestKey {
                    key: format!("{:08x}", i.wrapping_mul(2_654_435_761)),
                    body: String::new(),
                };
                object_name(Uuid::nil(), &key)
            })
            .collect();
        assert!(names.len() > SHARDS / 2 && names.len() <= SHARDS);
    }
}
