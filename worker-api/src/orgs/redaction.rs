//! `GET` and `PUT /v1/organization/redaction`: which personal data is taken out of events, and what takes its place.

use crate::auth::actor::Actor;
use crate::auth::principal::{Principal, forget_memberships};
use crate::error::{Code, Error, Result};
use crate::http::{Request, Response};
use crate::ingest::redact::rules::{Action, Compiled, Pattern, Rules};
use crate::ingest::redact::scan::BUILT_IN;
use crate::platform::{Ctx, postgrest};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The setting as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    pii_policy: String,
    pii_rules: Option<Rules>,
}

/// The setting as it is shown, defaults filled in.
#[derive(Debug, Serialize)]
struct Shown {
    policy: String,
    #[serde(flatten)]
    rules: Rules,
    available_kinds: Vec<&'static str>,
}

/// What may be sent; what is left out becomes the default.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    policy: Policy,
    #[serde(default)]
    action: Action,
    #[serde(default)]
    kinds: Option<Vec<String>>,
    #[serde(default)]
    patterns: Vec<Pattern>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Policy {
    Keep,
    Mask,
}

/// The effective setting.
pub async fn get(ctx: &Ctx, principal: &Principal) -> Result<Response> {
    let rows: Vec<Stored> = principal
        .query(ctx, "organizations")
        .select("pii_policy,pii_rules")
        .eq("id", &principal.org.to_string())
        .rows()
        .await?;
    let stored = rows
        .into_iter()
        .next()
        .ok_or_else(|| Error::not_found("organisation"))?;
    Ok(Response::json(200, &shown(stored)))
}

/// Replaces the setting. Every isolate follows within a minute.
pub async fn put(ctx: &Ctx, principal: &Principal, request: &Request) -> Result<Response> {
    let (policy, rules) = read(&request.body)?;
    let arguments = json!({ "p_org": principal.org, "p_policy": policy, "p_rules": rules, "p_actor": Actor::of(principal, request) });
    let stored: Stored = postgrest::call(ctx, "set_redaction", &arguments).await?;
    forget_memberships();
    Ok(Response::json(200, &shown(stored)))
}

fn read(body: &[u8]) -> Result<(&'static str, Rules)> {
    let wanted: Wanted = crate::json::read(body).map_err(|_| {
        Error::new(Code::InvalidBody, "the body is not a redaction setting").field(
            "body",
            "{\"policy\":\"keep\"|\"mask\",\"action\"?:\"replace\"|\"hash\"|\"drop\",\"kinds\"?:[…],\"patterns\"?:[{\"name\",\"pattern\"}]}",
        )
    })?;
    let rules = Rules {
        action: wanted.action,
        kinds: wanted.kinds.unwrap_or_else(|| Rules::default().kinds),
        patterns: wanted.patterns,
    };
    Compiled::new(&rules).map_err(|(field, expected)| {
        Error::new(Code::InvalidBody, format!("`{field}` is not valid")).field(field, expected)
    })?;
    let policy = match wanted.policy {
        Policy::Keep => "keep",
        Policy::Mask => "mask",
    };
    Ok((policy, rules))
}

fn shown(stored: Stored) -> Shown {
    Shown {
        policy: stored.pii_policy,
        rules: stored.pii_rules.unwrap_or_default(),
        available_kinds: BUILT_IN.iter().map(|(_, name)| *name).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn reads_and_refuses() {
        let (policy, rules) = read(br#"{"policy":"mask","kinds":["email","ip"]}"#).expect("valid");
        assert_eq!((policy, rules.kinds.len()), ("mask", 2));
        let (_, rules) = read(br#"{"policy":"mask"}"#).expect("valid");
        assert!(rules.kinds.iter().all(|k| k != "ip") && rules.kinds.len() == 5);
        for bad in [
            r#"{}"#,
            r#"{"policy":"x"}"#,
            r#"{"policy":"mask","kinds":["x"]}"#,
            r#"{"policy":"mask","extra":1}"#,
            r#"{"policy":"mask","patterns":[{"name":"a","pattern":"("}]}"#,
        ] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
