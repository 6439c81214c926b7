//! Mail through Resend's API, or anything that speaks it.

use super::Ctx;
use super::fetch::send_json;
use crate::error::{Code, Error, Result};
use serde_json::json;
use worker::Method;

/// A mail to one address. It is plain text: nothing to render, nothing to load.
pub struct Mail<'m> {
    /// The address.
    pub to: &'m str,
    /// One line.
    pub subject: &'m str,
    /// The body.
    pub text: &'m str,
    /// A repeated send with the same key is the same mail.
    pub idempotency_key: &'m str,
}

/// Whether mail can be sent at all.
pub fn require(ctx: &Ctx) -> Result<&str> {
    ctx.settings.resend_api_key.as_deref().ok_or_else(|| {
        Error::new(
            Code::DependencyUnavailable,
            "no mail service is configured (RESEND_API_KEY)",
        )
    })
}

/// Sends a mail. Neither address nor text goes into an error or a log line.
pub async fn send(ctx: &Ctx, mail: &Mail<'_>) -> Result<()> {
    deliver(ctx, mail, None).await
}

/// Sends a mail with a second, formatted body that says the same.
pub async fn send_formatted(ctx: &Ctx, mail: &Mail<'_>, html: &str) -> Result<()> {
    deliver(ctx, mail, Some(html)).await
}

async fn deliver(ctx: &Ctx, mail: &Mail<'_>, html: Option<&str>) -> Result<()> {
    let authorization = format!("Bearer {}", require(ctx)?);
    let url = format!("{}/emails", ctx.settings.resend_base_url);
    let headers = [
        ("authorization", authorization.as_str()),
        ("idempotency-key", mail.idempotency_key),
    ];
    let mut body = json!({ "from": ctx.settings.mail_from, "to": [mail.to], "subject": mail.subject, "text": mail.text });
    if let Some(html) = html {
        body["html"] = html.into();
    }
    let (status, _) = send_json(Method::Post, &url, &headers, &body).await?;
    match status {
        200..=299 => Ok(()),
        422 => Err(
            Error::new(Code::InvalidBody, "the mail service refuses the address")
                .field("email", "an address that takes mail"),
        ),
        _ => Err(Error::new(
            Code::DependencyUnavailable,
            format!("the mail service answered {status}"),
        )),
    }
}

/// A name that somebody chose cannot add lines, or links that mail readers would make of it, to our mail.
pub fn one_line(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_control() || matches!(c, '/' | ':' | '<' | '>') {
                ' '
            } else {
                c
            }
        })
        .take(80)
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_stay_names() {
        assert_eq!(
            super::one_line("A\nB https://evil.test"),
            "A B https   evil.test"
        );
    }
}
