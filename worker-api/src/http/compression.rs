//! Decoding of compressed request bodies, bounded: a decompression bomb stops at the limit.

use crate::error::{Code, Error, Result};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use ruzstd::decoding::StreamingDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use std::io::{self, Read};

/// The largest window a zstd body may ask for: what every decoder of this coding has (RFC 9659).
const ZSTD_WINDOW: u64 = 8 << 20;

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
        Some("zstd") => read_limited(Frames::new(&body), limit, "zstd"),
        Some(_) => Err(Error::new(
            Code::UnsupportedMediaType,
            "this content encoding is not supported",
        )
        .field("content-encoding", "gzip, zstd, deflate or identity")),
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

/// The frames of a zstd body, one after another; skippable ones are skipped (RFC 8878 section 3.1).
struct Frames<'b> {
    rest: &'b [u8],
    frame: Option<StreamingDecoder<&'b [u8], ruzstd::decoding::FrameDecoder>>,
    begun: bool,
}

impl<'b> Frames<'b> {
    fn new(body: &'b [u8]) -> Self {
        Self {
            rest: body,
            frame: None,
            begun: false,
        }
    }

    /// Opens the next frame; `false` at the end of the body.
    fn open(&mut self) -> io::Result<bool> {
        // an empty body is no zstd data
        while !self.rest.is_empty() || !self.begun {
            self.begun = true;
            match StreamingDecoder::new_with_max_window_size(self.rest, ZSTD_WINDOW) {
                Ok(frame) => {
                    self.frame = Some(frame);
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let end = (length as usize).saturating_add(8);
                    self.rest = self.rest.get(end..).ok_or(io::ErrorKind::UnexpectedEof)?;
                }
                Err(_) => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
        Ok(false)
    }
}

impl Read for Frames<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.frame.is_none() && !self.open()? {
                return Ok(0);
            }
            let Some(frame) = &mut self.frame else {
                return Ok(0);
            };
            let n = frame.read(out)?;
            if n > 0 || out.is_empty() {
                return Ok(n);
            }
            let done = self.frame.take();
            self.rest = done.map_or(&[][..], |f| f.into_inner());
        }
    }
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
    fn zstd_frames_one_after_another() {
        let frame = |text: &[u8]| {
            ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
        };
        let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        let body = [frame(b"hello "), skipped, frame(b"world")].concat();
        assert_eq!(
            decode(body.clone(), Some("zstd"), 100).expect("valid"),
            b"hello world"
        );
        let code = |body: Vec<u8>| decode(body, Some("zstd"), 100).expect_err("bad").code;
        assert_eq!(code(frame(&vec![0; 1 << 20])), Code::BodyTooLarge);
        assert_eq!(code(body[..body.len() - 3].to_vec()), Code::InvalidEncoding);
        assert_eq!(code(Vec::new()), Code::InvalidEncoding);
        assert_eq!(code(b"hello".to_vec()), Code::InvalidEncoding);
        // a frame of 2 GiB window
        let window = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 1, 0, 0];
        assert_eq!(code(window), Code::InvalidEncoding);
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
