//! Stripe's webhook signatures: HMAC-SHA256 over `t.body` of the body as it came, hexadecimal, in `Stripe-Signature: t=…,v1=…`.
//!
//! Several `v1` stand in the header while a secret is rotated, and several secrets may be configured for the same time; one
//! match is enough. Other schemes (`v0`) are test signatures and count for nothing.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Seconds that the time of a signature may differ from ours, either way.
pub const TOLERANCE: i64 = 300;
/// Signatures looked at in one header: nobody rotates that many, and each costs an HMAC for each secret.
const MOST: usize = 16;

/// Whether `header` signs `body` with one of the secrets, now. `now` in seconds.
pub fn verify(header: Option<&str>, body: &[u8], secrets: &[String], now: i64) -> bool {
    let Some(header) = header else { return false };
    let (mut time, mut signatures) = (None, Vec::new());
    for part in header.split(',') {
        match part.trim().split_once('=') {
            // a second time would leave open which one is signed
            Some(("t", _)) if time.is_some() => return false,
            Some(("t", text)) => time = Some(text),
            Some(("v1", text)) if signatures.len() < MOST => signatures.extend(unhex(text)),
            _ => {}
        }
    }
    let Some(text) = time else { return false };
    let Ok(seconds) = text.parse::<i64>() else {
        return false;
    };
    if !text.bytes().all(|b| b.is_ascii_digit()) || (now - seconds).abs() > TOLERANCE {
        return false;
    }
    // the text of the time as it stands in the header is what was signed
    secrets.iter().any(|secret| {
        signatures.iter().any(|signature| {
            Hmac::<Sha256>::new_from_slice(secret.as_bytes()).is_ok_and(|mut mac| {
                mac.update(text.as_bytes());
                mac.update(b".");
                mac.update(body);
                // constant time
                mac.verify_slice(signature).is_ok()
            })
        })
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..64)
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // stripe.webhooks.generateTestHeaderString({payload: '{"id":"evt_1"}', secret: 'whsec_test', timestamp: 1700000000})
    // of the official library (stripe 23.1.0 for Node)
    const BODY: &[u8] = b"{\"id\":\"evt_1\"}";
    const SIGNED: &str = "c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925";
    const NOW: i64 = 1_700_000_000;

    fn secrets(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn the_official_library_is_understood() {
        let one = secrets(&["whsec_test"]);
        let good = format!("t=1700000000,v1={SIGNED}");
        assert!(verify(Some(&good), BODY, &one, NOW));
        assert!(verify(Some(&good), BODY, &one, NOW + TOLERANCE));
        assert!(verify(Some(&good), BODY, &one, NOW - TOLERANCE));
        assert!(
            verify(
                Some(&good),
                BODY,
                &secrets(&["whsec_new", "whsec_test"]),
                NOW
            ),
            "either secret"
        );
        let several = format!("t=1700000000,v1={},v1={SIGNED},v0={SIGNED}", "0".repeat(64));
        assert!(verify(Some(&several), BODY, &one, NOW), "either signature");
    }

    #[test]
    fn everything_else_is_refused() {
        let one = secrets(&["whsec_test"]);
        let good = format!("t=1700000000,v1={SIGNED}");
        for (header, body, now) in [
            (None, BODY, NOW),
            (Some(String::new()), BODY, NOW),
            (Some(good.clone()), BODY, NOW + TOLERANCE + 1),
            (Some(good.clone()), BODY, NOW - TOLERANCE - 1),
            (Some(good.clone()), b"{\"id\":\"evt_2\"}".as_slice(), NOW),
            (Some(good.clone()), b"{ \"id\": \"evt_1\" }".as_slice(), NOW),
            (Some(format!("t=1700000001,v1={SIGNED}")), BODY, NOW),
            (Some(format!("t=+1700000000,v1={SIGNED}")), BODY, NOW),
            (Some(format!("t=1700000000,v0={SIGNED}")), BODY, NOW),
            (Some(format!("v1={SIGNED}")), BODY, NOW),
            (Some("t=1700000000".into()), BODY, NOW),
            (Some(format!("t=1,{good}")), BODY, NOW),
            (
                Some(format!("t=1700000000,v1={}", &SIGNED[..62])),
                BODY,
                NOW,
            ),
            (
                Some(format!("t=1700000000,v1={}", "ü".repeat(32))),
                BODY,
                NOW,
            ),
        ] {
            assert!(
                !verify(header.as_deref(), body, &one, now),
                "{header:?} at {now}"
            );
        }
        assert!(!verify(Some(&good), BODY, &secrets(&["whsec_other"]), NOW));
        assert!(!verify(Some(&good), BODY, &[], NOW));
    }
}
