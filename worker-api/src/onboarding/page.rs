//! The few pages that mailed links open: nothing to load, and no script but the one that goes on in the dashboard.

use crate::http::{Request, Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A field for those who have no account yet.
pub const PASSWORD_FIELD: &str = r#"<label>Choose a password, or leave it empty and sign in by mailed code
<input type="password" name="password" minlength="8" maxlength="72" autocomplete="new-password"></label>"#;

/// The dashboard's colours, light and dark.
const STYLE: &str = ":root{color-scheme:light dark}\
body{font:16px/1.5 'Atkinson Hyperlegible Next',system-ui,sans-serif;margin:4rem auto;max-width:34rem;padding:0 1.25rem;\
color:light-dark(#1b2530,#e8edf2);background:light-dark(#f7f9fa,#0f161e)}\
h1{font-size:1.75rem;line-height:1.25}a{color:light-dark(#0b5c8a,#8fd0ea)}\
button{font:inherit;font-weight:500;padding:.6rem 1.4rem;border:0;border-radius:.4rem;cursor:pointer;\
background:light-dark(#0b5c8a,#8fd0ea);color:light-dark(#fff,#0b1822)}\
label{display:block;margin:1rem 0}input{display:block;font:inherit;padding:.45rem .6rem;width:100%;box-sizing:border-box;color:inherit;\
background:light-dark(#fff,#17212b);border:1px solid light-dark(#7d8b98,#6b7a88);border-radius:.4rem;margin-top:.25rem}\
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:light-dark(#ebf0f3,#0a1017);padding:1rem;border-radius:.4rem}";

/// Nothing loads from elsewhere, and only the one style runs; `scripts` lets the dashboard's own files in.
fn policy(scripts: bool) -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let scripts = if scripts { " script-src 'self';" } else { "" };
    format!(
        "default-src 'none'; style-src 'sha256-{style}';{scripts} img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Whether the request comes from one of these pages.
pub fn is_form(request: &Request) -> bool {
    request.media_type() == "application/x-www-form-urlencoded"
}

/// A page with a heading and a sentence.
pub fn message(status: u16, heading: &str, text: &str) -> Response {
    page(
        status,
        heading,
        &format!(
            "<p>{}</p><p><a href=\"/sign-in\">Sign in</a></p>",
            escape(text)
        ),
    )
}

/// A page whose button posts the token.
pub fn form(
    heading: &str,
    text: &str,
    action: &str,
    token: &str,
    fields: &str,
    button: &str,
) -> Response {
    page(
        200,
        heading,
        &format!(
            "<p>{}</p><form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"token\" value=\"{}\">{fields}<button>{button}</button></form>",
            escape(text),
            escape(token)
        ),
    )
}

/// The end of a sign-up: the first key, with something to paste. Where the dashboard is served, its script takes `handover`
/// (the answer that a program would have got) into the tab's own storage and goes on there, so that no secret is ever part
/// of an address; without it this page is all there is.
pub fn welcome(organization: &str, key: &str, sample: &str, handover: &impl Serialize) -> Response {
    let text = format!(
        "<p>{} is ready. This is its API key; it is shown only now:</p><pre id=\"api-key\">{}</pre><p>Send a first event:</p><pre id=\"sample\">{}</pre>\
         <p><a href=\"/sign-in\">Sign in to see what is found</a></p>",
        escape(organization),
        escape(key),
        escape(sample)
    );
    page_with(200, "You are in", &text, Some(&data(handover)))
}

/// The same for somebody who belongs to an organisation already.
pub fn confirmed(handover: &impl Serialize) -> Response {
    let text = "<p>You belong to an organisation already.</p><p><a href=\"/sign-in\">Sign in to see it</a></p>";
    page_with(
        200,
        "Your address is confirmed",
        text,
        Some(&data(handover)),
    )
}

/// JSON that cannot end the element it stands in.
fn data(value: &impl Serialize) -> String {
    serde_json::to_string(value)
        .unwrap_or_default()
        .replace('<', "\\u003c")
}

fn page(status: u16, heading: &str, body: &str) -> Response {
    page_with(status, heading, body, None)
}

fn page_with(status: u16, heading: &str, body: &str, handover: Option<&str>) -> Response {
    let heading = escape(heading);
    let script = handover.map_or(String::new(), |json| {
        format!("<script type=\"application/json\" id=\"welcome\">{json}</script><script src=\"/welcome.js\"></script>")
    });
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
        <meta name=\"robots\" content=\"noindex\"><title>{heading} · Driftlock</title><style>{STYLE}</style><main><h1>{heading}</h1>{body}</main>{script}</html>"
    );
    Response {
        status,
        headers: vec![
            ("content-type".into(), "text/html; charset=utf-8".into()),
            ("content-security-policy".into(), policy(handover.is_some())),
        ],
        body: html.into_bytes(),
    }
}

fn escape(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, c| {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                c => out.push(c),
            }
            out
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_caller_becomes_markup() {
        let shown = form(
            "x",
            "<script>alert(1)</script>",
            "/x",
            "\"><script>",
            "",
            "Go",
        );
        let html = String::from_utf8(shown.body).expect("utf-8");
        assert!(!html.contains("<script>") && html.contains("&quot;&gt;&lt;script&gt;"));
    }

    #[test]
    fn a_handover_stays_in_its_element() {
        let shown = welcome(
            "x",
            "k",
            "s",
            &serde_json::json!({ "name": "</script><b>" }),
        );
        let html = String::from_utf8(shown.body).expect("utf-8");
        assert!(html.contains(r#"{"name":"\u003c/script>\u003cb>"}</script>"#));
        let policy = |r: &Response| {
            r.headers
                .iter()
                .find(|(n, _)| n == "content-security-policy")
                .map(|(_, v)| v.clone())
                .unwrap_or_default()
        };
        let allowed = policy(&welcome("x", "k", "s", &()));
        assert!(allowed.contains("script-src 'self'") && !allowed.contains("unsafe"));
        assert!(!policy(&message(200, "x", "y")).contains("script-src"));
    }
}
