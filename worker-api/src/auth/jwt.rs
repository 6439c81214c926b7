//! Supabase access tokens: the parts that need no cryptography (RFC 7519, RFC 8725).
//!
//! The signature is checked by `platform::crypto`, with the algorithm that the *key* is for; the header's `alg` has to agree
//! with it and never chooses (RFC 8725 section 3.1).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// Clock difference forgiven on `exp` and `nbf`, in seconds.
const SKEW: i64 = 60;

/// How a token may be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// HMAC SHA-256, for projects that still sign with a shared secret.
    Hs256,
}

/// A token taken apart, its signature not yet checked.
#[derive(Clone, Debug)]
pub struct Token<'a> {
    /// What the header says.
    pub algorithm: Algorithm,
    /// The key's id, where the header names one.
    pub key_id: Option<String>,
    /// The signed bytes: header, dot, claims.
    pub signed: &'a str,
    /// The signature.
    pub signature: Vec<u8>,
    claims: Value,
}

/// What we take from a verified token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// `sub`.
    pub user_id: Uuid,
    /// `email`, possibly empty.
    pub email: String,
    /// `exp`, seconds since the Unix epoch.
    pub expires: i64,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// Takes a compact token apart; `None` unless it is a signed token of an accepted kind.
pub fn parse(text: &str) -> Option<Token<'_>> {
    if text.len() > 8192 {
        return None;
    }
    let (signed, signature) = text.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: Header = crate::json::read(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    // an extension we do not know must be understood or refused (RFC 7515 section 4.1.11)
    if header.crit.is_some() {
        return None;
    }
    let algorithm = match header.alg.as_str() {
        "ES256" => Algorithm::Es256,
        "RS256" => Algorithm::Rs256,
        "HS256" => Algorithm::Hs256,
        _ => return None,
    };
    let claims = crate::json::read(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    Some(Token {
        algorithm,
        key_id: header.kid,
        signed,
        signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        claims,
    })
}

impl Token<'_> {
    /// The person, if the claims hold now (`now` in seconds): issuer, audience, role, expiry, not-before.
    pub fn person(&self, issuer: &str, now: i64) -> Option<Person> {
        let text = |name: &str| self.claims.get(name).and_then(Value::as_str);
        let seconds = |name: &str| {
            self.claims
                .get(name)
                .and_then(Value::as_f64)
                .map(|v| v as i64)
        };
        let audience = match self.claims.get("aud") {
            Some(Value::String(s)) => s == "authenticated",
            Some(Value::Array(list)) => list.iter().any(|v| v == "authenticated"),
            _ => false,
        };
        let expires = seconds("exp")?;
        let started = match self.claims.get("nbf") {
            None => true,
            Some(_) => seconds("nbf")? <= now + SKEW,
        };
        let holds = text("iss") == Some(issuer)
            && audience
            && text("role") == Some("authenticated")
            && expires + SKEW > now
            && started;
        let user_id = Uuid::parse_str(text("sub")?).ok()?;
        holds.then(|| Person {
            user_id,
            email: text("email").unwrap_or("").to_owned(),
            expires,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ISSUER: &str = "https://p.supabase.co/auth/v1";

    fn token(header: Value, claims: Value) -> String {
        let part = |v: Value| URL_SAFE_NO_PAD.encode(v.to_string());
        format!(
            "{}.{}.{}",
            part(header),
            part(claims),
            URL_SAFE_NO_PAD.encode("sig")
        )
    }
    fn claims(change: Value) -> Value {
        let mut base = json!({"iss": ISSUER, "aud": "authenticated", "role": "authenticated", "exp": 2000, "email": "a@b.c",
            "sub": "11111111-1111-4111-8111-111111111111"});
        if let (Some(base), Some(change)) = (base.as_object_mut(), change.as_object()) {
            base.extend(change.clone());
        }
        base
    }
    fn holds(change: Value, now: i64) -> bool {
        let text = token(json!({"alg": "ES256", "kid": "k"}), claims(change));
        parse(&text).expect("form").person(ISSUER, now).is_some()
    }

    #[test]
    fn claims_table() {
        assert!(
            holds(json!({}), 1000)
                && holds(json!({"aud": ["x", "authenticated"]}), 1000)
                && holds(json!({}), 2059)
        );
        for (bad, now) in [
            (json!({}), 2060),
            (json!({"iss": "https://evil"}), 1000),
            (json!({"aud": "anon"}), 1000),
            (json!({"role": "anon"}), 1000),
            (json!({"role": "service_role"}), 1000),
            (json!({"nbf": 2000}), 1000),
            (json!({"nbf": "x"}), 1000),
            (json!({"sub": "x"}), 1000),
            (json!({"exp": null}), 1000),
            (json!({"aud": null}), 1000),
        ] {
            assert!(!holds(bad.clone(), now), "{bad} at {now}");
        }
    }

    #[test]
    fn headers_that_are_refused() {
        for header in [
            json!({"alg": "none"}),
            json!({"alg": "HS512"}),
            json!({"alg": "ES256", "crit": ["x"]}),
            json!({"kid": "x"}),
            json!([]),
        ] {
            assert!(
                parse(&token(header.clone(), claims(json!({})))).is_none(),
                "{header}"
            );
        }
        for text in ["", "a.b", "a.b.c", "..", &"x".repeat(9000)] {
            assert!(parse(text).is_none());
        }
    }
}
