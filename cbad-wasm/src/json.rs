//! A JSON scanner that yields leaves with their byte offsets and never copies or recurses.
//!
//! It accepts what serde_json accepts and a little more (it does not check escapes or number syntax to the letter);
//! what it refuses is read as text.

use crate::hash::{hash, mix};

/// Deeper nesting is read as one opaque leaf.
pub const MAX_DEPTH: usize = 64;

/// Hash of the path of the whole document.
pub const ROOT: u64 = 19;
const ELEMENT: u64 = 9;
/// Bytes kept of a path in words: keys are as long as whoever sends them likes, and every leaf under one tells its path.
const MAX_PATH: usize = 256;

/// A leaf's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// A string; the span is what stands between the quotes.
    String,
    /// A number.
    Number,
    /// `true`, `false` or `null`.
    Literal,
    /// An empty object or array, or what is nested too deep.
    Empty,
}

/// One step of a path.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// An object's member: the span of its key between the quotes.
    Key(u32, u32),
    /// An element of an array.
    Element,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    object: bool,
    path: u64,
}

/// Why a text is not JSON: the byte offset where it stopped making sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub usize);

/// Scratch space of [`scan`], kept between events so that scanning does not allocate.
#[derive(Clone, Debug, Default)]
pub struct Scanner {
    steps: Vec<Step>,
    levels: Vec<Level>,
}

impl Scanner {
    /// Calls `leaf(path hash, path, type, start, end)` for every leaf of `text` in order.
    ///
    /// # Errors
    /// [`Malformed`] where the text is not JSON; leaves before that point have been given out.
    pub fn scan(
        &mut self,
        text: &[u8],
        mut leaf: impl FnMut(u64, &[Step], Leaf, usize, usize),
    ) -> Result<(), Malformed> {
        self.steps.clear();
        self.levels.clear();
        let mut path = ROOT;
        let mut i = blank(text, 0);
        'value: loop {
            // one value at i
            let start = i;
            match text.get(i) {
                Some(b'{' | b'[') => {
                    let object = text[i] == b'{';
                    let close = if object { b'}' } else { b']' };
                    i = blank(text, i + 1);
                    if text.get(i) == Some(&close) {
                        i += 1;
                        leaf(path, &self.steps, Leaf::Empty, start, i);
                    } else if self.levels.len() == MAX_DEPTH {
                        i = skip(text, start)?;
                        leaf(path, &self.steps, Leaf::Empty, start, i);
                    } else {
                        self.levels.push(Level { object, path });
                        if object {
                            (i, path) = self.key(text, i, path)?;
                        } else {
                            self.steps.push(Step::Element);
                            path = mix(path, ELEMENT);
                        }
                        continue 'value;
                    }
                }
                Some(b'"') => {
                    i = string_end(text, i)?;
                    leaf(path, &self.steps, Leaf::String, start + 1, i - 1);
                }
                Some(b'-' | b'0'..=b'9') => {
                    i = number_end(text, i);
                    leaf(path, &self.steps, Leaf::Number, start, i);
                }
                Some(_) => {
                    let word = [&b"true"[..], b"false", b"null"]
                        .into_iter()
                        .find(|w| text[i..].starts_with(w));
                    i += word.ok_or(Malformed(i))?.len();
                    leaf(path, &self.steps, Leaf::Literal, start, i);
                }
                None => return Err(Malformed(i)),
            }
            // after a value: close levels, or go on to the next member
            loop {
                i = blank(text, i);
                let Some(level) = self.levels.last().copied() else {
                    return if i == text.len() {
                        Ok(())
                    } else {
                        Err(Malformed(i))
                    };
                };
                match text.get(i) {
                    Some(b',') => {
                        i = blank(text, i + 1);
                        if level.object {
                            self.steps.pop();
                            (i, path) = self.key(text, i, level.path)?;
                        }
                        continue 'value;
                    }
                    Some(&b) if b == if level.object { b'}' } else { b']' } => {
                        i += 1;
                        self.levels.pop();
                        path = level.path;
                        self.steps.pop();
                    }
                    _ => return Err(Malformed(i)),
                }
            }
        }
    }

    /// Reads `"key" :` at `i`; the offset of the value and the hash of its path.
    fn key(&mut self, text: &[u8], i: usize, path: u64) -> Result<(usize, u64), Malformed> {
        if text.get(i) != Some(&b'"') {
            return Err(Malformed(i));
        }
        let end = string_end(text, i)?;
        let colon = blank(text, end);
        if text.get(colon) != Some(&b':') {
            return Err(Malformed(colon));
        }
        self.steps.push(Step::Key(i as u32 + 1, end as u32 - 1));
        Ok((
            blank(text, colon + 1),
            mix(path, hash(&text[i + 1..end - 1])),
        ))
    }
}

/// A path in words: `request.headers[].name`; the empty path is `$`. A long one is cut.
pub fn path_text(text: &str, steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        let word = match step {
            Step::Key(a, b) => {
                if !out.is_empty() {
                    out.push('.');
                }
                text.get(*a as usize..*b as usize).unwrap_or("?")
            }
            Step::Element => "[]",
        };
        let room = MAX_PATH.saturating_sub(out.len());
        out.push_str(&word[..word.floor_char_boundary(room)]);
        if word.len() > room {
            break;
        }
    }
    if out.is_empty() { "$".to_owned() } else { out }
}

