// must show 1: every route of the Worker's table, for every kind of caller.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { before, test } from 'node:test';
import { makeApiKey } from '../../../scripts/lib/api-key.mjs';
import { differences } from '../support/contract.mjs';
import { api, eventually, figure, freshStream, ingest, url } from '../support/stack.mjs';
import { CALLERS, matrix } from './matrix.mjs';
import { admin, freshNetwork, newKey, newOrganization, newPerson } from './people.mjs';

const routes = JSON.parse(fs.readFileSync(new URL('../../fixtures/routes.json', import.meta.url), 'utf8'));
let rows;
let credentials;

async function keyWith(orgId, scopes, change = {}) {
  const { key, row } = makeApiKey({ orgId, name: 'matrix', scopes });
  await admin.insert('api_keys', { ...row, ...change });
  return key;
}

before(async () => {
  const owner = await newPerson('matrix-owner');
  const organization = await newOrganization(owner, 'Matrix');
  const elsewhere = await newPerson('matrix-elsewhere');
  const other = await newOrganization(elsewhere, 'Elsewhere');
  const people = { owner, 'owner elsewhere': elsewhere };
  for (const role of ['viewer', 'member', 'admin']) {
    people[role] = await newPerson(`matrix-${role}`);
    await admin.insert('members', { org_id: organization.id, user_id: people[role].id, role });
  }
  const long = '2020-01-01T00:00:00Z';
  credentials = {
    ...people,
    none: undefined,
    malformed: 'dlk_live_nonsense',
    expired: await keyWith(organization.id, ['admin'], { expires_at: long }),
    revoked: await keyWith(organization.id, ['admin'], { revoked_at: long }),
    'key elsewhere': await keyWith(other.id, ['admin']),
    'wrong scope': { ingest: await keyWith(organization.id, ['read']), other: await keyWith(organization.id, ['ingest']) },
  };
  const full = await newKey(owner, { name: 'full', scopes: ['ingest', 'read', 'write'] });
  const stream = freshStream('matrix');
  await ingest(full.secret, [{ stream, data: 'x' }]);
  const anomaly = await api('POST', '/v1/anomalies', { as: full.secret, json: { stream, event_type: 'log', severity: 'low' } });
  await eventually('stream and anomaly are known', async () => {
    const statuses = await Promise.all([`/v1/streams/${stream}`, `/v1/anomalies/${anomaly.body.id}`].map((path) => api('GET', path, { as: owner })));
    return statuses.every(({ status }) => status === 200);
  });
  const doomed = await newKey(owner, { name: 'doomed' });
  rows = matrix({ id: organization.id, anomaly: anomaly.body.id, stream, key: doomed.id, member: people.member.id });
});

/** Status and text, and what of them is not as documented: a live feed is not read to its end. */
async function answerOf(method, path, as, json) {
  const authorization = as && { authorization: `Bearer ${as.token ?? as}` };
  const abort = new AbortController();
  const headers = { ...freshNetwork(), ...authorization, ...(json && { 'content-type': 'application/json' }) };
  const response = await fetch(url + path, { method, headers, body: json && JSON.stringify(json), signal: abort.signal });
  const contentType = response.headers.get('content-type');
  const text = contentType?.startsWith('text/event-stream') ? '' : await response.text();
  abort.abort();
  const body = /json$/.test(contentType ?? '') ? JSON.parse(text) : text;
  return { status: response.status, text, undocumented: differences(method, path, { status: response.status, contentType, body }) };
}

test('every route has a row, and every row a route', () => {
  const table = routes.map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(table.filter((name) => !(name in rows)), [], 'routes without a row in matrix.mjs');
  assert.deepEqual(Object.keys(rows).filter((name) => !table.includes(name)), [], 'rows without a route');
});

test('must show 1: each route answers each caller as the matrix says', async (t) => {
  let asked = 0;
  const wrong = [];
  const unlike = new Set();
  for (const { method, path } of routes) {
    const row = rows[`${method} ${path}`];
    if (!row) continue;
    assert.equal(row.expect.length, CALLERS.length);
    for (const [i, caller] of CALLERS.entries()) {
      const known = credentials[caller];
      const as = caller === 'wrong scope' ? known[row.scope ?? 'other'] : known;
      const expected = row.only?.[caller] ?? row.expect[i];
      const { status, text, undocumented } = await answerOf(method, row.path ?? path, as, row.json);
      asked += 1;
      undocumented.forEach((difference) => unlike.add(difference));
      if (status !== expected) wrong.push(`${method} ${row.path ?? path} as ${caller}: ${status}, not ${expected}: ${text.slice(0, 160)}`);
    }
  }
  figure(t, `${routes.length} routes, ${asked} answers, ${unlike.size} of another shape than documented`);
  assert.deepEqual(wrong, []);
  assert.deepEqual([...unlike], [], 'answers that are not as docs/openapi.json says');
});
