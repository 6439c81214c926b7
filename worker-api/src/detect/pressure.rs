//! What happens while the database is away for long: the steps in which a stream's outbox degrades, and the list of streams that
//! are in one of them, for `/readyz` and metrics.
//!
//! 1. Up to [`Limits::slim`] anomalies wait with all their evidence.
//! 2. Beyond, new ones are kept slim: sentence, figures and event, without tokens, witness and windows.
//! 3. At [`Limits::full`] the stream refuses events with 503 and `Retry-After`, before scoring them.
//!
//! The list lies in one object of the class `KeyObject`; a stream writes there only when its step changes or a flush failed.

use crate::error::Result;
use crate::platform::storage::{Sql, integer};
use serde::{Deserialize, Serialize};

/// The object that holds the list.
pub const OBJECT: &str = "v1:pressure";
/// An entry that was not renewed for this long counts no more: flushes are tried every few minutes.
const FRESH_MS: i64 = 900_000;
/// Seconds after which a refused batch may be sent again.
pub const RETRY_SECONDS: u32 = 60;

/// Where the steps begin, in waiting anomalies of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Evidence is left out from here on.
    pub slim: i64,
    /// Nothing is taken from here on.
    pub full: i64,
}

impl Default for Limits {
    fn default() -> Self {
        // an anomaly with its evidence has up to 100 KB, a slim one 1 or 2: some 200 MB in an object's 10 GB
        Self {
            slim: 1_000,
            full: 50_000,
        }
    }
}

/// A stream's step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// All is well.
    #[default]
    Normal,
    /// Evidence is left out.
    Slim,
    /// Nothing is taken.
    Full,
}

impl Limits {
    /// The step at so many waiting anomalies.
    pub fn level(self, waiting: i64) -> Level {
        if waiting >= self.full {
            Level::Full
        } else if waiting >= self.slim {
            Level::Slim
        } else {
            Level::Normal
        }
    }
}

/// A stream's entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The object.
    pub object: String,
    /// Its step; `Normal` removes the entry.
    pub level: Level,
    /// Anomalies that wait in it.
    pub waiting: i64,
}

/// All streams that are in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pressure {
    /// Streams that leave out evidence.
    pub slim: i64,
    /// Streams that refuse events.
    pub full: i64,
    /// Anomalies that wait in them.
    pub waiting: i64,
}

fn migrate(sql: &Sql) -> Result<()> {
    sql.run(
        "CREATE TABLE IF NOT EXISTS pressure (object TEXT PRIMARY KEY, full INTEGER NOT NULL, waiting INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID",
        vec![],
    )
}

/// Notes a stream's step.
pub fn note(sql: &Sql, entry: &Entry, now_ms: i64) -> Result<()> {
    migrate(sql)?;
    let object = entry.object.clone();
    if entry.level == Level::Normal {
        return sql.run("DELETE FROM pressure WHERE object = ?", vec![object.into()]);
    }
    let values = vec![
        object.into(),
        i64::from(entry.level == Level::Full).into(),
        entry.waiting.into(),
        now_ms.into(),
    ];
    sql.run(
        "INSERT OR REPLACE INTO pressure (object, full, waiting, at) VALUES (?, ?, ?, ?)",
        values,
    )
}

/// The streams in a step.
pub fn read(sql: &Sql, now_ms: i64) -> Result<Pressure> {
    migrate(sql)?;
    let rows = sql.rows(
        "SELECT count(*) - coalesce(sum(full), 0), coalesce(sum(full), 0), coalesce(sum(waiting), 0) FROM pressure WHERE at > ?",
        vec![(now_ms - FRESH_MS).into()],
    )?;
    let number = |i: usize| rows.first().and_then(|r| integer(r.get(i)?)).unwrap_or(0);
    Ok(Pressure {
        slim: number(0),
        full: number(1),
        waiting: number(2),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps() {
        let limits = Limits { slim: 2, full: 4 };
        let levels: Vec<Level> = (0..5).map(|n| limits.level(n)).collect();
        assert_eq!(
            levels,
            [
                Level::Normal,
                Level::Normal,
                Level::Slim,
                Level::Slim,
                Level::Full
            ]
        );
    }
}