/// As many whole members and elements of a record as fit in `most` bytes, its open objects and arrays closed; `None` where not
/// even the first one does.
pub fn beginning(text: &str, most: usize) -> Option<String> {
    let bytes = text.as_bytes();
    let mut open = Vec::new(); // the brackets that close what is open
    let mut fits: Option<(usize, Vec<u8>)> = None;
    let mut i = 0;
    while i < bytes.len() && i + open.len() <= most && open.len() < MAX_DEPTH {
        match bytes[i] {
            b'"' => {
                i = string_end(bytes, i).ok()?;
                continue;
            }
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b'}' | b']' => drop(open.pop()?),
            b',' => fits = Some((i, open.clone())),
            _ => {}
        }
        i += 1;
    }
    let (end, open) = fits?;
    let mut out = text.get(..end)?.to_owned();
    out.extend(open.iter().rev().map(|&b| char::from(b)));
    Some(out)
}

fn blank(text: &[u8], mut i: usize) -> usize {
    while text
        .get(i)
        .is_some_and(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
    {
        i += 1;
    }
    i
}

/// The offset after the number that starts at `i`; its syntax is not looked at.
pub fn number_end(text: &[u8], mut i: usize) -> usize {
    while let Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E') = text.get(i) {
        i += 1;
    }
    i
}

/// The offset after the string that starts with the quote at `i`.
fn string_end(text: &[u8], i: usize) -> Result<usize, Malformed> {
    let mut j = i + 1;
    loop {
        match text.get(j) {
            Some(b'"') => return Ok(j + 1),
            Some(b'\\') => j += 2,
            Some(_) => j += 1,
            None => return Err(Malformed(i)),
        }
    }
}

/// The offset after the object or array at `i`, by counting brackets.
fn skip(text: &[u8], mut i: usize) -> Result<usize, Malformed> {
    let (start, mut open) = (i, 0usize);
    while let Some(&b) = text.get(i) {
        match b {
            b'"' => {
                i = string_end(text, i)?;
                continue;
            }
            b'{' | b'[' => open += 1,
            b'}' | b']' => {
                open -= 1;
                if open == 0 {
                    return Ok(i + 1);
                }
            }
            _ => {}
        }
        i += 1;
    }
    Err(Malformed(start))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    fn leaves(s: &str) -> Result<Vec<(String, String)>, Malformed> {
        let mut out = vec![];
        Scanner::default()
            .scan(s.as_bytes(), |_, p, _, a, b| {
                out.push((path_text(s, p), s[a..b].to_owned()))
            })
            .map(|()| out)
    }
    #[test]
    fn yields_leaves_with_paths() {
        let got = leaves(r#" {"a": {"b":[1, -2.5e3 ,"x\"y"]}, "c":null,"d":{} ,"e":[]} "#).unwrap();
        let want = [
            ("a.b[]", "1"),
            ("a.b[]", "-2.5e3"),
            ("a.b[]", "x\\\"y"),
            ("c", "null"),
            ("d", "{}"),
            ("e", "[]"),
        ];
        assert_eq!(got, want.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }
    #[test]
    fn a_long_path_is_cut_between_characters() {
        let key = format!("x{}", "\u{e9}".repeat(120_000));
        let got = leaves(&format!("{{\"a\":{{\"{key}\":{{\"b\":[1,2]}}}}}}")).unwrap();
        assert_eq!(got.len(), 2);
        let want = format!("a.x{}", "\u{e9}".repeat(126));
        assert!(got.iter().all(|(path, _)| *path == want), "{}", got[0].0);
    }
    #[test]
    fn a_beginning_is_json_again() {
        let text = r#"{"a":{"b":[1,"x,}y",3],"c":4},"d":5}"#;
        for (most, want) in [
            (14, None),
            (15, Some(r#"{"a":{"b":[1]}}"#)),
            (23, Some(r#"{"a":{"b":[1,"x,}y"]}}"#)),
            (100, Some(r#"{"a":{"b":[1,"x,}y",3],"c":4}}"#)),
            (5, None),
        ] {
            let got = beginning(text, most);
            assert_eq!(got.as_deref(), want, "{most}");
            assert!(got.is_none_or(|t| leaves(&t).is_ok()));
        }
        assert_eq!(beginning(r#"{"a":"long"#, 100), None);
        assert_eq!(beginning("]", 100), None);
    }
    #[test]
    fn refuses_what_is_not_json() {
        for s in [
            "",
            "{",
            "{\"a\"}",
            "[1,",
            "[1 2]",
            "\"abc",
            "{\"a\":1}}",
            "nul",
            "\"\\",
            "{,}",
            "[,]",
            "{\"a\":1,}",
        ] {
            assert!(leaves(s).is_err(), "{s}");
        }
    }
    #[test]
    fn deep_nesting_is_one_leaf() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        assert_eq!(leaves(&deep).unwrap().len(), 1);
        let open = "[".repeat(10_000);
        assert!(leaves(&open).is_err());
    }
}
