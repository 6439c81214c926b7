//! `Prefer: respond-async` (RFC 7240): the request is checked and redacted, its batches go on a queue, and the answer is 202. Scoring,
//! anomalies and the live feed follow within seconds.

use super::limits::Rejected;
use super::pipeline::{Batches, is_zero};
use super::post_events::short_hash;
use super::quota;
use super::redact::Counts;
use crate::auth::principal::{Caller, Principal};
use crate::detect::log;
use crate::detect::name::ObjectName;
use crate::error::{Error, Result};
use crate::http::{Request, Response};
use crate::platform::queue::{self, Part};
use crate::platform::{Ctx, random};
use serde::Serialize;

/// Bytes of a part: a message may have 128 KB, and base64 makes four of three.
const PART_BYTES: usize = 84_000;

/// The header that says that the preference was followed.
pub const APPLIED: (&str, &str) = ("preference-applied", "respond-async");

#[derive(Serialize)]
struct Queued {
    status: &'static str,
    queued: u32,
    rejected: Vec<Rejected>,
    #[serde(skip_serializing_if = "Counts::is_empty")]
    redacted: Counts,
    #[serde(skip_serializing_if = "is_zero")]
    without_metadata: u32,
}

/// Whether the caller would rather not wait.
pub fn is_preferred(request: &Request) -> bool {
    request.header("prefer").is_some_and(|h| {
        h.split(',').any(|p| {
            p.split(';')
                .next()
                .unwrap_or("")
                .trim()
                .eq_ignore_ascii_case("respond-async")
        })
    })
}

/// Queues the batches. Gives them back where that is not possible (an event larger than a message, or an installation without a queue): the preference is
/// a wish, and the caller is answered as without it.
pub async fn defer(
    ctx: &Ctx,
    principal: &Principal,
    batches: Batches,
    request_key: Option<&str>,
) -> Result<std::result::Result<Response, Batches>> {
    let Some(queued) = enqueue(ctx, principal, &batches, request_key).await? else {
        return Ok(Err(batches));
    };
    let answer = Queued {
        status: "queued",
        queued,
        rejected: batches.rejected,
        redacted: batches.redacted,
        without_metadata: batches.without_metadata,
    };
    let answer = Response::json(202, &answer);
    Ok(Ok(answer.header(APPLIED.0, APPLIED.1)))
}

/// Puts the batches on the queue, durably: the number of events. `None` where that is not possible; then nothing is.
pub async fn enqueue(
    ctx: &Ctx,
    principal: &Principal,
    batches: &Batches,
    request_key: Option<&str>,
) -> Result<Option<u32>> {
    let own = match request_key {
        Some(key) => key.to_owned(),
        // recognises a message that is delivered twice; a request that is sent twice needs a key of its own
        None => random_key()?,
    };
    let allowance = quota::allowance(ctx, principal).await?;
    let api_key = match &principal.caller {
        Caller::Key(record) => Some(record.id.as_str()),
        Caller::Person { .. } => None,
    };
    let mut parts = Vec::new();
    let mut queued = 0;
    for (stream, writer) in &batches.streams {
        let name = ObjectName::first(principal.org, stream);
        queued += writer.len();
        let split = log::split(writer.bytes(), PART_BYTES).map_err(Error::internal)?;
        let Some(pieces) = split else {
            return Ok(None);
        };
        for (i, piece) in pieces.iter().enumerate() {
            let key = part_key(&own, i);
            parts.push(Part::new(
                &name,
                piece,
                key,
                principal.facts.default_sensitivity,
                &allowance,
                api_key,
            ));
        }
    }
    if !parts.is_empty() {
        if !queue::is_bound(ctx) {
            return Ok(None);
        }
        // some of it may be on the queue when this fails, so that scoring it here as well could count it twice: the caller
        // sends it again, and with an idempotency key that is recognised
        queue::send(ctx, parts).await?;
    }
    Ok(Some(queued))
}

/// The first piece carries the request's own key, so that a small request is recognised whichever way its retry comes.
fn part_key(own: &str, piece: usize) -> String {
    match (piece, own.split_once(':')) {
        (0, _) | (_, None) => own.to_owned(),
        (n, Some((key, body))) => {
            format!("{}:{body}", short_hash(format!("{key}\n{n}").as_bytes()))
        }
    }
}

/// A request key that no other request has.
pub fn random_key() -> Result<String> {
    let bytes = random::bytes::<32>()?;
    Ok(format!(
        "{}:{}",
        short_hash(&bytes[..16]),
        short_hash(&bytes[16..])
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preference_is_one_of_a_list() {
        let with = |value: &str| Request {
            headers: vec![("prefer".into(), value.into())],
            ..Request::default()
        };
        for yes in [
            "respond-async",
            "wait=10, Respond-Async",
            "respond-async; foo=1",
        ] {
            assert!(is_preferred(&with(yes)), "{yes}");
        }
        for no in ["", "wait=10", "respond-asynchronously"] {
            assert!(!is_preferred(&with(no)), "{no}");
        }
        assert!(!is_preferred(&Request::default()));
    }

    #[test]
    fn pieces_have_keys_of_their_own() {
        assert_eq!(part_key("k:b", 0), "k:b");
        assert_ne!(part_key("k:b", 1), part_key("k:b", 2));
        assert!(part_key("k:b", 1).ends_with(":b"));
    }
}
