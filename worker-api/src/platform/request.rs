//! From the runtime's request and to its response.

use super::task::promised;
use crate::error::{Error, Result};
use crate::http::{self, compression, query, security_headers};
use futures_util::StreamExt;
use std::cell::RefCell;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::worker_sys::web_sys;

#[wasm_bindgen(module = "/src/platform/edge.js")]
extern "C" {
    fn head(request: &web_sys::Request) -> String;
    #[wasm_bindgen(js_name = respond, catch)]
    fn respond_with(
        status: u16,
        number: usize,
        common: Option<&str>,
        own: &str,
        body: &[u8],
    ) -> std::result::Result<web_sys::Response, JsValue>;
}

/// Takes a request over without its body and its id.
pub fn take_over(request: &web_sys::Request) -> http::Request {
    let lines = head(request);
    let mut lines = lines.split('\n');
    let method = lines.next().unwrap_or_default().to_owned();
    let url = lines.next().unwrap_or_default();
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let target = rest.find('/').map_or("/", |at| &rest[at..]);
    let target = target.split('#').next().unwrap_or("/");
    let (path, search) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = Vec::new();
    while let (Some(name), Some(value)) = (lines.next(), lines.next()) {
        headers.push((name.to_owned(), value.to_owned()));
    }
    http::Request {
        method,
        path: path.to_owned(),
        query: query::parse(search),
        headers,
        body: Default::default(),
        request_id: String::new(),
    }
}

/// Reads and decompresses the body, stopping at `limit` bytes before or after decompression.
pub async fn read_body(
    request: &web_sys::Request,
    head: &http::Request,
    limit: usize,
) -> Result<Vec<u8>> {
    if head
        .header("content-length")
        .and_then(|l| l.parse::<usize>().ok())
        .is_some_and(|l| l > limit)
    {
        if let Ok(mut stream) = worker::Request::from(Clone::clone(request)).stream() {
            discard(&mut stream, 2 * limit).await;
        }
        return Err(compression::too_large(limit));
    }
    let raw = if head.header("content-length").is_some() {
        whole(request)
            .await
            .map_err(|e| Error::internal(format!("{e:?}")))?
    } else {
        read_stream(request, limit).await?
    };
    compression::decode(raw, head.header("content-encoding"), limit)
}

async fn whole(request: &web_sys::Request) -> std::result::Result<Vec<u8>, JsValue> {
    let buffer = promised(&request.array_buffer()?.into()).await?;
    Ok(js_sys::Uint8Array::new(&buffer).to_vec())
}

/// A body of unknown length is read chunk by chunk, so that an endless one ends at the limit.
async fn read_stream(request: &web_sys::Request, limit: usize) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut request = worker::Request::from(Clone::clone(request));
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

/// Sets of common headers that are remembered.
const MOST_COMMON: usize = 50;

thread_local! {
    /// Common headers that the runtime knows already by their place in this list.
    static COMMON: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Hands an answer to the runtime.
pub fn respond(response: &http::Response) -> worker::Result<web_sys::Response> {
    let (mut common, mut own) = (String::with_capacity(512), String::with_capacity(64));
    let own_headers = response
        .headers
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()));
    for (name, value) in own_headers.chain(security_headers::lacking(response)) {
        // a line break would make two headers of one
        if name.contains('\n') || value.contains('\n') {
            return Err(worker::Error::RustError("a header of two lines".into()));
        }
        let lines = if security_headers::is_common(name) {
            &mut common
        } else {
            &mut own
        };
        for part in [name, "\n", value, "\n"] {
            lines.push_str(part);
        }
    }
    COMMON.with_borrow_mut(|known| {
        let number = known.iter().position(|lines| *lines == common);
        let said = number.is_none().then_some(common.as_str());
        let number = number.unwrap_or(known.len() % MOST_COMMON);
        let answer = respond_with(response.status, number, said, &own, &response.body)?;
        if said.is_some() {
            known.truncate(number);
            known.push(common);
        }
        Ok(answer)
    })
}

/// The answer where not even one could be made.
pub fn failed() -> web_sys::Response {
    let response = worker::Response::empty().map(|empty| empty.with_status(500));
    response.map_or_else(|_| web_sys::Response::error(), Into::into)
}
