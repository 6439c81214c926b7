//! Mutated bytes against `fuzz/targets.rs`: a short seeded slice on every run, minutes of it with `--ignored`.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

#[path = "../fuzz/targets.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use targets::{TARGETS, Target};

/// Mutations of each target on every run.
const SLICE: u64 = 150;

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides.max(1)
    }
}

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name)
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(corpus(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|f| std::fs::read(f).unwrap()).collect()
}

/// A seed with up to eight changes: bits, bytes, runs doubled, cut or spliced in from another one.
fn mutated(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    const EDGES: [&[u8]; 10] = [
        b"\x00",
        b"\xff",
        b"\x7f",
        b"\x80",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\"",
        b"{",
        b"\\",
        b"\n",
        b"9223372036854775808",
    ];
    let mut out = seeds[dice.roll(seeds.len())].clone();
    for _ in 0..=dice.roll(8) {
        let at = dice.roll(out.len() + 1);
        let end = (at + 1 + dice.roll(24)).min(out.len());
        match dice.roll(6) {
            0 if at < out.len() => out[at] ^= 1 << dice.roll(8),
            1 if at < out.len() => out[at] = dice.roll(256) as u8,
            2 => drop(out.splice(at..at, EDGES[dice.roll(EDGES.len())].iter().copied())),
            3 if at < end => drop(out.drain(at..end)),
            4 if at < end => {
                let run = out[at..end].repeat(1 + dice.roll(4));
                out.splice(at..at, run);
            }
            _ => {
                let other = &seeds[dice.roll(seeds.len())];
                let from = dice.roll(other.len() + 1);
                let upto = (from + dice.roll(64)).min(other.len());
                out.splice(at..at, other[from..upto].iter().copied());
            }
        }
    }
    out.truncate(1 << 14);
    out
}

/// Runs a target; keeps what made it panic.
fn run((name, target): Target, data: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(data))) {
        let file = corpus(name).join(format!("{:016x}", cbad::hash::hash(data)));
        std::fs::write(&file, data).unwrap();
        eprintln!("{name} panics on {}", file.display());
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn every_target_withstands_its_corpus_and_a_slice_of_mutations() {
    for target in TARGETS {
        let seeds = seeds(target.0);
        seeds.iter().for_each(|seed| run(target, seed));
        let mut dice = Dice(1);
        (0..SLICE).for_each(|_| run(target, &mutated(&seeds, &mut dice)));
    }
}

#[test]
#[ignore = "minutes: 60 s for each target, or CBAD_FUZZ_SECONDS"]
fn every_target_withstands_minutes_of_mutations() {
    let seconds = std::env::var("CBAD_FUZZ_SECONDS").map_or(60, |s| s.parse().unwrap());
    for target in TARGETS {
        let seeds = seeds(target.0);
        let start = Instant::now();
        let mut dice = Dice(u64::from(std::process::id()));
        let mut runs = 0u64;
        while start.elapsed() < Duration::from_secs(seconds) {
            run(target, &mutated(&seeds, &mut dice));
            runs += 1;
        }
        println!(
            "{}: {runs} inputs in {seconds} s, none of which panicked",
            target.0
        );
    }
}
