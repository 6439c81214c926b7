//! `GET /v1/organization/export`: everything an organisation owns, as one file that is written while it is read.
//!
//! The database says which tables there are and gives them page by page, with the rights of the person who asks; at most one page
//! is in memory. `"complete":true` (as NDJSON: the line `{"complete":true}`) comes last: a file without it was cut short.

use crate::auth::actor::Actor;
use crate::auth::principal::Principal;
use crate::error::{Code, Error, Result};
use crate::http::Request;
use crate::ingest::time;
use crate::platform::download::Download;
use crate::platform::{Ctx, fetch, postgrest};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// Rows in memory at once. Few of the anomalies, each of which may carry its evidence (a witness alone has up to 87 kB).
const ROWS: u32 = 500;
const ANOMALIES: u32 = 50;
/// A page is asked for so often, so long after one another, before the file is cut short.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// What the file calls a table, where it has another name there.
const NAMES: &[(&str, &str)] = &[
    ("api_keys", "keys"),
    ("usage_counters", "usage"),
    ("audit_log", "audit"),
];

/// One page of a table.
#[derive(Deserialize)]
struct Page {
    rows: Vec<Box<RawValue>>,
    next: Option<Value>,
}

/// How the file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// One object, with a list for each table.
    Json,
    /// A line for each row: `{"table":…,"row":{…}}`.
    Lines,
}

/// Where the file stands.
struct Export {
    ctx: Ctx,
    org: Uuid,
    token: String,
    format: Format,
    /// Tables not yet begun, the next one last.
    tables: Vec<String>,
    /// The table being written, and after which key it goes on.
    current: Option<(String, Option<Value>)>,
    /// The first piece, then the last.
    head: Option<String>,
    ended: bool,
}

