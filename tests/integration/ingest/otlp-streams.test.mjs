// Which streams OpenTelemetry's records go to: a named stream holds for everything that a record makes, so that a key which is limited to
// a prefix can send spans and calls of language models, and a record counts by its own event.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { a, api, eventually } from '../support/stack.mjs';
import { ENCODINGS, SIGNALS, attribute, logRecord, logsOf, post, span, tracesOf } from '../support/otlp.mjs';
import { admin, newKey, newOrganization, newPerson } from '../tenants/people.mjs';

const owner = { token: a.people.admin.token };
const send = async (encoding, signal, request, key, headers) => {
  const answer = await post(signal.path, encoding.encode(signal, request), { type: encoding.type, key, headers });
  assert.equal(answer.status, 200, answer.body.toString());
  return encoding.response(signal, answer.body).partialSuccess;
};

for (const [name, encoding] of Object.entries(ENCODINGS)) {
  test(`a key with a prefix sends spans, logs and calls under one named stream (${name})`, async () => {
    const prefix = `team-${name}-${Date.now()}/`;
    const bound = await newKey(owner, { name: `bound ${name}`, scopes: ['ingest'], stream_prefix: prefix });
    const call = span('chat', { attributes: [attribute('gen_ai.request.model', 'm'), attribute('gen_ai.prompt', 'hello'), attribute('gen_ai.usage.input_tokens', '5')] });
    const spans = tracesOf('shop', [span('GET /cart'), call]);
    const header = { 'driftlock-stream': `${prefix}traces` };
    assert.equal(await send(encoding, SIGNALS.traces, spans, bound.secret, header), undefined, 'nothing is rejected');
    const attributes = [attribute('gen_ai.tool.name', 'refund'), attribute('driftlock.stream', `${prefix}logs`)];
    assert.equal(await send(encoding, SIGNALS.logs, logsOf('shop', [logRecord('connection refused', { attributes })]), bound.secret), undefined);
    const want = ['logs', 'logs/llm/shop/tools', 'traces', 'traces/latency/GET-/cart', 'traces/latency/chat', 'traces/llm/shop/m/prompts', 'traces/llm/shop/m/usage'];
    for (const stream of want) {
      const seen = async () => (await api('GET', `/v1/streams/${encodeURIComponent(prefix + stream)}`, { as: a.keys.full })).body.events_seen;
      await eventually(`${stream}'s events`, async () => (await seen()) === (stream === 'traces' ? 2 : 1), { timeoutMs: 30_000 });
    }
    // without a name everything is another's, and said so once for each span
    const refused = await send(encoding, SIGNALS.traces, spans, bound.secret);
    assert.equal(refused.rejectedSpans, '2');
    assert.match(refused.errorMessage, /^2 spans rejected: 6 × stream_not_allowed/);
  });
}

test('a span whose duration has no place among the streams of the plan is not counted as rejected', async () => {
  const person = await newPerson('one-stream');
  const own = await newOrganization(person, 'One stream');
  await admin.update(`subscriptions?org_id=eq.${own.id}`, { contract: { detections: null, events: null, streams: 1, members: null } });
  const key = await newKey({ token: person.token, org: own.id }, { name: 'ingest', scopes: ['ingest'] });
  const encoding = ENCODINGS.json;
  const first = { ...span('GET /'), endTimeUnixNano: undefined };
  assert.equal(await send(encoding, SIGNALS.traces, tracesOf('shop', [first]), key.secret), undefined, 'the one place is taken');
  const answer = await send(encoding, SIGNALS.traces, tracesOf('shop', [span('GET /')]), key.secret);
  assert.equal(answer.rejectedSpans, '0');
  assert.match(answer.errorMessage, /streams/);
});
