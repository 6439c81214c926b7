//! Streams that never change, made here: what they promise can be counted. Each event is drawn independently, so that a
//! detector that keeps its promise alarms at the rate it promises.

#![allow(clippy::disallowed_methods)] // what is drawn here need not be the same on every target
#![allow(dead_code)] // not every test file looks at everything

pub mod kinds;
#[path = "../../benches/common/made.rs"]
mod made;

pub use made::Dice;
use std::fmt::Write as _;

impl Dice {
    fn unit(&mut self) -> f64 {
        (self.roll(1 << 30) as f64 + 0.5) / (1u64 << 30) as f64
    }

    /// A rank below `most` with probability falling as 1/rank (Zipf).
    pub fn zipf(&mut self, most: u64) -> u64 {
        ((most as f64 + 1.0).powf(self.unit()) - 1.0) as u64
    }

    /// A size with a heavy tail: exponential in its logarithm.
    fn size(&mut self, middle: f64) -> u64 {
        (middle * (-self.unit().ln()).exp2()) as u64
    }
}

/// A stream: its name, and how an event of it is made; text unless it begins with a brace.
pub type Stream = (&'static str, fn(&mut Dice) -> String);

/// One of each shape.
pub const STREAMS: [Stream; 5] = [
    ("log lines", log_line),
    ("records", record),
    ("event sequences", sequence),
    ("free text", text),
    ("requests", request),
];

fn log_line(dice: &mut Dice) -> String {
    let (a, b, c) = (dice.roll(10_000), dice.zipf(5_000), dice.size(40.0));
    match dice.zipf(40) {
        0 => format!("INFO http: GET /api/orders/{a} 200 in {c} ms user={b}"),
        1 => format!("INFO db: query orders by user {b} took {c} ms"),
        2 => format!(
            "DEBUG cache: hit key=session:{:08x} ttl={}",
            dice.roll(1 << 31),
            dice.roll(60)
        ),
        3 => format!(
            "WARN db: slow query took {} ms on replica-{}",
            500 + c,
            dice.roll(4)
        ),
        4 => format!("INFO mail: sent receipt for order {a} to customer {b}"),
        k => format!(
            "INFO worker-{}: step {k} of job kind{k} done, {c} items",
            dice.roll(8)
        ),
    }
}

fn record(dice: &mut Dice) -> String {
    let method = ["GET", "GET", "GET", "POST", "PUT", "DELETE"][dice.roll(6) as usize];
    let status =
        ["200", "200", "200", "201", "204", "304", "404", "500"][dice.zipf(8) as usize % 8];
    format!(
        "{{\"service\":\"svc-{}\",\"method\":\"{method}\",\"status\":{status},\"ms\":{},\"bytes\":{},\"region\":\"r{}\",\"user\":{{\"plan\":\"p{}\",\"age\":{}}}}}",
        dice.zipf(12),
        dice.size(30.0),
        dice.size(2_000.0),
        dice.roll(4),
        dice.zipf(3),
        dice.roll(3_000)
    )
}

/// A session: steps drawn from 30 kinds, so many that a whole one hardly ever comes back.
fn sequence(dice: &mut Dice) -> String {
    let mut line = String::from("E1");
    for _ in 0..4 + dice.roll(24) {
        let _ = write!(line, " E{}", 1 + dice.zipf(30));
    }
    line
}

/// Sentences from a vocabulary without an end: new words go on coming.
fn text(dice: &mut Dice) -> String {
    let mut line = String::new();
    for _ in 0..4 + dice.roll(20) {
        let mut word = dice.zipf(1 << 20) + 1;
        while word > 0 {
            line.push(char::from(b'a' + (word % 26) as u8));
            word /= 26;
        }
        line.push(' ');
    }
    line
}

fn request(dice: &mut Dice) -> String {
    let mut line = format!(
        "/{}/{}",
        ["shop", "cart", "user", "search"][dice.zipf(4) as usize % 4],
        dice.zipf(300)
    );
    for i in 0..dice.roll(5) {
        let name = ["page", "sort", "q", "ref", "size"][i as usize];
        let _ = write!(
            line,
            "{}{name}={}",
            if i == 0 { '?' } else { '&' },
            dice.zipf(2_000)
        );
    }
    line
}

/// A fault in an otherwise ordinary event: nonsense words, or a great many of them, each time other ones.
pub fn odd(dice: &mut Dice, mut line: String) -> String {
    let record = line.ends_with('}');
    if record {
        line.truncate(line.len() - 1);
    }
    for _ in 0..1 + dice.zipf(12) {
        let word: String = (0..4 + dice.roll(6))
            .map(|_| char::from(b'a' + dice.roll(26) as u8))
            .collect();
        let _ = match record {
            true => write!(line, ",\"{word}\":\"{word} {}\"", dice.roll(1 << 30)),
            false => write!(line, " {word}={}", dice.roll(1 << 30)),
        };
    }
    if record {
        line.push('}');
    }
    line
}
