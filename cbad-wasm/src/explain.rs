//! From prices to words: tokens and fields with their bits, what was expected instead, and one sentence.

use crate::bits::{self, MicroBits};
use crate::event::{Event, Payload};
use crate::features::{Features, Field, Piece, Symbol};
use crate::recent::Recent;
use crate::verdict::{Expected, FieldBits, TokenBits};
use std::collections::BTreeMap;

/// Tokens that are told what was expected in their place.
const EXPLAINED: usize = 5;
/// Alternatives told for each.
const ALTERNATIVES: usize = 3;
/// Bytes of a text quoted in a sentence.
const QUOTE: usize = 48;
/// Bytes of a nearest event kept.
const NEAREST: usize = 4_096;
/// Recent events looked at for an anomaly,
pub const LOOKED_AT: usize = 256;
/// and for one whose cause was told lately: looking through all would cost as much as scoring all events of a stream does.
pub const LOOKED_AT_AGAIN: usize = 32;

/// What recent normal events showed in place of an anomaly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Recent normal events looked at.
    pub recent: u64,
    /// The most similar one.
    pub nearest: Option<String>,
    /// By piece, what stood there instead.
    pub expected: Vec<(u32, Vec<Expected>)>,
}

/// The pieces to explain: the dearest ones, dearest first, ties by position.
pub fn dearest(costs: &[MicroBits]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..costs.len() as u32)
        .filter(|&i| costs[i as usize] >= bits::BIT)
        .collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(costs[i as usize]), i));
    order.truncate(EXPLAINED);
    order
}

/// A place: the column and, in text, the piece before.
fn place<'a>(text: &'a str, pieces: &[Piece], i: usize) -> (u64, Option<&'a str>) {
    let column = pieces[i].column;
    let before = i
        .checked_sub(1)
        .map(|k| &pieces[k])
        .filter(|p| p.column == column);
    (
        column,
        before.and_then(|p| text.get(p.start as usize..p.end as usize)),
    )
}

/// Looks through the `most` newest normal events for the nearest one and for what stood in place of `wanted` pieces.
pub fn context(
    event: &Event<'_>,
    features: &Features,
    wanted: &[u32],
    recent: &Recent,
    most: usize,
) -> Context {
    let text = event.payload.as_str();
    let places: Vec<_> = wanted
        .iter()
        .map(|&i| place(text, &features.pieces, i as usize))
        .collect();
    // most pieces stand in none of these places: the length of the piece before tells
    let before = |pieces: &[Piece], i: usize| {
        let before = i.checked_sub(1).map(|k| pieces[k]);
        let before = before.filter(|p| p.column == pieces[i].column);
        1u64 << before.map_or(0, |p| (p.end - p.start) % 64)
    };
    let lengths = wanted
        .iter()
        .fold(0, |all, &i| all | before(&features.pieces, i as usize));
    let mut counts: Vec<BTreeMap<String, u64>> = vec![BTreeMap::new(); wanted.len()];
    let mut other = Features::default();
    let mut best: Option<(u64, u64, &str)> = None; // shared, all, text
    let mut seen = 0;
    for (line, json) in recent.iter().rev().take(most) {
        seen += 1;
        let payload = if json {
            Payload::Json(line)
        } else {
            Payload::Text(line)
        };
        other.extract(&Event { payload, ..*event });
        for i in 0..other.pieces.len() {
            if before(&other.pieces, i) & lengths == 0 {
                continue;
            }
            let here = place(line, &other.pieces, i);
            for (k, there) in places.iter().enumerate() {
                let Piece { start, end, .. } = other.pieces[i];
                if here == *there
                    && let Some(s) = line
                        .get(start as usize..end as usize)
                        .filter(|s| s.len() <= 64)
                {
                    *counts[k].entry(s.to_owned()).or_default() += 1;
                }
            }
        }
        let shared = overlap(features, &other);
        let all = size(features) + size(&other) - shared;
        if best.is_none_or(|(s, a, _)| shared * a > s * all) {
            best = Some((shared, all, line));
        }
    }
    let mut expected = Vec::new();
    for (&piece, counts) in wanted.iter().zip(counts) {
        let own = features.pieces[piece as usize];
        let own = text.get(own.start as usize..own.end as usize).unwrap_or("");
        let mut list: Vec<Expected> = counts
            .into_iter()
            .filter(|(t, _)| t != own)
            .map(|(text, count)| Expected { text, count })
            .collect();
        list.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
        list.truncate(ALTERNATIVES);
        if !list.is_empty() {
            expected.push((piece, list));
        }
    }
    let nearest = best
        .filter(|b| b.0 > 0)
        .map(|b| cut(b.2, NEAREST).to_owned());
    Context {
        recent: seen,
        nearest,
        expected,
    }
}

