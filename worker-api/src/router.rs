//! The whole HTTP surface at a glance: every route, who it is for, and what answers it.

use crate::anomalies;
use crate::audit;
use crate::auth::limits;
use crate::auth::principal::{Access, Principal, Role, Scope};
use crate::auth::wrong;
use crate::billing;
use crate::demo;
use crate::detect::name::ObjectName;
use crate::diagnostics;
use crate::error::{Code, Error, Result};
use crate::feedback;
use crate::http::rate_limit::Standing;
use crate::http::{Request, Response};
use crate::ingest;
use crate::ingest::otlp::answer::Signal;
use crate::ingest::time;
use crate::keys;
use crate::live;
use crate::members;
use crate::onboarding;
use crate::orgs;
use crate::platform::assets::{self, Page};
use crate::platform::{Ctx, download::Download, feed::Feed, objects};
use crate::streams;
use crate::usage;

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `GET /`
    Index,
    /// `GET /health`
    Health,
    /// `GET /readyz`
    Ready,
    /// `GET /metrics`
    Metrics,
    /// `GET /v1/version`
    Version,
    /// `GET /config.json`
    Config,
    /// `POST /v1/events`
    PostEvents,
    /// `POST /v1/logs`, `/v1/metrics`, `/v1/traces`
    PostOtlp(Signal),
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
    /// `GET /v1/streams/{id}`
    GetStream,
    /// `PATCH /v1/streams/{id}`
    PatchStream,
    /// `DELETE /v1/streams/{id}`
    DeleteStream,
    /// `GET /v1/config`
    EffectiveConfig,
    /// `GET /v1/keys`
    ListKeys,
    /// `POST /v1/keys`
    CreateKey,
    /// `POST /v1/keys/{id}/regenerate`
    RegenerateKey,
    /// `DELETE /v1/keys/{id}`
    RevokeKey,
    /// `GET /v1/members`
    ListMembers,
    /// `PATCH /v1/members/{id}`
    ChangeRole,
    /// `DELETE /v1/members/{id}`
    RemoveMember,
    /// `GET /v1/invitations`
    ListInvitations,
    /// `POST /v1/invitations`
    Invite,
    /// `DELETE /v1/invitations/{id}`
    RevokeInvitation,
    /// `GET /v1/invitations/accept`
    ShowInvitation,
    /// `POST /v1/invitations/accept`
    AcceptInvitation,
    /// `POST /v1/invitations/decline`
    DeclineInvitation,
    /// `GET /v1/organizations/deleted`
    DeletedOrganizations,
    /// `POST /v1/organizations`
    CreateOrganization,
    /// `POST /v1/organizations/{id}/restore`
    RestoreOrganization,
    /// `GET /v1/organization`
    GetOrganization,
    /// `PATCH /v1/organization`
    PatchOrganization,
    /// `GET /v1/organization/redaction`
    GetRedaction,
    /// `PUT /v1/organization/redaction`
    PutRedaction,
    /// `DELETE /v1/organization`
    DeleteOrganization,
    /// `GET /v1/organization/export`
    ExportOrganization,
    /// `POST /v1/organization/transfer`
    TransferOwnership,
    /// `GET /v1/audit`
    ListAudit,
    /// `GET /v1/audit/verify`
    VerifyAudit,
    /// `POST /v1/onboard/signup`
    SignUp,
    /// `GET /v1/onboard/verify`
    ShowVerify,
    /// `POST /v1/onboard/verify`
    Verify,
    /// `POST /v1/onboard/resend-verification`
    ResendVerification,
    /// `GET /v1/plans`
    ListPlans,
    /// `GET /v1/anomalies/{id}/feedback`
    GetFeedback,
    /// `POST /v1/anomalies/{id}/feedback`
    PostFeedback,
    /// `DELETE /v1/anomalies/{id}/feedback`
    DeleteFeedback,
    /// `GET /v1/streams/{id}/recent`
    RecentScores,
    /// `POST /v1/demo/detect`
    Demo,
    /// `GET /v1/me`
    Me,
    /// `POST /v1/_test/panic`
    Panic,
    /// `POST /v1/_test/panic-object`
    PanicObject,
    /// `POST /v1/_test/scheduled`
    Scheduled,
    /// `POST /v1/_test/clock?offset_ms=…`, or `?ms=…` for that of billing alone
    ShiftClock,
    /// `GET /v1/usage`
    Usage,
    /// `GET /v1/me/usage/details`
    UsageDetails,
    /// `GET /v1/billing/estimate`
    Estimate,
    /// `GET /v1/me/billing`
    Billing,
    /// `GET /v1/subscription`
    Subscription,
    /// `GET /v1/billing/invoices`
    Invoices,
    /// `PATCH /v1/billing/settings`
    BillingSettings,
    /// `POST /v1/billing/checkout`
    Checkout,
    /// `POST /v1/billing/portal`
    Portal,
    /// `POST /v1/billing/change`
    ChangePlan,
    /// `POST /v1/billing/change/preview`
    PreviewChange,
    /// `POST /stripe-webhook`
    StripeWebhook,
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
/// Looks at how the organisation is run.
const INSPECT: Access = Access::KeyOrPerson(Scope::Admin, Role::Viewer);
/// Runs the organisation. What concerns people (members, ownership, deletion) is for people alone: a leaked key must not
/// be able to take an organisation over.
const ADMIN: Access = Access::KeyOrPerson(Scope::Admin, Role::Admin);

