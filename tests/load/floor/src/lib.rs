//! Floors for measuring: nothing, one row in a Durable Object, and the detector alone on lines of text.

use cbad::{Config, Detector, Event, Kind, Payload};
use std::cell::RefCell;
use worker::{Context, DurableObject, Env, Request, Response, Result, State, durable_object, event};

thread_local!(static DETECTOR: RefCell<Option<Detector>> = const { RefCell::new(None) });

#[event(fetch)]
async fn fetch(mut request: Request, env: Env, _context: Context) -> Result<Response> {
    match request.path().as_str() {
        "/insert" => {
            let stub = env.durable_object("ROWS")?.get_by_name("one")?;
            stub.fetch_with_request(request).await
        }
        "/detect" => {
            let text = request.text().await?;
            let anomalies = DETECTOR.with_borrow_mut(|slot| {
                let detector = slot.get_or_insert_with(|| Detector::new(Config::default()));
                let verdicts = text.lines().map(|line| {
                    detector.observe(&Event {
                        kind: Kind::Log,
                        timestamp_ms: None,
                        group: None,
                        payload: Payload::Text(line),
                    })
                });
                verdicts.filter(|v| v.anomaly).count()
            });
            Response::ok(anomalies.to_string())
        }
        _ => Response::ok("ok"),
    }
}

/// A table of bodies.
#[durable_object]
pub struct Rows {
    state: State,
}

impl DurableObject for Rows {
    fn new(state: State, _env: Env) -> Self {
        let sql = state.storage().sql();
        let _ = sql.exec("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, body TEXT)", None);
        Self { state }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let body = request.text().await?;
        self.state.storage().sql().exec("INSERT INTO rows (body) VALUES (?)", vec![body.into()])?;
        Response::ok("ok")
    }
}
