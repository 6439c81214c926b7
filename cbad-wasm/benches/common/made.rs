//! Lines made for the benches, where no real ones are given.

/// A small deterministic generator of uniform numbers.
pub struct Dice(pub u64);

impl Dice {
    /// A number below `sides`.
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

/// A line unlike those of [`made_line`].
pub fn odd_line(dice: &mut Dice) -> String {
    format!(
        "081109 204100 {} WARN dfs.DataNode$DataXceiver: exception while serving blk_{}: java.io.IOException",
        dice.roll(4000),
        dice.roll(1 << 31)
    )
}

/// A metric's `i`-th point: a level that moves with the time of day, and noise.
pub fn made_point(dice: &mut Dice, i: u64) -> String {
    format!("{{\"value\":{}.{:03}}}", 40 + i % 288 / 10, dice.roll(1000))
}
