//! Decoding of compressed request bodies, bounded: a decompression bomb stops at the limit.

use crate::error::{Code, Error, Result};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use std::io::Read;

/// Decodes `body` by its `Content-Encoding` (RFC 9110 section 8.4), refusing more than `limit` bytes of output.
pub fn decode(body: Vec<u8>, encoding: Option<&str>, limit: usize) -> Result<Vec<u8>> {
    match encoding.map(|e| e.trim().to_ascii_lowercase()).as_deref() {
        None | Some("" | "identity") => {
            if body.len() > limit {
                Err(too_large(limit))
            } else {
                Ok(body)
            }
        }
        Some("gzip" | "x-gzip") => read_limited(MultiGzDecoder::new(&body[..]), limit, "gzip"),
        Some("deflate") => read_limited(ZlibDecoder::new(&body[..]), limit, "deflate"),
        Some(_) => Err(Error::new(
            Code::UnsupportedMediaType,
            "this content encoding is not supported",
        )
        .field("content-encoding", "gzip, deflate or identity")),
    }
}

/// The refusal of a body over the limit.
pub fn too_large(limit: usize) -> Error {
    Error::new(
        Code::BodyTooLarge,
        format!("the decoded body is larger than {limit} bytes"),
    )
    .field(
        "body",
        format!("at most {limit} bytes after decompression; send smaller batches"),
    )
}

fn read_limited(reader: impl Read, limit: usize, name: &str) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let read = reader.take(limit as u64 + 1).read_to_end(&mut out);
    if out.len() > limit {
        return Err(too_large(limit));
    }
    match read {
        Ok(_) => Ok(out),
        Err(_) => Err(Error::new(
            Code::InvalidEncoding,
            format!("the body is not valid {name}"),
        )
        .field("body", format!("{name} data, as content-encoding says"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(data).expect("in memory");
        encoder.finish().expect("in memory")
    }

    #[test]
    fn round_trips_gzip() {
        assert_eq!(
            decode(gzip(b"hello"), Some("GZip"), 10).expect("valid"),
            b"hello"
        );
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![0; 1 << 20]);
        assert_eq!(
            decode(bomb, Some("gzip"), 1000)
                .expect_err("too large")
                .code,
            Code::BodyTooLarge
        );
    }

    #[test]
    fn truncated_and_foreign_bytes_are_refused() {
        let mut cut = gzip(b"hello hello hello");
        cut.truncate(cut.len() - 4);
        for body in [cut, b"not gzip".to_vec(), Vec::new()] {
            assert_eq!(
                decode(body, Some("gzip"), 100).expect_err("bad").code,
                Code::InvalidEncoding
            );
        }
        assert_eq!(
            decode(vec![], Some("br"), 100).expect_err("unknown").code,
            Code::UnsupportedMediaType
        );
    }
}
