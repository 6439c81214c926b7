//! Zstandard frames (RFC 8878) through `ruzstd`, with a matcher of our own that can start from a prefix.
//!
//! `ruzstd` compresses at its `Fastest` level only, which finds few matches and takes no dictionary; its `Matcher` trait lets
//! both be replaced ([`matcher`]). The frames are ordinary: libzstd decodes them, given the same bytes as a raw-content prefix
//! where there was one.

mod matcher;

use super::CodecError;
use matcher::PrefixMatcher;
use ruzstd::decoding::{BlockDecodingStrategy, Dictionary, FrameDecoder};
use ruzstd::encoding::{CompressionLevel, FrameCompressor};

/// Prefix and content together may reach back this far.
const WINDOW: u64 = 8 << 20;
/// At most the last this many bytes of a prefix are used.
const MAX_PREFIX: usize = 4 << 20;
/// Blocks of up to this many bytes are decoded before the limit is looked at again.
const STEP: usize = 1 << 20;
const CORRUPT: CodecError = CodecError::Corrupt("zstd");

/// One frame holding `data`, matched against `prefix` as if it stood in front.
pub fn compress(data: &[u8], prefix: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let matcher = PrefixMatcher::new(usable(prefix), data.len());
    let mut compressor = FrameCompressor::new_with_matcher(matcher, CompressionLevel::Fastest);
    compressor.set_source(data);
    compressor.set_drain(&mut out);
    compressor.compress();
    drop(compressor);
    out
}

/// The content of one frame made with the same `prefix`, if that is at most `limit` bytes.
pub fn decompress(frame: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<u8>, CodecError> {
    let mut source = frame;
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(WINDOW);
    let prefix = usable(prefix);
    if !prefix.is_empty() {
        decoder
            .add_dict(raw_content(prefix)?)
            .map_err(|_| CORRUPT)?;
    }
    decoder.init(&mut source).map_err(|_| CORRUPT)?;
    if !prefix.is_empty() {
        decoder.force_dict(PREFIX_ID).map_err(|_| CORRUPT)?;
    }
    let mut out = Vec::new();
    loop {
        let strategy = BlockDecodingStrategy::UptoBytes(STEP);
        let finished = decoder
            .decode_blocks(&mut source, strategy)
            .map_err(|_| CORRUPT)?;
        out.extend(decoder.collect().unwrap_or_default());
        if out.len() > limit {
            return Err(CodecError::TooLarge(limit));
        }
        if finished {
            break;
        }
    }
    let intact = decoder.get_checksum_from_data() == decoder.get_calculated_checksum();
    if intact && source.is_empty() {
        Ok(out)
    } else {
        Err(CORRUPT)
    }
}

fn usable(prefix: &[u8]) -> &[u8] {
    prefix.split_at(prefix.len().saturating_sub(MAX_PREFIX)).1
}

/// Any non-zero id will do: the frames name none.
const PREFIX_ID: u32 = 1;

/// `ruzstd` makes a dictionary from the trained format only: magic, id, a Huffman table, three FSE tables, three offsets. Our frames
/// never refer to its tables, so each is the smallest there is, and its content is replaced by the prefix.
fn raw_content(prefix: &[u8]) -> Result<Dictionary, CodecError> {
    const HUFFMAN: [u8; 2] = [128, 0x10]; // one weight of 1 given, the second follows from it
    const FSE: [u8; 2] = [0xF0, 0x03]; // accuracy 5, all 32 states for symbol 0
    let mut trained = vec![0x37, 0xA4, 0x30, 0xEC];
    trained.extend(PREFIX_ID.to_le_bytes());
    trained.extend(HUFFMAN);
    trained.extend([FSE, FSE, FSE].as_flattened());
    for offset in [1u32, 4, 8] {
        trained.extend(offset.to_le_bytes());
    }
    let mut dictionary = Dictionary::decode_dict(&trained).map_err(|_| CORRUPT)?;
    dictionary.dict_content = prefix.to_vec();
    Ok(dictionary)
}
