//! What the organisation's object knows of the plan's limits: detections of the period, and which streams have a place.

use crate::detect::name::ObjectName;
use crate::error::{Code, Error, Result};
use crate::ingest::quota::PeriodClaim;
use crate::platform::storage::{Sql, Statement};
use crate::platform::{Ctx, log, objects, postgrest};
use serde::{Deserialize, Serialize};

/// A stream admitted this long ago that the database does not know of has been deleted.
const SETTLED_MS: i64 = 600_000;
const PLACES: &str = "CREATE TABLE IF NOT EXISTS places (stream TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID";
/// Rows asked for at a time.
const PAGE: usize = 1_000;
/// The database's list is looked at again at most this often.
const LOOK_AGAIN_MS: i64 = 30_000;

/// A new stream's wish.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Admission {
    /// Its name.
    pub stream: String,
    /// Places of the plan.
    pub limit: u64,
    /// Streams that the database knows, where that was looked up.
    pub known: Option<Vec<String>>,
    /// Take it in any case: the database cannot be asked.
    pub anyway: bool,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Admitted {
    /// There is a place.
    Yes,
    /// There is none.
    No,
    /// Ask again with the streams the database knows.
    Look,
}

/// Detections recorded in the period: what was published here, at least what the database knows.
pub fn detections(sql: &Sql, claim: &PeriodClaim) -> Result<u64> {
    sql.run("CREATE TABLE IF NOT EXISTS recorded (one INTEGER PRIMARY KEY CHECK (one = 1), period TEXT NOT NULL, n INTEGER NOT NULL)", vec![])?;
    let used = i64::try_from(claim.used).unwrap_or(i64::MAX);
    let n = sql.integer(
        "INSERT INTO recorded (one, period, n) VALUES (1, ?1, ?2) ON CONFLICT (one) DO UPDATE SET \
         n = CASE WHEN period = ?1 THEN max(n, ?2) ELSE ?2 END, period = ?1 RETURNING n",
        vec![claim.from.clone().into(), used.into()],
    )?;
    Ok(u64::try_from(n.unwrap_or(0)).unwrap_or(0))
}

/// Counts detections as they come by. Nobody has asked yet where there is no table.
pub fn published(sql: &Sql, count: usize) -> Result<()> {
    let exists = sql.integer(
        "SELECT count(*) FROM sqlite_master WHERE name = 'recorded'",
        vec![],
    )?;
    if count == 0 || exists != Some(1) {
        return Ok(());
    }
    let statement: Statement = (
        "UPDATE recorded SET n = n + ?",
        vec![i64::try_from(count).unwrap_or(0).into()],
    );
    sql.run(statement.0, statement.1)
}

/// Gives a stream's place back.
pub fn leave(sql: &Sql, stream: &str) -> Result<()> {
    sql.run(PLACES, vec![])?;
    sql.run("DELETE FROM places WHERE stream = ?", vec![stream.into()])
}

/// Finds a place for a stream.
pub fn place(sql: &Sql, wish: &Admission, now: i64) -> Result<Admitted> {
    sql.run(PLACES, vec![])?;
    sql.run("CREATE TABLE IF NOT EXISTS looked (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL)", vec![])?;
    let name = || vec![wish.stream.clone().into()];
    if let Some(known) = &wish.known {
        sql.run(
            "DELETE FROM places WHERE at < ?",
            vec![(now - SETTLED_MS).into()],
        )?;
        for stream in known {
            sql.run(
                "INSERT OR IGNORE INTO places (stream, at) VALUES (?, 0)",
                vec![stream.clone().into()],
            )?;
        }
    }
    // a look that failed is noted as such, or each new stream would wait for the database as long as it hangs
    let noted = match (&wish.known, wish.anyway) {
        (Some(_), _) => Some(now),
        (None, true) => Some(-now),
        (None, false) => None,
    };
    if let Some(at) = noted {
        sql.run(
            "INSERT INTO looked (one, at) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET at = ?1",
            vec![at.into()],
        )?;
    }
    if sql.integer("SELECT count(*) FROM places WHERE stream = ?", name())? == Some(1) {
        return Ok(Admitted::Yes);
    }
    let taken = sql
        .integer("SELECT count(*) FROM places", vec![])?
        .unwrap_or(0);
    let full = u64::try_from(taken).unwrap_or(0) >= wish.limit;
    let looked = sql.integer("SELECT at FROM looked", vec![])?;
    let may_look = wish.known.is_none() && !wish.anyway;
    let look = looks(looked, full, now);
    if may_look && look {
        return Ok(Admitted::Look);
    }
    let is_known = looked.is_some_and(|at| at > 0);
    if full && is_known && !wish.anyway {
        return Ok(Admitted::No);
    }
    sql.run(
        "INSERT OR IGNORE INTO places (stream, at) VALUES (?, ?)",
        vec![wish.stream.clone().into(), now.into()],
    )?;
    Ok(Admitted::Yes)
}

/// Whether the database's list is to be looked at: `looked` is when it was, negative where it could not be.
fn looks(looked: Option<i64>, full: bool, now: i64) -> bool {
    looked.is_none_or(|at| (full || at <= 0) && (now - at.abs()).abs() > LOOK_AGAIN_MS)
}

/// Asks for a place; an error where the plan has none left.
pub async fn admit(ctx: &Ctx, name: &ObjectName, limit: u64) -> Result<()> {
    let mut wish = Admission {
        stream: name.stream.clone(),
        limit,
        known: None,
        anyway: false,
    };
    // a limit must not become what breaks ingestion: without an answer the stream is taken
    let Ok(mut answer) = objects::admit(ctx, name.org, &wish).await else {
        log::warn("quota.admit", "no answer; the stream is taken");
        return Ok(());
    };
    if answer == Admitted::Look {
        match known(ctx, name, limit).await {
            Ok(streams) => wish.known = Some(streams),
            Err(_) => wish.anyway = true,
        }
        answer = objects::admit(ctx, name.org, &wish)
            .await
            .unwrap_or(Admitted::Yes);
    }
    if answer == Admitted::Yes {
        return Ok(());
    }
    Err(Error::new(
        Code::LimitReached,
        format!("the plan has place for {limit} streams, and as many there are"),
    ))
}

#[derive(Deserialize)]
struct Known {
    name: String,
}

async fn known(ctx: &Ctx, name: &ObjectName, limit: u64) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    // a project may give no more than a thousand rows at a time
    while (names.len() as u64) <= limit {
        let mut query = postgrest::as_service(ctx, "streams")
            .select("name")
            .eq("org_id", &name.org.to_string());
        if let Some(last) = names.last() {
            query = query.gt("name", last);
        }
        let page: Vec<Known> = query.order("name.asc").limit(PAGE).rows().await?;
        let is_last = page.len() < PAGE;
        names.extend(page.into_iter().map(|r| r.name));
        if is_last {
            break;
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_streams_do_not_each_wait_for_a_database_that_hangs() {
        let now = 1_000_000;
        assert!(looks(None, false, now), "nobody has looked");
        assert!(!looks(Some(-now), false, now + 1_000), "it failed just now");
        assert!(looks(Some(-now), false, now + LOOK_AGAIN_MS + 1));
        assert!(!looks(Some(now), false, now + 100 * LOOK_AGAIN_MS));
        assert!(looks(Some(now), true, now + LOOK_AGAIN_MS + 1));
    }
}
