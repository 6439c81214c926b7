//! From the runtime's request and to its response.

use crate::error::{Error, Result};
use crate::http::{self, compression, query};
use futures_util::StreamExt;
use worker::{Headers, ResponseBuilder};

/// Takes a request over without its body.
pub fn head(request: &worker::Request, request_id: &str) -> Result<http::Request> {
    let url = request.inner().url();
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let target = rest.find('/').map_or("/", |at| &rest[at..]);
    let target = target.split('#').next().unwrap_or("/");
    let (path, search) = target.split_once('?').unwrap_or((target, ""));
    Ok(http::Request {
        method: request.method().to_string(),
        path: path.to_owned(),
        query: query::parse(search),
        headers: request.headers().entries().collect(),
        body: Default::default(),
        request_id: request_id.to_owned(),
    })
}

/// Reads and decompresses the body, stopping at `limit` bytes before or after decompression.
pub async fn read_body(
    request: &mut worker::Request,
    head: &http::Request,
    limit: usize,
) -> Result<Vec<u8>> {
    if head
        .header("content-length")
        .and_then(|l| l.parse::<usize>().ok())
        .is_some_and(|l| l > limit)
    {
        if let Ok(mut stream) = request.stream() {
            discard(&mut stream, 2 * limit).await;
        }
        return Err(compression::too_large(limit));
    }
    let raw = if head.header("content-length").is_some() {
        request.bytes().await.map_err(Error::internal)?
    } else {
        read_stream(request, limit).await?
    };
    compression::decode(raw, head.header("content-encoding"), limit)
}

/// A body of unknown length is read chunk by chunk, so that an endless one ends at the limit.
async fn read_stream(request: &mut worker::Request, limit: usize) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let Ok(mut stream) = request.stream() else {
        return Ok(out);
    };
    while let Some(chunk) = stream.next().await {
        out.extend_from_slice(&chunk.map_err(Error::internal)?);
        if out.len() > limit {
            discard(&mut stream, limit).await;
            return Err(compression::too_large(limit));
        }
    }
    Ok(out)
}

/// Reads on without keeping anything, up to `most` bytes: a client that sends all before it looks for an answer would see the
/// connection reset instead of a refusal.
async fn discard(stream: &mut worker::ByteStream, most: usize) {
    let mut read = 0;
    while read <= most
        && let Some(Ok(chunk)) = stream.next().await
    {
        read += chunk.len();
    }
}

/// Hands an answer to the runtime.
pub fn respond(response: http::Response) -> worker::Result<worker::Response> {
    let headers = Headers::new();
    for (name, value) in &response.headers {
        headers.append(name, value)?;
    }
    let builder = ResponseBuilder::new()
        .with_status(response.status)
        .with_headers(headers);
    Ok(if response.body.is_empty() {
        builder.empty()
    } else {
        builder.fixed(response.body)
    })
}
