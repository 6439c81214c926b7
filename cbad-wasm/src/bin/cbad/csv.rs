//! Tables as RFC 4180 has them: a quoted cell may hold delimiters, doubled quotes and line ends. Cells are parted by commas,
//! semicolons or tabs, whichever gives the header the most. A quote that is not closed within 100,000 bytes was not meant to hold
//! what follows: its line cannot be read and the next one goes on, so no more than that (and one line) is held.

use std::io::{self, BufRead};

/// Bytes of a record that spans lines.
const LONGEST: usize = 100_000;
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Reads the records of a table.
pub struct Records<R> {
    input: R,
    held: Vec<u8>, // lines read ahead
    ended: bool,
    delimiter: Option<u8>,
    line: u64,
}

/// A record, or a line that is none.
#[derive(Debug, PartialEq)]
pub struct Record {
    /// Where it begins, from 1.
    pub line: u64,
    /// Its length in the input.
    pub bytes: usize,
    /// `None` where a quote is opened and not closed; none at all in a blank line.
    pub cells: Option<Vec<String>>,
}

impl<R: BufRead> Records<R> {
    pub fn new(input: R) -> Records<R> {
        Records {
            input,
            held: Vec::new(),
            ended: false,
            delimiter: None,
            line: 1,
        }
    }

    /// What parts the cells, once a record was read.
    pub fn delimiter(&self) -> Option<u8> {
        self.delimiter
    }

    /// The next record; `None` at the end of the input.
    pub fn next(&mut self) -> io::Result<Option<Record>> {
        if self.held.is_empty() && !self.more()? {
            return Ok(None);
        }
        if self.line == 1 && self.held.starts_with("\u{feff}".as_bytes()) {
            self.held.drain(..3);
        }
        let first = end_of_line(&self.held);
        if self.held[..first].trim_ascii().is_empty() {
            return Ok(Some(self.take(first, Some(Vec::new()))));
        }
        loop {
            if let Some((cells, end)) = self.record(false) {
                return Ok(Some(self.take(end, Some(cells))));
            }
            // a line without a quote closes none
            let mut closed = false;
            while !closed && self.held.len() <= LONGEST {
                let from = self.held.len();
                if !self.more()? {
                    break;
                }
                closed = self.held[from..].contains(&b'"');
            }
            if !closed {
                return Ok(Some(match self.record(true) {
                    Some((cells, end)) => self.take(end, Some(cells)),
                    None => self.take(first, None),
                }));
            }
        }
    }

    /// Reads a line more; `false` at the end.
    fn more(&mut self) -> io::Result<bool> {
        self.ended = self.ended || self.input.read_until(b'\n', &mut self.held)? == 0;
        Ok(!self.ended)
    }

    /// Lets go of the first `end` bytes and the line end after them.
    fn take(&mut self, end: usize, cells: Option<Vec<String>>) -> Record {
        let bytes = self.held.len().min(end + 1);
        let line = self.line;
        self.line += self.held[..bytes].iter().filter(|b| **b == b'\n').count() as u64;
        self.held.drain(..bytes);
        Record { line, bytes, cells }
    }

    /// The record that begins what is held, and where it ends; `None` while a quote is open. With which delimiter it is open in a
    /// header tells only once there is no more to read.
    fn record(&mut self, settle: bool) -> Option<(Vec<String>, usize)> {
        if let Some(delimiter) = self.delimiter {
            return record(&self.held, delimiter);
        }
        let mut best: Option<(u8, Vec<String>, usize)> = None;
        for delimiter in DELIMITERS {
            let Some((cells, end)) = record(&self.held, delimiter) else {
                if settle {
                    continue;
                }
                return None;
            };
            if best.as_ref().is_none_or(|b| cells.len() > b.1.len()) {
                best = Some((delimiter, cells, end));
            }
        }
        let (delimiter, cells, end) = best?;
        self.delimiter = Some(delimiter);
        Some((cells, end))
    }
}

fn end_of_line(text: &[u8]) -> usize {
    text.iter().position(|b| *b == b'\n').unwrap_or(text.len())
}

