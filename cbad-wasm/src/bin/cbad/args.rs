//! What was asked for on the command line.

use crate::terminal::Color;
use cbad::codec::Codec;
use cbad::measures::WindowOptions;
use cbad::{Config, Kind};
use std::path::PathBuf;

pub const HELP: &str = "\
cbad - find what does not compress given the past: anomalies in logs, records, traces, prompts and numbers

USAGE
  cbad score [OPTIONS] [FILE]        read FILE or standard input, write one verdict per event
  cbad explain [OPTIONS] [FILE]      the same, but write the anomalies only, as text: a sentence, then the bits of each
                                     field and token, what was expected instead and how often, the nearest normal
                                     event, p, q, seed, algorithm and checkpoint
  cbad replay [FILE]                 recompute verdicts: one {\"event\":{…},\"witness\":\"…\"} per line, the event in the
                                     shape of POST /v1/events, the witness from its verdict
  cbad bench [OPTIONS] [FILE]        measure on FILE, or on lines made for it: events a second, memory, checkpoint, and
                                     whether the bits are those an arithmetic coder spends

  On a terminal, score writes anomalies alone, explained; into a pipe or file, one line of JSON per event, in order,
  and one per group when it closes; \"index\" and \"repeat_of\" count the input's events, \"stream_index\", which replay
  tells, those of the event's stream. Events are read once, scored before they are learnt; no labels, no training run.

INPUT
  --format FORMAT      lines      a text per line (default)
                       ndjson     a JSON value per line
                       csv        a header, then records; cells between commas, semicolons or tabs, as in the header; a
                                  quoted cell may hold line ends
                       events     the shape of POST /v1/events, one detector per \"stream\"
                       otlp-json  an OTLP/JSON export request per line, as the OpenTelemetry Collector's file exporter
                                  writes: a detector for the logs and one for the spans of each service, one for
                                  the durations of each operation, and one for each metric with its own attributes.
                                  Shaped as the service shapes them, but for redaction, the names of metrics' streams,
                                  and streams of what language models are asked and answer, which are not made here
                       Of events and otlp-json at most 1,000 streams are held at a time, some 300 KiB each; another one
                       takes the place of the one silent longest.
  --kind KIND          log (default), metric, trace or llm
  --field PATH         score only this field of a record (repeatable; ndjson and csv); in ndjson a dot goes into an
                       object, as in http.status, unless a member has that very name
  --time PATH          the field that holds the time (ndjson and csv)
  --group PATH         the field that holds the session or trace (ndjson and csv)

DETECTION
  --warmup N|SHARE     learn this many events, or this share of each stream (below 1), before the first alarm; a share
                       reads all input first
  --sensitivity S      strict, balanced (default), sensitive or 0.0 to 1.0: false alarms are promised at 10^(3.2 S - 4)
                       per event
                         strict     0.25, one in 1,585
                         balanced   0.5, one in 251
                         sensitive  0.75, one in 40
  --seed N             seed of whatever is sampled (default 1)
  --permutations N     measure the window of each anomaly that repeats no other, the 16 newest events against those
                       before them: compression ratio, delta bits, entropy, distance, and a p-value from at most N
                       permutations (0: none). explain does so unasked, with 199
  --codec CODEC        what these lengths are measured with: zstd (default), deflate, lz4 or columns (slow)

OUTPUT
  --explain            write the anomalies only, explained as text (the default on a terminal); tokens of
                       4 bits or more are red, or >>between arrows<< where there is no colour
  --json               write NDJSON verdicts even on a terminal
  --color WHEN         auto (default), always or never; auto heeds NO_COLOR and TERM=dumb
  --no-progress        no progress bar on a terminal
  --strict             exit with 1 if a line could not be read
  -h, --help           this text
  -V, --version        the version

EXIT STATUS
  0  done
  1  with --strict: lines could not be read; replay: a verdict could not be recomputed;
     bench: an event did not come back
  2  wrong usage, or no such file

EXAMPLES
  cat app.log | cbad score
  cbad score --format ndjson --field message --time ts app.ndjson > verdicts.ndjson
  cbad score --format otlp-json --json logs.json | jq 'select(.anomaly) | .reason'
  cbad bench --format ndjson app.ndjson
";

/// How the input is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Lines,
    Ndjson,
    Csv,
    Events,
    Otlp,
}

