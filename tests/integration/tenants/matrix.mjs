// Every route, and the status each kind of caller gets. tests/fixtures/routes.json is the Worker's own table of routes; a route
// without a row here fails matrix.test.mjs. A request that would change something is sent with a body that is refused after
// authorisation: its 400 then stands for "may".
//
// Columns, in this order:
export const CALLERS = ['none', 'malformed', 'expired', 'revoked', 'wrong scope', 'viewer', 'member', 'admin', 'owner', 'owner elsewhere', 'key elsewhere'];

const anyone = (status) => CALLERS.map(() => status);
const keys = (ok, elsewhere = ok) => [401, 401, 401, 401, 403, 403, 403, 403, 403, 403, elsewhere];
const read = (ok, elsewhere = ok) => [401, 401, 401, 401, 403, ok, ok, ok, ok, elsewhere, elsewhere];
const write = (ok, elsewhere = ok) => [401, 401, 401, 401, 403, 403, ok, ok, ok, elsewhere, elsewhere];
const run = (ok, elsewhere = ok) => [401, 401, 401, 401, 403, 403, 403, ok, ok, elsewhere, elsewhere];
// people alone: no key, whatever its scopes
const members = (ok, elsewhere = ok) => [401, 401, 401, 401, 403, ok, ok, ok, ok, elsewhere, 403];
const admins = (ok, elsewhere = ok) => [401, 401, 401, 401, 403, 403, 403, ok, ok, elsewhere, 403];
const owners = (ok, elsewhere = ok) => [401, 401, 401, 401, 403, 403, 403, 403, ok, elsewhere, 403];
// whoever signs in, in no organisation: a key is no sign-in
const people = (ok, elsewhere = ok) => [401, 401, 401, 401, 401, ok, ok, ok, ok, elsewhere, 401];

/**
 * `METHOD path` → {expect, path?, json?, scope?}. `path` replaces the `{…}` of the route with something of the first
 * organisation (from `own`); callers from elsewhere ask for the same. `scope` is what the "wrong scope" key lacks: it has
 * another one. A row of null is not called.
 */
