//! Settings, read once per isolate from the Worker's variables and secrets.

use crate::error::{Code, Error, Result};

/// Effective configuration. Secrets are in here: it is never printed.
#[derive(Clone, Default)]
pub struct Settings {
    /// Base URL of the Supabase project, without a trailing slash.
    pub supabase_url: String,
    /// The key that browsers may see.
    pub publishable_key: String,
    /// The Worker's own key: `sb_secret_…`, or a legacy service-role token.
    pub secret_key: String,
    /// Where the project publishes its signing keys.
    pub jwks_url: String,
    /// Expected issuer of access tokens.
    pub jwt_issuer: String,
    /// Shared signing secret of older projects.
    pub jwt_secret: Option<String>,
    /// Origins that may read answers in a browser; `*` for any.
    pub cors_origins: Vec<String>,
    /// Largest decompressed body in bytes.
    pub max_body_bytes: usize,
    /// `development`, `staging` or `production`.
    pub environment: String,
    /// Least seconds between two flushes of usage and stream state.
    pub flush_seconds: i64,
    /// Where this installation is reached, without a trailing slash; links in mails begin with it.
    pub public_url: String,
    /// Base URL of the mail service (Resend's API or one like it).
    pub resend_base_url: String,
    /// Its key; without one no mail is sent, and routes that need mail say so.
    pub resend_api_key: Option<String>,
    /// Sender of mails.
    pub mail_from: String,
    /// The one key of a single-tenant installation …
    pub default_api_key: Option<String>,
    /// … and the organisation it stands for.
    pub default_org_id: Option<uuid::Uuid>,
    /// `RATE_LIMITS=off` lifts the limits per key and organisation, not those on sign-up.
    pub rate_limits: bool,
    /// Key of the hashes that stand in place of redacted values.
    pub redaction_key: String,
    /// `sk_…`; without one nothing is sold.
    pub stripe_secret_key: Option<String>,
    /// Secrets of the webhook endpoint, the newest first; two while one is rotated.
    pub stripe_webhook_secrets: Vec<String>,
    /// Stripe's API, or in development something that plays it.
    pub stripe_api_url: String,
    /// Lets Stripe compute taxes.
    pub stripe_automatic_tax: bool,
    /// `PLAN_LIMITS=off` lifts allowances and limits of plans: for installations that sell nothing.
    pub plan_limits: bool,
    /// Opens `GET /metrics` to whoever sends it.
    pub metrics_token: Option<String>,
    /// Where a stream's outbox begins to degrade.
    pub outbox: crate::detect::pressure::Limits,
    /// Events a second in one object from which a stream is spread over more; 0 leaves that to people.
    pub split_events_per_second: u64,
    /// Enables the routes that panic on purpose. Never set outside tests.
    pub test_hooks: bool,
}

