//! A file that is written while it is read: nothing is prepared before the client asks for more.

use crate::error::{Error, Result};
use futures_util::{Stream, TryStreamExt};
use worker::{Response, ResponseBuilder};

/// A file on its way.
pub struct Download {
    response: Response,
}

impl Download {
    /// A file of `pieces`. One that fails cuts the answer short, which the client sees.
    pub fn open(
        media_type: &str,
        name: &str,
        pieces: impl Stream<Item = Result<Vec<u8>>> + 'static,
    ) -> Result<Self> {
        let pieces = pieces.map_err(|error| {
            super::log::error("download.cut_short", &error.to_string());
            worker::Error::RustError("the file was cut short".into())
        });
        let response = ResponseBuilder::new()
            .with_header("content-type", media_type)
            .and_then(|b| {
                b.with_header(
                    "content-disposition",
                    &format!("attachment; filename=\"{name}\""),
                )
            })
            .and_then(|b| b.from_stream(pieces))
            .map_err(Error::internal)?;
        Ok(Self { response })
    }

    /// The streaming response.
    pub fn into_response(self) -> Response {
        self.response
    }
}
