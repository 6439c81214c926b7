//! The column codec: for logs and records, by their structure instead of by their bytes.
//!
//! Text is cut into tokens ([`lexer`]), each of which stands in a column ([`layout`]): a JSON key's values, the third number of
//! one log template, a CSV field. A token is coded in one of two ways:
//!
//! - as one of a few candidates ([`predict`]): what stood in the column before, what followed these tokens before, or, in a
//!   column of numbers, the last value plus the last difference (delta of delta: counters and clocks cost nothing);
//! - spelled ([`spell`]) byte by byte, under contexts of its column, its neighbours and the digits above it.
//!
//! Every decision is arithmetically coded ([`coder`]) with a probability that mixes all contexts ([`logistic`]). Nothing is
//! parsed into a value that could print back differently, so any bytes come back exactly; where structure does not pay, the
//! bytes are stored as they are. Related: OpenZL's typed streams (Meta, 2025) split formats described to it in advance;
//! paq-family context mixing (Mahoney) works on bytes. This finds the columns itself and mixes over tokens first.
//!
//! Stored form: one byte method (0 raw, 1 columns); for columns the content's length (LEB128), its CRC-32, and the code.

pub(crate) mod coder;
mod history;
mod layout;
mod lexer;
mod logistic;
mod predict;
mod spell;
mod tokens;

use super::CodecError;
use coder::{Coder, Decoder, Encoder};
use history::History;
use logistic::Logistic;
use predict::Predictor;
use spell::Speller;

const RAW: u8 = 0;
const COLUMNS: u8 = 1;
const CORRUPT: CodecError = CodecError::Corrupt("columns");

pub(super) fn compress(data: &[u8]) -> Vec<u8> {
    let mut out = vec![COLUMNS];
    write_length(&mut out, data.len() as u64);
    out.extend(crc32(data).to_le_bytes());
    let mut encoder = Encoder::new(out);
    let mut model = Model::new(data.len());
    let mut at = 0;
    while at < data.len() {
        let end = at + lexer::token_len(data, at);
        model.code(&mut encoder, data.get(at..end).unwrap_or(&[]));
        at = end;
    }
    let out = encoder.finish();
    if out.len() <= data.len() {
        out
    } else {
        [&[RAW], data].concat()
    }
}

pub(super) fn decompress(packed: &[u8], limit: usize) -> Result<Vec<u8>, CodecError> {
    let (&method, mut rest) = packed.split_first().ok_or(CORRUPT)?;
    match method {
        RAW if rest.len() > limit => Err(CodecError::TooLarge(limit)),
        RAW => Ok(rest.to_vec()),
        COLUMNS => {
            let length = read_length(&mut rest)?;
            let length = usize::try_from(length)
                .ok()
                .filter(|&length| length <= limit)
                .ok_or(CodecError::TooLarge(limit))?;
            let (crc, code) = rest.split_at_checked(4).ok_or(CORRUPT)?;
            let data = decode(code, length)?;
            if crc == crc32(&data).to_le_bytes() {
                Ok(data)
            } else {
                Err(CORRUPT)
            }
        }
        _ => Err(CORRUPT),
    }
}

fn decode(code: &[u8], length: usize) -> Result<Vec<u8>, CodecError> {
    let mut decoder = Decoder::new(code);
    let mut model = Model::new(length);
    let mut out = Vec::new();
    while out.len() < length {
        let token = model.code(&mut decoder, &[]);
        out.extend_from_slice(token);
        if out.len() > length || token.is_empty() || decoder.exhausted() {
            return Err(CORRUPT);
        }
    }
    if decoder.at_end() {
        Ok(out)
    } else {
        Err(CORRUPT)
    }
}

/// Everything learnt from the text so far; the same in encoder and decoder.
struct Model {
    history: History,
    predictor: Predictor,
    speller: Speller,
}

impl Model {
    /// Tables sized for `length` bytes of content.
    fn new(length: usize) -> Self {
        let logistic = Logistic::new();
        let bits = length.clamp(1 << 10, 1 << 26).next_power_of_two().ilog2();
        Self {
            history: History::new(1 << bits.saturating_sub(4).clamp(8, 16)),
            predictor: Predictor::new(logistic, bits.min(20)),
            speller: Speller::new(logistic, (bits + 3).min(20)),
        }
    }

    /// Codes one token: `actual` where the coder encodes, anything where it decodes.
    fn code(&mut self, coder: &mut impl Coder, actual: &[u8]) -> &[u8] {
        let column = self.history.column();
        let id = match self
            .predictor
            .code(coder, &mut self.history, &column, actual)
        {
            Some(id) => {
                self.speller.advance(self.history.tokens.bytes(id));
                id
            }
            None => {
                let token = self.speller.code(coder, &self.history, &column, actual);
                self.history.tokens.intern(token)
            }
        };
        self.predictor.learn(&self.history, id);
        self.history.push(id, column);
        self.history.tokens.bytes(id)
    }
}

fn write_length(out: &mut Vec<u8>, mut value: u64) {
    while value > 127 {
        out.push(value as u8 | 128);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_length(rest: &mut &[u8]) -> Result<u64, CodecError> {
    let mut value = 0u64;
    for shift in (0..63).step_by(7) {
        let (&byte, after) = rest.split_first().ok_or(CORRUPT)?;
        *rest = after;
        value |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Ok(value);
        }
    }
    Err(CORRUPT)
}

/// CRC-32 (IEEE 802.3).
fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |c, _| {
            if c & 1 == 1 {
                c >> 1 ^ 0xEDB8_8320
            } else {
                c >> 1
            }
        })
    })
}
