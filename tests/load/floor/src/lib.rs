//! Floors for measuring: nothing, one row in a Durable Object, and the detector alone on lines of text.

use cbad::{Config, Detector, Event, Kind, Payload};
use std::cell::RefCell;
use worker::{
    Context, DurableObject, Env, Request, Response, Result, State, durable_object, event,
};

/// Lines that a detector gets in one go.
const BATCH: usize = 100;

thread_local!(static DETECTORS: RefCell<Vec<Box<Detector>>> = const { RefCell::new(Vec::new()) });

#[event(fetch)]
async fn fetch(mut request: Request, env: Env, _context: Context) -> Result<Response> {
    match request.path().as_str() {
        "/insert" => {
            let stub = env.durable_object("ROWS")?.get_by_name("one")?;
            stub.fetch_with_request(request).await
        }
        "/detect" => detect(&request.text().await?, 1),
        "/detect/50" => detect(&request.text().await?, 50),
        _ => Response::ok("ok"),
    }
}

/// Scores lines, batch by batch, with so many detectors in turn.
fn detect(text: &str, count: usize) -> Result<Response> {
    let lines: Vec<&str> = text.lines().collect();
    let anomalies: usize = DETECTORS.with_borrow_mut(|detectors| {
        while detectors.len() < count {
            detectors.push(Box::new(Detector::new(Config::default())));
        }
        let batches = lines.chunks(BATCH).map(|batch| {
            // the first of the detectors takes the batch, and goes to their end
            detectors[..count].rotate_left(1);
            let detector = &mut detectors[count - 1];
            let verdicts = batch.iter().map(|line| {
                detector.observe(&Event {
                    kind: Kind::Log,
                    timestamp_ms: None,
                    group: None,
                    payload: Payload::Text(line),
                })
            });
            verdicts.filter(|v| v.anomaly).count()
        });
        batches.sum()
    });
    Response::ok(anomalies.to_string())
}

/// A table of bodies.
#[durable_object]
pub struct Rows {
    state: State,
}

impl DurableObject for Rows {
    fn new(state: State, _env: Env) -> Self {
        let sql = state.storage().sql();
        let _ = sql.exec(
            "CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, body TEXT)",
            None,
        );
        Self { state }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let body = request.text().await?;
        self.state
            .storage()
            .sql()
            .exec("INSERT INTO rows (body) VALUES (?)", vec![body.into()])?;
        Response::ok("ok")
    }
}
