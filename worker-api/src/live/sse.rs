//! `GET /v1/stream/anomalies`: server-sent events (WHATWG HTML section 9.2) over the organisation's hub.
//!
//! Every 15 seconds a comment keeps proxies from closing the connection and makes a dead client show; at the same moment the
//! credential is checked again, so that the feed of a revoked key or an expired token ends.
//!
//! A key that is bound to a prefix hears of its own streams alone, also of what it missed. That events were missed is said without
//! knowing whose they were.

use crate::auth::principal::{Access, Principal};
use crate::error::{Error, Result};
use crate::http::Request;
use crate::platform::{Ctx, feed};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Seconds between two comments.
pub const PING_SECONDS: u64 = 15;

#[derive(Deserialize)]
struct Frame<'a> {
    seq: Option<u64>,
    missed: Option<u64>,
    #[serde(borrow)]
    anomaly: Option<&'a RawValue>,
}

/// Starts the feed.
pub async fn open(
    ctx: &Ctx,
    principal: &Principal,
    request: &Request,
    access: Access,
) -> Result<feed::Feed> {
    let after =
        match request
            .header("last-event-id")
            .or_else(|| request.param("last_event_id"))
        {
            None => None,
            Some(text) => Some(text.parse::<u64>().map_err(|_| {
                Error::parameter("last-event-id", "the id of an event of this feed")
            })?),
        };
    let (again, copy) = (ctx.clone(), request.clone());
    let org = principal.org;
    let still_allowed = move || {
        let (ctx, request) = (again.clone(), copy.clone());
        async move {
            Principal::authenticate(&ctx, &request, access)
                .await
                .is_ok_and(|p| p.org == org)
        }
    };
    let prefix = principal.stream_prefix().map(str::to_owned);
    let encode = move |frame: &str| encode(frame, prefix.as_deref());
    feed::open(ctx, org, after, PING_SECONDS, encode, still_allowed).await
}

/// The stream of an anomaly.
#[derive(Deserialize)]
struct Origin<'a> {
    #[serde(borrow)]
    stream: Cow<'a, str>,
}

/// Whether an anomaly is of a stream that begins with `prefix`.
fn is_of(prefix: &str, anomaly: &RawValue) -> bool {
    serde_json::from_str::<Origin<'_>>(anomaly.get()).is_ok_and(|o| o.stream.starts_with(prefix))
}

/// One hub frame as one server-sent event, if it is for a caller bound to `prefix`.
fn encode(frame: &str, prefix: Option<&str>) -> Option<String> {
    match serde_json::from_str::<Frame<'_>>(frame).ok()? {
        Frame {
            seq: Some(seq),
            anomaly: Some(body),
            ..
        } if prefix.is_none_or(|p| is_of(p, body)) => Some(format!(
            "id: {seq}\nevent: anomaly\ndata: {}\n\n",
            body.get()
        )),
        Frame {
            missed: Some(n), ..
        } => Some(format!("event: gap\ndata: {{\"missed\":{n}}}\n\n")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn frames_become_events() {
        assert_eq!(
            encode(r#"{"seq":7,"anomaly":{"id":"x"}}"#, None).as_deref(),
            Some("id: 7\nevent: anomaly\ndata: {\"id\":\"x\"}\n\n")
        );
        assert_eq!(
            encode(r#"{"missed":3}"#, None).as_deref(),
            Some("event: gap\ndata: {\"missed\":3}\n\n")
        );
        assert_eq!(encode("junk", None), None);
    }

    #[test]
    fn a_prefix_lets_only_its_own_streams_through() {
        let frame = |stream| {
            format!(r#"{{"seq":7,"anomaly":{{"id":"x","stream":{stream},"severity":"low"}}}}"#)
        };
        for (stream, passes) in [
            (r#""bound/x""#, true),
            (r#""bound\u002fx""#, true),
            (r#""other""#, false),
            (r#""x/bound/""#, false),
            ("null", false),
        ] {
            let encoded = encode(&frame(stream), Some("bound/"));
            assert_eq!(encoded.is_some(), passes, "{stream}");
        }
        assert!(encode(r#"{"seq":7,"anomaly":{"id":"x"}}"#, Some("bound/")).is_none());
    }
}