fn record(text: &[u8], delimiter: u8) -> Option<(Vec<String>, usize)> {
    let mut cells = Vec::new();
    let mut at = 0;
    loop {
        let mut cell = Vec::new();
        if text.get(at) == Some(&b'"') {
            at = quoted(text, at + 1, &mut cell)?;
        }
        let rest = &text[at..];
        let stop = rest.iter().position(|b| *b == delimiter || *b == b'\n');
        let stop = at + stop.unwrap_or(rest.len());
        cell.extend_from_slice(&text[at..stop]);
        let ends = text.get(stop) != Some(&delimiter);
        if ends && stop > at && text[stop - 1] == b'\r' {
            cell.pop();
        }
        cells.push(String::from_utf8_lossy(&cell).into_owned());
        if ends {
            return Some((cells, stop));
        }
        at = stop + 1;
    }
}

/// Writes what stands before the quote that closes; says where the text goes on.
fn quoted(text: &[u8], mut from: usize, cell: &mut Vec<u8>) -> Option<usize> {
    loop {
        let quote = from + text[from..].iter().position(|b| *b == b'"')?;
        cell.extend_from_slice(&text[from..quote]);
        if text.get(quote + 1) != Some(&b'"') {
            return Some(quote + 1);
        }
        cell.push(b'"');
        from = quote + 2;
    }
}

/// A cell's number, if it is one. Where semicolons part the cells, a comma usually stands before the decimals.
pub fn number(cell: &str, delimiter: Option<u8>) -> Option<f64> {
    if delimiter == Some(b';')
        && let Some((whole, decimals)) = cell.split_once(',')
        && [whole.strip_prefix('-').unwrap_or(whole), decimals]
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    {
        return format!("{whole}.{decimals}").parse().ok();
    }
    cell.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, Option<Vec<String>>)> {
        let mut records = Records::new(text.as_bytes());
        let (mut out, mut bytes) = (Vec::new(), 0);
        while let Some(record) = records.next().unwrap() {
            bytes += record.bytes;
            out.push((record.line, record.cells));
        }
        assert!(bytes == text.trim_start_matches('\u{feff}').len() || text.is_empty());
        out
    }

    fn cells(list: &[&str]) -> Option<Vec<String>> {
        Some(list.iter().map(|c| (*c).to_owned()).collect())
    }

    #[test]
    fn a_quoted_cell_holds_line_ends_delimiters_and_quotes() {
        let text = "\u{feff}a,b\r\n\"one\r\ntwo, \"\"three\"\"\",4\r\n\n5,\"6\"x\r\n7,8\"\"9";
        assert_eq!(
            read(text),
            [
                (1, cells(&["a", "b"])),
                (2, cells(&["one\r\ntwo, \"three\"", "4"])),
                (4, cells(&[])),
                (5, cells(&["5", "6x"])),
                (6, cells(&["7", "8\"\"9"])),
            ]
        );
        assert_eq!(read(""), []);
    }

    #[test]
    fn the_header_says_what_parts_the_cells() {
        for (text, want) in [
            ("a;b;c\n1;2,5;3\n", ["1", "2,5", "3"]),
            ("a\tb\tc\n1\t2,5\t3", ["1", "2,5", "3"]),
            ("a,\"b;;;;\",c\n1,2,3;4", ["1", "2", "3;4"]),
            ("\"a\nx\";b;c\n1;2;3", ["1", "2", "3"]),
            ("a;\"b\nx\";c\n1;2;3", ["1", "2", "3"]),
        ] {
            assert_eq!(read(text)[1].1, cells(&want), "{text}");
        }
        assert_eq!(number("2,5", Some(b';')), Some(2.5));
        assert_eq!(number("-2,5", Some(b';')), Some(-2.5));
        assert_eq!(number("2,5", Some(b',')), None);
        assert_eq!(number("1,2,3", Some(b';')), None);
    }

    #[test]
    fn a_quote_that_is_not_closed_takes_its_own_line_alone() {
        assert_eq!(
            read("a,b\n\"1,2\n3,4\n"),
            [(1, cells(&["a", "b"])), (2, None), (3, cells(&["3", "4"])),]
        );
        // however much follows, little is held
        let text = "a,b\n\"1,2\n".to_owned() + &"3,4\n".repeat(100_000);
        let mut records = Records::new(text.as_bytes());
        let (mut broken, mut whole) = (0, 0);
        while let Some(record) = records.next().unwrap() {
            assert!(records.held.len() <= LONGEST + 4);
            broken += usize::from(record.cells.is_none());
            whole += usize::from(record.cells.is_some_and(|c| c == ["3", "4"]));
        }
        assert_eq!((broken, whole), (1, 100_000));
    }
}
