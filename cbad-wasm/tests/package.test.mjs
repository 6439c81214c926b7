// Native and wasm give the same verdicts, bit for bit. Needs dist/cbad/nodejs (build-package.sh) and the cbad command, which CBAD may name.
//   CBAD=target/release/cbad node --test cbad-wasm/tests/package.test.mjs
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import test from 'node:test';

const root = new URL('../..', import.meta.url);
const { Detector, replay } = createRequire(import.meta.url)(new URL('dist/cbad/nodejs/cbad.js', root).pathname);

let state = 12345;
const below = (n) => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return (state >>> 8) % n;
};

function event(i) {
  if (i % 97 === 96) return { data: `segfault at ${i} in module ${below(9)}` };
  if (i % 89 === 88) return { data: { level: 'FATAL', user: 'root', code: below(100000) } };
  switch (below(4)) {
    case 0: return { data: `user ${below(40)} paid order ${below(9000)} in ${below(50)} ms` };
    case 1: return { data: { level: 'INFO', user: `u${below(20)}`, ms: below(90) / 7 } };
    case 2: return { data: { value: 20 + below(10) }, event_type: 'metric' };
    default: return { data: `cache ${['hit', 'miss'][below(2)]} for key ${below(300)} — naïve`, group: `g${i >> 3}` };
  }
}

test('native and wasm verdicts agree, and replay recomputes them', () => {
  const events = Array.from({ length: 3000 }, (_, i) => ({ stream: 's', event_type: 'log', ...event(i) }));
  const input = events.map((e) => JSON.stringify(e)).join('\n') + '\n';
  const target = process.env.CARGO_TARGET_DIR ?? new URL('target', root).pathname;
  const cbad = process.env.CBAD ?? `${target}/debug/cbad`;
  const native = spawnSync(cbad, ['score', '--format', 'events', '--json'], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.equal(native.status, 0, native.stderr);
  const printed = native.stdout.trim().split('\n').map((l) => JSON.parse(l)).filter((v) => 'index' in v);
  const verdicts = printed.map(({ stream, stream_index, ...verdict }) => verdict); // the package has one stream, without a name
  assert.equal(verdicts.length, events.length);
  let detector = new Detector();
  let anomalies = 0;
  events.forEach((e, i) => {
    const given = { data: e.data, type: e.event_type, group: e.group };
    const verdict = detector.observe(given);
    assert.deepEqual(verdict, verdicts[i], `event ${i}`);
    if (verdict.anomaly) {
      anomalies += 1;
      assert.deepEqual(replay(given, verdict.witness), verdict);
    }
    if (i === 1500) detector = Detector.restore(detector.snapshot());
  });
  assert.ok(anomalies >= 3, `${anomalies}`);
});