/// Spends the organisation's money: people who run it, no key.
const PAY: Access = Access::Member(Role::Admin);

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
    route(
        "POST",
        "/v1/logs",
        Access::Key(Scope::Ingest),
        Endpoint::PostOtlp(Signal::Logs),
    ),
    route(
        "POST",
        "/v1/metrics",
        Access::Key(Scope::Ingest),
        Endpoint::PostOtlp(Signal::Metrics),
    ),
    route(
        "POST",
        "/v1/traces",
        Access::Key(Scope::Ingest),
        Endpoint::PostOtlp(Signal::Traces),
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
    route("GET", "/v1/streams/{id}", READ, Endpoint::GetStream),
    route("PATCH", "/v1/streams/{id}", ADMIN, Endpoint::PatchStream),
    route("DELETE", "/v1/streams/{id}", ADMIN, Endpoint::DeleteStream),
    route("GET", "/v1/config", READ, Endpoint::EffectiveConfig),
    route("GET", "/v1/keys", INSPECT, Endpoint::ListKeys),
    route("POST", "/v1/keys", ADMIN, Endpoint::CreateKey),
    route(
        "POST",
        "/v1/keys/{id}/regenerate",
        ADMIN,
        Endpoint::RegenerateKey,
    ),
    route("DELETE", "/v1/keys/{id}", ADMIN, Endpoint::RevokeKey),
    route("GET", "/v1/me/keys", INSPECT, Endpoint::ListKeys),
    route("POST", "/v1/me/keys/create", ADMIN, Endpoint::CreateKey),
    route(
        "POST",
        "/v1/me/keys/regenerate",
        ADMIN,
        Endpoint::RegenerateKey,
    ),
    route("POST", "/v1/me/keys/revoke", ADMIN, Endpoint::RevokeKey),
    route("GET", "/v1/members", INSPECT, Endpoint::ListMembers),
    route(
        "PATCH",
        "/v1/members/{id}",
        Access::Member(Role::Admin),
        Endpoint::ChangeRole,
    ),
    // the role is checked against whom is removed: everybody may leave
    route(
        "DELETE",
        "/v1/members/{id}",
        Access::Member(Role::Viewer),
        Endpoint::RemoveMember,
    ),
    route("GET", "/v1/invitations", ADMIN, Endpoint::ListInvitations),
    route(
        "POST",
        "/v1/invitations",
        Access::Member(Role::Admin),
        Endpoint::Invite,
    ),
    route(
        "DELETE",
        "/v1/invitations/{id}",
        Access::Member(Role::Admin),
        Endpoint::RevokeInvitation,
    ),
    route(
        "GET",
        "/v1/invitations/accept",
        Access::Public,
        Endpoint::ShowInvitation,
    ),
    route(
        "POST",
        "/v1/invitations/accept",
        Access::Public,
        Endpoint::AcceptInvitation,
    ),
    route(
        "POST",
        "/v1/invitations/decline",
        Access::Public,
        Endpoint::DeclineInvitation,
    ),
    route(
        "GET",
        "/v1/organizations/deleted",
        Access::Person,
        Endpoint::DeletedOrganizations,
    ),
    route(
        "POST",
        "/v1/organizations",
        Access::Person,
        Endpoint::CreateOrganization,
    ),
    route(
        "POST",
        "/v1/organizations/{id}/restore",
        Access::Person,
        Endpoint::RestoreOrganization,
    ),
    route(
        "GET",
        "/v1/organization",
        INSPECT,
        Endpoint::GetOrganization,
    ),
    route(
        "PATCH",
        "/v1/organization",
        ADMIN,
        Endpoint::PatchOrganization,
    ),
    route(
        "GET",
        "/v1/organization/redaction",
        INSPECT,
        Endpoint::GetRedaction,
    ),
    route(
        "PUT",
        "/v1/organization/redaction",
        ADMIN,
        Endpoint::PutRedaction,
    ),
    route(
        "DELETE",
        "/v1/organization",
        Access::Member(Role::Owner),
        Endpoint::DeleteOrganization,
    ),
    route(
        "GET",
        "/v1/organization/export",
        Access::Member(Role::Admin),
        Endpoint::ExportOrganization,
    ),
    route(
        "POST",
        "/v1/organization/transfer",
        Access::Member(Role::Owner),
        Endpoint::TransferOwnership,
    ),
    route("GET", "/v1/audit", ADMIN, Endpoint::ListAudit),
    route("GET", "/v1/audit/verify", ADMIN, Endpoint::VerifyAudit),
    route(
        "POST",
        "/v1/onboard/signup",
        Access::Public,
        Endpoint::SignUp,
    ),
    route(
        "GET",
        "/v1/onboard/verify",
        Access::Public,
        Endpoint::ShowVerify,
    ),
    route(
        "POST",
        "/v1/onboard/verify",
        Access::Public,
        Endpoint::Verify,
    ),
    route(
        "POST",
        "/v1/onboard/resend-verification",
        Access::Public,
        Endpoint::ResendVerification,
    ),
    route("GET", "/v1/plans", Access::Public, Endpoint::ListPlans),
    route(
        "GET",
        "/v1/anomalies/{id}/feedback",
        READ,
        Endpoint::GetFeedback,
    ),
    route(
        "POST",
        "/v1/anomalies/{id}/feedback",
        WRITE,
        Endpoint::PostFeedback,
    ),
    route(
        "DELETE",
        "/v1/anomalies/{id}/feedback",
        WRITE,
        Endpoint::DeleteFeedback,
    ),
    route(
        "GET",
        "/v1/streams/{id}/recent",
        READ,
        Endpoint::RecentScores,
    ),
    route("POST", "/v1/demo/detect", Access::Public, Endpoint::Demo),
    route("GET", "/v1/usage", READ, Endpoint::Usage),
    route("POST", "/v1/usage", READ, Endpoint::Usage),
    route("GET", "/usage", READ, Endpoint::Usage),
    route("POST", "/usage", READ, Endpoint::Usage),
    route("GET", "/v1/me/usage", READ, Endpoint::Usage),
    route("GET", "/v1/me/usage/details", READ, Endpoint::UsageDetails),
    route(
        "GET",
        "/v1/billing/estimate",
        Access::Public,
        Endpoint::Estimate,
    ),
    route("GET", "/v1/me/billing", READ, Endpoint::Billing),
    route("GET", "/v1/subscription", READ, Endpoint::Subscription),
    route("GET", "/subscription", READ, Endpoint::Subscription),
    route("GET", "/v1/billing/invoices", PAY, Endpoint::Invoices),
    route(
        "PATCH",
        "/v1/billing/settings",
        Access::Member(Role::Owner),
        Endpoint::BillingSettings,
    ),
    route("POST", "/v1/billing/checkout", PAY, Endpoint::Checkout),
    route("POST", "/v1/billing/portal", PAY, Endpoint::Portal),
    route("POST", "/v1/billing/change", PAY, Endpoint::ChangePlan),
    route(
        "POST",
        "/v1/billing/change/preview",
        PAY,
        Endpoint::PreviewChange,
    ),
    route(
        "POST",
        "/stripe-webhook",
        Access::Public,
        Endpoint::StripeWebhook,
    ),
    route(
        "POST",
        "/v1/billing/webhook",
        Access::Public,
        Endpoint::StripeWebhook,
    ),
    route("GET", "/v1/me", Access::Person, Endpoint::Me),
    route("GET", "/v1/version", Access::Public, Endpoint::Version),
    // its own token, not a tenant's credential
    route("GET", "/metrics", Access::Public, Endpoint::Metrics),
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
    route(
        "POST",
        "/v1/_test/scheduled",
        Access::Public,
        Endpoint::Scheduled,
    ),
    route(
        "POST",
        "/v1/_test/clock",
        Access::Public,
        Endpoint::ShiftClock,
    ),
];