fn size(f: &Features) -> u64 {
    (f.bag.len() + f.numbers.len()) as u64
}

/// How many symbols and numbers two events share.
fn overlap(a: &Features, b: &Features) -> u64 {
    let (mut i, mut k, mut shared) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.bag.get(i), b.bag.get(k)) {
        let (x, y): (&Symbol, &Symbol) = (x, y);
        shared += u64::from(x.key == y.key);
        i += usize::from(x.key <= y.key);
        k += usize::from(y.key <= x.key);
    }
    let numbers = a.numbers.iter().filter(|x| {
        b.numbers
            .iter()
            .any(|y| (x.column, x.bucket) == (y.column, y.bucket))
    });
    shared + numbers.count() as u64
}

/// Tokens in order of position, from the price of each piece.
pub fn tokens(
    text: &str,
    pieces: &[Piece],
    costs: &[MicroBits],
    context: &Context,
) -> Vec<TokenBits> {
    let token = |(i, p): (usize, &Piece)| {
        let (start, end) = (p.start as usize, p.end as usize);
        TokenBits {
            text: text.get(start..end).unwrap_or("").to_owned(),
            start,
            end,
            bits: bits::to_bits(costs[i]),
            expected: context
                .expected
                .iter()
                .find(|e| e.0 as usize == i)
                .map(|e| e.1.clone())
                .unwrap_or_default(),
        }
    };
    pieces.iter().enumerate().map(token).collect()
}

/// Fields in order of position, each with the sum of its pieces.
pub fn fields(text: &str, fields: &[Field], tokens: &[TokenBits]) -> Vec<FieldBits> {
    let mut rest = tokens.iter().peekable();
    let mut out = Vec::with_capacity(fields.len());
    for f in fields {
        let (mut sum, mut expected) = (0.0, Vec::new());
        while let Some(t) = rest.next_if(|t| t.start < f.end.max(f.start + 1)) {
            sum += t.bits;
            if (t.start, t.end) == (f.start, f.end) {
                expected.clone_from(&t.expected);
            }
        }
        out.push(FieldBits {
            path: f.path.clone(),
            bits: sum,
            text: cut(text.get(f.start..f.end).unwrap_or(""), 256).to_owned(),
            expected,
        });
    }
    out
}

/// The sentence. `seen` is in how many events the dearest token's symbol had been learnt.
pub fn sentence(
    costs: &[MicroBits],
    tokens: &[TokenBits],
    fields: &[FieldBits],
    seen: u64,
    context: &Context,
) -> String {
    let Some(&top) = dearest(costs).first() else {
        return "The event as a whole is unusual: its parts are known, their combination is not."
            .to_owned();
    };
    let token = &tokens[top as usize];
    let what = quote(&token.text);
    let field = fields
        .iter()
        .filter(|f| f.bits >= token.bits)
        .find(|f| f.path != "$" && covers(f, &token.text));
    let place = match field {
        Some(f) => format!("{what} in field {:?}", f.path),
        None => what,
    };
    let how = if seen == 0 {
        "has not been seen in this stream before".to_owned()
    } else {
        format!("is rare in this stream (seen in {seen} of the events learnt)")
    };
    let bits = format!("{:.1} bits", token.bits);
    match token.expected.first() {
        Some(e) => format!(
            "{place} {how} ({bits}); usual here is {} ({} of {} recent events).",
            quote(&e.text),
            e.count,
            context.recent
        ),
        None => format!("{place} {how} ({bits})."),
    }
}

fn covers(f: &FieldBits, token: &str) -> bool {
    f.text.contains(token)
}

fn quote(text: &str) -> String {
    let short = cut(text, QUOTE);
    if short.len() < text.len() {
        format!("{:?}…", short)
    } else {
        format!("{short:?}")
    }
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
