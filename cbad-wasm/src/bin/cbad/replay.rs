//! `cbad replay`: verdicts recomputed from events and witnesses alone.

use crate::args::Options;
use crate::input::envelope;
use crate::terminal::visible;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    event: &'a RawValue,
    witness: String,
}

pub fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let input: Box<dyn BufRead> = match &options.file {
        Some(path) => Box::new(BufReader::new(
            File::open(path).map_err(|e| format!("{}: {e}", path.display()))?,
        )),
        None => Box::new(io::stdin().lock()),
    };
    let mut out = io::stdout().lock();
    let mut bad = 0u64;
    for (i, line) in input.lines().enumerate() {
        let line = line?;
        match verdict(&line, options) {
            Ok(json) => writeln!(out, "{json}")?,
            Err(e) => {
                bad += 1;
                eprintln!("cbad: line {}: {}", i + 1, visible(&e.to_string()));
            }
        }
    }
    Ok(if bad > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn verdict(line: &str, options: &Options) -> Result<String, Box<dyn Error>> {
    let line: Line = serde_json::from_str(line)?;
    let event = envelope(line.event.get(), options.kind)?;
    let witness = BASE64
        .decode(&line.witness)
        .map_err(|_| "the witness is not base64")?;
    Ok(serde_json::to_string(&cbad::replay(
        &event.event(),
        &witness,
    )?)?)
}