/// An answer: in memory, or a feed that stays open.
pub enum Answer {
    /// In memory.
    Whole(Response),
    /// Server-sent events.
    Feed(Feed),
    /// A file that is written while it is read.
    Download(Download),
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

/// Answers a request whose body has been read. Wrong credentials are counted against the address they came from.
pub async fn dispatch(ctx: &Ctx, request: &Request, matched: &Matched<'_>) -> Result<Answer> {
    if matched.route.access != Access::Public {
        wrong::before(ctx, request).await?;
    }
    let answered = match matched.route.endpoint {
        Endpoint::PostEvents | Endpoint::PostOtlp(_) => for_principal(ctx, request, matched).await,
        // on the heap: as a part of this future all of it would be moved with every batch of events
        _ => Box::pin(answer(ctx, request, matched)).await,
    };
    match answered {
        Err(error) if error.code == Code::InvalidCredentials => {
            Err(wrong::after(ctx, request, error).await)
        }
        outcome => outcome,
    }
}

async fn answer(ctx: &Ctx, request: &Request, matched: &Matched<'_>) -> Result<Answer> {
    let Route {
        access, endpoint, ..
    } = *matched.route;
    // without an organisation there is no other limit than the person's own
    let standing = if access == Access::Person {
        limits::charge_person(ctx, request).await?
    } else {
        None
    };
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
        Endpoint::Metrics => diagnostics::metrics::get(ctx, request).await?,
        Endpoint::Version => diagnostics::version(ctx),
        Endpoint::Config => diagnostics::config(ctx),
        Endpoint::ListPlans => billing::plans::list(),
        Endpoint::Me => orgs::me(ctx, request).await?,
        Endpoint::CreateOrganization => orgs::settings::create(ctx, request).await?,
        Endpoint::RestoreOrganization => {
            orgs::settings::restore(ctx, request, matched.segment).await?
        }
        Endpoint::ShowInvitation => members::accept::show(ctx, request).await?,
        Endpoint::AcceptInvitation => members::accept::accept(ctx, request).await?,
        Endpoint::DeclineInvitation => members::accept::decline(ctx, request).await?,
        Endpoint::DeletedOrganizations => orgs::settings::deleted(ctx, request).await?,
        Endpoint::SignUp => onboarding::sign_up(ctx, request).await?,
        Endpoint::ShowVerify => onboarding::verify::show(request),
        Endpoint::Verify => onboarding::verify::verify(ctx, request).await?,
        Endpoint::ResendVerification => onboarding::resend(ctx, request).await?,
        Endpoint::Demo => demo::detect(ctx, request).await?,
        Endpoint::StripeWebhook => billing::webhook::receive(ctx, request).await?,
        Endpoint::Estimate => usage::estimate::get(request)?,
        Endpoint::ShiftClock if ctx.settings.test_hooks => {
            if let Some(ms) = request.param("offset_ms").and_then(|t| t.parse().ok()) {
                crate::platform::set_clock_offset(ms);
                return Ok(Answer::Whole(Response::json(200, &ctx.now_ms())));
            }
            let ms = request.param("ms").and_then(|t| t.parse().ok());
            crate::platform::shift_billing_clock(ms.unwrap_or(0));
            Response::json(200, &serde_json::json!({ "now": ctx.billing_now_ms() }))
        }
        Endpoint::ShiftClock => {
            return Err(Error::new(Code::UnknownRoute, "there is no such route"));
        }
        Endpoint::Scheduled
            if ctx.settings.test_hooks && request.param("job") == Some("billing") =>
        {
            Response::json(200, &billing::cycle::run(ctx).await)
        }
        Endpoint::Scheduled if ctx.settings.test_hooks => {
            // a test turns the clock
            let now = request.param("at").and_then(time::from_rfc3339);
            Response::json(
                200,
                &crate::hourly::run(ctx, now.unwrap_or_else(|| ctx.now_ms())).await,
            )
        }
        Endpoint::Scheduled => {
            return Err(Error::new(Code::UnknownRoute, "there is no such route"));
        }
        Endpoint::Panic if ctx.settings.test_hooks => panic!("deliberate panic in a handler"),
        Endpoint::Panic => return Err(Error::new(Code::UnknownRoute, "there is no such route")),
        _ => return for_principal(ctx, request, matched).await,
    };
    Ok(Answer::Whole(with_standing(whole, standing)))
}

