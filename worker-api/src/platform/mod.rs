//! The only place, beside the entry file and the Durable Objects, that knows the runtime: time, randomness, network, storage.

pub mod assets;
pub mod crypto;
pub mod feed;
pub mod fetch;
pub mod log;
pub mod objects;
pub mod postgrest;
pub mod random;
pub mod request;
pub mod storage;

use crate::config::Settings;
use std::rc::Rc;
use worker::Env;

/// What a handler has at hand: bindings, settings and the id of the request.
#[derive(Clone)]
pub struct Ctx {
    /// Bindings of the Worker.
    pub(crate) env: Env,
    /// Effective settings.
    pub settings: Rc<Settings>,
    /// Identifies the request in answers and log lines.
    pub request_id: Rc<str>,
}

impl Ctx {
    /// The context of one request, or of an object's life.
    pub fn new(env: Env, request_id: &str) -> Self {
        let settings = Settings::read(|name| {
            let value = env.var(name).map(|v| v.to_string());
            value
                .or_else(|_| env.secret(name).map(|v| v.to_string()))
                .ok()
        });
        Self {
            env,
            settings: Rc::new(settings),
            request_id: request_id.into(),
        }
    }

    /// Milliseconds since the Unix epoch. In production it stands still during computation.
    pub fn now_ms(&self) -> i64 {
        now_ms()
    }
}

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> i64 {
    worker::Date::now().as_millis() as i64
}
