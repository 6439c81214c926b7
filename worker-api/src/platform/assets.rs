//! Files of the dashboard, from the Worker's assets binding.

use super::Ctx;
use worker::Response;

/// A file as the assets service answered it, with its own headers.
pub struct Page {
    response: Response,
}

impl Page {
    /// The answer.
    pub fn into_response(self) -> Response {
        self.response
    }
}

/// The file at `path`; `None` where this deployment serves no dashboard.
pub async fn page(ctx: &Ctx, path: &str) -> Option<Page> {
    let assets = ctx.env.assets("ASSETS").ok()?;
    let response = assets
        .fetch(format!("https://assets.local{path}"), None)
        .await
        .ok()?;
    (response.status_code() == 200).then_some(Page { response })
}
