//! What the benches measure on: HDFS lines from the data folder named by `CBAD_BENCH_DATA`, or lines of the same shape made
//! here where there is none.

#![allow(dead_code, clippy::unwrap_used)]

mod made;

pub use made::*;
use std::path::Path;

/// Lines to measure on, and where they come from.
pub fn lines() -> (Vec<String>, &'static str) {
    let real = std::env::var_os("CBAD_BENCH_DATA")
        .map(|folder| Path::new(&folder).join("data/hdfs_20k.jsonl.gz"))
        .filter(|path| path.exists())
        .map(|path| {
            gunzip(&std::fs::read(path).unwrap())
                .lines()
                .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
                .filter_map(|event| Some(event.get("line")?.as_str()?.to_owned()))
                .collect::<Vec<_>>()
        });
    match real {
        Some(lines) => (lines, "hdfs_20k"),
        None => {
            let mut dice = Dice(1);
            (
                (0..20_000)
                    .map(|i| made_line(&mut dice, 73_000 + i / 20))
                    .collect(),
                "made",
            )
        }
    }
}

/// Content of a gzip file (RFC 1952) without optional fields but the name.
fn gunzip(raw: &[u8]) -> String {
    let named = raw[3] & 8 != 0;
    let body = if named {
        11 + raw[10..].iter().position(|&b| b == 0).unwrap()
    } else {
        10
    };
    let content = miniz_oxide::inflate::decompress_to_vec(&raw[body..raw.len() - 8]).unwrap();
    String::from_utf8(content).unwrap()
}
