//! Raw deflate through `miniz_oxide`.

use super::CodecError;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};

/// Level 1 costs half of level 6 and ranks windows alike; a window is a comparison, not an archive.
const LEVEL: u8 = 1;

pub(super) fn compress(data: &[u8]) -> Vec<u8> {
    compress_to_vec(data, LEVEL)
}

pub(super) fn decompress(data: &[u8], limit: usize) -> Result<Vec<u8>, CodecError> {
    decompress_to_vec_with_limit(data, limit).map_err(|error| match error.status {
        TINFLStatus::HasMoreOutput => CodecError::TooLarge(limit),
        _ => CodecError::Corrupt("deflate"),
    })
}
