//! `GET /metrics`: Prometheus text (exposition format 0.0.4), for whoever has the token `METRICS_TOKEN`.

use crate::auth::api_key::{constant_time_eq, hash};
use crate::auth::principal::credential;
use crate::billing::cycle;
use crate::detect::pressure::Pressure;
use crate::error::{Code, Error, Result};
use crate::http::{Request, Response};
use crate::platform::{Ctx, metrics, objects, stripe};
use serde_json::Value;
use std::fmt::Write;

/// Every counter: name and what it counts.
const COUNTERS: &[(&str, &str)] = &[
    (
        "driftlock_batches_total",
        "Batches that stream objects took, one per stream of a request.",
    ),
    (
        "driftlock_events_accepted_total",
        "Events scored and counted.",
    ),
    (
        "driftlock_events_duplicate_total",
        "Events recognised by their id.",
    ),
    (
        "driftlock_replays_total",
        "Batches recognised by their request key and answered as before.",
    ),
    ("driftlock_anomalies_total", "Anomalies recorded."),
    (
        "driftlock_batches_refused_total",
        "Batches refused because the outbox was full.",
    ),
    (
        "driftlock_outbox_sent_total",
        "Anomalies stored in the database.",
    ),
    (
        "driftlock_outbox_dead_total",
        "Anomalies that the database refused for good.",
    ),
    (
        "driftlock_outbox_failures_total",
        "Attempts that found the database away.",
    ),
    (
        "driftlock_queued_total",
        "Messages put on the queue by respond-async.",
    ),
    (
        "driftlock_queue_taken_total",
        "Messages of the queue that were scored.",
    ),
    (
        "driftlock_queue_refused_total",
        "Messages of the queue that were dropped: refused for good, or unreadable.",
    ),
    (
        "driftlock_queue_retries_total",
        "Messages of the queue that were put back.",
    ),
    (
        "driftlock_sqlite_rows_written_total",
        "SQLite rows written by stream objects.",
    ),
];

/// The metrics; 404 where no token is configured.
pub async fn get(ctx: &Ctx, request: &Request) -> Result<Response> {
    let Some(token) = &ctx.settings.metrics_token else {
        return Err(Error::new(Code::UnknownRoute, "there is no such route"));
    };
    if !constant_time_eq(&hash(credential(request)?), &hash(token)) {
        return Err(Error::new(
            Code::InvalidCredentials,
            "the metrics token is not valid",
        ));
    }
    let pressure = objects::pressure(ctx).await.ok();
    let billing = match stripe::is_configured(ctx) {
        true => cycle::health(ctx).await.unwrap_or_default(),
        false => Value::Null,
    };
    Ok(Response {
        status: 200,
        headers: vec![("content-type".into(), "text/plain; version=0.0.4".into())],
        body: (text(pressure) + &billing_text(&billing)).into_bytes(),
    })
}

/// What of billing waits or was given up (`billing_health` of the database); nothing where that cannot be asked.
fn billing_text(health: &Value) -> String {
    let name = "driftlock_billing";
    let mut out = String::new();
    for (what, count) in health.as_object().into_iter().flatten() {
        if out.is_empty() {
            let _ = writeln!(
                out,
                "# HELP {name} Events, flushes and mails of billing that wait, or that were given up and need a look.\n# TYPE {name} gauge"
            );
        }
        let _ = writeln!(
            out,
            "{name}{{what=\"{what}\"}} {}",
            count.as_u64().unwrap_or(0)
        );
    }
    out
}

fn text(pressure: Option<Pressure>) -> String {
    let mut out = String::new();
    for (name, help) in COUNTERS {
        let value = metrics::get(name);
        // writing to a String does not fail
        let _ = writeln!(
            out,
            "# HELP {name} {help} Counted by the isolate that answers, since it began; others have counts of their own.\n# TYPE {name} counter\n{name} {value}"
        );
    }
    let Some(p) = pressure else {
        return out;
    };
    let name = "driftlock_streams_under_pressure";
    let _ = writeln!(
        out,
        "# HELP {name} Streams of the installation whose outbox is long (slim) or full.\n# TYPE {name} gauge"
    );
    let _ = writeln!(
        out,
        "{name}{{level=\"slim\"}} {}\n{name}{{level=\"full\"}} {}",
        p.slim, p.full
    );
    let name = "driftlock_outbox_waiting";
    let _ = writeln!(
        out,
        "# HELP {name} Anomalies waiting in those streams.\n# TYPE {name} gauge\n{name} {}",
        p.waiting
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_comment_or_a_sample() {
        metrics::add("driftlock_batches_total", 3);
        let health = serde_json::json!({ "dead_events": 2, "oldest_waiting_seconds": null });
        let text = text(Some(Pressure {
            slim: 1,
            full: 0,
            waiting: 7,
        })) + &billing_text(&health);
        for line in text.lines() {
            let sample = line
                .split_once(' ')
                .is_some_and(|(n, v)| n.starts_with("driftlock_") && v.parse::<u64>().is_ok());
            assert!(line.starts_with("# ") || sample, "{line}");
        }
        assert!(
            text.contains("driftlock_batches_total 3\n")
                && text.contains("driftlock_outbox_waiting 7\n")
                && text.contains("driftlock_billing{what=\"dead_events\"} 2\n")
        );
    }
}
