//! What the benches measure on: HDFS lines from the data folder named by `CBAD_BENCH_DATA`, or lines of the same shape made
//! here where there is none.

#![allow(dead_code, clippy::unwrap_used)]

use std::path::Path;

/// A small deterministic generator.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// One line of a distributed file system's log.
pub fn made_line(dice: &mut Dice, second: u64) -> String {
    let time = format!(
        "{:02}{:02}{:02}",
        second / 3600 % 24,
        second / 60 % 60,
        second % 60
    );
    let (thread, block) = (
        dice.roll(4000),
        dice.roll(1 << 31) << 24 | dice.roll(1 << 24),
    );
    let host =
        |dice: &mut Dice| format!("10.25{}.{}.{}", dice.roll(2), dice.roll(20), dice.roll(255));
    match dice.roll(4) {
        0 => {
            let (from, to) = (host(dice), host(dice));
            let port = 30_000 + dice.roll(30_000);
            format!(
                "081109 {time} {thread} INFO dfs.DataNode$DataXceiver: Receiving block blk_{block} src: /{from}:{port} dest: /{to}:50010"
            )
        }
        1 => format!(
            "081109 {time} {thread} INFO dfs.DataNode$PacketResponder: PacketResponder {} for block blk_{block} terminating",
            dice.roll(3)
        ),
        2 => format!(
            "081109 {time} {thread} INFO dfs.FSNamesystem: BLOCK* NameSystem.addStoredBlock: blockMap updated: {}:50010 is added to blk_{block} size {}",
            host(dice),
            67_108_864 - dice.roll(3) * dice.roll(1 << 20),
        ),
        _ => format!(
            "081109 {time} {thread} INFO dfs.DataNode$PacketResponder: Received block blk_{block} of size 67108864 from /{}",
            host(dice)
        ),
    }
}

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
