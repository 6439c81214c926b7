//! The mails of billing: plain sentences, the same in text and HTML. Nothing is loaded, nothing is counted.

use super::plans::{self, thousands};
use crate::ingest::time;
use crate::platform::email::one_line;
use serde_json::Value;

/// A mail without its recipient.
#[derive(Debug, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// The plain body.
    pub text: String,
    /// The same, formatted.
    pub html: String,
}

/// Writes the mail `kind`; `None` for a kind there is not. `base` is where this installation is reached.
pub fn write(kind: &str, data: &Value, base: &str) -> Option<Letter> {
    let word = |name: &str| data[name].as_str().unwrap_or("").to_owned();
    let organization = one_line(&word("organization"));
    let plan = plans::find(data["plan"].as_str().unwrap_or("")).map_or("paid", |p| p.name);
    let day = day_of(&data["at"]);
    let money = money(&data["amount"], &word("currency"));
    let billing = format!("{base}/app/billing");
    let usage = format!("{base}/app/usage");
    let link = |label: &str, url: String| Some((label.to_owned(), url));
    let invoice_link = || {
        let url = word("url");
        if url.starts_with("https://") || url.starts_with("http://") {
            link("See the invoice", url)
        } else {
            link("See your billing", billing.clone())
        }
    };
    let (subject, lines, action) = match kind {
        "trial_ending" => (
            format!("Your Driftlock trial ends on {day}"),
            vec![
                format!("The trial of {plan} for {organization} ends on {day}. From then on it is paid with the card you gave."),
                "If you want to go on, there is nothing to do. If not, cancel before that day; your data stays, on the Developer plan.".into(),
            ],
            link("Open billing", billing.clone()),
        ),
        "payment_failed" => (
            "Your Driftlock payment failed".to_owned(),
            vec![
                format!("A payment of {money} for {organization} did not go through."),
                format!("Nothing changes for {} days. Please check the payment method in that time; after it the organisation goes on with the Developer plan's limits. Your data stays.", plans::GRACE_DAYS),
            ],
            link("Change the payment method", billing.clone()),
        ),
        "action_required" => (
            "Your bank asks you to confirm a Driftlock payment".to_owned(),
            vec![format!("A payment of {money} for {organization} waits for your confirmation.")],
            invoice_link(),
        ),
        "grace_reminder" => (
            format!("Your Driftlock plan ends on {day} unless it is paid"),
            vec![
                format!("The last payment for {organization} is still open. On {day} the organisation goes on with the Developer plan's limits. Your data stays."),
            ],
            link("Change the payment method", billing.clone()),
        ),
        "grace_over" => (
            "Your Driftlock organisation is on the Developer plan now".to_owned(),
            vec![
                format!("The payment for {organization} stayed open, so the subscription has been cancelled and the Developer plan's limits hold."),
                "All your data is there. You can subscribe again at any time.".into(),
            ],
            link("Open billing", billing.clone()),
        ),
        "ended" => (
            "Your Driftlock subscription has ended".to_owned(),
            vec![
                format!("The subscription of {organization} to {plan} ended on {day}. The Developer plan's limits hold now."),
                "All your data is there. You can subscribe again at any time.".into(),
            ],
            link("Open billing", billing.clone()),
        ),
        "duplicate" => (
            "A second Driftlock subscription was cancelled".to_owned(),
            vec![
                format!("{organization} was subscribed twice. The older subscription to {plan} has been cancelled; the newer one goes on."),
                if data["amount"].as_i64().unwrap_or(0) > 0 {
                    format!("Its payment of {money} goes back to your payment method.")
                } else {
                    "Nothing had been paid for it.".to_owned()
                },
            ],
            link("Open billing", billing.clone()),
        ),
        "usage" => {
            let threshold = data["threshold"].as_u64().unwrap_or(0);
            (
                format!("{organization} has used {threshold} % of its Driftlock allowance"),
                usage_lines(data, threshold, &organization, plan),
                link("See your usage", usage),
            )
        }
        "receipt" => (
            "Your Driftlock receipt".to_owned(),
            vec![format!("Thank you: {money} for {organization} has been paid (invoice {}).", one_line(&word("number")))],
            invoice_link(),
        ),
        "refund" => (
            "A Driftlock payment was refunded".to_owned(),
            vec![format!("{money} for {organization} go back to your payment method.")],
            link("Open billing", billing.clone()),
        ),
        "dispute" => (
            "A Driftlock payment was disputed".to_owned(),
            vec![
                format!("Your bank told us that a payment of {money} for {organization} is disputed."),
                "If that is a mistake, tell your bank and answer this mail. Nothing changes meanwhile.".into(),
            ],
            link("Open billing", billing.clone()),
        ),
        _ => return None,
    };
    Some(letter(subject, &lines, action))
}

