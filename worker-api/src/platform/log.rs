//! Structured log lines: what happened, never payload, credentials or personal data.

use serde_json::json;

/// Something failed that someone should look at.
pub fn error(event: &str, detail: &str) {
    emit("error", event, detail);
}
/// Something odd that heals by itself.
pub fn warn(event: &str, detail: &str) {
    emit("warn", event, detail);
}

#[cfg(target_arch = "wasm32")]
fn emit(level: &str, event: &str, detail: &str) {
    worker::console_log!(
        "{}",
        json!({ "level": level, "event": event, "detail": detail })
    );
}
#[cfg(not(target_arch = "wasm32"))]
fn emit(level: &str, event: &str, detail: &str) {
    eprintln!(
        "{}",
        json!({ "level": level, "event": event, "detail": detail })
    );
}
