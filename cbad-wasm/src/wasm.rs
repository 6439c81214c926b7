//! The browser and Node package: the same detector behind a typed TypeScript interface, without logic of its own.

#[cfg(feature = "wasm-window")]
mod window;

use crate::event::{Event, Kind, Payload};
use crate::{Config, Detector};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use js_sys::JSON;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export type Kind = "log" | "metric" | "trace" | "llm";
/** Bounds on what a detector holds: slots of the count table as a power of two, calibration scores, bytes of recent text, open groups. */
export interface Memory { table_bits?: number; scores?: number; recent_bytes?: number; open_groups?: number }
/** Every part may be left out; the default is the configuration all figures are measured with. */
export interface Config { seed?: number; sensitivity?: number; warmup?: "auto" | { events: number }; memory?: Memory }
/** `data` is text, or a record that is read as JSON; `json` in its place is a record's JSON text, taken byte for byte. */
export interface Event { data?: unknown; json?: string; type?: Kind; timestampMs?: number; group?: string }
export interface Expected { text: string; count: number }
export interface TokenBits { text: string; start: number; end: number; bits: number; expected?: Expected[] }
export interface FieldBits { path: string; bits: number; text: string; expected?: Expected[] }
export interface Verdict {
  index: number; score: number; p_value: number; p_method: "rank" | "tail"; q_value: number; anomaly: boolean;
  severity?: "low" | "medium" | "high"; state: "learning" | "ready" | "drifting"; repeat_of?: number; reason?: string;
  tokens?: TokenBits[]; fields?: FieldBits[]; nearest?: string; witness?: string; algorithm?: string; seed?: number;
  checkpoint?: string; evidence?: Record<string, number>;
}
/** One number of a series, with what was expected in its place; `here`: the anomaly's own. */
export interface CoursePoint { at_ms: number | null; value: number; expected: number; lo: number; hi: number; bits: number; here: boolean }
/** A series before a metric anomaly, oldest first, the anomaly's own point last. */
export interface Course { path: string; counter: boolean; points: CoursePoint[] }
export interface GroupVerdict {
  group: string; score: number; p_value: number; p_method: "rank" | "tail"; q_value: number; anomaly: boolean;
  severity?: "low" | "medium" | "high"; state: "learning" | "ready" | "drifting"; events: number; last_index: number; reason?: string;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// A `Config` object.
    #[wasm_bindgen(typescript_type = "Config")]
    pub type JsConfig;
    /// An `Event` object.
    #[wasm_bindgen(typescript_type = "Event")]
    pub type JsEvent;
    /// A `Verdict` object.
    #[wasm_bindgen(typescript_type = "Verdict")]
    pub type JsVerdict;
    /// A `GroupVerdict` object, or undefined.
    #[wasm_bindgen(typescript_type = "GroupVerdict | undefined")]
    pub type JsGroupVerdict;
    /// Courses, the most surprising first.
    #[wasm_bindgen(typescript_type = "Course[]")]
    pub type JsCourses;
}

struct Given {
    kind: Kind,
    timestamp_ms: Option<i64>,
    group: Option<String>,
}

/// An event with the text it owns.
struct Owned {
    given: Given,
    text: String,
    json: bool,
}

impl Owned {
    fn read(event: &JsEvent) -> Result<Owned, JsError> {
        let part = |name: &str| {
            js_sys::Reflect::get(event, &name.into())
                .map_err(|_| JsError::new("the event is not an object"))
        };
        let given = Given {
            kind: match part("type")?.as_string() {
                None => Kind::default(),
                Some(name) => serde_json::from_value(name.into())?,
            },
            timestamp_ms: part("timestampMs")?.as_f64().map(|ms| ms as i64),
            group: part("group")?.as_string(),
        };
        if let Some(text) = part("json")?.as_string() {
            return Ok(Owned {
                given,
                text,
                json: true,
            });
        }
        let data = part("data")?;
        let (text, json) = match data.as_string() {
            Some(text) => (text, false),
            None => (
                JSON::stringify(&data)
                    .ok()
                    .and_then(|text| text.as_string())
                    .ok_or_else(|| JsError::new("the event has no data that is text or JSON"))?,
                true,
            ),
        };
        Ok(Owned { given, text, json })
    }

