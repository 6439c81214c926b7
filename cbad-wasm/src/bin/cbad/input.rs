//! From a line of input to an event.

use crate::args::{Format, Options};
use crate::csv;
use crate::otlp;
use crate::time;
use cbad::{Event, Kind, Payload};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader};

/// One event with the text it owns.
#[derive(Clone, Debug, PartialEq)]
pub struct Owned {
    pub stream: String,
    pub kind: Kind,
    pub timestamp_ms: Option<i64>,
    pub group: Option<String>,
    pub text: String,
    pub json: bool,
}

impl Owned {
    pub fn event(&self) -> Event<'_> {
        let payload = if self.json {
            Payload::Json(&self.text)
        } else {
            Payload::Text(&self.text)
        };
        Event {
            kind: self.kind,
            timestamp_ms: self.timestamp_ms,
            group: self.group.as_deref(),
            payload,
        }
    }
}

/// The shape of POST /v1/events, old shapes included.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    stream: Option<Cow<'a, str>>,
    #[serde(borrow, default, alias = "stream_type")]
    event_type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow, default)]
    group: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
}

/// Why a line gave no event.
#[derive(Debug)]
pub enum Unread {
    /// The line is not what it should be; others may be.
    Line(String),
    /// What was asked for does not fit the input: no line will do.
    Input(String),
}

impl From<String> for Unread {
    fn from(why: String) -> Unread {
        Unread::Line(why)
    }
}

/// A line of the input that was read, or a record of a table.
pub struct Step {
    /// Where it begins, from 1.
    pub line: u64,
    /// Its length.
    pub bytes: usize,
    /// Whether it could be read.
    pub read: Result<(), Unread>,
}

enum Source {
    Lines(Box<dyn BufRead>, Vec<u8>),
    Table(csv::Records<Box<dyn BufRead>>),
}

/// Reads events from a file or standard input.
pub struct Reader<'o> {
    lines: Lines<'o>,
    source: Source,
    line: u64,
}

impl<'o> Reader<'o> {
    /// Opens the file named, or standard input.
    pub fn open(options: &'o Options) -> Result<Reader<'o>, Box<dyn Error>> {
        let input: Box<dyn BufRead> = match &options.file {
            Some(path) => Box::new(BufReader::with_capacity(
                1 << 16,
                File::open(path).map_err(|e| format!("{}: {e}", path.display()))?,
            )),
            None => Box::new(io::stdin().lock()),
        };
        Ok(Reader {
            lines: Lines::new(options),
            source: match options.format {
                Format::Csv => Source::Table(csv::Records::new(input)),
                _ => Source::Lines(input, Vec::new()),
            },
            line: 0,
        })
    }

    /// Appends the events of the next line to `out`: none of a blank one or a header, several of an export request. `None` at the
    /// end.
    pub fn next(&mut self, out: &mut Vec<Owned>) -> io::Result<Option<Step>> {
        match &mut self.source {
            Source::Lines(input, buffer) => {
                buffer.clear();
                if input.read_until(b'\n', buffer)? == 0 {
                    return Ok(None);
                }
                self.line += 1;
                let text = String::from_utf8_lossy(buffer);
                let read = self.lines.read(text.trim_end_matches(['\r', '\n']), out);
                let (line, bytes) = (self.line, buffer.len());
                Ok(Some(Step { line, bytes, read }))
            }
            Source::Table(records) => {
                let Some(record) = records.next()? else {
                    return Ok(None);
                };
                let read = match record.cells {
                    None => Err("a quote is opened and not closed".to_owned().into()),
                    Some(cells) if cells.is_empty() => Ok(()),
                    Some(cells) => match self.lines.row(cells, records.delimiter()) {
                        Ok(event) => {
                            out.extend(event);
                            Ok(())
                        }
                        Err(e) => Err(e),
                    },
                };
                let (line, bytes) = (record.line, record.bytes);
                Ok(Some(Step { line, bytes, read }))
            }
        }
    }

    /// What to tell of names that were asked for and that no record has had.
    pub fn unknown(&self) -> Option<String> {
        self.lines.unknown()
    }
}

/// From lines and rows to events.
struct Lines<'o> {
    options: &'o Options,
    header: Option<Vec<String>>,
    begun: bool,
    unknown: BTreeSet<&'o str>, // names asked for that no record has had
    met: BTreeSet<String>,      // names in the first record
}

