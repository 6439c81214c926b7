//! The few pages that mailed links open: no script, no style from elsewhere, nothing to load.

use crate::http::{Request, Response};

/// A field for those who have no account yet.
pub const PASSWORD_FIELD: &str = r#"<label>Choose a password, or leave it empty and sign in by mailed code
<input type="password" name="password" minlength="8" maxlength="72" autocomplete="new-password"></label>"#;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:4rem auto;max-width:36rem;padding:0 1rem;color:#18181b;background:#fff}\
h1{font-size:1.5rem}button{font:inherit;padding:.6rem 1.4rem;border:0;border-radius:.4rem;background:#18181b;color:#fff;cursor:pointer}\
label{display:block;margin:1rem 0}input{display:block;font:inherit;padding:.4rem;width:100%;box-sizing:border-box}\
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f4f5;padding:1rem;border-radius:.4rem}";
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

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
            "<p>{}</p><p><a href=\"/\">To Driftlock</a></p>",
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

/// The first key, with something to paste.
pub fn welcome(organization: &str, key: &str, sample: &str) -> Response {
    page(
        200,
        "You are in",
        &format!(
            "<p>{} is ready. This is its API key; it is shown only now:</p><pre id=\"api-key\">{}</pre><p>Send a first event:</p><pre id=\"sample\">{}</pre>\
         <p><a href=\"/\">Sign in to see what is found</a></p>",
            escape(organization),
            escape(key),
            escape(sample)
        ),
    )
}

fn page(status: u16, heading: &str, body: &str) -> Response {
    let heading = escape(heading);
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
        <meta name=\"robots\" content=\"noindex\"><title>{heading} · Driftlock</title><style>{STYLE}</style><main><h1>{heading}</h1>{body}</main></html>"
    );
    Response {
        status,
        headers: vec![
            ("content-type".into(), "text/html; charset=utf-8".into()),
            ("content-security-policy".into(), POLICY.into()),
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
}
