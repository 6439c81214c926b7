// Answers that hold something, against docs/openapi.json. tests/integration/tenants/matrix.test.mjs asks every route, most of them
// of an organisation that has nothing yet.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { answerDifferences } from '../support/contract.mjs';
import { a, api, eventually, figure, freshStream, ingest, listAnomalies } from '../support/stack.mjs';

const owner = { token: a.people.owner.token };
const stream = freshStream('contract');
let asked = 0;

/** One request; its answer, which must be as documented and have this status. */
async function documented(method, path, options, status = 200) {
  const answer = await api(method, path, options);
  asked += 1;
  assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  assert.deepEqual(answerDifferences(method, path, answer), []);
  return answer.body;
}

const usual = (i) => ({ stream, data: { msg: `paid order ${8000 + i} in ${30 + (i % 17)} ms`, gateway: i % 3 ? 'north' : 'south' } });

before(async () => {
  await ingest(a.keys.full, Array.from({ length: 400 }, (_, i) => usual(i)));
  await ingest(a.keys.full, [{ stream, id: 'odd', group: 'one', timestamp: '2026-11-21T10:00:00Z', metadata: { host: 'h1' }, data: { msg: 'disk quota exceeded while writing /var/spool/ledger, giving up', gateway: 'unreachable' } }]);
  await eventually('the odd one is listed', async () => (await listAnomalies(a.keys.read, { stream })).length > 0);
});

test('events and what was found in them', async () => {
  await documented('POST', '/v1/events', { as: a.keys.full, json: [usual(500), { stream, timestamp: 'yesterday', data: 'x' }, { stream, data: 'segmentation fault at 0xdeadbeef, core dumped' }] });
  await documented('POST', '/v1/events', { as: a.keys.full, json: [usual(501)], headers: { prefer: 'respond-async' } }, 202);
  await documented('POST', '/v1/demo/detect', { json: [...Array.from({ length: 8 }, (_, i) => ({ data: usual(i).data })), { data: { msg: 'out of memory', gateway: 'none' } }] });
  for (const signal of ['logs', 'metrics', 'traces']) await documented('POST', `/v1/${signal}`, { as: a.keys.full, json: {} });
});

test('anomalies, with explanation, status and feedback', async () => {
  const { anomalies } = await documented('GET', `/v1/anomalies?stream=${stream}&limit=1`, { as: owner });
  const own = `/v1/anomalies/${anomalies[0].id}`;
  const detail = await documented('GET', own, { as: owner });
  assert.ok(detail.tokens?.length || detail.fields?.length, 'an explanation');
  await documented('PATCH', `${own}/status`, { as: owner, json: { status: 'acknowledged' } });
  await documented('PATCH', `${own}/status`, { as: owner, json: { status: 'perhaps' } }, 400);
  for (const [method, json] of [['GET'], ['POST', { kind: 'real' }], ['POST', { kind: 'expected' }], ['GET'], ['DELETE']]) await documented(method, `${own}/feedback`, { as: owner, json });
  const elsewhere = await documented('POST', '/v1/anomalies', { as: a.keys.write, json: { stream, event_type: 'log', severity: 'high', reason: 'rule R7', metadata: { rule: 'R7' } } }, 201);
  await eventually('it is known', async () => (await api('GET', `/v1/anomalies/${elsewhere.id}`, { as: owner })).status === 200);
  await documented('GET', `/v1/anomalies/${elsewhere.id}`, { as: owner });
  await documented('GET', `/v1/anomalies/${elsewhere.id}/feedback`, { as: owner });
});

test('streams', async () => {
  await eventually('the stream is listed', async () => (await api('GET', `/v1/streams/${stream}`, { as: owner })).status === 200);
  await documented('GET', '/v1/streams?limit=2', { as: owner });
  await documented('GET', `/v1/streams/${stream}/recent`, { as: owner });
  await documented('GET', `/v1/delivery?stream=${stream}`, { as: owner });
  await documented('PATCH', `/v1/streams/${stream}`, { as: owner, json: { sensitivity: 'balanced' } });
  await documented('PATCH', `/v1/streams/${stream}`, { as: owner, json: { sensitivity: null } });
});

test('keys, people, settings and the log of them', async () => {
  const key = await documented('POST', '/v1/keys', { as: owner, json: { name: 'contract', scopes: ['read'], stream_prefix: 'contract', expires_at: '2030-01-01T00:00:00Z' } }, 201);
  const next = await documented('POST', `/v1/keys/${key.id}/regenerate`, { as: owner, json: { overlap_seconds: 0 } }, 201);
  await documented('GET', '/v1/config', { as: next.secret });
  await documented('DELETE', `/v1/keys/${next.id}`, { as: owner });
  await documented('GET', '/v1/keys', { as: owner });
  const invitation = await documented('POST', '/v1/invitations', { as: owner, json: { email: `${stream}@guests.test`, role: 'viewer' } }, 201);
  await documented('GET', '/v1/invitations', { as: owner });
  await documented('DELETE', `/v1/invitations/${invitation.id}`, { as: owner }, 204);
  await documented('GET', '/v1/members', { as: owner });
  await documented('GET', '/v1/me', { as: owner });
  const { time_zone } = await documented('GET', '/v1/organization', { as: owner });
  await documented('PATCH', '/v1/organization', { as: owner, json: { time_zone } });
  await documented('GET', '/v1/organization/redaction', { as: owner });
  const { next_cursor } = await documented('GET', '/v1/audit?limit=2', { as: owner });
  await documented('GET', `/v1/audit?limit=200&cursor=${next_cursor}`, { as: owner });
  await documented('GET', '/v1/audit/verify', { as: owner });
});

test('usage, plans and prices', async (t) => {
  await eventually('usage is counted', async () => (await api('GET', '/v1/usage', { as: owner })).body.events > 0);
  for (const path of ['/v1/usage', '/v1/me/usage/details', '/v1/me/billing', '/v1/subscription', '/v1/plans', '/v1/billing/estimate?events=60000000&detections=70000', '/readyz', '/v1/version', '/config.json']) await documented('GET', path, { as: owner });
  figure(t, `${asked} answers`);
});