impl Settings {
    /// Reads every setting through `get`.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| {
            get(name)
                .map(|v| v.trim().to_owned())
                .filter(|v| !v.is_empty())
        };
        let supabase_url = text("SUPABASE_URL")
            .unwrap_or_default()
            .trim_end_matches('/')
            .to_owned();
        let auth = format!("{supabase_url}/auth/v1");
        Self {
            publishable_key: text("SUPABASE_PUBLISHABLE_KEY").unwrap_or_default(),
            secret_key: text("SUPABASE_SECRET_KEY").unwrap_or_default(),
            redaction_key: text("REDACTION_KEY")
                .or_else(|| text("SUPABASE_SECRET_KEY"))
                .unwrap_or_default(),
            jwks_url: text("SUPABASE_JWKS_URL")
                .unwrap_or_else(|| format!("{auth}/.well-known/jwks.json")),
            jwt_issuer: text("SUPABASE_JWT_ISSUER").unwrap_or(auth),
            jwt_secret: text("SUPABASE_JWT_SECRET"),
            cors_origins: text("CORS_ORIGINS")
                .map(|list| list.split(',').map(|o| o.trim().to_owned()).collect())
                .unwrap_or_default(),
            max_body_bytes: number(text("MAX_BODY_BYTES"), 8 << 20),
            environment: text("ENVIRONMENT").unwrap_or_else(|| "development".into()),
            metrics_token: text("METRICS_TOKEN").filter(|t| t.len() >= 16),
            outbox: {
                let limits = crate::detect::pressure::Limits::default();
                crate::detect::pressure::Limits {
                    slim: number(text("OUTBOX_SLIM"), limits.slim),
                    full: number(text("OUTBOX_FULL"), limits.full),
                }
            },
            flush_seconds: number(text("FLUSH_SECONDS"), 60),
            split_events_per_second: number(text("SPLIT_EVENTS_PER_SECOND"), 10_000),
            test_hooks: text("TEST_HOOKS").as_deref() == Some("1"),
            public_url: text("PUBLIC_URL")
                .unwrap_or_default()
                .trim_end_matches('/')
                .to_owned(),
            resend_base_url: text("RESEND_BASE_URL")
                .unwrap_or_else(|| "https://api.resend.com".into())
                .trim_end_matches('/')
                .to_owned(),
            resend_api_key: text("RESEND_API_KEY"),
            mail_from: text("MAIL_FROM")
                .unwrap_or_else(|| "Driftlock <no-reply@driftlock.test>".into()),
            // a short key could be guessed
            default_api_key: text("DEFAULT_API_KEY").filter(|k| k.len() >= 24),
            default_org_id: text("DEFAULT_ORG_ID").and_then(|t| uuid::Uuid::parse_str(&t).ok()),
            rate_limits: text("RATE_LIMITS").as_deref() != Some("off"),
            stripe_secret_key: text("STRIPE_SECRET_KEY"),
            stripe_webhook_secrets: text("STRIPE_WEBHOOK_SECRET")
                .map(|list| {
                    list.split(',')
                        .map(|s| s.trim().to_owned())
                        .filter(|s| s.len() >= 8)
                        .collect()
                })
                .unwrap_or_default(),
            // elsewhere than in development the key goes to Stripe and to nobody else
            stripe_api_url: text("STRIPE_API_URL")
                .filter(|_| text("ENVIRONMENT").is_none_or(|e| e == "development"))
                .unwrap_or_else(|| "https://api.stripe.com".into())
                .trim_end_matches('/')
                .to_owned(),
            stripe_automatic_tax: text("STRIPE_AUTOMATIC_TAX").as_deref() == Some("on"),
            plan_limits: text("PLAN_LIMITS").as_deref() != Some("off"),
            supabase_url,
        }
    }

    /// The service key, or a clear refusal where the deployment lacks it.
    pub fn require_database(&self) -> Result<()> {
        if self.supabase_url.is_empty() || self.secret_key.is_empty() {
            return Err(Error::new(
                Code::DependencyUnavailable,
                "SUPABASE_URL or SUPABASE_SECRET_KEY is not configured",
            ));
        }
        Ok(())
    }
}

fn number<T: std::str::FromStr>(text: Option<String>, default: T) -> T {
    text.and_then(|t| t.parse().ok()).unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn defaults_follow_the_project_url() {
        let s = Settings::read(|n| (n == "SUPABASE_URL").then(|| "https://p.supabase.co/".into()));
        assert_eq!(
            s.jwks_url,
            "https://p.supabase.co/auth/v1/.well-known/jwks.json"
        );
        assert_eq!(s.jwt_issuer, "https://p.supabase.co/auth/v1");
        assert_eq!((s.max_body_bytes, s.test_hooks), (8_388_608, false));
        assert!(s.require_database().is_err());
    }

    #[test]
    fn the_key_of_stripe_goes_to_stripe() {
        let with = |environment: &str| {
            let environment = environment.to_owned();
            Settings::read(move |n| match n {
                "ENVIRONMENT" => Some(environment.clone()),
                "STRIPE_API_URL" => Some("http://127.0.0.1:1/".into()),
                "STRIPE_WEBHOOK_SECRET" => Some("whsec_new, whsec_old,".into()),
                _ => None,
            })
        };
        assert_eq!(with("development").stripe_api_url, "http://127.0.0.1:1");
        assert_eq!(with("production").stripe_api_url, "https://api.stripe.com");
        assert_eq!(
            with("staging").stripe_webhook_secrets,
            ["whsec_new", "whsec_old"]
        );
    }
}
