//! `cbad score`: one detector per stream, one verdict per event, in order.

use crate::args::Options;
use crate::input::{Lines, Owned};
use crate::terminal::{Paint, Progress};
use cbad::{Config, Detector, GroupVerdict, Severity, Verdict, Warmup};
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

/// A group without an event for so many events of its stream is closed.
const IDLE: u64 = 20_000;
/// Bad lines named one by one.
const NAMED: u64 = 10;

struct Run<'o, W: Write> {
    options: &'o Options,
    detectors: BTreeMap<String, Detector>,
    totals: BTreeMap<String, u64>, // events of each stream, where the warm-up is a share
    out: W,
    plain: bool,
    paint: Paint,
    progress: Progress,
    index: u64,
    anomalies: u64,
}

pub fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let stdout = io::stdout();
    let plain = options.explain || stdout.is_terminal() && !options.json;
    let mut run = Run {
        options,
        detectors: BTreeMap::new(),
        totals: BTreeMap::new(),
        out: BufWriter::with_capacity(1 << 16, stdout.lock()),
        plain,
        paint: Paint::to_stdout(options.color),
        progress: Progress::new(options),
        index: 0,
        anomalies: 0,
    };
    let mut input = open(options)?;
    let share = options.warmup.filter(|w| *w < 1.0);
    let mut lines = Lines::new(options);
    let mut bad = 0u64;
    let mut held: Vec<Owned> = Vec::new();
    let mut read = Vec::new();
    let mut buffer = Vec::new();
    let mut number = 0u64;
    loop {
        buffer.clear();
        if input.read_until(b'\n', &mut buffer)? == 0 {
            break;
        }
        number += 1;
        let text = String::from_utf8_lossy(&buffer);
        if let Err(e) = lines.read(text.trim_end_matches(['\r', '\n']), &mut read) {
            bad += 1;
            if bad <= NAMED {
                run.progress.clear();
                eprintln!("cbad: line {number}: {e}");
            }
        }
        if share.is_some() {
            held.append(&mut read);
        }
        for event in read.drain(..) {
            run.event(&event)?;
        }
        run.progress.read(buffer.len());
    }
    for event in &held {
        *run.totals.entry(event.stream.clone()).or_default() += 1;
    }
    for event in &held {
        run.event(event)?;
    }
    run.finish()?;
    if bad > 0 {
        eprintln!("cbad: {bad} of {number} lines could not be read");
    }
    Ok(if bad > 0 && options.strict {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The file named, or standard input.
pub fn open(options: &Options) -> Result<Box<dyn BufRead>, Box<dyn Error>> {
    Ok(match &options.file {
        Some(path) => Box::new(BufReader::with_capacity(
            1 << 16,
            File::open(path).map_err(|e| format!("{}: {e}", path.display()))?,
        )),
        None => Box::new(io::stdin().lock()),
    })
}

impl<W: Write> Run<'_, W> {
    fn event(&mut self, owned: &Owned) -> io::Result<()> {
        if !self.detectors.contains_key(&owned.stream) {
            let total = self.totals.get(&owned.stream).copied().unwrap_or(0);
            let warmup = match self.options.warmup {
                None => Warmup::Auto,
                Some(share) if share < 1.0 => Warmup::Events((total as f64 * share).round() as u64),
                Some(n) => Warmup::Events(n as u64),
            };
            self.detectors.insert(
                owned.stream.clone(),
                Detector::new(Config {
                    warmup,
                    ..self.options.config
                }),
            );
        }
        let Some(detector) = self.detectors.get_mut(&owned.stream) else {
            return Ok(());
        };
        let mut verdict = detector.observe(&owned.event());
        let closed = if detector.events_seen().is_multiple_of(1_000) {
            detector.close_idle_groups(IDLE)
        } else {
            Vec::new()
        };
        verdict.index = self.index;
        self.index += 1;
        self.anomalies += u64::from(verdict.anomaly);
        if self.plain {
            self.explain(owned, &verdict)?;
        } else {
            serde_json::to_writer(&mut self.out, &verdict)?;
            self.out.write_all(b"\n")?;
        }
        self.groups(&closed)
    }

    fn explain(&mut self, owned: &Owned, verdict: &Verdict) -> io::Result<()> {
        if !verdict.anomaly || verdict.repeat_of.is_some() {
            return Ok(());
        }
        let name = if owned.stream.is_empty() {
            String::new()
        } else {
            format!(" in {}", owned.stream)
        };
        self.progress.clear();
        let (paint, severity) = (self.paint, verdict.severity.unwrap_or(Severity::Low));
        let head = format!(
            "event {}{name}: {:.1} bits of surprise",
            verdict.index, verdict.score
        );
        writeln!(
            self.out,
            "{}, p = {:.1e}",
            paint.severity(severity, &head),
            verdict.p_value
        )?;
        writeln!(self.out, "  {}", paint.tokens(&owned.text, &verdict.tokens))?;
        writeln!(
            self.out,
            "  {}",
            paint.strong(verdict.reason.as_deref().unwrap_or(""))
        )?;
        if let Some(nearest) = &verdict.nearest {
            writeln!(
                self.out,
                "{}",
                paint.faint(&format!("  nearest normal event: {nearest}"))
            )?;
        }
        self.out.flush() // a person is looking
    }

    fn groups(&mut self, closed: &[GroupVerdict]) -> io::Result<()> {
        for verdict in closed {
            if !self.plain {
                serde_json::to_writer(&mut self.out, verdict)?;
                self.out.write_all(b"\n")?;
            } else if verdict.anomaly {
                writeln!(
                    self.out,
                    "group {}: {:.1} bits of surprise: {}",
                    verdict.group,
                    verdict.score,
                    verdict.reason.as_deref().unwrap_or("")
                )?;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        let mut detectors = std::mem::take(&mut self.detectors);
        for detector in detectors.values_mut() {
            loop {
                let closed = detector.close_idle_groups(0);
                if closed.is_empty() {
                    break;
                }
                self.groups(&closed)?;
            }
        }
        self.out.flush()?;
        self.progress.clear();
        if self.plain {
            eprintln!("{} events, {} anomalies", self.index, self.anomalies);
        }
        Ok(())
    }
}
