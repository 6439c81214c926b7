//! What a terminal gets beside plain text: colour and a progress bar.

use crate::args::Options;
use cbad::{Severity, TokenBits};
use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// Colours text, or leaves it as it is.
#[derive(Clone, Copy, Debug)]
pub struct Paint(bool);

/// Bits from which a token is marked.
const MARKED: f64 = 4.0;

impl Paint {
    /// For standard output. <https://no-color.org>: NO_COLOR set to anything but nothing means none.
    pub fn to_stdout(color: Color) -> Paint {
        let set = |name: &str| std::env::var(name).unwrap_or_default();
        Paint(match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                io::stdout().is_terminal() && set("NO_COLOR").is_empty() && set("TERM") != "dumb"
            }
        })
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// In bold.
    pub fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Dimmed.
    pub fn faint(self, text: &str) -> String {
        self.with("2", text)
    }

    /// In the colour of a severity: blue, yellow, red.
    pub fn severity(self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Low => "34",
            Severity::Medium => "33",
            Severity::High => "31",
        };
        self.with(code, text)
    }

    fn marked(self, token: &str) -> String {
        if self.0 {
            self.with("31", token)
        } else {
            format!(">>{token}<<")
        }
    }

    /// An event's text with its dearest tokens in red, or between arrows where there is no colour; made visible, as all that comes
    /// from the input.
    pub fn tokens(self, text: &str, tokens: &[TokenBits]) -> String {
        let mut spans: Vec<(usize, usize)> = Vec::new(); // tokens without anything between them are marked as one
        for t in tokens.iter().filter(|t| t.bits >= MARKED) {
            match spans.last_mut() {
                Some(last) if last.1 == t.start => last.1 = t.end,
                _ => spans.push((t.start, t.end)),
            }
        }
        let mut out = String::new();
        let mut at = 0;
        for (start, end) in spans {
            if let (Some(before), Some(token)) = (text.get(at..start), text.get(start..end)) {
                out.push_str(&visible(before));
                out.push_str(&self.marked(&visible(token)));
                at = end;
            }
        }
        out.push_str(&visible(text.get(at..).unwrap_or("")));
        out
    }
}

/// Text with its control characters, and those that turn the direction of writing, spelt out: what stands in a log must not move the
/// cursor, set the title or answer for the terminal of whoever reads it.
pub fn visible(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| {
        c != '\t' && c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hidden(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// How far the input has been read, on one line of standard error that is drawn anew.
#[derive(Debug)]
pub struct Progress {
    shown: bool,
    total: Option<u64>, // bytes
    read: u64,
    drawn: u64,
    dirty: bool,
}

/// Bytes between two drawings.
const STEP: u64 = 1 << 18;
const WIDTH: u64 = 30;

impl Progress {
    /// For the input named; nothing is drawn unless standard error is a terminal and the input is not one.
    pub fn new(options: &Options) -> Progress {
        let size = |path: &std::path::PathBuf| std::fs::metadata(path).ok().map(|m| m.len());
        let typed = options.file.is_none() && io::stdin().is_terminal();
        Progress {
            shown: options.progress && io::stderr().is_terminal() && !typed,
            total: options.file.as_ref().and_then(size).filter(|&n| n > 0),
            read: 0,
            drawn: 0,
            dirty: false,
        }
    }

    /// So many bytes more have been read.
    pub fn read(&mut self, bytes: usize) {
        self.read += bytes as u64;
        if self.shown && self.read - self.drawn >= STEP {
            self.drawn = self.read;
            self.dirty = true;
            let _ = write!(io::stderr(), "\r\x1b[K{}", bar(self.read, self.total));
        }
    }

    /// Takes the bar away, for something else to be written.
    pub fn clear(&mut self) {
        if self.dirty {
            self.dirty = false;
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn bar(read: u64, total: Option<u64>) -> String {
    let megabytes = read as f64 / 1e6;
    match total {
        Some(total) => {
            let full = (read.min(total) * WIDTH / total) as usize;
            let rest = WIDTH as usize - full;
            let percent = read.min(total) * 100 / total;
            format!(
                "[{}{}] {percent:3} % {megabytes:.1} MB",
                "=".repeat(full),
                " ".repeat(rest)
            )
        }
        None => format!("{megabytes:.1} MB read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills() {
        assert_eq!(
            bar(0, Some(2_000_000)),
            format!("[{}]   0 % 0.0 MB", " ".repeat(30))
        );
        assert_eq!(
            bar(2_000_000, Some(2_000_000)),
            format!("[{}] 100 % 2.0 MB", "=".repeat(30))
        );
        assert_eq!(
            bar(9, Some(4)),
            format!("[{}] 100 % 0.0 MB", "=".repeat(30))
        );
        assert_eq!(bar(1_500_000, None), "1.5 MB read");
    }

    #[test]
    fn dear_tokens_are_marked_with_colour_and_without() {
        let token = |start, end, bits| TokenBits {
            text: String::new(),
            start,
            end,
            bits,
            expected: Vec::new(),
        };
        let tokens = [
            token(0, 2, 9.0),
            token(3, 4, 0.5),
            token(5, 8, 4.0),
            token(9, 99, 9.0),
        ];
        assert_eq!(
            Paint(false).tokens("user=root", &[token(0, 4, 9.0), token(4, 9, 9.0)]),
            ">>user=root<<"
        );
        assert_eq!(
            Paint(true).tokens("né x odd!", &[token(0, 3, 9.0)]),
            "\x1b[31mné\x1b[0m x odd!"
        );
        assert_eq!(
            Paint(true).tokens("ab c odd!", &tokens),
            "\x1b[31mab\x1b[0m c \x1b[31modd\x1b[0m!"
        );
        assert_eq!(
            Paint(false).tokens("ab c odd!", &tokens),
            ">>ab<< c >>odd<<!"
        );
    }

    #[test]
    fn what_would_steer_a_terminal_is_spelt_out() {
        let text = "a\tb \x1b]0;owned\x07\r\u{9b}2J\u{202e}é";
        assert_eq!(
            visible(text),
            "a\tb \\u{1b}]0;owned\\u{7}\\r\\u{9b}2J\\u{202e}é"
        );
        assert_eq!(Paint(false).tokens(text, &[]), visible(text));
    }
}