impl<'o> Lines<'o> {
    fn new(options: &'o Options) -> Lines<'o> {
        let named = options.fields.iter();
        let named = named.chain(&options.time).chain(&options.group);
        Lines {
            options,
            header: None,
            begun: false,
            unknown: named.map(String::as_str).collect(),
            met: BTreeSet::new(),
        }
    }

    fn unknown(&self) -> Option<String> {
        let asked = self.options.format == Format::Ndjson && self.begun;
        (asked && !self.unknown.is_empty())
            .then(|| no_such(&self.unknown, self.met.iter().map(String::as_str)))
    }

    /// Appends the events of a line to `out`.
    fn read(&mut self, line: &str, out: &mut Vec<Owned>) -> Result<(), Unread> {
        // the mark some programs begin a file with is no part of the first name or word
        let line = match line.strip_prefix('\u{feff}') {
            Some(rest) if !self.begun => rest,
            _ => line,
        };
        self.begun = true;
        if line.trim().is_empty() {
            return Ok(());
        }
        match self.options.format {
            Format::Lines => out.push(self.owned(line.to_owned(), false, None, None)),
            Format::Events => out.push(envelope(line, self.options.kind)?),
            Format::Ndjson => out.push(self.record(line)?),
            Format::Otlp => otlp::read(line, out)?,
            Format::Csv => {} // read by its records
        }
        Ok(())
    }

    fn owned(
        &self,
        text: String,
        json: bool,
        timestamp_ms: Option<i64>,
        group: Option<String>,
    ) -> Owned {
        Owned {
            stream: String::new(),
            kind: self.options.kind,
            timestamp_ms,
            group,
            text,
            json,
        }
    }

    fn record(&mut self, line: &str) -> Result<Owned, String> {
        let raw: &RawValue = serde_json::from_str(line).map_err(|e| e.to_string())?;
        let o = self.options;
        if o.fields.is_empty() && o.time.is_none() && o.group.is_none() {
            let (text, json) = payload(raw)?;
            return Ok(self.owned(text, json, None, None));
        }
        let map = members(raw)?;
        if self.met.is_empty() {
            self.met = map.keys().take(SHOWN).map(|k| k.to_string()).collect();
        }
        self.unknown.retain(|path| at(&map, path).is_none());
        let timed = o.time.as_deref().and_then(|path| at(&map, path));
        let timestamp_ms = timed.and_then(timestamp);
        let group = o.group.as_deref().and_then(|path| at(&map, path));
        let group = group.and_then(|v| payload(v).ok()).map(|p| p.0);
        let (text, json) = match o.fields.as_slice() {
            [] => payload(raw)?,
            [one] => payload(at(&map, one).ok_or_else(|| format!("no field {one:?}"))?)?,
            many => {
                let part: BTreeMap<&str, &RawValue> = many
                    .iter()
                    .filter_map(|path| Some((path.as_str(), at(&map, path)?)))
                    .collect();
                (
                    serde_json::to_string(&part).map_err(|e| e.to_string())?,
                    true,
                )
            }
        };
        Ok(self.owned(text, json, timestamp_ms, group))
    }

    /// Appends the event of a table's record: none of a header.
    fn row(&mut self, cells: Vec<String>, delimiter: Option<u8>) -> Result<Option<Owned>, Unread> {
        let Some(header) = &self.header else {
            self.unknown.retain(|name| !cells.iter().any(|c| c == name));
            if !self.unknown.is_empty() {
                let there = cells.iter().map(String::as_str);
                return Err(Unread::Input(no_such(&self.unknown, there)));
            }
            self.header = Some(cells);
            return Ok(None);
        };
        if header.len() != cells.len() {
            return Err(
                format!("{} cells, but the header has {}", cells.len(), header.len()).into(),
            );
        }
        let o = self.options;
        let cell = |name: &Option<String>| {
            name.as_ref()
                .and_then(|n| header.iter().position(|h| h == n))
                .map(|i| cells[i].clone())
        };
        let (timestamp_ms, group) = (cell(&o.time).and_then(|t| time::parse(&t)), cell(&o.group));
        let mut map = serde_json::Map::new();
        for (name, text) in header.iter().zip(&cells) {
            let aside = [&o.time, &o.group]
                .into_iter()
                .any(|x| x.as_ref() == Some(name));
            if if o.fields.is_empty() {
                !aside
            } else {
                o.fields.contains(name)
            } {
                let number = csv::number(text, delimiter).and_then(serde_json::Number::from_f64);
                map.insert(
                    name.clone(),
                    number.map_or_else(|| text.clone().into(), Into::into),
                );
            }
        }
        let text = serde_json::Value::Object(map).to_string();
        Ok(Some(self.owned(text, true, timestamp_ms, group)))
    }
}

type Members<'v> = BTreeMap<Cow<'v, str>, &'v RawValue>;

fn members(raw: &RawValue) -> Result<Members<'_>, String> {
    serde_json::from_str(raw.get()).map_err(|e| e.to_string())
}

