//! The column codec against zstd level 3 (libzstd), whole files in one shot: on a corpus made here, and on a folder of data
//! named by `CBAD_BENCH_DATA` where there is one.

#![allow(clippy::unwrap_used)]

use cbad::codec::Codec;
use std::path::Path;

const LIMIT: usize = 1 << 30;
/// What the codec has to be better by on structured data.
const TARGET: f64 = 1.5;

/// A small deterministic generator.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len() as u64) as usize]
    }
}

fn access_log(lines: usize) -> String {
    let mut dice = Dice(1);
    let (mut second, mut text) = (0u64, String::new());
    for _ in 0..lines {
        second += dice.roll(3);
        let (h, m, s) = (10 + second / 3600, second / 60 % 60, second % 60);
        let path = dice.pick(&[
            "/",
            "/api/orders",
            "/api/users/me",
            "/static/app.js",
            "/healthz",
            "/login",
        ]);
        let status = dice.pick(&["200", "200", "200", "200", "304", "404", "500"]);
        text += &format!(
            "10.0.{}.{} - - [21/Nov/2026:{h:02}:{m:02}:{s:02} +0000] \"GET {path} HTTP/1.1\" {status} {}\n",
            dice.roll(4),
            dice.roll(40),
            200 + dice.roll(4000),
        );
    }
    text
}

fn json_records(lines: usize) -> String {
    let mut dice = Dice(2);
    let mut text = String::new();
    for i in 0..lines {
        let user = format!("u{:04}", dice.roll(300));
        text += &format!(
            "{{\"seq\":{},\"ts\":\"2026-11-21T{:02}:{:02}:{:02}.{:03}Z\",\"level\":\"{}\",\"service\":\"{}\",\"user\":\"{user}\",\"trace\":\"{:016x}\",\"ms\":{},\"ok\":{}}}\n",
            100_000 + i,
            8 + i / 3600,
            i / 60 % 60,
            i % 60,
            dice.roll(1000),
            dice.pick(&["INFO", "INFO", "WARN"]),
            dice.pick(&["checkout", "billing", "search"]),
            dice.roll(u64::MAX >> 33) << 20 | dice.roll(1 << 20),
            dice.roll(90),
            dice.roll(20) > 0,
        );
    }
    text
}

fn metrics_csv(rows: usize) -> String {
    let mut dice = Dice(3);
    let (mut value, mut text) = (50_000i64, String::from("host,timestamp,cpu,label\n"));
    for i in 0..rows {
        value += dice.roll(400) as i64 - 200;
        text += &format!(
            "web-{},{},{}.{:03},0\n",
            i % 3,
            1_763_719_200 + i * 60,
            value / 1000,
            value.rem_euclid(1000)
        );
    }
    text
}

fn against_zstd(name: &str, data: &[u8]) -> f64 {
    let packed = Codec::Columns.compress(data);
    assert_eq!(
        Codec::Columns.decompress(&packed, LIMIT).unwrap(),
        data,
        "{name} comes back"
    );
    let zstd = zstd::bulk::compress(data, 3).unwrap().len();
    let ratio = zstd as f64 / packed.len() as f64;
    println!(
        "{name:28} {:>10} bytes: zstd -3 {zstd:>9}, columns {:>9}, {ratio:.2} times smaller",
        data.len(),
        packed.len()
    );
    ratio
}

#[test]
fn structured_text_takes_far_less_than_with_zstd_3() {
    for (name, text) in [
        ("access log", access_log(1200)),
        ("json records", json_records(700)),
        ("metrics csv", metrics_csv(2500)),
    ] {
        let ratio = against_zstd(name, text.as_bytes());
        assert!(ratio >= TARGET, "{name}: {ratio:.3}");
    }
}

#[test]
fn what_has_no_structure_is_stored_at_the_cost_of_one_byte() {
    let mut dice = Dice(4);
    let noise: Vec<u8> = (0..4000).map(|_| dice.roll(256) as u8).collect();
    assert_eq!(Codec::Columns.compress(&noise).len(), noise.len() + 1);
}

#[test]
fn a_stream_cut_short_is_refused() {
    let packed = Codec::Columns.compress(access_log(50).as_bytes());
    for cut in 0..packed.len() {
        assert!(
            Codec::Columns.decompress(&packed[..cut], LIMIT).is_err(),
            "{cut}"
        );
    }
}

/// Free text in a thin wrapper: nothing to split into columns, so it is measured and not held to the target.
const FREE_TEXT: [&str; 1] = ["llm_deepset"];

fn read(path: &Path) -> Vec<u8> {
    let raw = std::fs::read(path).unwrap();
    let Some(deflated) = raw.strip_prefix(&[0x1F, 0x8B, 8]) else {
        return raw;
    };
    // gzip (RFC 1952): flags, time, extra flags and system, then the optional name; no other option is used in such folders
    let flags = deflated[0];
    let mut at = 7;
    assert_eq!(
        flags & !8,
        0,
        "{}: gzip options not understood",
        path.display()
    );
    if flags & 8 != 0 {
        at += deflated[at..].iter().position(|&b| b == 0).unwrap() + 1;
    }
    miniz_oxide::inflate::decompress_to_vec_with_limit(&deflated[at..], LIMIT)
        .or_else(|error| {
            if error.output.is_empty() {
                Err(error)
            } else {
                Ok(error.output)
            }
        })
        .unwrap()
}

/// `CBAD_BENCH_DATA=… cargo test --release -p cbad-wasm --test columns -- --ignored --nocapture`
#[test]
#[ignore = "reads the data folder named by CBAD_BENCH_DATA; minutes in a debug build"]
fn the_data_folder_takes_far_less_than_with_zstd_3() {
    let Some(folder) = std::env::var_os("CBAD_BENCH_DATA") else {
        eprintln!("SKIPPED: CBAD_BENCH_DATA names no data folder, so nothing was measured");
        return;
    };
    let folder = Path::new(&folder);
    let mut files: Vec<_> = ["data", "nab", "."]
        .iter()
        .filter_map(|part| std::fs::read_dir(folder.join(part)).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "gz"))
        .collect();
    files.sort();
    assert!(
        !files.is_empty(),
        "no .gz files in {} or its data/ and nab/",
        folder.display()
    );
    let mut missed = Vec::new();
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let ratio = against_zstd(&name, &read(&path));
        if ratio < TARGET && !FREE_TEXT.iter().any(|text| name.starts_with(text)) {
            missed.push((name, ratio));
        }
    }
    assert!(missed.is_empty(), "below {TARGET}: {missed:?}");
}
