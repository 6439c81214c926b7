//! The `cbad` command: scores streams of events from a file or standard input.

mod args;
mod bench;
mod csv;
mod input;
mod otlp;
mod replay;
mod report;
mod score;
mod terminal;
mod time;

use std::process::ExitCode;

fn main() -> ExitCode {
    let result = match args::parse() {
        Ok(args::Command::Help(text)) => {
            print!("{text}");
            Ok(ExitCode::SUCCESS)
        }
        Ok(args::Command::Score(options)) => score::run(&options),
        Ok(args::Command::Bench(options)) => bench::run(&options),
        Ok(args::Command::Replay(options)) => replay::run(&options),
        Err(e) => Err(e.into()),
    };
    match result {
        Ok(code) => code,
        Err(e)
            if e.downcast_ref::<std::io::Error>()
                .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe) =>
        {
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("cbad: {}", terminal::visible(&e.to_string()));
            ExitCode::from(2)
        }
    }
}
