//! Anomalies: the list, one with its explanation, recording one found elsewhere, and the status of the work on them.

pub mod list;
pub mod record;
pub mod status;

use crate::auth::principal::Principal;
use crate::error::{Error, Result};
use crate::platform::Ctx;
use crate::platform::postgrest::Query;
use uuid::Uuid;

/// What a list shows, under the API's names.
const SUMMARY: &str = "id,stream,event_type,timestamp:event_timestamp,detected_at,score,p_value,p_method,q_value,severity,status,reason,\
    repeats,group:group_key,source,metadata";
/// What the detail shows beside that.
const EXPLANATION: &str = "event:event_text,event_format,tokens,fields,nearest,measures,witness,algorithm,seed,checkpoint,ncd_score,\
    glass_box_explanation,compression_baseline,compression_window,compression_combined,baseline_data,window_data,status_changed_at,\
    generation,seq";

/// A query on the caller's anomalies: with a person's own rights, or with the Worker's for an API key; always one organisation.
fn query(ctx: &Ctx, principal: &Principal) -> Query {
    let query = principal.query(ctx, "anomalies");
    query.eq("org_id", &principal.org.to_string())
}

/// An id from a path. What is not a UUID names nothing.
fn id(text: &str) -> Result<Uuid> {
    Uuid::parse_str(text).map_err(|_| Error::not_found("anomaly"))
}

/// Whether an API key bound to a stream prefix may see this stream.
fn visible(principal: &Principal, stream: &str) -> bool {
    principal
        .stream_prefix()
        .is_none_or(|p| stream.starts_with(p))
}