export const matrix = (own) => ({
  'POST /v1/events': { expect: keys(200), json: [{ data: 'x' }], scope: 'ingest' },
  'POST /v1/logs': { expect: keys(200), json: {}, scope: 'ingest' },
  'POST /v1/metrics': { expect: keys(200), json: {}, scope: 'ingest' },
  'POST /v1/traces': { expect: keys(200), json: {}, scope: 'ingest' },
  'GET /v1/anomalies': { expect: read(200) },
  'GET /anomalies': { expect: read(200) },
  'POST /v1/anomalies': { expect: write(400), json: {} },
  'POST /anomalies': { expect: write(400), json: {} },
  'GET /v1/anomalies/{id}': { expect: read(200, 404), path: `/v1/anomalies/${own.anomaly}` },
  'PATCH /v1/anomalies/{id}/status': { expect: write(200, 404), path: `/v1/anomalies/${own.anomaly}/status`, json: { status: 'new' } },
  'GET /v1/stream/anomalies': { expect: read(200) },
  'GET /v1/streams': { expect: read(200) },
  'GET /v1/anomalies/{id}/feedback': { expect: read(200, 404), path: `/v1/anomalies/${own.anomaly}/feedback` },
  'POST /v1/anomalies/{id}/feedback': { expect: write(400, 400), path: `/v1/anomalies/${own.anomaly}/feedback`, json: { kind: 'perhaps' } },
  'DELETE /v1/anomalies/{id}/feedback': { expect: write(200, 404), path: `/v1/anomalies/${own.anomaly}/feedback` },
  'GET /v1/streams/{id}/recent': { expect: read(200, 404), path: `/v1/streams/${own.stream}/recent` },
  'GET /v1/streams/{id}': { expect: read(200, 404), path: `/v1/streams/${own.stream}` },
  'PATCH /v1/streams/{id}': { expect: run(200, 404), path: `/v1/streams/${own.stream}`, json: { sensitivity: 0.5 } },
  'DELETE /v1/streams/{id}': { expect: run(404), path: '/v1/streams/nobody-knows-it' },
  'GET /v1/delivery': { expect: read(400) },
  'GET /v1/config': { expect: read(200) },
  'GET /v1/keys': { expect: read(200) },
  'POST /v1/keys': { expect: run(400), json: {} },
  'POST /v1/keys/{id}/regenerate': { expect: run(400, 400), path: `/v1/keys/${own.key}/regenerate`, json: { overlap_seconds: -1 } },
  'DELETE /v1/keys/{id}': { expect: run(200, 404), path: `/v1/keys/${own.key}` },
  'GET /v1/me/keys': { expect: read(200) },
  'POST /v1/me/keys/create': { expect: run(400), json: {} },
  'POST /v1/me/keys/regenerate': { expect: run(404), json: { id: own.key } },
  'POST /v1/me/keys/revoke': { expect: run(200, 404), json: { id: own.key } },
  'GET /v1/members': { expect: read(200) },
  'PATCH /v1/members/{id}': { expect: admins(200, 404), path: `/v1/members/${own.member}`, json: { role: 'member' } },
  'DELETE /v1/members/{id}': { expect: members(404), path: '/v1/members/00000000-0000-4000-8000-00000000dead', only: { viewer: 403, member: 403 } },
  'GET /v1/invitations': { expect: run(200) },
  'POST /v1/invitations': { expect: admins(400), json: {} },
  'DELETE /v1/invitations/{id}': { expect: admins(404), path: '/v1/invitations/00000000-0000-4000-8000-00000000dead' },
  'GET /v1/invitations/accept': { expect: anyone(404) },
  'POST /v1/invitations/accept': { expect: anyone(400), json: {} },
  'POST /v1/invitations/decline': { expect: anyone(400), json: {} },
  'GET /v1/organizations/deleted': { expect: people(200) },
  'POST /v1/organizations': { expect: people(400), json: {} },
  'POST /v1/organizations/{id}/restore': { expect: people(404), path: `/v1/organizations/${own.id}/restore`, json: {} },
  'GET /v1/organization': { expect: read(200) },
  'PATCH /v1/organization': { expect: run(400), json: {} },
  'GET /v1/organization/redaction': { expect: read(200) },
  'PUT /v1/organization/redaction': { expect: run(400), json: {} },
  'DELETE /v1/organization': { expect: owners(400) },
  'GET /v1/organization/export': { expect: admins(200) },
  'POST /v1/organization/transfer': { expect: owners(400), json: {} },
  'GET /v1/audit': { expect: run(200) },
  'GET /v1/audit/verify': { expect: run(200) },
  'POST /v1/onboard/signup': { expect: anyone(400), json: {} },
  'GET /v1/onboard/verify': { expect: anyone(200) },
  'POST /v1/onboard/verify': { expect: anyone(400), json: {} },
  'POST /v1/onboard/resend-verification': { expect: anyone(400), json: {} },
  'POST /v1/demo/detect': { expect: anyone(400), json: 7 },
  'GET /v1/usage': { expect: read(200) },
  'GET /usage': { expect: read(200) },
  'GET /v1/me/usage': { expect: read(200) },
  'GET /v1/me/usage/details': { expect: read(200) },
  'GET /v1/me/billing': { expect: read(200) },
  'GET /v1/subscription': { expect: read(200) },
  'GET /subscription': { expect: read(200) },
  'GET /v1/billing/invoices': { expect: admins(200) },
  'GET /v1/billing/estimate': { expect: anyone(200) },
  'POST /v1/usage': { expect: read(200), json: {} },
  'POST /usage': { expect: read(200), json: {} },
  'POST /v1/billing/checkout': { expect: admins(400), json: {} },
  'POST /v1/billing/portal': { expect: admins(409), json: {} },
  'POST /v1/billing/change': { expect: admins(400), json: {} },
  'POST /v1/billing/change/preview': { expect: admins(400), json: {} },
  'PATCH /v1/billing/settings': { expect: owners(400), json: {} },
  'POST /stripe-webhook': { expect: anyone(400), json: {} },
  'POST /v1/billing/webhook': { expect: anyone(400), json: {} },
  'GET /v1/me': { expect: people(200) },
  'GET /v1/plans': { expect: anyone(200) },
  'GET /metrics': { expect: anyone(401) },
  'GET /v1/version': { expect: anyone(200) },
  'GET /': { expect: anyone(200) },
  'GET /health': { expect: anyone(200) },
  'GET /healthz': { expect: anyone(200) },
  'GET /readyz': { expect: anyone(200) },
  'GET /config.json': { expect: anyone(200) },
  'POST /v1/_test/panic': null,
  'POST /v1/_test/panic-object': null,
  'POST /v1/_test/scheduled': null,
  'POST /v1/_test/clock': null,
});
