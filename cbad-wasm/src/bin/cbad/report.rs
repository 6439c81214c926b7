//! An anomaly as a person reads it: the sentence first, then what it rests on. All that comes from the input is made visible.

use crate::input::Owned;
use crate::terminal::{Paint, visible};
use cbad::measures::Measures;
use cbad::{Expected, GroupVerdict, Severity, Verdict};
use serde::Deserialize as _;
use std::fmt::Write as _;

/// Rows of a table; what is beyond them is summed up.
const ROWS: usize = 10;
/// Bits below which a row tells nothing.
const CHEAP: f64 = 0.05;
/// Characters of a cell.
const CELL: usize = 40;

/// A row of a table: what it is about, its bits, the value where that is another thing, and what is usual instead.
struct Row<'v> {
    name: &'v str,
    value: Option<&'v str>,
    bits: f64,
    expected: &'v [Expected],
}

/// The explanation of an anomaly, several lines and an empty one.
pub fn anomaly(owned: &Owned, verdict: &Verdict, paint: Paint) -> String {
    let reason = verdict.reason.as_deref().unwrap_or("");
    let mut out = format!("{}\n", paint.strong(&visible(reason)));
    let severity = verdict.severity.unwrap_or(Severity::Low);
    let stream = match owned.stream.as_str() {
        "" => String::new(),
        name => format!(" in {}", visible(name)),
    };
    let head = format!(
        "event {}{stream}: {:.1} bits of surprise ({})",
        verdict.index,
        verdict.score,
        word(severity)
    );
    let _ = writeln!(
        out,
        "  {}, p = {:.1e} by {}, q = {}",
        paint.severity(severity, &head),
        verdict.p_value,
        word(verdict.p_method),
        verdict.q_value
    );
    let _ = writeln!(out, "  {}", paint.tokens(&owned.text, &verdict.tokens));
    table(&mut out, "field", fields(verdict), paint);
    table(&mut out, "token", tokens(verdict), paint);
    if !verdict.evidence.is_empty() {
        let parts = verdict.evidence.iter();
        let parts: Vec<String> = parts.map(|(name, x)| format!("{name} {x}")).collect();
        let _ = writeln!(out, "  evidence: {}", parts.join(", "));
    }
    if let Some(nearest) = &verdict.nearest {
        let line = format!("  nearest normal event: {}", visible(nearest));
        let _ = writeln!(out, "{}", paint.faint(&line));
    }
    let measures = verdict.measures.as_ref();
    if let Some(m) = measures.and_then(|m| Measures::deserialize(m).ok()) {
        let _ = writeln!(out, "{}", paint.faint(&window(&m)));
    }
    let line = format!(
        "  algorithm {}, seed {}, checkpoint {}",
        verdict.algorithm.as_deref().unwrap_or("unknown"),
        verdict.seed.unwrap_or(0),
        verdict.checkpoint.as_deref().unwrap_or("unknown")
    );
    let _ = writeln!(out, "{}\n", paint.faint(&line));
    out
}

/// The window measures, in two lines.
fn window(m: &Measures) -> String {
    let test = match m.permutations {
        0 => "not tested".to_owned(),
        n => format!(
            "p = {:.2} after {n} permutations, seed {}",
            m.p_value, m.seed
        ),
    };
    format!(
        "  window: {} events against {} before, {} and {} bytes with {}: NCD {:.2}, {test}\n          ratio {:.2} against {:.2}, \
         delta {:.2} bits per byte, entropy {:.2} against {:.2} bits per byte",
        m.events_window,
        m.events_baseline,
        m.bytes_window,
        m.bytes_baseline,
        m.codec.name(),
        m.ncd,
        m.compression_ratio_window,
        m.compression_ratio_baseline,
        m.delta_bits,
        m.entropy_window,
        m.entropy_baseline
    )
}