/// The value at a path: of a member of that very name, else, from dot to dot, of what is inside an object.
fn at<'v>(map: &Members<'v>, path: &str) -> Option<&'v RawValue> {
    if let Some(&value) = map.get(path) {
        return Some(value);
    }
    path.match_indices('.').find_map(|(dot, _)| {
        let inside = members(map.get(&path[..dot])?).ok()?;
        at(&inside, &path[dot + 1..])
    })
}

/// Names of fields told at most.
const SHOWN: usize = 40;

fn no_such<'n>(unknown: &BTreeSet<&str>, there: impl Iterator<Item = &'n str>) -> String {
    let list = |names: &mut dyn Iterator<Item = &str>| {
        let quoted: Vec<String> = names.take(SHOWN).map(|n| format!("{n:?}")).collect();
        quoted.join(", ")
    };
    format!(
        "there is no field {}; there are {}",
        list(&mut unknown.iter().copied()),
        list(&mut { there })
    )
}

pub fn envelope(line: &str, kind: Kind) -> Result<Owned, String> {
    let e: Envelope = serde_json::from_str(line).map_err(|e| e.to_string())?;
    let kind = match &e.event_type {
        Some(name) => name.parse::<Kind>().map_err(|e| e.to_string())?,
        None if e.value.is_some() => Kind::Metric,
        None => kind,
    };
    let data = e.data.or(e.value).ok_or("neither data nor value")?;
    let (text, json) = payload(data)?;
    let stream = e
        .stream
        .map_or_else(|| kind.name().to_owned(), Cow::into_owned);
    Ok(Owned {
        stream,
        kind,
        timestamp_ms: e.timestamp.and_then(timestamp),
        group: e.group.map(Cow::into_owned),
        text,
        json,
    })
}

/// A JSON value as a payload: a string is text, anything else is raw JSON.
fn payload(raw: &RawValue) -> Result<(String, bool), String> {
    let text = raw.get();
    if text.starts_with('"') {
        return serde_json::from_str(text)
            .map(|s| (s, false))
            .map_err(|e| e.to_string());
    }
    Ok((text.to_owned(), true))
}

fn timestamp(raw: &RawValue) -> Option<i64> {
    payload(raw).ok().and_then(|(text, _)| time::parse(&text))
}
