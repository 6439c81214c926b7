//! What people send at sign-up, checked.

use crate::error::{Code, Error, Result};
use serde_json::Value;

const PLANS: &[&str] = &["developer", "standard", "growth", "enterprise"];

/// A sign-up.
#[derive(Debug, PartialEq)]
pub struct SignUp {
    /// Lower-case address.
    pub email: String,
    /// Name of the first organisation.
    pub company: String,
    /// The plan wished for; every organisation begins as a developer's.
    pub plan: String,
}

/// Reads a sign-up.
pub fn sign_up(body: &[u8]) -> Result<SignUp> {
    let body = crate::json::body(body)?;
    let email = email(&body)?;
    let company = text(&body, "company")
        .map(str::trim)
        .filter(|c| (1..=120).contains(&c.chars().count()) && !c.chars().any(char::is_control))
        .ok_or_else(|| refuse("company", "text of 1 to 120 characters"))?
        .to_owned();
    let plan = match body.get("plan").filter(|v| !v.is_null()) {
        None => "developer",
        Some(v) => v
            .as_str()
            .filter(|p| PLANS.contains(p))
            .ok_or_else(|| refuse("plan", &PLANS.join(", ")))?,
    };
    Ok(SignUp {
        email,
        company,
        plan: plan.to_owned(),
    })
}

/// Reads a body of just an address.
pub fn address_only(body: &[u8]) -> Result<String> {
    email(&crate::json::body(body)?)
}

/// The member `email`: lower-case, of a plain form. Whether it takes mail, only a mail shows.
pub fn email(body: &Value) -> Result<String> {
    let expected = "an e-mail address";
    let text = text(body, "email")
        .map(|t| t.trim().to_lowercase())
        .ok_or_else(|| refuse("email", expected))?;
    let plain = text.len() <= 254
        && text.chars().all(|c| {
            !c.is_whitespace()
                && !c.is_control()
                && !matches!(c, '<' | '>' | ',' | ';' | '"' | '\\' | '(' | ')')
        });
    let good = text.split_once('@').is_some_and(|(local, domain)| {
        (1..=64).contains(&local.len())
            && domain.contains('.')
            && !domain.contains('@')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
            && !domain.contains("..")
    });
    if plain && good {
        Ok(text)
    } else {
        Err(refuse("email", expected))
    }
}

/// A password as the identity provider takes it (its hash reads 72 bytes); none where it is left out or empty.
pub fn password(given: Option<&str>) -> Result<Option<String>> {
    match given.filter(|p| !p.is_empty()) {
        Some(p) if !(8..=72).contains(&p.len()) => {
            Err(refuse("password", "8 to 72 bytes, or nothing"))
        }
        given => Ok(given.map(str::to_owned)),
    }
}

fn text<'v>(body: &'v Value, field: &str) -> Option<&'v str> {
    body.get(field).and_then(Value::as_str)
}

/// The field at fault.
pub fn refuse(field: &str, expected: &str) -> Error {
    Error::new(
        Code::InvalidBody,
        format!("`{field}` is missing or not valid"),
    )
    .field(field, expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sign_ups() {
        let read = |v: Value| sign_up(v.to_string().as_bytes());
        let good =
            read(json!({"email": " Ann@Example.COM ", "company": " Acme ", "plan": "growth"}))
                .expect("valid");
        assert_eq!(
            good,
            SignUp {
                email: "ann@example.com".into(),
                company: "Acme".into(),
                plan: "growth".into(),
            }
        );
        assert_eq!(
            read(json!({"email": "a@b.c", "company": "x"}))
                .expect("defaults")
                .plan,
            "developer"
        );
        for (bad, field) in [
            (json!({"company": "x"}), "email"),
            (json!({"email": "a@b", "company": "x"}), "email"),
            (json!({"email": "a b@c.d", "company": "x"}), "email"),
            (json!({"email": "a@b@c.d", "company": "x"}), "email"),
            (
                json!({"email": "a@b.c\r\nBcc: d@e.f", "company": "x"}),
                "email",
            ),
            (json!({"email": "a@b.c"}), "company"),
            (json!({"email": "a@b.c", "company": ""}), "company"),
            (json!({"email": "a@b.c", "company": "x\ny"}), "company"),
            (
                json!({"email": "a@b.c", "company": "x", "plan": "free"}),
                "plan",
            ),
        ] {
            assert_eq!(
                read(bad.clone())
                    .expect_err("bad")
                    .errors
                    .first()
                    .map(|e| e.field.as_str()),
                Some(field),
                "{bad}"
            );
        }
    }

    #[test]
    fn passwords() {
        assert_eq!(
            password(Some("12345678")).expect("valid").as_deref(),
            Some("12345678")
        );
        for none in [None, Some("")] {
            assert_eq!(password(none).expect("none"), None);
        }
        for bad in ["short".to_owned(), "x".repeat(73)] {
            assert!(password(Some(&bad)).is_err(), "{bad}");
        }
    }
}
