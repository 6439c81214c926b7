//! `windowReport`, which brings all codecs with it: the package for Node has it, that for the browser does not.

use super::{given, object};
use crate::measures::{WindowOptions, window_report};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export type Codec = "zstd" | "deflate" | "lz4" | "columns";
export type Statistic = "ncd" | "delta_bits" | "compression_ratio" | "entropy";
/** How to measure a window; every part may be left out: zstd, ncd, 199 permutations, stop after 10 exceedances, 16 KiB a side, seed 1. */
export interface WindowOptions {
  codec?: Codec; statistic?: Statistic; permutations?: number; stop_after?: number; max_bytes?: number; seed?: number;
}
/** How a window compares with its baseline. Lengths are bytes. */
export interface Measures {
  codec: Codec; statistic: Statistic; compression_ratio_baseline: number; compression_ratio_window: number; delta_bits: number;
  entropy_baseline: number; entropy_window: number; ncd: number; p_value: number; permutations: number;
  bytes_baseline: number; bytes_window: number; events_baseline: number; events_window: number;
  compressed_baseline: number; compressed_window: number; compressed_combined: number; seed: number;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// A `WindowOptions` object.
    #[wasm_bindgen(typescript_type = "WindowOptions")]
    pub type JsWindowOptions;
    /// A `Measures` object.
    #[wasm_bindgen(typescript_type = "Measures")]
    pub type JsMeasures;
}

/// Measures `window` against `baseline`, the texts of events in time order. Takes tens of milliseconds where a permutation test is
/// asked for: call it from a worker.
#[wasm_bindgen(js_name = windowReport)]
pub fn window(
    baseline: Vec<String>,
    window: Vec<String>,
    options: Option<JsWindowOptions>,
) -> Result<JsMeasures, JsError> {
    let options: WindowOptions = given(options)?;
    let [baseline, window] =
        [&baseline, &window].map(|side| side.iter().map(|e| e.as_bytes()).collect::<Vec<_>>());
    Ok(object(&window_report(&baseline, &window, &options))?.unchecked_into())
}
