//! One event through the coder; written once for both directions.

use super::book::Book;
use super::canonical::{Canonical, Leaf, Piece, Step, Token, tokens};
use super::pen::{Habit, Pen};
use crate::bits::MicroBits;
use crate::features::{Number, Symbol};
use crate::hash::mix;
use crate::model::{EVENT, Model, count_class, number, whole};
use crate::table::Table;

/// A key that no symbol, shape, column or bag has.
const NOTHING: u64 = 0x6E6F_7468_696E_6721;
/// Classes of counts an event can have: exact to four, then ranges; see `count_class`.
const CLASSES: [(u64, u32); 17] = [
    (1, 1),
    (2, 2),
    (3, 3),
    (4, 4),
    (5, 5),
    (6, 7),
    (7, 10),
    (8, 15),
    (9, 25),
    (15, 50),
    (16, 64),
    (17, 128),
    (18, 256),
    (19, 512),
    (20, 1_024),
    (21, 2_048),
    (22, 4_096),
];

/// Something of which an event has one or more.
#[derive(Debug)]
struct Item {
    what: What,
    column: usize,
    count: u32,
    left: u32,
    text: Option<String>, // what it read last
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Known(usize),
    New(u64),    // by its key, which only a sender knows
    Size(u64),   // of a number
    OtherNumber, // of a size not seen
}

/// What a sender has to say.
struct Wanted<'a> {
    event: &'a Canonical,
    bag: Vec<(Symbol, usize)>, // distinct symbols with their columns, in order of first appearance
    tokens: Vec<Token>,
    signature: u64,
}

