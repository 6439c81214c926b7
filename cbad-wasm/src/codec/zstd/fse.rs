//! Finite state entropy coding (RFC 8878, 4.1): Zstandard's table-driven asymmetric numeral system (Duda 2009, Collet 2013).

use super::bits::BitWriter;

/// A distribution over symbols whose parts add up to `1 << log`; −1 stands for one part kept at the table's end.
#[derive(Clone)]
pub(super) struct Distribution {
    pub parts: Vec<i16>,
    pub log: u32,
}

impl Distribution {
    /// Approximates `counts` (at least two of them above zero) with at most `1 << max_log` parts.
    pub fn fit(counts: &[u32], max_log: u32) -> Self {
        let total: u64 = counts.iter().map(|&c| u64::from(c)).sum();
        let used = counts.iter().filter(|&&c| c > 0).count() as u64;
        let least = (64 - used.leading_zeros()).max(5);
        let wanted = total.max(1).ilog2().saturating_sub(1);
        let log = wanted.clamp(least, max_log.max(least));
        let size = 1i64 << log;
        let mut parts: Vec<i16> = counts
            .iter()
            .map(|&c| {
                if c == 0 {
                    0
                } else {
                    ((u64::from(c) * size as u64 + total / 2) / total).max(1) as i16
                }
            })
            .collect();
        let mut surplus = parts.iter().map(|&p| i64::from(p)).sum::<i64>() - size;
        while surplus != 0 {
            // the largest part bears the rounding: there it costs least
            let Some(largest) = parts.iter_mut().max_by_key(|p| **p) else {
                break;
            };
            let change = surplus.min(i64::from(*largest) / 2).max(-size);
            *largest -= change as i16;
            surplus -= change;
        }
        let last = parts.iter().rposition(|&p| p != 0).map_or(0, |i| i + 1);
        parts.truncate(last);
        Self { parts, log }
    }

    /// Bits that coding `counts` takes with this distribution, infinite if it lacks a symbol.
    pub fn cost(&self, counts: &[u32]) -> f64 {
        let bits = |(symbol, &count): (usize, &u32)| match self.parts.get(symbol) {
            _ if count == 0 => 0.0,
            None | Some(0) => f64::INFINITY,
            Some(&part) => {
                f64::from(count) * (f64::from(self.log) - libm::log2(f64::from(part.abs())))
            }
        };
        counts.iter().enumerate().map(bits).sum()
    }

    /// The distribution as a table header (RFC 8878, 4.1.1).
    pub fn header(&self) -> Vec<u8> {
        let mut bits = BitWriter::default();
        bits.put(self.log - 5, 4);
        let mut remaining = 1i32 << self.log;
        let mut symbol = 0;
        while remaining > 0 {
            let Some(&part) = self.parts.get(symbol) else {
                break;
            };
            symbol += 1;
            let most = remaining as u32 + 1;
            let width = most.ilog2() + 1;
            let spare = (1u32 << width) - 1 - most;
            let value = (part + 1) as u32;
            if value < spare {
                bits.put(value, width - 1);
            } else if value >= 1 << (width - 1) {
                bits.put(value + spare, width);
            } else {
                bits.put(value, width);
            }
            remaining -= i32::from(part.abs());
            if part == 0 {
                let zeros = self
                    .parts
                    .iter()
                    .skip(symbol)
                    .take_while(|&&p| p == 0)
                    .count();
                symbol += zeros;
                (0..zeros / 3).for_each(|_| bits.put(3, 2));
                bits.put((zeros % 3) as u32, 2);
            }
        }
        bits.into_padded()
    }
}

#[derive(Clone, Copy, Default)]
struct Step {
    delta_bits: u32,
    delta_state: i32,
}

/// A distribution made ready for encoding.
pub(super) struct Encoder {
    log: u32,
    next: Vec<u16>,
    steps: Vec<Step>,
}

impl Encoder {
    pub fn new(distribution: &Distribution) -> Self {
        let (log, parts) = (distribution.log, &distribution.parts);
        let size = 1usize << log;
        // which symbol owns which state (RFC 8878, 4.1.1)
        let mut owner = vec![0usize; size];
        let mut high = size;
        for (symbol, _) in parts.iter().enumerate().filter(|(_, p)| **p == -1) {
            high -= 1;
            owner[high] = symbol;
        }
        let mut position = 0;
        for (symbol, &part) in parts.iter().enumerate() {
            for _ in 0..part.max(0) {
                owner[position] = symbol;
                position = (position + (size >> 1) + (size >> 3) + 3) & (size - 1);
                while position >= high {
                    position = (position + (size >> 1) + (size >> 3) + 3) & (size - 1);
                }
            }
        }
        let (mut steps, mut starts, mut total) = (
            Vec::with_capacity(parts.len()),
            Vec::with_capacity(parts.len()),
            0u32,
        );
        for &part in parts {
            let part = u32::from(part.unsigned_abs());
            starts.push(total as usize);
            steps.push(match part {
                0 => Step::default(),
                1 => Step {
                    delta_bits: (log << 16).wrapping_sub(1 << log),
                    delta_state: total as i32 - 1,
                },
                _ => {
                    let most = log - (part - 1).ilog2();
                    Step {
                        delta_bits: (most << 16).wrapping_sub(part << most),
                        delta_state: total as i32 - part as i32,
                    }
                }
            });
            total += part;
        }
        let mut next = vec![0u16; size];
        for (state, &symbol) in owner.iter().enumerate() {
            next[starts[symbol]] = (size + state) as u16;
            starts[symbol] += 1;
        }
        Self { log, next, steps }
    }

    /// The state that the last symbol (coded first) starts from.
    pub fn start(&self, symbol: u8) -> u32 {
        let step = self.steps[usize::from(symbol)];
        let bits = step.delta_bits.wrapping_add(1 << 15) >> 16;
        let value = (bits << 16).wrapping_sub(step.delta_bits);
        self.target(value >> bits, step)
    }

    /// Codes one symbol, towards the front.
    #[inline]
    pub fn code(&self, bits: &mut BitWriter, state: u32, symbol: u8) -> u32 {
        let step = self.steps[usize::from(symbol)];
        let count = state.wrapping_add(step.delta_bits) >> 16;
        bits.put(state, count);
        self.target(state >> count, step)
    }

    /// Writes the final state.
    pub fn finish(&self, bits: &mut BitWriter, state: u32) {
        bits.put(state, self.log);
    }

    #[inline]
    fn target(&self, value: u32, step: Step) -> u32 {
        u32::from(self.next[(value as i32 + step.delta_state) as usize & (self.next.len() - 1)])
    }
}

/// Symbols coded with two states taking turns, as Huffman weights are (RFC 8878, 4.2.1.2); at least two symbols.
pub(super) fn interleave(symbols: &[u8], encoder: &Encoder) -> Vec<u8> {
    let mut bits = BitWriter::default();
    let mut states = [None, None];
    for (i, &symbol) in symbols.iter().enumerate().rev() {
        let state = &mut states[i % 2];
        *state = Some(match *state {
            None => encoder.start(symbol),
            Some(state) => encoder.code(&mut bits, state, symbol),
        });
    }
    // the decoder reads the first symbol's state first, so it is written last
    for state in [states[1], states[0]] {
        encoder.finish(&mut bits, state.unwrap_or(0));
    }
    bits.into_closed()
}
