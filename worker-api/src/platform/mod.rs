//! The only place, beside the entry file and the Durable Objects, that knows the runtime: time, randomness, network, storage.

pub mod assets;
pub mod crypto;
pub mod download;
pub mod email;
pub mod feed;
pub mod fetch;
pub mod identity;
pub mod log;
pub mod metrics;
pub mod objects;
pub mod postgrest;
pub mod queue;
pub mod random;
pub mod request;
pub mod storage;
pub mod stripe;
pub mod task;

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
    /// Keeps work alive after the answer; none inside an object.
    pub(crate) context: Option<Rc<worker::Context>>,
}

/// The settings, read from the bindings by the first request or object of an isolate: an isolate's bindings never change.
fn settings(env: &Env) -> Rc<Settings> {
    thread_local!(static SETTINGS: std::cell::OnceCell<Rc<Settings>> = const { std::cell::OnceCell::new() });
    SETTINGS.with(|settings| {
        let read = || {
            Rc::new(Settings::read(|name| {
                let value = env.var(name).map(|v| v.to_string());
                value
                    .or_else(|_| env.secret(name).map(|v| v.to_string()))
                    .ok()
            }))
        };
        settings.get_or_init(read).clone()
    })
}

impl Ctx {
    /// The context of one request, or of an object's life.
    pub fn new(env: Env, request_id: &str) -> Self {
        Self {
            settings: settings(&env),
            env,
            request_id: request_id.into(),
            context: None,
        }
    }

    /// The context of a request, with which work can go on after the answer.
    #[must_use]
    pub fn with_context(self, context: worker::Context) -> Self {
        Self {
            context: Some(Rc::new(context)),
            ..self
        }
    }

    /// Where this installation is reached. Only in development may the request itself say: elsewhere a forged `Host` would end
    /// up in people's mail.
    pub fn public_url(&self, request: &crate::http::Request) -> crate::error::Result<String> {
        if !self.settings.public_url.is_empty() {
            return Ok(self.settings.public_url.clone());
        }
        match request.header("host") {
            Some(host) if self.settings.environment == "development" => {
                Ok(format!("http://{host}"))
            }
            _ => Err(crate::error::Error::new(
                crate::error::Code::DependencyUnavailable,
                "PUBLIC_URL is not configured",
            )),
        }
    }

    /// Runs `work` after the answer. The caller cannot tell from the time taken whether there was any.
    pub fn after_answer(&self, work: impl Future<Output = ()> + 'static) {
        match &self.context {
            Some(context) => context.wait_until(work),
            None => wasm_bindgen_futures::spawn_local(work),
        }
    }

    /// The time that trials, periods and grace are measured by: the same as [`Ctx::now_ms`], which tests can move.
    pub fn billing_now_ms(&self) -> i64 {
        now_ms() + SHIFT_MS.get()
    }

    /// Milliseconds since the Unix epoch. In production it stands still during computation.
    pub fn now_ms(&self) -> i64 {
        now_ms()
    }
}

thread_local!(static SHIFT_MS: std::cell::Cell<i64> = const { std::cell::Cell::new(0) });

/// Moves the clock of billing in this isolate. Only reachable with the test hooks on.
pub fn shift_billing_clock(ms: i64) {
    SHIFT_MS.set(ms);
}

thread_local!(static CLOCK_OFFSET_MS: std::cell::Cell<i64> = const { std::cell::Cell::new(0) });

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> i64 {
    runtime_ms() + CLOCK_OFFSET_MS.get()
}

/// The runtime's own time, which [`set_clock_offset`] does not move.
fn runtime_ms() -> i64 {
    // worker::Date makes an object of it first
    js_sys::Date::now() as i64
}

/// The runtime's own time when [`now_ms`] is `at_ms`: what alarms are set by.
pub fn alarm_ms(at_ms: i64) -> i64 {
    at_ms - CLOCK_OFFSET_MS.get()
}

/// Sets the clock of this isolate off. Tests do, through a route that only test hooks open.
pub fn set_clock_offset(offset_ms: i64) {
    CLOCK_OFFSET_MS.set(offset_ms);
}
