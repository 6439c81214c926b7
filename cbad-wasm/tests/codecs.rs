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
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

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

/// Bytes whose frequencies fall like the Fibonacci numbers: the deepest Huffman tree there is, cut to what the format allows.
fn skewed(symbols: u8) -> Vec<u8> {
    let (mut a, mut b, mut out) = (1usize, 1usize, Vec::new());
    for symbol in 0..symbols {
        out.extend(std::iter::repeat_n(symbol.wrapping_mul(37), a.min(6000)));
        (a, b) = (b, a + b);
    }
    // dealt out so that few repeats are found and most stays literal
    let mut seed = 9u64;
    for i in (1..out.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        out.swap(i, (seed >> 33) as usize % (i + 1));
    }
    out
}

#[test]
fn every_corner_of_the_zstd_format_is_read_by_libzstd() {
    let noise = |n: usize, alphabet: u64| -> Vec<u8> {
        let mut seed = n as u64;
        let mut roll = || {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            ((seed >> 33) % alphabet) as u8
        };
        (0..n).map(|_| roll()).collect()
    };
    let mut cases = vec![Vec::new(), vec![7], vec![7; 3], vec![7; 200_000]];
    cases.extend((2..40).map(skewed));
    // literal sections around each boundary of their header, alphabets around those of the Huffman description
    for n in [
        23, 24, 31, 32, 255, 256, 257, 1023, 1024, 1025, 4095, 4096, 16_383, 16_384, 16_385,
        131_071, 131_072, 131_073,
    ] {
        cases.extend([2, 3, 60, 128, 129, 200, 256].map(|alphabet| noise(n, alphabet)));
    }
    // contents around each boundary of the frame header; few and many sequences
    for n in [255, 256, 65_791, 65_792] {
        cases.push(log_lines(2000)[..n].to_vec());
    }
    for repeats in [1, 2, 3, 126, 127, 128, 5000, 40_000] {
        cases.push(
            (0..repeats)
                .flat_map(|i: u32| {
                    [
                        b"abcdef".as_slice(),
                        &i.wrapping_mul(2_654_435_761).to_le_bytes()[..3],
                    ]
                    .concat()
                })
                .collect(),
        );
    }
    for data in cases {
        let frame = Codec::Zstd.compress(&data);
        assert!(
            libzstd(&frame, &[]) == data,
            "libzstd: {} bytes",
            data.len()
        );
        assert!(
            Codec::Zstd.decompress(&frame, LIMIT).as_deref() == Ok(&data[..]),
            "ruzstd: {} bytes",
            data.len()
        );
    }
}

#[test]
fn content_longer_than_the_window() {
    let mut data = log_lines(180_000);
    data.extend_from_within(..100_000);
    assert!(data.len() > 9 << 20);
    let frame = ours::compress(&data, b"a prefix that is out of reach");
    let mut decoder = zstd::bulk::Decompressor::new().unwrap();
    assert!(decoder.decompress(&frame, LIMIT).unwrap() == data);
    assert!(
        ours::decompress(&frame, b"a prefix that is out of reach", LIMIT).as_deref()
            == Ok(&data[..])
    );
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
