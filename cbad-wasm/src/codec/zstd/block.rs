//! One compressed block (RFC 8878, 3.1.1.3): its literals, then its sequences.

use super::bits::BitWriter;
use super::fse::{Distribution, Encoder};
use super::huffman;
use super::matcher::Sequence;

/// A block's content: the literals of all sequences and of the tail, and the sequences.
pub(super) fn encode(literals: &[u8], sequences: &[Sequence]) -> Vec<u8> {
    let mut out = encode_literals(literals);
    out.extend(encode_sequences(sequences));
    out
}

fn encode_literals(literals: &[u8]) -> Vec<u8> {
    const RAW: u32 = 0;
    const REPEATED: u32 = 1;
    const HUFFMAN: u32 = 2;
    let n = literals.len() as u32;
    let simple = |kind: u32| match n {
        0..32 => vec![(n << 3 | kind) as u8],
        32..4096 => (n << 4 | 1 << 2 | kind).to_le_bytes()[..2].to_vec(),
        _ => (n << 4 | 3 << 2 | kind).to_le_bytes()[..3].to_vec(),
    };
    if let Some((&first, rest)) = literals.split_first()
        && rest.len() > 1
        && rest.iter().all(|&b| b == first)
    {
        return [simple(REPEATED), vec![first]].concat();
    }
    let raw = || [simple(RAW), literals.to_vec()].concat();
    // a description alone takes more than a dozen literals are worth
    let Some((body, four)) = (n >= 24).then(|| huffman::encode(literals)).flatten() else {
        return raw();
    };
    let (format, width, bytes) = match n.max(body.len() as u32) {
        0..1024 => (u64::from(four), 10, 3),
        1024..16_384 => (2, 14, 4),
        _ => (3, 18, 5),
    };
    let header =
        u64::from(HUFFMAN) | format << 2 | u64::from(n) << 4 | (body.len() as u64) << (4 + width);
    if bytes + body.len() >= literals.len() {
        raw()
    } else {
        [&header.to_le_bytes()[..bytes], &body].concat()
    }
}

/// A number as a code and extra bits (RFC 8878, 3.1.1.3.2.1.1).
#[derive(Clone, Copy)]
struct Coded {
    code: u8,
    extra: u32,
    bits: u32,
}

fn log_coded(value: u32, offset: u32) -> Coded {
    let bits = value.max(1).ilog2();
    Coded {
        code: (bits + offset) as u8,
        extra: value,
        bits,
    }
}

/// Codes 16 and 32 on, of lengths below the powers of two: first value and extra bits.
const LITERAL_STEPS: [(u32, u32); 9] = [
    (16, 1),
    (18, 1),
    (20, 1),
    (22, 1),
    (24, 2),
    (28, 2),
    (32, 3),
    (40, 3),
    (48, 4),
];
const MATCH_STEPS: [(u32, u32); 11] = [
    (32, 1),
    (34, 1),
    (36, 1),
    (38, 1),
    (40, 2),
    (44, 2),
    (48, 3),
    (56, 3),
    (64, 4),
    (80, 4),
    (96, 5),
];

fn stepped(value: u32, steps: &[(u32, u32)], first_code: u8) -> Coded {
    let step = steps
        .iter()
        .rposition(|&(from, _)| from <= value)
        .unwrap_or(0);
    let (from, bits) = steps[step];
    Coded {
        code: first_code + step as u8,
        extra: value - from,
        bits,
    }
}

fn literal_length(value: u32) -> Coded {
    match value {
        0..16 => Coded {
            code: value as u8,
            extra: 0,
            bits: 0,
        },
        16..64 => stepped(value, &LITERAL_STEPS, 16),
        _ => log_coded(value, 19),
    }
}

fn match_length(length: u32) -> Coded {
    match length - 3 {
        value @ 0..32 => Coded {
            code: value as u8,
            extra: 0,
            bits: 0,
        },
        value @ 32..128 => stepped(value, &MATCH_STEPS, 32),
        value => log_coded(value, 36),
    }
}

