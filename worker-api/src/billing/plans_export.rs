//! What is generated from the plan table, and the check that it is current. `UPDATE_PLANS=1 cargo test -p worker-api plans` writes
//! the files anew; a change of the table needs a new migration with the block between the markers, since released ones stay.

use super::*;
use std::fs;
use std::path::{Path, PathBuf};

const BEGIN: &str = "generated from worker-api/src/billing/plans.rs: begin";
const END: &str = "generated from worker-api/src/billing/plans.rs: end";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
fn updating() -> bool {
    std::env::var_os("UPDATE_PLANS").is_some()
}

fn check(file: &Path, wanted: &str) {
    if updating() {
        fs::write(file, wanted).expect("writable");
    }
    let have = fs::read_to_string(file).unwrap_or_default();
    assert!(
        have == wanted,
        "{} differs from the plan table: run with UPDATE_PLANS=1",
        file.display()
    );
}

/// The file with what stands between the markers replaced. Its marker lines stay as they are.
fn with_block(file: &Path, block: &str) -> String {
    let text = fs::read_to_string(file).expect("a file with markers");
    let begin = text.find(BEGIN).expect("the begin marker");
    let from = begin + text[begin..].find('\n').expect("a line") + 1;
    let end = text.find(END).expect("the end marker");
    let to = text[..end].rfind('\n').expect("a line") + 1;
    format!("{}{block}{}", &text[..from], &text[to..])
}

fn sql_number<T: ToString>(value: Option<T>) -> String {
    value.map_or("null".into(), |v| v.to_string())
}

/// The rows of `public.plans`.
fn sql() -> String {
    let rows: Vec<String> = PLANS
        .iter()
        .map(|p| {
            format!(
                "  ('{}', '{}', {}, {}, {}, {}, {}, {}, {}, {}, {})",
                p.id,
                p.name,
                sql_number(p.price),
                sql_number(p.detections),
                sql_number(p.overage),
                sql_number(p.events),
                sql_number(p.streams),
                sql_number(p.members),
                p.retention_days,
                p.evidence_days,
                p.rate
            )
        })
        .collect();
    format!(
        "insert into public.plans (id, name, price_micro_usd, detections, overage_micro_usd, events, streams, members, retention_days, evidence_days, requests_per_minute) values\n{}\n\
         on conflict (id) do update set name = excluded.name, price_micro_usd = excluded.price_micro_usd, detections = excluded.detections,\n  \
         overage_micro_usd = excluded.overage_micro_usd, events = excluded.events, streams = excluded.streams, members = excluded.members,\n  \
         retention_days = excluded.retention_days, evidence_days = excluded.evidence_days, requests_per_minute = excluded.requests_per_minute;\n",
        rows.join(",\n")
    )
}

/// The table of docs/BILLING.md.
fn markdown() -> String {
    let count = |n: Option<u64>| n.map_or("by contract".into(), thousands);
    let mut out = String::from(
        "| plan | a month | detections | each further one | events | streams | members | anomalies kept | evidence kept | requests a minute |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for p in &PLANS {
        let price = p
            .price
            .map_or("by contract".into(), |m| format!("${}", dollars(m)));
        let further = match (p.overage, p.detections) {
            (Some(m), _) => format!("${}", dollars(m)),
            (None, Some(_)) => "not recorded, but counted and told".into(),
            (None, None) => "by contract".into(),
        };
        out += &format!(
            "| {} | {price} | {} | {further} | {} | {} | {} | {} days | {} days | {} |\n",
            p.name,
            count(p.detections),
            count(p.events),
            count(p.streams.map(u64::from)),
            count(p.members.map(u64::from)),
            p.retention_days,
            p.evidence_days,
            thousands(u64::from(p.rate))
        );
    }
    out
}

fn json_file() -> String {
    let plans: Vec<Value> = PLANS.iter().map(Plan::to_json).collect();
    format!("{}\n", serde_json::to_string_pretty(&plans).expect("JSON"))
}

#[test]
fn the_dashboards_plans_are_current() {
    check(
        &root().join("pages-frontend/src/config/plans.json"),
        &json_file(),
    );
}

#[test]
fn the_documented_plans_are_current() {
    let file = root().join("docs/BILLING.md");
    check(&file, &with_block(&file, &format!("\n{}\n", markdown())));
}

#[test]
fn the_newest_seed_is_current() {
    let mut with_markers: Vec<PathBuf> = fs::read_dir(root().join("supabase/migrations"))
        .expect("migrations")
        .map(|e| e.expect("an entry").path())
        .filter(|p| fs::read_to_string(p).is_ok_and(|t| t.contains(BEGIN)))
        .collect();
    with_markers.sort();
    let newest = with_markers.last().expect("a migration with the plans");
    check(newest, &with_block(newest, &sql()));
}