    fn event(&self) -> Event<'_> {
        let payload = if self.json {
            Payload::Json(&self.text)
        } else {
            Payload::Text(&self.text)
        };
        Event {
            kind: self.given.kind,
            timestamp_ms: self.given.timestamp_ms,
            group: self.given.group.as_deref(),
            payload,
        }
    }
}

fn object(value: &impl Serialize) -> Result<JsValue, JsError> {
    let text = serde_json::to_string(value)?;
    JSON::parse(&text).map_err(|_| JsError::new("the verdict is not JSON"))
}

/// What an object given says, or the default.
fn given<T: Default + DeserializeOwned>(
    options: Option<impl AsRef<JsValue>>,
) -> Result<T, JsError> {
    let options = options.as_ref().map(AsRef::as_ref);
    match options.filter(|o| !o.is_undefined() && !o.is_null()) {
        Some(o) => {
            let text = JSON::stringify(o).map_err(|_| JsError::new("the options are not JSON"))?;
            Ok(serde_json::from_str(&String::from(text))?)
        }
        None => Ok(T::default()),
    }
}

/// A streaming anomaly detector.
#[wasm_bindgen(js_name = Detector)]
pub struct JsDetector(Detector);

#[wasm_bindgen(js_class = Detector)]
impl JsDetector {
    /// A detector that has seen nothing.
    #[wasm_bindgen(constructor)]
    pub fn new(config: Option<JsConfig>) -> Result<JsDetector, JsError> {
        let config: Config = given(config)?;
        Ok(JsDetector(Detector::new(config)))
    }

    /// The detector of a snapshot.
    pub fn restore(bytes: &[u8]) -> Result<JsDetector, JsError> {
        Ok(JsDetector(Detector::restore(bytes)?))
    }

    /// Scores an event, then learns it where that is safe.
    pub fn observe(&mut self, event: &JsEvent) -> Result<JsVerdict, JsError> {
        Ok(object(&self.0.observe(&Owned::read(event)?.event()))?.unchecked_into())
    }

    /// What would be said of an event, explained; nothing is learnt.
    pub fn explain(&self, event: &JsEvent) -> Result<JsVerdict, JsError> {
        Ok(object(&self.0.explain(&Owned::read(event)?.event()))?.unchecked_into())
    }

    /// Closes a group; undefined if it is not open.
    #[wasm_bindgen(js_name = closeGroup)]
    pub fn close_group(&mut self, group: &str) -> Result<JsGroupVerdict, JsError> {
        match self.0.close_group(group) {
            Some(verdict) => Ok(object(&verdict)?.unchecked_into()),
            None => Ok(JsValue::UNDEFINED.unchecked_into()),
        }
    }

    /// The whole state, for `Detector.restore`.
    pub fn snapshot(&self) -> Vec<u8> {
        self.0.snapshot()
    }

    /// Changes how readily alarms are raised.
    #[wasm_bindgen(js_name = setSensitivity)]
    pub fn set_sensitivity(&mut self, sensitivity: f64) {
        self.0.set_sensitivity(sensitivity);
    }

    /// Events observed.
    #[wasm_bindgen(getter, js_name = eventsSeen)]
    pub fn events_seen(&self) -> f64 {
        self.0.events_seen() as f64
    }
}

/// Recomputes an anomaly's verdict from the event and its witness (base64) alone.
#[wasm_bindgen]
pub fn replay(event: &JsEvent, witness: &str) -> Result<JsVerdict, JsError> {
    let verdict = crate::replay(&Owned::read(event)?.event(), &decode(witness)?)?;
    Ok(object(&verdict)?.unchecked_into())
}

/// What a metric anomaly's series did before it, with the band that was expected; empty for other events.
#[wasm_bindgen]
pub fn course(event: &JsEvent, witness: &str) -> Result<JsCourses, JsError> {
    let courses = crate::course(&Owned::read(event)?.event(), &decode(witness)?)?;
    Ok(object(&courses)?.unchecked_into())
}

fn decode(witness: &str) -> Result<Vec<u8>, JsError> {
    BASE64
        .decode(witness)
        .map_err(|_| JsError::new("the witness is not base64"))
}
