//! The whole HTTP surface at a glance: every route, who it is for, and what answers it.

use crate::anomalies;
use crate::auth::principal::{Access, Principal, Role, Scope};
use crate::detect::name::ObjectName;
use crate::diagnostics;
use crate::error::{Code, Error, Result};
use crate::http::{Request, Response};
use crate::ingest;
use crate::live;
use crate::orgs;
use crate::platform::assets::{self, Page};
use crate::platform::{Ctx, feed::Feed, objects};
use crate::streams;

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `GET /`
    Index,
    /// `GET /health`
    Health,
    /// `GET /readyz`
    Ready,
    /// `GET /v1/version`
    Version,
    /// `GET /config.json`
    Config,
    /// `POST /v1/events`
    PostEvents,
    /// `GET /v1/anomalies`
    ListAnomalies,
    /// `POST /v1/anomalies`
    PostAnomaly,
    /// `GET /v1/anomalies/{id}`
    GetAnomaly,
    /// `PATCH /v1/anomalies/{id}/status`
    PatchStatus,
    /// `GET /v1/stream/anomalies`
    Feed,
    /// `GET /v1/streams`
    ListStreams,
    /// `GET /v1/delivery`
    Delivery,
    /// `GET /v1/me`
    Me,
    /// `POST /v1/_test/panic`
    Panic,
    /// `POST /v1/_test/panic-object`
    PanicObject,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Method.
    pub method: &'static str,
    /// Path; `{…}` stands for one segment.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What answers.
    pub endpoint: Endpoint,
}

const READ: Access = Access::KeyOrPerson(Scope::Read, Role::Viewer);
const WRITE: Access = Access::KeyOrPerson(Scope::Write, Role::Member);

const fn route(
    method: &'static str,
    path: &'static str,
    access: Access,
    endpoint: Endpoint,
) -> Route {
    Route {
        method,
        path,
        access,
        endpoint,
    }
}

/// Every route.
pub const ROUTES: &[Route] = &[
    route(
        "POST",
        "/v1/events",
        Access::Key(Scope::Ingest),
        Endpoint::PostEvents,
    ),
    route("GET", "/v1/anomalies", READ, Endpoint::ListAnomalies),
    route("GET", "/anomalies", READ, Endpoint::ListAnomalies),
    route("POST", "/v1/anomalies", WRITE, Endpoint::PostAnomaly),
    route("POST", "/anomalies", WRITE, Endpoint::PostAnomaly),
    route("GET", "/v1/anomalies/{id}", READ, Endpoint::GetAnomaly),
    route(
        "PATCH",
        "/v1/anomalies/{id}/status",
        WRITE,
        Endpoint::PatchStatus,
    ),
    route("GET", "/v1/stream/anomalies", READ, Endpoint::Feed),
    route("GET", "/v1/streams", READ, Endpoint::ListStreams),
    route("GET", "/v1/delivery", READ, Endpoint::Delivery),
    route("GET", "/v1/me", Access::Person, Endpoint::Me),
    route("GET", "/v1/version", Access::Public, Endpoint::Version),
    route("GET", "/", Access::Public, Endpoint::Index),
    route("GET", "/health", Access::Public, Endpoint::Health),
    route("GET", "/healthz", Access::Public, Endpoint::Health),
    route("GET", "/readyz", Access::Public, Endpoint::Ready),
    route("GET", "/config.json", Access::Public, Endpoint::Config),
    route("POST", "/v1/_test/panic", Access::Public, Endpoint::Panic),
    route(
        "POST",
        "/v1/_test/panic-object",
        Access::Key(Scope::Ingest),
        Endpoint::PanicObject,
    ),
];

/// An answer: in memory, or a feed that stays open.
pub enum Answer {
    /// In memory.
    Whole(Response),
    /// Server-sent events.
    Feed(Feed),
    /// A file of the dashboard.
    Page(Page),
}

/// A matched route and the segments that `{…}` stood for.
#[derive(Debug)]
pub struct Matched<'p> {
    /// The row.
    pub route: &'static Route,
    /// The one variable segment, empty where the path has none.
    pub segment: &'p str,
}

