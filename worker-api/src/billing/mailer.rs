//! Sends the mails that stand in `billing_mails`. The row's id is the idempotency key: a crash between sending and marking does
//! not make two.

use super::mails;
use crate::ingest::time;
use crate::platform::email::{self, Mail};
use crate::platform::{Ctx, log, postgrest};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

const BATCH: u32 = 50;
const LEASE_SECONDS: u32 = 60;
const ATTEMPTS: u32 = 12;

#[derive(Deserialize)]
struct Due {
    id: Uuid,
    recipient: String,
    kind: String,
    data: Value,
    attempts: u32,
}

/// Sends what is due; failures are tried again later. Nothing that waits for a mail fails with it.
pub async fn send_due(ctx: &Ctx) {
    if ctx.settings.resend_api_key.is_none() {
        return;
    }
    let now = time::to_rfc3339(ctx.billing_now_ms());
    let arguments = json!({ "p_now": now, "p_limit": BATCH, "p_seconds": LEASE_SECONDS });
    let due: Vec<Due> = match postgrest::call(ctx, "claim_billing_mails", &arguments).await {
        Ok(due) => due,
        Err(error) => return log::warn("billing.mails", &error.to_string()),
    };
    for mail in due {
        send(ctx, mail).await;
    }
}

async fn send(ctx: &Ctx, due: Due) {
    let now = ctx.billing_now_ms();
    let outcome = match mails::write(&due.kind, &due.data, &ctx.settings.public_url) {
        Some(letter) => {
            let key = format!("billing-{}", due.id);
            let mail = Mail {
                to: &due.recipient,
                subject: &letter.subject,
                text: &letter.text,
                idempotency_key: &key,
            };
            email::send_formatted(ctx, &mail, &letter.html)
                .await
                .map_err(|e| e.to_string())
        }
        None => Err("there is no such mail".into()),
    };
    let (state, cause) = match outcome {
        Ok(()) => ("sent", None),
        Err(cause) if due.attempts >= ATTEMPTS => ("dead", Some(cause)),
        Err(cause) => ("pending", Some(cause)),
    };
    let pause = (60_000_i64 << due.attempts.min(8)).min(3_600_000);
    let arguments = json!({ "p_id": due.id, "p_state": state, "p_cause": cause, "p_due": time::to_rfc3339(now + pause), "p_now": time::to_rfc3339(now) });
    if postgrest::rpc(ctx, "finish_billing_mail", &arguments)
        .await
        .is_err()
    {
        log::warn("billing.mails", "not marked; sent again with the same key");
    }
}