/// Tells the caller how much they may still do.
fn with_standing(mut response: Response, standing: Option<Standing>) -> Response {
    if let Some(standing) = standing {
        response.headers.extend(standing.headers());
    }
    response
}

/// Answers on a route that asks for a credential. Whatever comes less often than events is on the heap here too.
async fn for_principal(ctx: &Ctx, request: &Request, matched: &Matched<'_>) -> Result<Answer> {
    let Route {
        access, endpoint, ..
    } = *matched.route;
    let principal = Principal::authenticate(ctx, request, access).await?;
    let standing = limits::charge(ctx, &principal).await?;
    let response = match endpoint {
        Endpoint::PostEvents => ingest::post_events::post(ctx, &principal, request).await,
        Endpoint::PostOtlp(signal) => ingest::otlp::post(ctx, &principal, request, signal).await,
        Endpoint::Feed => {
            let feed = Box::pin(live::sse::open(ctx, &principal, request, access)).await;
            return feed.map(Answer::Feed);
        }
        Endpoint::ExportOrganization => {
            let file = Box::pin(orgs::export::open(ctx, &principal, request)).await;
            return file.map(Answer::Download);
        }
        _ => Box::pin(data(ctx, &principal, request, endpoint, matched.segment)).await,
    };
    Ok(Answer::Whole(with_standing(response?, standing)))
}

