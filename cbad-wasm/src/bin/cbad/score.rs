//! `cbad score`: one detector per stream, one verdict per event, in order.

use crate::args::Options;
use crate::input::{Owned, Reader, Unread};
use crate::report;
use crate::terminal::{Paint, Progress, visible};
use cbad::measures::{WindowOptions, newest, window_report};
use cbad::{Config, Detector, GroupVerdict, Verdict, Warmup};
use serde::Serialize;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

/// A group without an event for so many events of its stream is closed.
const IDLE: u64 = 20_000;
/// Bad lines named one by one.
const NAMED: u64 = 10;
/// Streams with a detector, of some 300 KiB each; another one takes the place of the one silent longest.
const STREAMS: usize = 1_000;
/// Anomalies of a stream that later ones may repeat.
const FIRSTS: usize = 1_024;

struct Run<'o, W: Write> {
    options: &'o Options,
    streams: BTreeMap<String, Stream>,
    forgotten: u64,
    totals: BTreeMap<String, u64>, // events of each stream, where the warm-up is a share
    out: W,
    plain: bool,
    paint: Paint,
    progress: Progress,
    index: u64,
    anomalies: u64,
}

/// A stream's detector, and where its events stand in the input.
struct Stream {
    detector: Detector,
    last: u64,
    firsts: BTreeMap<u64, First>, // by position in the stream
}

/// An anomaly that is no repeat, by positions in the input.
struct First {
    index: u64,
    repeats: u64,
    last: u64,
}

/// A verdict of one of several streams.
#[derive(Serialize)]
struct Named<'v> {
    #[serde(flatten)]
    verdict: &'v Verdict,
    stream: &'v str,
    stream_index: u64,
}