/// Opens the file. What can fail at once (rights, database) fails before the first byte.
pub async fn open(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Download> {
    let format = match request.param("format") {
        None | Some("json") => Format::Json,
        Some("ndjson") => Format::Lines,
        Some(_) => return Err(Error::parameter("format", "json or ndjson")),
    };
    let token = principal
        .person_token()
        .ok_or_else(|| Error::new(Code::InsufficientScope, "this route is for people"))?
        .to_owned();
    let mut tables: Vec<String> =
        postgrest::call_as(ctx, &token, "export_tables", &json!({})).await?;
    tables.reverse();
    let mut export = Export {
        ctx: ctx.clone(),
        org: principal.org,
        token,
        format,
        tables,
        current: None,
        head: None,
        ended: false,
    };
    let organization = export.page("organizations", None).await?;
    export.head = Some(format.head(
        organization.rows.first().map_or("null", |r| r.get()),
        &time::to_rfc3339(ctx.now_ms()),
    ));
    let arguments = json!({ "p_org": principal.org, "p_actor": Actor::of(principal, request) });
    let _noted: bool = postgrest::call(ctx, "note_export", &arguments).await?;
    let (media_type, extension) = match format {
        Format::Json => ("application/json", "json"),
        Format::Lines => ("application/x-ndjson", "ndjson"),
    };
    let name = format!("driftlock-{}.{extension}", principal.org);
    let pieces = futures_util::stream::try_unfold(export, |mut export| async move {
        Ok(export
            .piece()
            .await?
            .map(|piece| (piece.into_bytes(), export)))
    });
    Download::open(media_type, &name, pieces)
}

impl Export {
    /// The next piece of the file: a page of a table with what stands before and after it.
    async fn piece(&mut self) -> Result<Option<String>> {
        if let Some(head) = self.head.take() {
            return Ok(Some(head));
        }
        let (table, after) = match self.current.take() {
            Some(at) => at,
            None => match self.tables.pop() {
                Some(table) => (table, None),
                None if self.ended => return Ok(None),
                None => {
                    self.ended = true;
                    return Ok(Some(self.format.end().to_owned()));
                }
            },
        };
        let is_first = after.is_none();
        let page = self.page(&table, after).await?;
        let text = self
            .format
            .rows(&table, &page.rows, is_first, page.next.is_none());
        if page.next.is_some() {
            self.current = Some((table, page.next));
        }
        Ok(Some(text))
    }

    async fn page(&self, table: &str, after: Option<Value>) -> Result<Page> {
        let limit = if table == "anomalies" {
            ANOMALIES
        } else {
            ROWS
        };
        let arguments =
            json!({ "p_org": self.org, "p_table": table, "p_after": after, "p_limit": limit });
        for attempt in 1.. {
            match postgrest::call_as(&self.ctx, &self.token, "export_page", &arguments).await {
                Err(error) if error.code == Code::DependencyUnavailable && attempt < ATTEMPTS => {
                    fetch::pause(PAUSE * attempt).await;
                }
                outcome => return outcome,
            }
        }
        Err(Error::internal("no attempt"))
    }
}

impl Format {
    fn head(self, organization: &str, now: &str) -> String {
        match self {
            Self::Json => {
                format!("{{\"exported_at\":\"{now}\",\"organization\":{organization}")
            }
            Self::Lines => format!("{{\"table\":\"organization\",\"row\":{organization}}}\n"),
        }
    }

    fn rows(self, table: &str, rows: &[Box<RawValue>], is_first: bool, is_last: bool) -> String {
        let name = NAMES
            .iter()
            .find(|(t, _)| *t == table)
            .map_or(table, |(_, n)| n);
        let mut out =
            String::with_capacity(rows.iter().map(|r| r.get().len() + 32).sum::<usize>() + 64);
        if self == Self::Json && is_first {
            out.push_str(",\n\"");
            out.push_str(name);
            out.push_str("\":[");
        }
        for (i, row) in rows.iter().enumerate() {
            match self {
                Self::Json => {
                    out.push_str(if i == 0 && is_first { "\n" } else { ",\n" });
                    out.push_str(row.get());
                }
                Self::Lines => {
                    out.push_str("{\"table\":\"");
                    out.push_str(name);
                    out.push_str("\",\"row\":");
                    out.push_str(row.get());
                    out.push_str("}\n");
                }
            }
        }
        if self == Self::Json && is_last {
            out.push(']');
        }
        out
    }

    fn end(self) -> &'static str {
        match self {
            Self::Json => ",\n\"complete\":true}\n",
            Self::Lines => "{\"complete\":true}\n",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(texts: &[&str]) -> Vec<Box<RawValue>> {
        texts
            .iter()
            .map(|t| RawValue::from_string((*t).to_owned()).expect("json"))
            .collect()
    }

    fn written(format: Format) -> String {
        [
            format.head("{\"id\":1}", "2026-11-21T10:00:00Z"),
            format.rows("anomalies", &rows(&["{\"a\":1}", "{\"a\":2}"]), true, false),
            format.rows("anomalies", &rows(&["{\"a\":3}"]), false, false),
            // a table whose last page was full ends with an empty one
            format.rows("anomalies", &rows(&[]), false, true),
            format.rows("api_keys", &rows(&[]), true, true),
            format.rows("members", &rows(&["{\"m\":1}"]), true, true),
            format.end().to_owned(),
        ]
        .concat()
    }

    #[test]
    fn pages_join_to_one_document() {
        let whole: Value = serde_json::from_str(&written(Format::Json)).expect("json");
        assert_eq!(
            whole,
            json!({"exported_at": "2026-11-21T10:00:00Z", "organization": {"id": 1}, "anomalies": [{"a": 1}, {"a": 2}, {"a": 3}], "keys": [], "members": [{"m": 1}], "complete": true})
        );
    }

    #[test]
    fn or_to_lines() {
        let text = written(Format::Lines);
        let lines: Vec<Value> = text
            .lines()
            .map(|l| serde_json::from_str(l).expect("json"))
            .collect();
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[3], json!({"table": "anomalies", "row": {"a": 3}}));
        assert_eq!(lines[5], json!({"complete": true}));
    }
}
