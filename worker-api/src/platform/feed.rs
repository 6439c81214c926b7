//! A live feed: a hub's WebSocket on one side, a streaming response on the other, and a timer between.

use super::{Ctx, objects};
use crate::error::{Error, Result};
use futures_channel::mpsc::{UnboundedSender, unbounded};
use futures_util::future::{Either, select};
use futures_util::{FutureExt, StreamExt};
use std::pin::pin;
use std::time::Duration;
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use worker::{Delay, Response, ResponseBuilder, WebSocket, WebsocketEvent};

/// A feed whose events can be sent to a client.
pub struct Feed {
    response: Response,
}

impl Feed {
    /// The streaming response.
    pub fn into_response(self) -> Response {
        self.response
    }
}

/// Opens the feed of `org`. `encode` turns a hub frame into bytes for the client, or nothing where it is not for them;
/// `still_allowed` is asked at every ping.
pub async fn open<E, F, Fut>(
    ctx: &Ctx,
    org: Uuid,
    after: Option<u64>,
    ping_seconds: u64,
    encode: E,
    still_allowed: F,
) -> Result<Feed>
where
    E: Fn(&str) -> Option<String> + 'static,
    F: Fn() -> Fut + 'static,
    Fut: Future<Output = bool> + 'static,
{
    let socket = objects::subscribe(ctx, org, after).await?;
    socket.accept().map_err(Error::internal)?;
    let (sender, receiver) = unbounded::<Vec<u8>>();
    // an answer right away tells the client that it is connected
    let _ = sender.unbounded_send(b": connected\n\n".to_vec());
    spawn_local(async move {
        pump(&socket, &sender, ping_seconds, encode, still_allowed).await;
        let _ = socket.close(Some(1000), Some("done"));
    });
    let response = ResponseBuilder::new()
        .with_header("content-type", "text/event-stream")
        .and_then(|b| b.from_stream(receiver.map(Ok::<_, worker::Error>)))
        .map_err(Error::internal)?;
    Ok(Feed { response })
}

async fn pump<E, F, Fut>(
    socket: &WebSocket,
    sender: &UnboundedSender<Vec<u8>>,
    ping_seconds: u64,
    encode: E,
    still_allowed: F,
) where
    E: Fn(&str) -> Option<String>,
    F: Fn() -> Fut,
    Fut: Future<Output = bool>,
{
    let Ok(mut events) = socket.events() else {
        return;
    };
    let mut timer = pin!(Delay::from(Duration::from_secs(ping_seconds)).fuse());
    loop {
        let bytes = match select(events.next(), timer.as_mut()).await {
            Either::Left((Some(Ok(WebsocketEvent::Message(message))), _)) => {
                message.text().and_then(|t| encode(&t))
            }
            Either::Left(_) => return,
            Either::Right(_) => {
                if !still_allowed().await {
                    return;
                }
                timer.set(Delay::from(Duration::from_secs(ping_seconds)).fuse());
                Some(": ping\n\n".to_owned())
            }
        };
        // the receiver is gone when the client is
        if bytes.is_some_and(|b| sender.unbounded_send(b.into_bytes()).is_err()) {
            return;
        }
    }
}
