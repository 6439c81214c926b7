//! What an organisation wants redacted, as its setting says, and that setting compiled.

use super::scan::{BUILT_IN, Kind, Kinds, Span, scan};
use regex_lite::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Patterns of its own that an organisation may have.
pub const MAX_PATTERNS: usize = 20;
/// Characters of one pattern.
pub const MAX_PATTERN: usize = 200;
/// Compiled bytes of one pattern.
const MAX_COMPILED: usize = 64 << 10;
/// Compiled rules kept in an isolate.
const CACHE_ENTRIES: usize = 200;

/// What takes the place of a find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// `[email]`.
    #[default]
    Replace,
    /// `[email:9f86d081884c7d65]`: the same value gives the same digits in one organisation.
    Hash,
    /// Nothing.
    Drop,
}

/// An organisation's own pattern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// Stands in place of the find and in the counts: lower-case letters, digits and `_`.
    pub name: String,
    /// A regular expression in the syntax of Rust's `regex-lite`.
    pub pattern: String,
}

/// The setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// What takes the place of a find.
    pub action: Action,
    /// Built-in kinds to look for.
    pub kinds: Vec<String>,
    /// The organisation's own patterns.
    pub patterns: Vec<Pattern>,
}

impl Default for Rules {
    /// Every built-in kind but network addresses, which are what many logs are about.
    fn default() -> Self {
        let kinds = BUILT_IN.iter().filter(|(kind, _)| *kind != Kind::Ip);
        Self {
            action: Action::default(),
            kinds: kinds.map(|(_, name)| (*name).to_owned()).collect(),
            patterns: Vec::new(),
        }
    }
}

/// Why rules are not taken: the field and what it takes.
pub type Refusal = (String, String);

/// Rules ready for use.
#[derive(Debug)]
pub struct Compiled {
    /// What takes the place of a find.
    pub action: Action,
    kinds: Kinds,
    patterns: Vec<(String, Regex)>,
}

impl Compiled {
    /// Checks and compiles rules.
    pub fn new(rules: &Rules) -> Result<Self, Refusal> {
        let mut kinds = Kinds::default();
        for name in &rules.kinds {
            let known = BUILT_IN.iter().find(|(_, n)| n == name);
            let (kind, _) = known.ok_or_else(|| {
                let names: Vec<&str> = BUILT_IN.iter().map(|(_, n)| *n).collect();
                ("kinds".to_owned(), names.join(", "))
            })?;
            kinds = kinds.with(*kind);
        }
        if rules.patterns.len() > MAX_PATTERNS {
            return Err(("patterns".into(), format!("at most {MAX_PATTERNS}")));
        }
        let patterns = rules.patterns.iter().enumerate();
        let patterns =
            patterns.map(|(i, p)| compile(p).map_err(|(f, e)| (format!("patterns[{i}].{f}"), e)));
        Ok(Self {
            action: rules.action,
            kinds,
            patterns: patterns.collect::<Result<_, _>>()?,
        })
    }

    /// The name of a kind in placeholders and counts.
    pub fn name(&self, kind: Kind) -> &str {
        match kind {
            Kind::Custom(i) => self
                .patterns
                .get(usize::from(i))
                .map_or("custom", |(n, _)| n),
            _ => BUILT_IN
                .iter()
                .find(|(k, _)| *k == kind)
                .map_or("", |(_, n)| n),
        }
    }

    /// Whether a built-in kind is looked for.
    pub fn has(&self, kind: Kind) -> bool {
        self.kinds.has(kind)
    }

    /// What `text` holds, in order and without overlaps. The organisation's own patterns win over built-in kinds.
    pub fn find(&self, text: &str, spans: &mut Vec<Span>) {
        spans.clear();
        scan(text, self.kinds, spans);
        self.add_own(text, spans);
    }

    /// What the organisation's own patterns find in `text`, as `find` does.
    pub fn find_own(&self, text: &str, spans: &mut Vec<Span>) {
        spans.clear();
        self.add_own(text, spans);
    }

    fn add_own(&self, text: &str, spans: &mut Vec<Span>) {
        if self.patterns.is_empty() {
            return;
        }
        for (i, (_, pattern)) in self.patterns.iter().enumerate() {
            for found in pattern.find_iter(text).filter(|f| !f.is_empty()) {
                let (start, end) = (found.start(), found.end());
                let kind = Kind::Custom(i as u8);
                let taken =
                    |s: &Span| matches!(s.kind, Kind::Custom(_)) && s.start < end && start < s.end;
                if spans.iter().any(taken) {
                    continue;
                }
                // a built-in find that sticks out goes with it: better too much than half of it
                let touched = |s: &Span| s.start < end && start < s.end;
                let start = spans
                    .iter()
                    .filter(|s| touched(s))
                    .map(|s| s.start)
                    .fold(start, usize::min);
                let end = spans
                    .iter()
                    .filter(|s| touched(s))
                    .map(|s| s.end)
                    .fold(end, usize::max);
                spans.retain(|s| !(s.start < end && start < s.end));
                spans.push(Span::new(start, end, kind));
            }
        }
        spans.sort_unstable_by_key(|s| s.start);
    }
}

fn compile(p: &Pattern) -> Result<(String, Regex), (&'static str, String)> {
    let is_name = (1..=32).contains(&p.name.len())
        && p.name
            .bytes()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_');
    if !is_name || BUILT_IN.iter().any(|(_, n)| *n == p.name) {
        return Err((
            "name",
            "1 to 32 of a-z, 0-9 and _, other than a built-in kind".into(),
        ));
    }
    if p.pattern.chars().count() > MAX_PATTERN {
        return Err(("pattern", format!("at most {MAX_PATTERN} characters")));
    }
    let regex = RegexBuilder::new(&p.pattern)
        .size_limit(MAX_COMPILED)
        .build();
    let regex = regex.map_err(|_| {
        (
            "pattern",
            "a regular expression (syntax of Rust's regex-lite)".to_owned(),
        )
    })?;
    if regex.is_match("") {
        return Err((
            "pattern",
            "an expression that does not match the empty text".into(),
        ));
    }
    Ok((p.name.clone(), regex))
}

thread_local!(static CACHE: RefCell<BTreeMap<String, Rc<Compiled>>> = const { RefCell::new(BTreeMap::new()) });

/// The rules of a stored setting, compiled once per isolate. A setting that cannot be read masks with the default rules rather
/// than not at all.
pub fn cached(stored: Option<&str>) -> Option<Rc<Compiled>> {
    let key = stored.unwrap_or("");
    if let Some(hit) = CACHE.with_borrow(|c| c.get(key).cloned()) {
        return Some(hit);
    }
    let rules: Rules = stored
        .and_then(|t| serde_json::from_str(t).ok())
        .unwrap_or_default();
    let compiled = Compiled::new(&rules)
        .or_else(|_| Compiled::new(&Rules::default()))
        .ok()?;
    let compiled = Rc::new(compiled);
    CACHE.with_borrow_mut(|c| {
        if c.len() >= CACHE_ENTRIES {
            c.clear();
        }
        c.insert(key.to_owned(), compiled.clone());
    });
    Some(compiled)
}