pub fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let stdout = io::stdout();
    let plain = options.explain || stdout.is_terminal() && !options.json;
    let mut run = Run {
        options,
        streams: BTreeMap::new(),
        forgotten: 0,
        totals: BTreeMap::new(),
        out: BufWriter::with_capacity(1 << 16, stdout.lock()),
        plain,
        paint: Paint::to_stdout(options.color),
        progress: Progress::new(options),
        index: 0,
        anomalies: 0,
    };
    let mut input = Reader::open(options)?;
    let share = options.warmup.filter(|w| *w < 1.0);
    let (mut bad, mut number) = (0u64, 0u64);
    let (mut held, mut read) = (Vec::new(), Vec::new());
    while let Some(step) = input.next(&mut read)? {
        number += 1;
        match step.read {
            Ok(()) => {}
            Err(Unread::Input(e)) => return Err(e.into()),
            Err(Unread::Line(e)) => {
                bad += 1;
                if bad <= NAMED {
                    run.progress.clear();
                    eprintln!("cbad: line {}: {}", step.line, visible(&e));
                }
            }
        }
        if share.is_some() {
            held.append(&mut read);
        }
        for event in read.drain(..) {
            run.event(&event)?;
        }
        run.progress.read(step.bytes);
    }
    for event in &held {
        *run.totals.entry(event.stream.clone()).or_default() += 1;
    }
    for event in &held {
        run.event(event)?;
    }
    run.finish()?;
    if let Some(note) = input.unknown() {
        eprintln!("cbad: {}", visible(&note));
    }
    if bad > 0 {
        eprintln!("cbad: {bad} of {number} lines could not be read");
    }
    Ok(if bad > 0 && options.strict {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The window report on an anomaly; none where nothing came before the window.
fn measured(baseline: &[&str], window: &[&str], how: &WindowOptions) -> Option<serde_json::Value> {
    if baseline.is_empty() {
        return None;
    }
    let [baseline, window] =
        [baseline, window].map(|side| side.iter().map(|e| e.as_bytes()).collect::<Vec<_>>());
    serde_json::to_value(window_report(&baseline, &window, how)).ok()
}

impl<W: Write> Run<'_, W> {
    fn event(&mut self, owned: &Owned) -> io::Result<()> {
        if !self.streams.contains_key(&owned.stream) {
            self.open(&owned.stream)?;
        }
        let Some(stream) = self.streams.get_mut(&owned.stream) else {
            return Ok(());
        };
        let mut verdict = stream.detector.observe(&owned.event());
        let closed = if stream.detector.events_seen().is_multiple_of(1_000) {
            stream.detector.close_idle_groups(IDLE)
        } else {
            Vec::new()
        };
        let stream_index = stream.place(&mut verdict, self.index);
        if verdict.anomaly
            && verdict.repeat_of.is_none()
            && let Some(how) = &self.options.measures
        {
            let (baseline, window) = newest(stream.detector.recent(), &owned.text);
            verdict.measures = measured(&baseline, &window, how);
        }
        self.index += 1;
        self.anomalies += u64::from(verdict.anomaly);
        if self.plain {
            self.explain(owned, &verdict)?;
        } else {
            if owned.stream.is_empty() {
                serde_json::to_writer(&mut self.out, &verdict)?;
            } else {
                let named = Named {
                    verdict: &verdict,
                    stream: &owned.stream,
                    stream_index,
                };
                serde_json::to_writer(&mut self.out, &named)?;
            }
            self.out.write_all(b"\n")?;
        }
        self.groups(&closed)
    }

    /// Makes a stream's detector, at the cost of the one silent longest where there are many.
    fn open(&mut self, name: &str) -> io::Result<()> {
        if self.streams.len() >= STREAMS {
            let silent = self.streams.iter().min_by_key(|(_, s)| s.last);
            if let Some(name) = silent.map(|(name, _)| name.clone()) {
                self.close(&name)?;
                self.forgotten += 1;
            }
        }
        let total = self.totals.get(name).copied().unwrap_or(0);
        let warmup = match self.options.warmup {
            None => Warmup::Auto,
            Some(share) if share < 1.0 => Warmup::Events((total as f64 * share).round() as u64),
            Some(n) => Warmup::Events(n as u64),
        };
        let detector = Detector::new(Config {
            warmup,
            ..self.options.config
        });
        let stream = Stream {
            detector,
            last: self.index,
            firsts: BTreeMap::new(),
        };
        self.streams.insert(name.to_owned(), stream);
        Ok(())
    }

    /// Ends a stream: closes its groups, and tells a reader what was not told one by one.
    fn close(&mut self, name: &str) -> io::Result<()> {
        let Some(mut stream) = self.streams.remove(name) else {
            return Ok(());
        };
        loop {
            let closed = stream.detector.close_idle_groups(0);
            if closed.is_empty() {
                break;
            }
            self.groups(&closed)?;
        }
        let repeated = stream.firsts.values().filter(|f| f.repeats > 0);
        for first in repeated.filter(|_| self.plain) {
            writeln!(
                self.out,
                "repeats of event {}: {}, the last at event {}",
                first.index, first.repeats, first.last
            )?;
        }
        Ok(())
    }

    fn explain(&mut self, owned: &Owned, verdict: &Verdict) -> io::Result<()> {
        if !verdict.anomaly || verdict.repeat_of.is_some() {
            return Ok(());
        }
        self.progress.clear();
        let text = report::anomaly(owned, verdict, self.paint);
        self.out.write_all(text.as_bytes())?;
        self.out.flush() // a person is looking
    }

    fn groups(&mut self, closed: &[GroupVerdict]) -> io::Result<()> {
        for verdict in closed {
            if !self.plain {
                serde_json::to_writer(&mut self.out, verdict)?;
                self.out.write_all(b"\n")?;
            } else if verdict.anomaly {
                self.progress.clear();
                let text = report::group(verdict, self.paint);
                self.out.write_all(text.as_bytes())?;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        let names: Vec<String> = self.streams.keys().cloned().collect();
        for name in names {
            self.close(&name)?;
        }
        self.out.flush()?;
        self.progress.clear();
        if self.plain {
            eprintln!("{} events, {} anomalies", self.index, self.anomalies);
        }
        if self.forgotten > 0 {
            eprintln!(
                "cbad: {} streams beyond {STREAMS} at a time; as often the one silent longest was forgotten",
                self.forgotten
            );
        }
        Ok(())
    }
}

impl Stream {
    /// Counts a verdict's positions by the input instead of the stream; gives its position in the stream.
    fn place(&mut self, verdict: &mut Verdict, index: u64) -> u64 {
        let own = std::mem::replace(&mut verdict.index, index);
        self.last = index;
        if !verdict.anomaly {
            return own;
        }
        let key = verdict.repeat_of.unwrap_or(own);
        if let Some(first) = self.firsts.get_mut(&key) {
            (first.repeats, first.last) = (first.repeats + 1, index);
            verdict.repeat_of = Some(first.index);
            return own;
        }
        verdict.repeat_of = None;
        if self.firsts.len() >= FIRSTS {
            let oldest = self.firsts.iter().min_by_key(|(_, f)| f.last);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                self.firsts.remove(&oldest);
            }
        }
        let first = First {
            index,
            repeats: 0,
            last: index,
        };
        self.firsts.insert(key, first);
        own
    }
}