impl<'a> Wanted<'a> {
    fn new(event: &'a Canonical, book: &Book) -> Wanted<'a> {
        let text = event.text();
        let tokens = tokens(&event.features(&text));
        let mut bag: Vec<(Symbol, usize)> = Vec::new();
        let mut rest = tokens.iter();
        for leaf in &event.leaves {
            let column = book.column(event.json, &leaf.path).unwrap_or(usize::MAX);
            for token in rest.by_ref().take(leaf.pieces.len()) {
                let Token::Symbol(s) = token else { continue };
                match bag.iter_mut().find(|b| b.0.key == s.key) {
                    Some(b) => b.0.count += 1,
                    None => bag.push((*s, column)),
                }
            }
        }
        let mut sorted: Vec<Symbol> = bag.iter().map(|b| b.0).collect();
        sorted.sort_by_key(|s| s.key);
        let signature = sorted
            .iter()
            .fold(EVENT, |h, s| mix(h, mix(s.key, count_class(s.count))));
        Wanted {
            event,
            bag,
            tokens,
            signature,
        }
    }

    fn symbol(&self, key: u64) -> Option<&Symbol> {
        self.bag.iter().map(|b| &b.0).find(|s| s.key == key)
    }
}

/// Passes an event on: told which one, or finding it out.
pub(super) fn pass(
    model: &Model,
    book: &mut Book,
    pen: &mut Pen<'_>,
    event: Option<&Canonical>,
) -> Canonical {
    let mut habit = book.json;
    let json = pen.soft(&mut habit, event.is_some_and(|e| e.json));
    book.json = habit;
    let mut here = columns(book, pen, json, event);
    let wanted = event.map(|e| Wanted::new(e, book));
    let want = wanted.as_ref();
    readings(book, pen, want);
    let mut items = symbols(model, book, pen, &here, want);
    counts(&mut items, book, pen, want);
    numbers(&model.table, book, pen, &here, want, &mut items);
    here.sort_by(|&a, &b| book.columns[a].path.cmp(&book.columns[b].path));
    let mut tokens = want.map(|w| w.tokens.iter());
    let mut leaves = Vec::new();
    for column in here {
        let path = book.columns[column].path.clone();
        let own: Vec<&Leaf> = event.map_or(Vec::new(), |e| {
            e.leaves.iter().filter(|l| l.path == path).collect()
        });
        let mut mine: Vec<Item> = Vec::new();
        items.retain_mut(|item| {
            let take = item.column == column;
            if take {
                mine.push(Item {
                    text: item.text.take(),
                    ..*item
                });
            }
            !take
        });
        for i in 0..=pen.number((own.len() as u32).saturating_sub(1)) as usize {
            let leaf = own.get(i).copied();
            leaves.push(layout(book, pen, &path, leaf, &mut mine, &mut tokens));
        }
    }
    Canonical { json, leaves }
}

/// Which columns there are.
fn columns(
    book: &mut Book,
    pen: &mut Pen<'_>,
    json: bool,
    event: Option<&Canonical>,
) -> Vec<usize> {
    let mut here = Vec::new();
    let has = |path: &[Step]| event.is_some_and(|e| e.leaves.iter().any(|l| l.path == path));
    for (i, c) in book.columns.iter_mut().enumerate() {
        if c.json == json && pen.soft(&mut c.present, has(&c.path)) {
            here.push(i);
        }
    }
    loop {
        let new = event
            .into_iter()
            .flat_map(|e| &e.leaves)
            .find(|l| book.column(json, &l.path).is_none());
        let mut more = book.more;
        let yes = pen.soft(&mut more, new.is_some());
        book.more = more;
        if !yes {
            return here;
        }
        let given = new.map_or(&[][..], |l| &l.path);
        let mut path = Vec::new();
        for i in 0..pen.number(given.len() as u32) as usize {
            let key = match given.get(i) {
                Some(Step::Key(key)) => Some(key.as_str()),
                _ => None,
            };
            path.push(if pen.share(1, 2, key.is_some()) {
                Step::Key(pen.text(&mut book.letters, key.unwrap_or("")))
            } else {
                Step::Element
            });
        }
        here.push(book.add_column(json, path));
    }
}

/// Known symbols that are read in their other way from here on, as a value or as a token.
fn readings(book: &mut Book, pen: &mut Pen<'_>, want: Option<&Wanted<'_>>) {
    loop {
        let place = want.and_then(|w| {
            w.bag.iter().find_map(|(s, _)| {
                let place = book.find(s.key)?;
                let known = &book.symbols[place].symbol;
                ((known.class, known.word) != (s.class, s.word)).then_some(place)
            })
        });
        let mut other = book.other;
        let yes = pen.soft(&mut other, place.is_some());
        book.other = other;
        if !yes {
            return;
        }
        let place = pen.number(place.unwrap_or(0) as u32) as usize;
        let (class, word) = book.otherwise(place);
        let known = &mut book.symbols[place].symbol;
        (known.class, known.word) = (class, word);
    }
}

/// The bag: as one that was seen whole, or symbol by symbol.
fn symbols(
    model: &Model,
    book: &Book,
    pen: &mut Pen<'_>,
    here: &[usize],
    want: Option<&Wanted<'_>>,
) -> Vec<Item> {
    let (totals, table) = (model.totals(), &mut &model.table);
    let base = totals.base(table, EVENT);
    let cost = |table: &mut &Table, s: &Symbol, class: u64| totals.priced(table, &base, s, class).0;
    let item = |what, column, class| Item {
        what,
        column,
        count: class as u32, // its class until the count itself is known
        left: 0,
        text: None,
    };
    if totals.by_the_whole(table, EVENT) {
        for (signature, bag) in &book.bags {
            let parts: MicroBits = bag
                .iter()
                .map(|&(place, class)| cost(table, &book.symbols[place].symbol, class))
                .sum();
            let price = whole(table, EVENT, *signature, parts);
            if pen.priced(price, want.is_some_and(|w| w.signature == *signature)) {
                return bag
                    .iter()
                    .map(|&(p, class)| item(What::Known(p), book.symbols[p].column, class))
                    .collect();
            }
        }
        let news = whole(table, EVENT, NOTHING, 0);
        pen.priced(news, want.is_some());
    }
    let mut items = Vec::new();
    for (place, known) in book.symbols.iter().enumerate() {
        if !here.contains(&known.column) {
            continue;
        }
        let class = want
            .and_then(|w| w.symbol(known.symbol.key))
            .map(|s| count_class(s.count));
        for (c, _) in CLASSES {
            if pen.priced(cost(table, &known.symbol, c), class == Some(c)) {
                items.push(item(What::Known(place), known.column, c));
                break;
            }
        }
    }
    let kinds = [(0, false), (0, true), (NOTHING, false)].into_iter().chain(
        book.classes
            .iter()
            .filter(|c| here.contains(&c.1))
            .map(|c| (c.0, false)),
    );
    for (class, word) in kinds {
        for (c, _) in CLASSES {
            loop {
                let unsaid = want.and_then(|w| {
                    w.bag.iter().find(|(s, _)| {
                        book.find(s.key).is_none()
                            && !items.iter().any(|i| i.what == What::New(s.key))
                            && s.word == word
                            && count_class(s.count) == c
                            && kind(book, s) == class
                    })
                });
                let symbol = Symbol {
                    key: NOTHING,
                    class,
                    word,
                    count: 1,
                    piece: 0,
                };
                if !pen.priced(cost(table, &symbol, c), unsaid.is_some()) {
                    break;
                }
                let at = unsaid.and_then(|u| here.iter().position(|&h| h == u.1));
                let at = pen.number(at.unwrap_or(0) as u32) as usize;
                let column = here.get(at).copied().unwrap_or(0);
                // a receiver has no key yet: any will do that is not the same twice
                let key = unsaid.map_or(NOTHING + items.len() as u64, |u| u.0.key);
                items.push(item(What::New(key), column, c));
            }
        }
    }
    items
}

/// The class of a new symbol as far as a receiver can know it.
fn kind(book: &Book, s: &Symbol) -> u64 {
    if s.class == 0 || book.classes.iter().any(|c| c.0 == s.class) {
        s.class
    } else {
        NOTHING
    }
}

/// From classes of counts to the counts.
fn counts(items: &mut [Item], book: &Book, pen: &mut Pen<'_>, want: Option<&Wanted<'_>>) {
    for item in items {
        let class = u64::from(item.count);
        let low = CLASSES.iter().find(|c| c.0 == class).map_or(1, |c| c.1);
        item.count = low;
        if class > 4 {
            let is = want.map_or(low, |w| {
                w.bag
                    .iter()
                    .find(|(s, _)| is_item(item, s.key, book.find(s.key)))
                    .map_or(low, |b| b.0.count)
            });
            item.count += pen.number(is.saturating_sub(low));
        }
        item.left = item.count;
    }
}

/// Whether a symbol is what an item stands for: known ones are told by their place in the book.
fn is_item(item: &Item, key: u64, place: Option<usize>) -> bool {
    match item.what {
        What::New(k) => k == key,
        What::Known(p) => place == Some(p),
        _ => false,
    }
}

/// The numbers of every column, by their sizes.
fn numbers(
    table: &Table,
    book: &Book,
    pen: &mut Pen<'_>,
    here: &[usize],
    want: Option<&Wanted<'_>>,
    items: &mut Vec<Item>,
) {
    for &i in here {
        let column = &book.columns[i];
        if !column.json {
            continue;
        }
        let mut sizes: Vec<u64> = want.map_or(Vec::new(), |w| sizes(w, &column.path));
        let others = |sizes: &[u64]| sizes.iter().position(|s| !column.buckets.contains(s));
        for bucket in column.buckets.iter().copied().map(Some).chain([None]) {
            let x = Number {
                column: column.hash.unwrap_or(NOTHING),
                bucket: bucket.unwrap_or(NOTHING),
                piece: 0,
            };
            let (price, _) = number(&mut &*table, &x);
            let mut count = 0;
            loop {
                let at = match bucket {
                    Some(b) => sizes.iter().position(|&s| s == b),
                    None => others(&sizes),
                };
                if !pen.priced(price, at.is_some()) {
                    break;
                }
                at.map(|at| sizes.swap_remove(at));
                count += 1;
            }
            if count > 0 {
                items.push(Item {
                    what: bucket.map_or(What::OtherNumber, What::Size),
                    column: i,
                    count,
                    left: count,
                    text: None,
                });
            }
        }
    }
}

/// Sizes of the numbers of a column.
fn sizes(want: &Wanted<'_>, path: &[Step]) -> Vec<u64> {
    let mut rest = want.tokens.iter();
    let mut out = Vec::new();
    for leaf in &want.event.leaves {
        for token in rest.by_ref().take(leaf.pieces.len()) {
            match token {
                Token::Number { bucket } if leaf.path == path => out.push(*bucket),
                _ => {}
            }
        }
    }
    out
}

/// A leaf: how it is written, and which items stand in it, in order.
fn layout(
    book: &mut Book,
    pen: &mut Pen<'_>,
    path: &[Step],
    want: Option<&Leaf>,
    items: &mut [Item],
    tokens: &mut Option<std::slice::Iter<'_, Token>>,
) -> Leaf {
    let quoted = pen.share(1, 2, want.is_some_and(|l| l.quoted));
    let blank = |book: &mut Book, pen: &mut Pen<'_>, bit: bool| {
        let mut habit: Habit = book.blank;
        let bit = pen.soft(&mut habit, bit);
        book.blank = habit;
        bit
    };
    let blank_end = blank(book, pen, want.is_some_and(|l| l.blank_end));
    let mut pieces = Vec::new();
    for i in 0..pen.number(want.map_or(0, |l| l.pieces.len() as u32)) as usize {
        let token = tokens.as_mut().and_then(Iterator::next);
        let is = |book: &Book, item: &Item| match token {
            Some(Token::Symbol(s)) => is_item(item, s.key, book.find(s.key)),
            Some(Token::Number { bucket }) => match item.what {
                What::Size(b) => b == *bucket,
                What::OtherNumber => true,
                _ => false,
            },
            None => false,
        };
        let mut all: u32 = items.iter().map(|x| x.left).sum();
        let mut chosen = None;
        for (k, item) in items.iter().enumerate() {
            if item.left > 0 && pen.share(item.left, all, is(book, item)) {
                chosen = Some(k);
                break;
            }
            all -= item.left;
        }
        let Some(item) = chosen.and_then(|k| items.get_mut(k)) else {
            break;
        };
        item.left -= 1;
        let given = want.and_then(|l| l.pieces.get(i));
        let blank = blank(book, pen, given.is_some_and(|p| p.blank));
        let text = spelled(book, pen, item, given);
        pieces.push(Piece { text, blank });
    }
    Leaf {
        path: path.to_vec(),
        quoted,
        pieces,
        blank_end,
    }
}

/// The text of a piece: as it was the last time, or letter by letter.
fn spelled(book: &mut Book, pen: &mut Pen<'_>, item: &mut Item, given: Option<&Piece>) -> String {
    let given = given.map_or("", |p| &p.text);
    let (last, mut same) = match item.what {
        What::Known(place) => (
            Some(book.symbols[place].text.clone()),
            book.symbols[place].same,
        ),
        What::New(_) => (item.text.clone(), Habit::default()),
        _ => (None, Habit::default()),
    };
    let again = last.filter(|last| pen.soft(&mut same, last == given));
    if let What::Known(place) = item.what {
        book.symbols[place].same = same;
    }
    let text = again.unwrap_or_else(|| pen.text(&mut book.letters, given));
    item.text = Some(text.clone());
    text
}