/// Finds the route of a request; 404 for an unknown path, 405 naming the methods for a known one.
pub fn find<'p>(method: &str, path: &'p str) -> Result<Matched<'p>> {
    let mut methods = Vec::new();
    for route in ROUTES {
        let Some(segment) = match_path(route.path, path) else {
            continue;
        };
        if route.method == method || (method == "HEAD" && route.method == "GET") {
            return Ok(Matched { route, segment });
        }
        methods.push(route.method);
    }
    if methods.is_empty() {
        return Err(Error::new(Code::UnknownRoute, "there is no such route"));
    }
    Err(Error::new(
        Code::MethodNotAllowed,
        "the route does not take this method",
    )
    .field("method", methods.join(", ")))
}

/// The variable segment if `path` has the form of `pattern`.
fn match_path<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
    let Some((before, rest)) = pattern.split_once('{') else {
        return (pattern == path).then_some("");
    };
    let after = rest.split_once('}').map_or("", |(_, a)| a);
    let segment = path.strip_prefix(before)?.strip_suffix(after)?;
    (!segment.is_empty() && !segment.contains('/')).then_some(segment)
}

/// Answers a request whose body has been read.
pub async fn dispatch(ctx: &Ctx, request: &Request, matched: &Matched<'_>) -> Result<Answer> {
    let Route {
        access, endpoint, ..
    } = *matched.route;
    let whole = match endpoint {
        Endpoint::Index => {
            // people get the dashboard, programs get data
            if request
                .header("accept")
                .is_some_and(|a| a.contains("text/html"))
                && let Some(page) = assets::page(ctx, "/").await
            {
                return Ok(Answer::Page(page));
            }
            diagnostics::index()
        }
        Endpoint::Health => diagnostics::health(),
        Endpoint::Ready => diagnostics::ready(ctx).await,
        Endpoint::Version => diagnostics::version(ctx),
        Endpoint::Config => diagnostics::config(ctx),
        Endpoint::Me => orgs::me(ctx, request).await?,
        Endpoint::Panic if ctx.settings.test_hooks => panic!("deliberate panic in a handler"),
        Endpoint::Panic => return Err(Error::new(Code::UnknownRoute, "there is no such route")),
        _ => {
            let principal = Principal::authenticate(ctx, request, access).await?;
            if endpoint == Endpoint::Feed {
                return live::sse::open(ctx, &principal, request, access)
                    .await
                    .map(Answer::Feed);
            }
            for_principal(ctx, &principal, request, endpoint, matched.segment).await?
        }
    };
    Ok(Answer::Whole(whole))
}

async fn for_principal(
    ctx: &Ctx,
    principal: &Principal,
    request: &Request,
    endpoint: Endpoint,
    segment: &str,
) -> Result<Response> {
    match endpoint {
        Endpoint::PostEvents => ingest::post_events::post(ctx, principal, request).await,
        Endpoint::ListAnomalies => anomalies::list::list(ctx, principal, request).await,
        Endpoint::PostAnomaly => anomalies::record::post(ctx, principal, request).await,
        Endpoint::GetAnomaly => anomalies::list::get(ctx, principal, segment).await,
        Endpoint::PatchStatus => anomalies::status::patch(ctx, principal, segment, request).await,
        Endpoint::Delivery => streams::delivery(ctx, principal, request).await,
        Endpoint::ListStreams => streams::list(ctx, principal, request).await,
        Endpoint::PanicObject if ctx.settings.test_hooks => {
            let stream = request.param("stream").unwrap_or("panic");
            objects::panic_object(ctx, &ObjectName::first(principal.org, stream)).await?;
            Err(Error::internal("the object did not panic"))
        }
        _ => Err(Error::new(Code::UnknownRoute, "there is no such route")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (method, path, want) in [
            (
                "GET",
                "/v1/anomalies/abc",
                Some((Endpoint::GetAnomaly, "abc")),
            ),
            (
                "PATCH",
                "/v1/anomalies/abc/status",
                Some((Endpoint::PatchStatus, "abc")),
            ),
            ("HEAD", "/health", Some((Endpoint::Health, ""))),
            ("GET", "/v1/anomalies/", None),
            ("GET", "/v1/anomalies/a/b", None),
            ("GET", "/v1/events/", None),
            ("GET", "/v2/events", None),
        ] {
            let got = find(method, path)
                .ok()
                .map(|m| (m.route.endpoint, m.segment));
            assert_eq!(got, want, "{method} {path}");
        }
        assert_eq!(
            find("GET", "/v1/events").expect_err("method").code,
            Code::MethodNotAllowed
        );
    }

    #[test]
    fn routes_are_unique() {
        let mut seen: Vec<_> = ROUTES.iter().map(|r| (r.method, r.path)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), ROUTES.len());
    }
}
