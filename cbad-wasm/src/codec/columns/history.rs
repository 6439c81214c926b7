//! The text so far as token numbers, and what stood in each column last.

use super::layout::{Layout, mix};
use super::tokens::{NONE, Tokens};

/// What a column last held.
#[derive(Clone, Copy, Default)]
pub(super) struct Column {
    check: u32,
    /// Positions in the history of the last two tokens, 0 for none.
    last: u32,
    before: u32,
    /// The last number minus the one before.
    delta: i64,
    /// How often in a row this difference has come again.
    pub steady: u8,
}

/// Tokens in order, and the columns' memories.
pub(super) struct History {
    pub tokens: Tokens,
    pub layout: Layout,
    ids: Vec<u32>,
    columns: Vec<Column>,
}

impl History {
    /// With room for `columns` (rounded up to a power of two) at once.
    pub fn new(columns: usize) -> Self {
        Self {
            tokens: Tokens::new(),
            layout: Layout::default(),
            ids: vec![NONE],
            columns: vec![Column::default(); columns.next_power_of_two()],
        }
    }

    /// How many tokens back, 1 for the last.
    #[inline]
    pub fn back(&self, n: usize) -> u32 {
        self.ids
            .len()
            .checked_sub(n)
            .and_then(|i| self.ids.get(i))
            .copied()
            .unwrap_or(NONE)
    }

    /// The token at a position.
    #[inline]
    pub fn at(&self, position: usize) -> u32 {
        self.ids.get(position).copied().unwrap_or(NONE)
    }

    /// The position the next token takes.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Memory of the column the next token stands in.
    pub fn column(&self) -> Column {
        let check = self.layout.column();
        let found = self.columns[self.place(check)];
        if found.check == check {
            found
        } else {
            Column {
                check,
                ..Column::default()
            }
        }
    }

    /// What stood in this column last.
    pub fn above(&self, column: &Column) -> Above {
        if column.last == 0 {
            return Above::default();
        }
        let last = column.last as usize;
        Above {
            last: self.at(last),
            before: if column.before == 0 {
                NONE
            } else {
                self.at(column.before as usize)
            },
            later: self.at(last + 2),
        }
    }

    /// The next value of a column of numbers if it went on as it last did; with leading zeros where the last value had them.
    pub fn extrapolate(&self, column: &Column, out: &mut Vec<u8>) {
        out.clear();
        let last = self.tokens.bytes(self.at(column.last as usize));
        let Some(value) = parse(last) else { return };
        let Some(next) = value.checked_add(column.delta) else {
            return;
        };
        let digits = last.len() - usize::from(last.first() == Some(&b'-'));
        if next < 0 {
            out.push(b'-');
        }
        let text = next.unsigned_abs().to_string();
        if last.get(usize::from(value < 0)) == Some(&b'0') {
            out.extend(std::iter::repeat_n(b'0', digits.saturating_sub(text.len())));
        }
        out.extend(text.bytes());
    }

    /// Takes the next token in.
    pub fn push(&mut self, id: u32, mut column: Column) {
        let here = self.ids.len() as u32;
        let last = self.at(column.last as usize);
        if let (Some(a), Some(b)) = (parse(self.tokens.bytes(last)), parse(self.tokens.bytes(id))) {
            let delta = b.checked_sub(a).unwrap_or(0);
            column.steady = if column.last != 0 && delta == column.delta {
                column.steady.saturating_add(1)
            } else {
                0
            };
            column.delta = delta;
        } else {
            (column.delta, column.steady) = (0, 0);
        }
        (column.before, column.last) = (column.last, here);
        let place = self.place(column.check);
        self.columns[place] = column;
        self.ids.push(id);
        self.layout.advance(
            self.tokens.bytes(id),
            self.tokens.class(id),
            self.tokens.hash(id),
        );
    }

    fn place(&self, check: u32) -> usize {
        mix(check, 3) as usize & (self.columns.len() - 1)
    }
}

/// What a column held; [`NONE`] where it held nothing.
#[derive(Clone, Copy, Default)]
pub(super) struct Above {
    /// The last token of the column.
    pub last: u32,
    /// The one before it.
    pub before: u32,
    /// The second token after the last one, in its own line.
    pub later: u32,
}

/// The value of a number token of at most 18 digits.
fn parse(token: &[u8]) -> Option<i64> {
    let (negative, digits) = match token {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, token),
    };
    if digits.is_empty() || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits
        .iter()
        .fold(0i64, |v, &d| v * 10 + i64::from(d - b'0'));
    Some(if negative { -value } else { value })
}
