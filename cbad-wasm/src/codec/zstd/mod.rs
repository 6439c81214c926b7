//! Zstandard frames (RFC 8878): an encoder of our own that can start from a prefix, and `ruzstd` to decode.
//!
//! `ruzstd` 0.9 also encodes, at one level; but its Huffman codes follow the rank of a byte and not its frequency, literals
//! below 1 KiB stay raw, it knows no prefix, and it cannot take blocks whose literals, or lengths, are all alike. On windows of a few
//! kilobytes, where everything is header and literals, distances measured with it came out upside down. So matching
//! ([`matcher`]), literals ([`huffman`]), sequences ([`block`], [`fse`]) are here. The frames are ordinary: libzstd decodes them,
//! given the same bytes as a raw-content prefix where there was one.

mod bits;
mod block;
mod fse;
mod huffman;
mod matcher;

use super::CodecError;
use matcher::Matcher;
use ruzstd::decoding::{BlockDecodingStrategy, Dictionary, FrameDecoder};

/// Content may reach back this far, and into the prefix while there is no more content than this.
const WINDOW: usize = 8 << 20;
/// At most the last this many bytes of a prefix are used.
const MAX_PREFIX: usize = 4 << 20;
/// A block holds at most this many bytes (RFC 8878, 3.1.1.2.4).
const BLOCK: usize = 128 << 10;
/// Blocks of up to this many bytes are decoded before the limit is looked at again.
const STEP: usize = 1 << 20;
const CORRUPT: CodecError = CodecError::Corrupt("zstd");

/// One frame holding `data`, matched against `prefix` as if it stood in front.
pub fn compress(data: &[u8], prefix: &[u8]) -> Vec<u8> {
    let prefix = usable(prefix, data.len());
    let joined = if prefix.is_empty() {
        Vec::new()
    } else {
        [prefix, data].concat()
    };
    let history = if prefix.is_empty() {
        data
    } else {
        joined.as_slice()
    };
    let mut matcher = Matcher::new(history, prefix.len(), WINDOW);
    let mut out = frame_header(data.len());
    let mut start = prefix.len();
    loop {
        let end = history.len().min(start + BLOCK);
        write_block(&mut out, &mut matcher, history, start, end);
        start = end;
        if start == history.len() {
            return out;
        }
    }
}

/// Magic number, descriptor, and the content's size; a window in its place where that is longer.
fn frame_header(length: usize) -> Vec<u8> {
    let mut out = vec![0x28, 0xB5, 0x2F, 0xFD];
    const SINGLE_SEGMENT: u8 = 1 << 5;
    match length {
        0..256 => out.extend([SINGLE_SEGMENT, length as u8]),
        256..65_792 => {
            out.push(1 << 6 | SINGLE_SEGMENT);
            out.extend(((length - 256) as u16).to_le_bytes());
        }
        65_792..=WINDOW => {
            out.push(2 << 6 | SINGLE_SEGMENT);
            out.extend((length as u32).to_le_bytes());
        }
        // exponent 13 over 1 KiB: 8 MiB
        _ => out.extend([0, 13 << 3]),
    }
    out
}

fn write_block(
    out: &mut Vec<u8>,
    matcher: &mut Matcher<'_>,
    history: &[u8],
    start: usize,
    end: usize,
) {
    const RAW: usize = 0;
    const REPEATED: usize = 1;
    const COMPRESSED: usize = 2;
    let content = history.get(start..end).unwrap_or(&[]);
    let header = |out: &mut Vec<u8>, kind: usize, size: usize| {
        let last = usize::from(end == history.len());
        out.extend((size << 3 | kind << 1 | last).to_le_bytes().iter().take(3));
    };
    if let Some((&first, rest)) = content.split_first()
        && rest.len() > 2
        && rest.iter().all(|&b| b == first)
    {
        header(out, REPEATED, content.len());
        out.push(first);
        return;
    }
    let before = matcher.recent();
    let sequences = matcher.sequences(start, end);
    let (mut literals, mut at) = (Vec::new(), start);
    for sequence in &sequences {
        let to = at + sequence.literals as usize;
        literals.extend_from_slice(history.get(at..to).unwrap_or(&[]));
        at = to + sequence.length as usize;
    }
    literals.extend_from_slice(history.get(at..end).unwrap_or(&[]));
    let body = block::encode(&literals, &sequences);
    if body.len() < content.len() {
        header(out, COMPRESSED, body.len());
        out.extend(body);
    } else {
        // the decoder will not see these sequences
        matcher.restore(before);
        header(out, RAW, content.len());
        out.extend_from_slice(content);
    }
}

/// The content of one frame made with the same `prefix`, if that is at most `limit` bytes.
pub fn decompress(frame: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<u8>, CodecError> {
    let mut source = frame;
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(WINDOW as u64);
    let prefix = usable(prefix, 0);
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
    let declared = decoder.content_size();
    let whole = declared == 0 || declared == out.len() as u64;
    let intact = decoder
        .get_checksum_from_data()
        .is_none_or(|sum| Some(sum) == decoder.get_calculated_checksum());
    if whole && intact && source.is_empty() {
        Ok(out)
    } else {
        Err(CORRUPT)
    }
}

/// What of a prefix can be referred to. Content longer than the window would lose sight of it half-way.
fn usable(prefix: &[u8], content: usize) -> &[u8] {
    if content > WINDOW {
        return &[];
    }
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