async fn data(
    ctx: &Ctx,
    principal: &Principal,
    request: &Request,
    endpoint: Endpoint,
    segment: &str,
) -> Result<Response> {
    // what happens here is done by Stripe or a stream's object before the database could refuse it
    match endpoint {
        Endpoint::Checkout | Endpoint::Portal | Endpoint::ChangePlan => {
            principal.recheck(ctx, Role::Admin).await?;
        }
        Endpoint::PostFeedback | Endpoint::DeleteFeedback => {
            principal.recheck(ctx, Role::Member).await?;
        }
        _ => {}
    }
    match endpoint {
        Endpoint::ListAnomalies => anomalies::list::list(ctx, principal, request).await,
        Endpoint::PostAnomaly => anomalies::record::post(ctx, principal, request).await,
        Endpoint::GetAnomaly => anomalies::list::get(ctx, principal, segment).await,
        Endpoint::PatchStatus => anomalies::status::patch(ctx, principal, segment, request).await,
        Endpoint::GetFeedback => feedback::get(ctx, principal, segment).await,
        Endpoint::PostFeedback => feedback::post(ctx, principal, segment, request).await,
        Endpoint::DeleteFeedback => feedback::delete(ctx, principal, segment, request).await,
        Endpoint::RecentScores => streams::settings::recent(ctx, principal, segment).await,
        Endpoint::Delivery => streams::delivery(ctx, principal, request).await,
        Endpoint::ListStreams => streams::list(ctx, principal, request).await,
        Endpoint::GetStream => streams::settings::get(ctx, principal, segment).await,
        Endpoint::PatchStream => streams::settings::patch(ctx, principal, segment, request).await,
        Endpoint::DeleteStream => streams::settings::delete(ctx, principal, segment, request).await,
        Endpoint::EffectiveConfig => orgs::settings::config(ctx, principal).await,
        Endpoint::ListKeys => keys::list(ctx, principal).await,
        Endpoint::CreateKey => keys::create(ctx, principal, request).await,
        Endpoint::RegenerateKey => keys::regenerate(ctx, principal, segment, request).await,
        Endpoint::RevokeKey => keys::revoke(ctx, principal, segment, request).await,
        Endpoint::ListMembers => members::list(ctx, principal).await,
        Endpoint::ChangeRole => members::change_role(ctx, principal, segment, request).await,
        Endpoint::RemoveMember => members::remove(ctx, principal, segment, request).await,
        Endpoint::TransferOwnership => members::transfer(ctx, principal, request).await,
        Endpoint::ListInvitations => members::invitations::list(ctx, principal).await,
        Endpoint::Invite => members::invitations::invite(ctx, principal, request).await,
        Endpoint::RevokeInvitation => {
            members::invitations::revoke(ctx, principal, segment, request).await
        }
        Endpoint::GetOrganization => orgs::settings::get(ctx, principal).await,
        Endpoint::PatchOrganization => orgs::settings::patch(ctx, principal, request).await,
        Endpoint::GetRedaction => orgs::redaction::get(ctx, principal).await,
        Endpoint::PutRedaction => orgs::redaction::put(ctx, principal, request).await,
        Endpoint::DeleteOrganization => orgs::settings::delete(ctx, principal, request).await,
        Endpoint::Usage => usage::get(ctx, principal).await,
        Endpoint::UsageDetails => usage::details(ctx, principal, request).await,
        Endpoint::Billing => billing::account::me(ctx, principal).await,
        Endpoint::Subscription => billing::account::subscription(ctx, principal).await,
        Endpoint::Invoices => billing::account::invoices(ctx, principal, request).await,
        Endpoint::BillingSettings => billing::account::settings(ctx, principal, request).await,
        Endpoint::Checkout => billing::checkout::checkout(ctx, principal, request).await,
        Endpoint::Portal => billing::checkout::portal(ctx, principal, request).await,
        Endpoint::ChangePlan => billing::change::change(ctx, principal, request).await,
        Endpoint::PreviewChange => billing::change::preview(ctx, principal, request).await,
        Endpoint::ListAudit => audit::list(ctx, principal, request).await,
        Endpoint::VerifyAudit => audit::verify(ctx, principal).await,
        Endpoint::PanicObject if ctx.settings.test_hooks => {
            let stream = request.param("stream").unwrap_or("panic");
            let in_batch = request.param("in") == Some("batch");
            let name = ObjectName::first(principal.org, stream);
            objects::panic_object(ctx, &name, in_batch).await?;
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

    /// The table as the black-box tests read it. `UPDATE_ROUTES=1` writes it anew.
    #[test]
    fn the_exported_table_is_current() {
        let lines: Vec<String> = ROUTES.iter().map(|r| {
            format!("  {}", serde_json::json!({ "method": r.method, "path": r.path, "access": format!("{:?}", r.access) }))
        }).collect();
        let text = format!("[\n{}\n]\n", lines.join(",\n"));
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/routes.json");
        if std::env::var_os("UPDATE_ROUTES").is_some() {
            std::fs::write(file, &text).expect("writable");
        }
        assert_eq!(
            std::fs::read_to_string(file).expect("tests/fixtures/routes.json"),
            text,
            "run with UPDATE_ROUTES=1 and fill the matrix in tests/integration/tenants"
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