fn usage_lines(data: &Value, threshold: u64, organization: &str, plan: &str) -> Vec<String> {
    let number = |name: &str| data[name].as_u64().unwrap_or(0);
    let of = |used: u64, included: &Value| match included.as_u64() {
        Some(all) => format!("{} of {}", thousands(used), thousands(all)),
        None => thousands(used),
    };
    let until = data["until"].as_str().unwrap_or("");
    let mut lines = vec![format!(
        "{organization} ({plan}) has used {} detections and {} events; the period ends before {until}.",
        of(
            number("detections") + number("unrecorded"),
            &data["included_detections"]
        ),
        of(number("events"), &data["included_events"]),
    )];
    if threshold >= 100 {
        lines.push(if data["stops"] == true {
            "Further detections are counted, but not recorded, until the period ends or the plan changes.".into()
        } else {
            "Further detections go on being recorded, each at the plan's price.".into()
        });
    }
    lines
}

fn letter(subject: String, lines: &[String], action: Option<(String, String)>) -> Letter {
    let mut text = lines.join("\n\n");
    let mut html = String::from(
        "<!doctype html><html lang=\"en\"><body style=\"font:16px/1.5 sans-serif;max-width:36rem\">",
    );
    for line in lines {
        html += &format!("<p>{}</p>", escape(line));
    }
    if let Some((label, url)) = action {
        text += &format!("\n\n{label}:\n{url}");
        html += &format!("<p><a href=\"{}\">{}</a></p>", escape(&url), escape(&label));
    }
    text += "\n\nDriftlock\n";
    html += "<p>Driftlock</p></body></html>";
    Letter {
        subject,
        text,
        html,
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Stripe's amount in the smallest unit. All our prices are in dollars; other two-digit currencies read the same way.
fn money(amount: &Value, currency: &str) -> String {
    let cents = amount.as_i64().unwrap_or(0).unsigned_abs();
    format!(
        "{}.{:02} {}",
        thousands(cents / 100),
        cents % 100,
        currency.to_uppercase()
    )
}

fn day_of(value: &Value) -> String {
    match value.as_str().and_then(time::from_rfc3339) {
        Some(ms) => time::day(ms),
        None => value.as_str().unwrap_or("").chars().take(10).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_mail_says_its_thing_twice() {
        let data = json!({ "organization": "Acme <b>\nhttps://evil.test", "plan": "standard", "at": "2026-12-05T00:00:00Z", "amount": 4_912_345, "currency": "usd",
            "number": "A-1", "url": "https://invoice.test/1?a=1&b=2", "threshold": 100, "detections": 60000, "unrecorded": 0, "events": 7, "included_detections": 50000,
            "included_events": null, "until": "2026-12-21", "stops": false });
        for kind in [
            "trial_ending",
            "payment_failed",
            "action_required",
            "grace_reminder",
            "grace_over",
            "ended",
            "usage",
            "receipt",
            "refund",
            "dispute",
            "duplicate",
        ] {
            let letter = write(kind, &data, "https://d.test").expect(kind);
            assert!(
                !letter.subject.contains('\n')
                    && letter.text.contains("Acme")
                    && letter.html.contains("Acme"),
                "{kind}"
            );
            assert!(
                !letter.html.contains("<b>")
                    && !letter.text.contains("evil.test/")
                    && !letter.text.contains("https://evil"),
                "{kind}"
            );
            assert!(
                letter.text.contains("https://") && letter.html.contains("<a href=\"https://"),
                "{kind}"
            );
        }
        assert_eq!(
            write("trial_ending", &data, "").expect("mail").subject,
            "Your Driftlock trial ends on 2026-12-05"
        );
        assert!(
            write("receipt", &data, "")
                .expect("mail")
                .text
                .contains("49,123.45 USD")
        );
        assert!(
            write("receipt", &data, "")
                .expect("mail")
                .html
                .contains("a=1&amp;b=2")
        );
        let usage = write("usage", &data, "").expect("mail").text;
        assert!(
            usage.contains("60,000 of 50,000 detections and 7 events")
                && usage.contains("each at the plan's price")
        );
        assert!(write("other", &data, "").is_none());
    }
}