/// The explanation of a group.
pub fn group(verdict: &GroupVerdict, paint: Paint) -> String {
    let severity = verdict.severity.unwrap_or(Severity::Low);
    let head = format!(
        "group {}: {:.1} bits of surprise ({})",
        visible(&verdict.group),
        verdict.score,
        word(severity)
    );
    format!(
        "{}\n  {}, p = {:.1e} by {}, q = {}\n  {} events, the last of them event {} of its stream\n\n",
        paint.strong(&visible(verdict.reason.as_deref().unwrap_or(""))),
        paint.severity(severity, &head),
        verdict.p_value,
        word(verdict.p_method),
        verdict.q_value,
        verdict.events,
        verdict.last_index
    )
}

fn fields(verdict: &Verdict) -> Vec<Row<'_>> {
    let row = |f: &'_ cbad::FieldBits| f.bits >= CHEAP && f.path != "$";
    let fields = verdict.fields.iter().filter(|f| row(f));
    fields
        .map(|f| Row {
            name: &f.path,
            value: Some(&f.text),
            bits: f.bits,
            expected: &f.expected,
        })
        .collect()
}

/// The tokens, but for those that are a whole field, which has its row already.
fn tokens(verdict: &Verdict) -> Vec<Row<'_>> {
    let whole = |t: &cbad::TokenBits| {
        let mut fields = verdict.fields.iter();
        fields.any(|f| f.path != "$" && f.text == t.text && f.bits == t.bits)
    };
    let tokens = verdict.tokens.iter();
    tokens
        .filter(|t| t.bits >= CHEAP && !whole(t))
        .map(|t| Row {
            name: &t.text,
            value: None,
            bits: t.bits,
            expected: &t.expected,
        })
        .collect()
}

/// Rows under a header, the dearest first, columns aligned; nothing where there are none.
fn table(out: &mut String, what: &str, mut rows: Vec<Row<'_>>, paint: Paint) {
    if rows.is_empty() {
        return;
    }
    rows.sort_by(|a, b| b.bits.total_cmp(&a.bits));
    let rest = rows.split_off(rows.len().min(ROWS));
    let valued = rows.iter().any(|r| r.value.is_some());
    let mut cells = vec![[
        what.to_owned(),
        if valued { "value" } else { "" }.to_owned(),
        "usual here instead".to_owned(),
    ]];
    cells.extend(rows.iter().map(|r| {
        [
            cell(r.name),
            cell(r.value.unwrap_or("")),
            instead(r.expected),
        ]
    }));
    let width = |column: usize| cells.iter().map(|c| c[column].chars().count()).max();
    let (name, value) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
    for (i, [first, second, third]) in cells.iter().enumerate() {
        let bits = match i.checked_sub(1).and_then(|i| rows.get(i)) {
            Some(row) => format!("{:.1}", row.bits),
            None => "bits".to_owned(),
        };
        let mut line = format!("    {bits:>6}  {first:<name$}");
        if valued {
            let _ = write!(line, "  {second:<value$}");
        }
        let line = format!("{line}  {third}");
        let line = line.trim_end();
        let _ = match i {
            0 => writeln!(out, "{}", paint.faint(line)),
            _ => writeln!(out, "{line}"),
        };
    }
    if !rest.is_empty() {
        let bits: f64 = rest.iter().map(|r| r.bits).sum();
        let _ = writeln!(out, "    {bits:>6.1}  in {} more", rest.len());
    }
}

/// What was seen in a place, with how often.
fn instead(expected: &[Expected]) -> String {
    let one = |e: &Expected| format!("{} ({}×)", cell(&e.text), e.count);
    expected.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A text as far as a cell goes.
fn cell(text: &str) -> String {
    let text = visible(text).replace('\t', " ");
    match text.char_indices().nth(CELL) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// The word that JSON has for a value.
fn word(value: impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).ok();
    value
        .as_ref()
        .and_then(|v| v.as_str())
        .unwrap_or("")
        .to_owned()
}
