// Request limits over HTTP: a short run; the exact arithmetic is tested natively on a clock that the test turns.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, assertProblem, figure, freshStream } from '../support/stack.mjs';
import { newKey, newOrganization, newPerson } from './people.mjs';

const CLIENTS = 10;
const SECONDS = 15;

test('must show 6: ten clients at twice the limit get the limit, and refusals say when to come back', async (t) => {
  const perMinute = 240;
  const owner = await newPerson('limited');
  await newOrganization(owner, 'Limited', perMinute);
  const key = await newKey(owner, { name: 'x' });
  const stream = freshStream('limited');
  const seen = { taken: 0, refused: 0, odd: [] };
  const start = Date.now();
  const pause = (60_000 * CLIENTS) / (2 * perMinute);
  const client = async (n) => {
    for (let i = 0; ; i += 1) {
      const due = start + (n * pause) / CLIENTS + i * pause;
      if (due > start + SECONDS * 1000) return;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - Date.now())));
      const answer = await api('POST', '/v1/events', { as: key.secret, json: [{ stream, id: `${n}-${i}`, data: 'x' }] });
      if (answer.status === 200) {
        seen.taken += 1;
        if (!/^"(key|organization)";r=\d+;t=\d+$/.test(answer.headers.get('ratelimit'))) seen.odd.push(answer.headers.get('ratelimit'));
        continue;
      }
      assertProblem(answer, 429, 'rate_limited');
      seen.refused += 1;
      const right = answer.headers.get('ratelimit-policy') === `"key";q=${perMinute};w=60` || answer.headers.get('ratelimit-policy') === `"organization";q=${perMinute};w=60`;
      if (!right || !/;r=0;t=\d+$/.test(answer.headers.get('ratelimit')) || !(Number(answer.headers.get('retry-after')) >= 1)) seen.odd.push([...answer.headers]);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)));
  const seconds = Math.max(SECONDS, (Date.now() - start) / 1000);
  // a bucket begins full: a tenth of a minute's requests come on top, once
  const most = perMinute / 10 + (perMinute / 60) * seconds;
  figure(t, `${seen.taken} of ${seen.taken + seen.refused} taken in ${seconds.toFixed(1)} s; the bucket allows ${Math.round(most)}`);
  assert.deepEqual(seen.odd, []);
  assert.ok(seen.taken <= most * 1.1, `${seen.taken} of ${most}`);
  assert.ok(seen.refused > 0 ? seen.taken >= most * 0.85 : true, `${seen.taken} of ${most}`);
  const other = await newPerson('unlimited');
  await newOrganization(other, 'Unlimited');
  assert.equal((await api('GET', '/v1/config', { as: other })).status, 200, 'another organisation is not held up');
});

test('a person without an organisation has a limit too', async () => {
  const person = await newPerson('nowhere');
  const answers = await Promise.all(Array.from({ length: 200 }, () => api('GET', '/v1/me', { as: person })));
  const taken = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status !== 200);
  assert.ok(taken.length >= 60, `a tenth of a minute's requests may come at once: ${taken.length}`);
  assert.match(taken[0].headers.get('ratelimit'), /^"person";r=\d+;t=\d+$/);
  for (const answer of refused) {
    assertProblem(answer, 429, 'rate_limited');
    assert.equal(answer.headers.get('ratelimit-policy'), '"person";q=600;w=60');
    assert.ok(Number(answer.headers.get('retry-after')) >= 1);
  }
  assert.ok(refused.length > 0, 'two hundred at once are too many');
  const other = await newPerson('nowhere-else');
  assert.equal((await api('GET', '/v1/me', { as: other })).status, 200, 'another person is not held up');
});
