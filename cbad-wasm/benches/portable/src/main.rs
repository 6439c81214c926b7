//! Measurements that run natively and as WebAssembly (wasm32-wasip1 in Node), started by `scripts/bench`: one line of JSON each.
//!
//!   portable speed [< LINES]      scoring and learning, events a second
//!   portable flatness [EVENTS]    what an event costs as a stream grows
//!   portable permutation          the permutation test

#![allow(clippy::disallowed_methods)] // a benchmark reads the clock

mod flatness;
#[path = "../../common/made.rs"]
mod made;
mod permutation;
mod speed;

fn main() {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("speed") => speed::run(),
        Some("flatness") => flatness::run(
            args.next()
                .and_then(|n| n.parse().ok())
                .unwrap_or(1_000_000),
        ),
        Some("permutation") => permutation::run(),
        _ => {
            eprintln!("usage: portable speed|flatness [EVENTS]|permutation");
            std::process::exit(2);
        }
    }
}
