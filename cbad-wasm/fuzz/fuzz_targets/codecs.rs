//! What is compressed comes back; what is not compressed data is refused without a panic.
#![no_main]

use cbad::codec::{Codec, zstd};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 1 << 22;

fuzz_target!(|data: &[u8]| {
    let (prefix, rest) = data.split_at(data.len() / 3);
    for codec in Codec::ALL {
        let packed = codec.compress(data);
        assert_eq!(
            codec.decompress(&packed, LIMIT).as_deref(),
            Ok(data),
            "{}",
            codec.name()
        );
        let _ = codec.decompress(data, LIMIT);
    }
    let frame = zstd::compress(rest, prefix);
    assert_eq!(zstd::decompress(&frame, prefix, LIMIT).as_deref(), Ok(rest));
    let _ = zstd::decompress(rest, prefix, LIMIT);
});
