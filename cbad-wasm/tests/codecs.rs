//! The codecs give back what they were given, refuse what they did not write, and zstd frames are libzstd's too.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use cbad::codec::{Codec, CodecError, zstd as ours};
use proptest::prelude::*;

const LIMIT: usize = 1 << 24;

/// Bytes with the repeats that matchers look for, from a small seed.
fn repetitive() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        (any::<u8>(), 0usize..600).prop_map(|(b, n)| vec![b; n]),
        "[a-z ]{0,60}".prop_map(String::into_bytes),
    ];
    (
        proptest::collection::vec(piece, 1..12),
        proptest::collection::vec(0usize..12, 0..40),
    )
        .prop_map(|(pieces, order)| {
            order
                .iter()
                .flat_map(|i| pieces[i % pieces.len()].clone())
                .collect()
        })
}

fn log_lines(n: usize) -> Vec<u8> {
    (0..n)
        .map(|i| {
            format!(
                "2026-11-21T10:00:{:02}Z INFO paid order {} in {} ms\n",
                i % 60,
                8000 + i * 7,
                i * i % 97
            )
        })
        .collect::<String>()
        .into_bytes()
}

fn libzstd(frame: &[u8], prefix: &[u8]) -> Vec<u8> {
    let mut decoder = zstd::bulk::Decompressor::with_dictionary(prefix).unwrap();
    decoder.decompress(frame, LIMIT).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn bytes_come_back(data in prop_oneof![proptest::collection::vec(any::<u8>(), 0..5000), repetitive()]) {
        for codec in Codec::ALL {
            let packed = codec.compress(&data);
            let back = codec.decompress(&packed, LIMIT);
            prop_assert_eq!(back.as_deref(), Ok(data.as_slice()), "{}", codec.name());
        }
        prop_assert_eq!(libzstd(&Codec::Zstd.compress(&data), &[]), data);
    }

    #[test]
    fn a_prefix_is_the_same_prefix_to_libzstd(prefix in repetitive(), own in repetitive(), cut in any::<prop::sample::Index>()) {
        let mut data = prefix[cut.index(prefix.len() + 1)..].to_vec();
        data.extend(own);
        let frame = ours::compress(&data, &prefix);
        prop_assert_eq!(libzstd(&frame, &prefix), data.clone());
        prop_assert_eq!(ours::decompress(&frame, &prefix, LIMIT), Ok(data));
    }

    #[test]
    fn damage_is_an_error_or_other_bytes_never_a_panic(
        data in repetitive(), at in any::<prop::sample::Index>(), with in any::<u8>(), cut in any::<prop::sample::Index>()
    ) {
        for codec in Codec::ALL {
            let mut packed = codec.compress(&data);
            if let Some(len) = std::num::NonZero::new(packed.len()) {
                packed[at.index(len.get())] ^= with;
            }
            let _ = codec.decompress(&packed, 1 << 20);
            packed.truncate(cut.index(packed.len() + 1));
            let _ = codec.decompress(&packed, 1 << 20);
        }
    }

    #[test]
    fn noise_is_refused_without_a_panic(noise in proptest::collection::vec(any::<u8>(), 0..300)) {
        for codec in Codec::ALL {
            let _ = codec.decompress(&noise, 1 << 16);
        }
    }
}

#[test]
fn a_prefix_pays() {
    let (prefix, data) = (log_lines(400), log_lines(40));
    let (with, without) = (
        ours::compress(&data, &prefix).len(),
        ours::compress(&data, &[]).len(),
    );
    assert!(
        with * 4 < without,
        "{with} with the prefix, {without} without"
    );
}

#[test]
fn one_million_bytes_in_several_blocks() {
    let data = log_lines(25_000);
    assert!(data.len() > 1_000_000);
    // the column codec takes minutes for as much in a debug build, and has no blocks
    for codec in [Codec::Zstd, Codec::Deflate, Codec::Lz4] {
        let packed = codec.compress(&data);
        assert_eq!(codec.decompress(&packed, LIMIT).unwrap(), data);
        println!("{}: {} -> {}", codec.name(), data.len(), packed.len());
    }
    assert_eq!(libzstd(&Codec::Zstd.compress(&data), &[]), data);
}

#[test]
fn the_limit_holds() {
    let data = log_lines(1000);
    for codec in Codec::ALL {
        let packed = codec.compress(&data);
        assert_eq!(
            codec.decompress(&packed, data.len() - 1),
            Err(CodecError::TooLarge(data.len() - 1)),
            "{}",
            codec.name()
        );
        assert!(codec.decompress(&packed, data.len()).is_ok());
    }
}

#[test]
fn names_lead_back() {
    for codec in Codec::ALL {
        assert_eq!(Codec::from_name(codec.name()), Some(codec));
    }
    assert_eq!(Codec::from_name("gzip"), None);
}
