// The list, its filters and cursor, one anomaly, and its status.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { a, api, assertProblem, eventually, freshStream, listAnomalies } from '../support/stack.mjs';

const stream = freshStream('listed');
const made = [];

before(async () => {
  for (let i = 0; i < 7; i += 1) {
    const answer = await api('POST', '/v1/anomalies', { as: a.keys.write, json: { stream, event_type: i % 2 ? 'metric' : 'log', severity: ['low', 'medium', 'high'][i % 3], metadata: { i } } });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    made.push(answer.body);
  }
  await eventually('all are listed', async () => (await listAnomalies(a.keys.read, { stream })).length === 7);
});

test('one found elsewhere is recorded as it was sent', () => {
  const { source, status, severity, event_type, metadata, repeats } = made[1];
  assert.deepEqual({ source, status, severity, event_type, metadata, repeats }, { source: 'api', status: 'new', severity: 'medium', event_type: 'metric', metadata: { i: 1 }, repeats: 1 });
});

test('the list is newest first and its pages join without gap or overlap', async () => {
  const ids = [];
  let cursor = '';
  do {
    const { body } = await api('GET', `/v1/anomalies?stream=${stream}&limit=3${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, { as: a.keys.read });
    assert.ok(body.anomalies.length <= 3);
    ids.push(...body.anomalies.map((anomaly) => anomaly.id));
    cursor = body.next_cursor;
  } while (cursor);
  assert.deepEqual(ids, made.map((anomaly) => anomaly.id).reverse());
});

test('filters pick what they say', async () => {
  const count = async (query) => (await listAnomalies(a.keys.read, { stream, ...query })).length;
  assert.equal(await count({ type: 'metric' }), 3);
  assert.equal(await count({ severity: 'high' }), 2);
  assert.equal(await count({ status: 'resolved' }), 0);
  assert.equal(await count({ from: '2100-01-01T00:00:00Z' }), 0);
  assert.equal(await count({ to: '2100-01-01T00:00:00Z' }), 7);
  assert.equal(await count({ min_score: '1' }), 0);
});

test('a cursor of one organisation is of no use to another', async () => {
  const { body } = await api('GET', `/v1/anomalies?stream=${stream}&limit=2`, { as: a.keys.read });
  const { b } = await import('../support/stack.mjs');
  assertProblem(await api('GET', `/v1/anomalies?cursor=${encodeURIComponent(body.next_cursor)}`, { as: b.keys.read }), 400, 'invalid_cursor');
});

test('a status moves along its way, and back to new, and nowhere else', async () => {
  const move = (status, as = a.keys.write) => api('PATCH', `/v1/anomalies/${made[0].id}/status`, { as, json: { status } });
  assertProblem(await move('resolved'), 409, 'invalid_transition');
  assert.equal((await move('acknowledged')).body.status, 'acknowledged');
  assert.equal((await move('resolved', { token: a.people.member.token })).body.status, 'resolved');
  assertProblem(await move('false_positive'), 409, 'invalid_transition');
  const reopened = await move('new', { token: a.people.admin.token });
  assert.equal(reopened.status, 200, JSON.stringify(reopened.body));
  assert.equal(reopened.body.status, 'new');
});

test('the old path is an alias', async () => {
  const { status, body } = await api('GET', `/anomalies?stream=${stream}`, { as: a.keys.read });
  assert.equal(status, 200);
  assert.equal(body.anomalies.length, 7);
});
