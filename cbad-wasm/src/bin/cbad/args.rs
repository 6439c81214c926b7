//! What was asked for on the command line.

use cbad::{Config, Kind};
use std::path::PathBuf;

pub const HELP: &str = "\
cbad - find what does not compress given the past: anomalies in logs, records, traces and prompts

USAGE
  cbad score [OPTIONS] [FILE]        read FILE or standard input, write one verdict per event
  cbad explain [OPTIONS] [FILE]      the same, but write the anomalies only, in plain text
  cbad replay [FILE]                 recompute verdicts: one {\"event\":{…},\"witness\":\"…\"} per line, the event in the
                                     shape of POST /v1/events, the witness from its verdict

OPTIONS
  --format FORMAT      lines (default), ndjson, csv, or events (the shape of POST /v1/events, one detector per stream)
  --kind KIND          log (default), metric, trace or llm
  --warmup N|SHARE     learn this many events, or this share of each stream (below 1), before the first alarm
  --sensitivity S      0.0 to 1.0; promised false alarms are 10^(4S-5) per event (default 0.5: one in 1,000)
  --seed N             seed of whatever is sampled (default 1)
  --field NAME         score only these top-level fields of a record (repeatable; ndjson and csv)
  --time NAME          the field that holds the time (ndjson and csv)
  --group NAME         the field that holds the session or trace (ndjson and csv)
  --explain            write the anomalies only, explained in plain text (the default on a terminal)
  --json               write NDJSON verdicts even on a terminal
  --strict             exit with 1 if a line could not be read
  -h, --help           this text
  -V, --version        the version

EXAMPLES
  cat app.log | cbad score
  cbad score --format ndjson --field message --time ts app.ndjson > verdicts.ndjson
";

/// How the input is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Lines,
    Ndjson,
    Csv,
    Events,
}

/// Options of `cbad score`.
#[derive(Clone, Debug)]
pub struct Options {
    pub format: Format,
    pub kind: Kind,
    pub warmup: Option<f64>,
    pub config: Config,
    pub fields: Vec<String>,
    pub time: Option<String>,
    pub group: Option<String>,
    pub explain: bool,
    pub json: bool,
    pub strict: bool,
    pub file: Option<PathBuf>,
}

pub enum Command {
    Help(String),
    Score(Box<Options>),
    Replay(Box<Options>),
}

pub fn parse() -> Result<Command, lexopt::Error> {
    use lexopt::prelude::*;
    let mut o = Options {
        format: Format::Lines,
        kind: Kind::Log,
        warmup: None,
        config: Config::default(),
        fields: Vec::new(),
        time: None,
        group: None,
        explain: false,
        json: false,
        strict: false,
        file: None,
    };
    let mut parser = lexopt::Parser::from_env();
    let mut command = None;
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help(HELP.to_owned())),
            Short('V') | Long("version") => {
                return Ok(Command::Help(format!(
                    "cbad {} ({})\n",
                    env!("CARGO_PKG_VERSION"),
                    cbad::ALGORITHM
                )));
            }
            Long("format") => {
                o.format = match parser.value()?.string()?.as_str() {
                    "lines" => Format::Lines,
                    "ndjson" => Format::Ndjson,
                    "csv" => Format::Csv,
                    "events" => Format::Events,
                    other => {
                        return Err(format!(
                            "unknown format {other:?}: use lines, ndjson, csv or events"
                        )
                        .into());
                    }
                }
            }
            Long("kind") => o.kind = parser.value()?.parse()?,
            Long("warmup") => {
                let share: f64 = parser.value()?.parse()?;
                if !(share >= 0.0 && share.is_finite()) {
                    return Err("the warm-up must be a number of events or a share below 1".into());
                }
                o.warmup = Some(share);
            }
            Long("sensitivity") => {
                o.config.sensitivity = parser.value()?.parse()?;
                if !(0.0..=1.0).contains(&o.config.sensitivity) {
                    return Err("the sensitivity must be between 0 and 1".into());
                }
            }
            Long("seed") => o.config.seed = parser.value()?.parse()?,
            Long("field") => o.fields.push(parser.value()?.string()?),
            Long("time") => o.time = Some(parser.value()?.string()?),
            Long("group") => o.group = Some(parser.value()?.string()?),
            Long("explain") => o.explain = true,
            Long("json") => o.json = true,
            Long("strict") => o.strict = true,
            Value(v) if command.is_none() => command = Some(v.string()?),
            Value(v) if o.file.is_none() => o.file = Some(v.into()),
            other => return Err(other.unexpected()),
        }
    }
    match command.as_deref() {
        Some("score") => Ok(Command::Score(Box::new(o))),
        Some("explain") => Ok(Command::Score(Box::new(Options { explain: true, ..o }))),
        Some("replay") => Ok(Command::Replay(Box::new(o))),
        Some(other) => Err(format!("unknown command {other:?}; see cbad --help").into()),
        None => Ok(Command::Help(HELP.to_owned())),
    }
}
