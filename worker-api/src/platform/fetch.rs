//! Outgoing requests with a time limit.

use crate::error::{Code, Error, Result};
use futures_util::future::{Either, select};
use std::pin::pin;
use std::time::Duration;
use worker::{Delay, Fetch, Method, Request, RequestInit};

/// How long a dependency may take to answer.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Runs `work`, giving up after `limit`.
pub async fn within<T>(limit: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    match select(pin!(work), pin!(Delay::from(limit))).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => Err(Error::new(
            Code::DependencyUnavailable,
            "a dependency did not answer in time",
        )),
    }
}

/// Waits.
pub async fn pause(time: Duration) {
    Delay::from(time).await;
}

/// Sends JSON; gives the status and what was answered (null where it is not JSON).
pub async fn send_json(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: &serde_json::Value,
) -> Result<(u16, serde_json::Value)> {
    let unavailable = |_| {
        Error::new(
            Code::DependencyUnavailable,
            "a dependency cannot be reached",
        )
    };
    within(TIMEOUT, async {
        let mut init = RequestInit::new();
        init.with_method(method);
        init.headers
            .set("content-type", "application/json")
            .map_err(Error::internal)?;
        for (name, value) in headers {
            init.headers.set(name, value).map_err(Error::internal)?;
        }
        if !body.is_null() {
            init.with_body(Some(body.to_string().into()));
        }
        let request = Request::new_with_init(url, &init).map_err(Error::internal)?;
        let mut response = Fetch::Request(request).send().await.map_err(unavailable)?;
        let text = response.text().await.map_err(unavailable)?;
        Ok((
            response.status_code(),
            serde_json::from_str(&text).unwrap_or_default(),
        ))
    })
    .await
}

/// Fetches a JSON document.
pub async fn get_json(url: &str) -> Result<serde_json::Value> {
    let unavailable = |_| {
        Error::new(
            Code::DependencyUnavailable,
            "a dependency cannot be reached",
        )
    };
    within(TIMEOUT, async {
        let url = url.parse().map_err(Error::internal)?;
        let mut response = Fetch::Url(url).send().await.map_err(unavailable)?;
        if response.status_code() != 200 {
            return Err(Error::new(
                Code::DependencyUnavailable,
                format!("a dependency answered {}", response.status_code()),
            ));
        }
        let text = response.text().await.map_err(unavailable)?;
        serde_json::from_str(&text).map_err(|_| {
            Error::new(
                Code::DependencyUnavailable,
                "a dependency did not answer JSON",
            )
        })
    })
    .await
}
