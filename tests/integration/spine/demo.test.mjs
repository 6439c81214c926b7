// POST /v1/demo/detect: the detector's opinion of a few events, without an account.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { a, api, assertProblem, figure, listAnomalies } from '../support/stack.mjs';
import { freshNetwork } from '../tenants/people.mjs';

const ordinary = (i) => ({ data: `payment captured order=${8100 + i} gateway=stripe took=${200 + i * 7}ms` });
const detect = (json, headers = freshNetwork()) => api('POST', '/v1/demo/detect', { json, headers });

test('the demo finds the odd event among fifty, without a key, and stores nothing', async (t) => {
  const before = (await listAnomalies(a.keys.read)).length;
  const events = Array.from({ length: 50 }, (_, i) => (i === 23 ? { data: 'table orders dropped by root' } : ordinary(i)));
  const { status, body, ms } = await detect(events);
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.accepted, 50);
  assert.deepEqual(body.events.filter((event) => event.anomaly).map((event) => event.index), [23]);
  assert.equal(body.events[0].index, 23, 'dearest first');
  assert.match(body.events[0].reason, /.+/);
  for (const { text, start, end } of body.events[0].tokens) assert.equal(events[23].data.slice(start, end), text);
  assert.equal((await listAnomalies(a.keys.read)).length, before);
  figure(t, `${body.events[0].bits.toFixed(0)} bits against the usual ${body.usual_bits.toFixed(0)}, in ${Math.round(ms)} ms`);
});

test('the demo refuses what is too much or no event at all', async () => {
  assertProblem(await detect(Array.from({ length: 51 }, (_, i) => ordinary(i))), 413, 'too_many_events');
  assertProblem(await detect([{ data: 'x'.repeat(40_000) }]), 413, 'body_too_large');
  assertProblem(await detect(7), 400);
  const { body } = await detect([{ data: null }, ordinary(1)]);
  assert.equal(body.accepted, 1);
  assert.equal(body.rejected[0].index, 0);
});

test('ten requests a minute from one address, others are not affected', async () => {
  const here = freshNetwork();
  for (let i = 0; i < 10; i++) assert.equal((await detect([ordinary(i)], here)).status, 200);
  const refused = await detect([ordinary(11)], here);
  assertProblem(refused, 429, 'rate_limited');
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.equal((await detect([ordinary(12)])).status, 200);
});
