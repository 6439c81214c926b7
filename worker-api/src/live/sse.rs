//! `GET /v1/stream/anomalies`: server-sent events (WHATWG HTML section 9.2) over the organisation's hub.
//!
//! Every 15 seconds a comment keeps proxies from closing the connection and makes a dead client show; at the same moment the
//! credential is checked again, so that the feed of a revoked key or an expired token ends.

use crate::auth::principal::{Access, Principal};
use crate::error::{Error, Result};
use crate::http::Request;
use crate::platform::{Ctx, feed};
use serde::Deserialize;
use serde_json::value::RawValue;

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
    feed::open(ctx, org, after, PING_SECONDS, encode, still_allowed).await
}

/// One hub frame as one server-sent event.
fn encode(frame: &str) -> Option<String> {
    match serde_json::from_str::<Frame<'_>>(frame).ok()? {
        Frame {
            seq: Some(seq),
            anomaly: Some(body),
            ..
        } => Some(format!(
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
            encode(r#"{"seq":7,"anomaly":{"id":"x"}}"#).as_deref(),
            Some("id: 7\nevent: anomaly\ndata: {\"id\":\"x\"}\n\n")
        );
        assert_eq!(
            encode(r#"{"missed":3}"#).as_deref(),
            Some("event: gap\ndata: {\"missed\":3}\n\n")
        );
        assert_eq!(encode("junk"), None);
    }
}
