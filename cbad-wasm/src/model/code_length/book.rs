//! What sender and receiver both know beside the counts: the texts behind the hashes, in order of their first appearance.

use super::canonical::{Canonical, Step, Token, tokens};
use super::pen::{Habit, Letters};
use crate::features::Symbol;
use crate::hash::mix;
use crate::model::{EVENT, count_class};
use crate::tokenize::{self, Class};
use std::collections::{BTreeMap, HashMap};

/// A path, or the column of texts.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub json: bool,
    pub path: Vec<Step>,
    /// Its hash, once something stood in it.
    pub hash: Option<u64>,
    pub present: Habit,
    /// Sizes of numbers seen, and the ones above them.
    pub buckets: Vec<u64>,
}

/// A symbol that has been seen.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub symbol: Symbol,
    pub column: usize,
    /// What it read last.
    pub text: String,
    /// Whether it reads the same again.
    pub same: Habit,
}

/// Symbols of a bag, by their places in the book, with the classes of their counts.
pub(super) type Bag = Vec<(usize, u64)>;

/// What has been seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Book {
    pub columns: Vec<Column>,
    pub symbols: Vec<Known>,
    /// Shapes whose texts vary, and their columns.
    pub classes: Vec<(u64, usize)>,
    pub bags: Vec<(u64, Bag)>,
    pub json: Habit,
    pub more: Habit,
    pub other: Habit,
    pub blank: Habit,
    pub letters: Letters,
    by_key: HashMap<u64, usize>,
    by_signature: HashMap<u64, usize>,
}

impl Book {
    /// The place of a symbol.
    pub fn find(&self, key: u64) -> Option<usize> {
        self.by_key.get(&key).copied()
    }

    /// The place of a column.
    pub fn column(&self, json: bool, path: &[Step]) -> Option<usize> {
        self.columns
            .iter()
            .position(|c| c.json == json && c.path == path)
    }

    /// A new column.
    pub fn add_column(&mut self, json: bool, path: Vec<Step>) -> usize {
        self.columns.push(Column {
            json,
            path,
            hash: None,
            present: Habit::default(),
            buckets: Vec::new(),
        });
        self.columns.len() - 1
    }

    /// The other way a symbol's text can be read: as a value of a field, or as a token of a text.
    pub fn otherwise(&self, place: usize) -> (u64, bool) {
        let known = &self.symbols[place];
        let mut token = (0, false);
        let column = self.columns[known.column].hash.unwrap_or(0);
        tokenize::tokens(known.text.as_bytes(), |t| {
            let class = if t.shape == t.symbol {
                0
            } else {
                mix(column, t.shape)
            };
            token = (class, t.class == Class::Word);
        });
        if (known.symbol.class, known.symbol.word) == token {
            (0, false)
        } else {
            token
        }
    }

    /// Takes up an event that both sides now know.
    pub fn learn(&mut self, event: &Canonical, text: &str) {
        let features = event.features(text);
        let tokens = tokens(&features);
        let mut pieces = features.pieces.iter().zip(&tokens);
        let mut bag: BTreeMap<u64, u32> = BTreeMap::new();
        for leaf in &event.leaves {
            let Some(column) = self.column(event.json, &leaf.path) else {
                continue;
            };
            for ((piece, token), read) in pieces.by_ref().take(leaf.pieces.len()).zip(&leaf.pieces)
            {
                self.columns[column].hash = Some(piece.column);
                match *token {
                    Token::Symbol(symbol) => {
                        self.symbol(symbol, column, &read.text);
                        *bag.entry(symbol.key).or_default() += 1;
                    }
                    Token::Number { bucket } => {
                        for b in [bucket, bucket + 1] {
                            if !self.columns[column].buckets.contains(&b) {
                                self.columns[column].buckets.push(b);
                            }
                        }
                    }
                }
            }
        }
        let (mut signature, mut places) = (EVENT, Bag::new());
        for (key, count) in bag {
            let class = count_class(count);
            signature = mix(signature, mix(key, class));
            places.extend(self.find(key).map(|place| (place, class)));
        }
        if self
            .by_signature
            .insert(signature, self.bags.len())
            .is_none()
        {
            self.bags.push((signature, places));
        }
    }

    fn symbol(&mut self, symbol: Symbol, column: usize, text: &str) {
        if symbol.class != 0 && !self.classes.contains(&(symbol.class, column)) {
            self.classes.push((symbol.class, column));
        }
        match self.find(symbol.key) {
            Some(place) => text.clone_into(&mut self.symbols[place].text),
            None => {
                self.by_key.insert(symbol.key, self.symbols.len());
                self.symbols.push(Known {
                    symbol,
                    column,
                    text: text.to_owned(),
                    same: Habit::default(),
                });
            }
        }
    }
}
