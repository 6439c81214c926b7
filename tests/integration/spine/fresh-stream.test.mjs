import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inBatches, oddEvent, ordinaryEvents } from '../support/logs.mjs';
import { a, figure, freshStream, ingest, streamState } from '../support/stack.mjs';

test('must show 3: 1,500 ordinary events and one odd one in a fresh stream', async (t) => {
  const stream = freshStream('fresh');
  let flagged = 0;
  for (const batch of inBatches(ordinaryEvents(stream, 1500))) flagged += (await ingest(a.keys.ingest, batch)).anomalies.length;
  const answer = await ingest(a.keys.ingest, [oddEvent(stream)]);
  figure(t, `odd one ${answer.anomalies.length ? `found (p = ${answer.anomalies[0].p_value.toExponential(1)})` : 'missed'}, ${flagged} of 1,500 ordinary ones flagged (at most 15)`);
  assert.equal(answer.anomalies.length, 1, 'the odd event is an anomaly');
  assert.ok(flagged <= 15, `${flagged} ordinary events flagged`);
  assert.equal(streamState(answer, stream).events_seen, 1501);
});