/// The distributions both sides know (RFC 8878, 3.1.1.3.2.2).
const LITERAL_DEFAULT: [i16; 36] = [
    4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1,
    -1, -1, -1, -1,
];
const MATCH_DEFAULT: [i16; 53] = [
    1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
];
const OFFSET_DEFAULT: [i16; 29] = [
    1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
];

/// How one of the three fields is coded: mode number, table description, encoder (none where there is only one code).
struct Field {
    mode: u32,
    description: Vec<u8>,
    encoder: Option<Encoder>,
}

impl Field {
    fn choose(
        codes: impl Iterator<Item = u8> + Clone,
        default: &[i16],
        default_log: u32,
        max_log: u32,
    ) -> Self {
        let mut counts = [0u32; 64];
        codes.clone().for_each(|c| counts[usize::from(c) & 63] += 1);
        let total: u32 = counts.iter().sum();
        let default = Distribution {
            parts: default.to_vec(),
            log: default_log,
        };
        let default_cost = default.cost(&counts);
        if let Some(code) = counts.iter().position(|&c| c == total) {
            return if total > 2 || default_cost.is_infinite() {
                Self {
                    mode: 1,
                    description: vec![code as u8],
                    encoder: None,
                }
            } else {
                Self {
                    mode: 0,
                    description: Vec::new(),
                    encoder: Some(Encoder::new(&default)),
                }
            };
        }
        let own = Distribution::fit(&counts, max_log);
        let description = own.header();
        if default_cost <= own.cost(&counts) + 8.0 * description.len() as f64 {
            Self {
                mode: 0,
                description: Vec::new(),
                encoder: Some(Encoder::new(&default)),
            }
        } else {
            Self {
                mode: 2,
                description,
                encoder: Some(Encoder::new(&own)),
            }
        }
    }

    fn start(&self, code: u8) -> u32 {
        self.encoder.as_ref().map_or(0, |e| e.start(code))
    }

    fn code(&self, bits: &mut BitWriter, state: &mut u32, code: u8) {
        if let Some(encoder) = &self.encoder {
            *state = encoder.code(bits, *state, code);
        }
    }

    fn finish(&self, bits: &mut BitWriter, state: u32) {
        if let Some(encoder) = &self.encoder {
            encoder.finish(bits, state);
        }
    }
}

fn encode_sequences(sequences: &[Sequence]) -> Vec<u8> {
    let n = sequences.len();
    let mut out = match n {
        0 => return vec![0],
        1..128 => vec![n as u8],
        128..0x7F00 => vec![(n >> 8) as u8 | 128, n as u8],
        _ => vec![255, (n - 0x7F00) as u8, ((n - 0x7F00) >> 8) as u8],
    };
    let coded: Vec<[Coded; 3]> = sequences
        .iter()
        .map(|s| {
            [
                literal_length(s.literals),
                log_coded(s.offset_value, 0),
                match_length(s.length),
            ]
        })
        .collect();
    let codes = |which: usize| coded.iter().map(move |c| c[which].code);
    let literals = Field::choose(codes(0), &LITERAL_DEFAULT, 6, 9);
    let offsets = Field::choose(codes(1), &OFFSET_DEFAULT, 5, 8);
    let lengths = Field::choose(codes(2), &MATCH_DEFAULT, 6, 9);
    out.push((literals.mode << 6 | offsets.mode << 4 | lengths.mode << 2) as u8);
    for field in [&literals, &offsets, &lengths] {
        out.extend(&field.description);
    }
    let mut bits = BitWriter::default();
    let mut states: Option<[u32; 3]> = None;
    for [literal, offset, length] in coded.iter().rev() {
        match &mut states {
            None => {
                states = Some([
                    literals.start(literal.code),
                    offsets.start(offset.code),
                    lengths.start(length.code),
                ])
            }
            Some([l, o, m]) => {
                offsets.code(&mut bits, o, offset.code);
                lengths.code(&mut bits, m, length.code);
                literals.code(&mut bits, l, literal.code);
            }
        }
        for part in [literal, length, offset] {
            bits.put(part.extra, part.bits);
        }
    }
    let [l, o, m] = states.unwrap_or_default();
    lengths.finish(&mut bits, m);
    offsets.finish(&mut bits, o);
    literals.finish(&mut bits, l);
    out.extend(bits.into_closed());
    out
}
