//! LZ4 blocks through `lz4_flex`: the uncompressed length (u32, little endian), then the block.

use super::CodecError;
use lz4_flex::block::{compress_prepend_size, decompress_size_prepended, uncompressed_size};

pub(super) fn compress(data: &[u8]) -> Vec<u8> {
    compress_prepend_size(data)
}

pub(super) fn decompress(data: &[u8], limit: usize) -> Result<Vec<u8>, CodecError> {
    let corrupt = CodecError::Corrupt("lz4");
    let (length, block) = uncompressed_size(data).map_err(|_| corrupt)?;
    if length > limit {
        return Err(CodecError::TooLarge(limit));
    }
    // a byte of an LZ4 block stands for at most 255 bytes: don't allocate for a length that cannot be true
    if length > block.len().saturating_mul(255) {
        return Err(corrupt);
    }
    decompress_size_prepended(data).map_err(|_| corrupt)
}