/// Options of `cbad score`.
#[derive(Clone, Debug)]
pub struct Options {
    pub format: Format,
    pub kind: Kind,
    pub warmup: Option<f64>,
    pub config: Config,
    /// How to measure the window of an anomaly, where that is asked for.
    pub measures: Option<WindowOptions>,
    pub fields: Vec<String>,
    pub time: Option<String>,
    pub group: Option<String>,
    pub explain: bool,
    pub json: bool,
    pub strict: bool,
    pub color: Color,
    pub progress: bool,
    pub file: Option<PathBuf>,
}

pub enum Command {
    Help(String),
    Score(Box<Options>),
    Replay(Box<Options>),
    Bench(Box<Options>),
}

pub fn parse() -> Result<Command, lexopt::Error> {
    use lexopt::prelude::*;
    let mut o = Options {
        format: Format::Lines,
        kind: Kind::Log,
        warmup: None,
        config: Config::default(),
        measures: None,
        fields: Vec::new(),
        time: None,
        group: None,
        explain: false,
        json: false,
        strict: false,
        color: Color::Auto,
        progress: true,
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
                    "otlp-json" => Format::Otlp,
                    other => {
                        return Err(format!(
                            "unknown format {other:?}: use lines, ndjson, csv, events or otlp-json"
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
                o.config.sensitivity = sensitivity(&parser.value()?.string()?)?;
            }
            Long("seed") => o.config.seed = parser.value()?.parse()?,
            Long("permutations") => {
                window(&mut o).permutations = parser.value()?.parse()?;
            }
            Long("codec") => {
                let name = parser.value()?.string()?;
                let codec = Codec::from_name(&name).ok_or_else(|| {
                    format!("unknown codec {name:?}: use zstd, deflate, lz4 or columns")
                })?;
                window(&mut o).codec = codec;
            }
            Long("field") => o.fields.push(parser.value()?.string()?),
            Long("time") => o.time = Some(parser.value()?.string()?),
            Long("group") => o.group = Some(parser.value()?.string()?),
            Long("explain") => o.explain = true,
            Long("json") => o.json = true,
            Long("strict") => o.strict = true,
            Long("color" | "colour") => {
                o.color = match parser.value()?.string()?.as_str() {
                    "auto" => Color::Auto,
                    "always" => Color::Always,
                    "never" => Color::Never,
                    other => {
                        return Err(
                            format!("unknown colour {other:?}: use auto, always or never").into(),
                        );
                    }
                }
            }
            Long("no-progress") => o.progress = false,
            Value(v) if command.is_none() => command = Some(v.string()?),
            Value(v) if o.file.is_none() => o.file = Some(v.into()),
            other => return Err(other.unexpected()),
        }
    }
    if command.as_deref() == Some("explain") {
        o.explain = true;
        window(&mut o);
    }
    if let Some(measures) = &mut o.measures {
        measures.seed = o.config.seed;
    }
    match command.as_deref() {
        Some("score" | "explain") => Ok(Command::Score(Box::new(o))),
        Some("replay") => Ok(Command::Replay(Box::new(o))),
        Some("bench") => Ok(Command::Bench(Box::new(o))),
        Some(other) => Err(format!("unknown command {other:?}; see cbad --help").into()),
        None => Ok(Command::Help(HELP.to_owned())),
    }
}

/// How windows are measured, now that they are to be.
fn window(o: &mut Options) -> &mut WindowOptions {
    o.measures.get_or_insert_with(WindowOptions::default)
}

/// A profile's name, or a number.
fn sensitivity(text: &str) -> Result<f64, String> {
    let number = || text.parse().ok().filter(|s| (0.0..=1.0).contains(s));
    Config::profile(text).or_else(number).ok_or_else(|| {
        format!("unknown sensitivity {text:?}: use strict, balanced, sensitive or 0 to 1")
    })
}
