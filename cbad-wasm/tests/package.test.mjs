// Native and wasm give the same verdicts, bit for bit. Needs dist/cbad/nodejs (build-package.sh) and the cbad command, which CBAD may name.
//   CBAD=target/release/cbad node --test cbad-wasm/tests/package.test.mjs
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import test from 'node:test';

const root = new URL('../..', import.meta.url);
const { Detector, replay, windowReport } = createRequire(import.meta.url)(new URL('dist/cbad/nodejs/cbad.js', root).pathname);

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

const configs = [
  [{}, []],
  [{ seed: 7, sensitivity: 0.9, warmup: { events: 300 } }, ['--seed', '7', '--sensitivity', '0.9', '--warmup', '300']],
];

for (const [config, options] of configs) {
  test(`native and wasm verdicts agree, and replay recomputes them: ${JSON.stringify(config)}`, () => {
    const events = Array.from({ length: 3000 }, (_, i) => ({ stream: 's', event_type: 'log', ...event(i) }));
    const input = events.map((e) => JSON.stringify(e)).join('\n') + '\n';
    const target = process.env.CARGO_TARGET_DIR ?? new URL('target', root).pathname;
    const cbad = process.env.CBAD ?? `${target}/debug/cbad`;
    const args = ['score', '--format', 'events', '--json', ...options];
    const native = spawnSync(cbad, args, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
    assert.equal(native.status, 0, native.stderr);
    const printed = native.stdout.trim().split('\n').map((l) => JSON.parse(l));
    // the package has one stream, without a name
    const verdicts = printed.filter((v) => 'index' in v).map(({ stream, stream_index, ...verdict }) => verdict);
    const groups = printed.filter((v) => 'last_index' in v).map(({ stream, ...verdict }) => verdict);
    assert.equal(verdicts.length, events.length);
    let detector = new Detector(config);
    let anomalies = 0;
    events.forEach((e, i) => {
      const given = { data: e.data, type: e.event_type, group: e.group };
      if (verdicts[i].anomaly) assert.deepEqual(detector.explain(given), verdicts[i], `event ${i}, explained`);
      const verdict = detector.observe(given);
      assert.deepEqual(verdict, verdicts[i], `event ${i}`);
      if (verdict.anomaly) {
        anomalies += 1;
        assert.deepEqual(replay(given, verdict.witness), verdict);
      }
      if (i === 1500) detector = Detector.restore(detector.snapshot());
    });
    assert.ok(anomalies >= 3, `${anomalies}`);
    assert.ok(groups.length > 200, `${groups.length}`);
    for (const verdict of groups) assert.deepEqual(detector.closeGroup(verdict.group), verdict);
    assert.equal(detector.closeGroup('none'), undefined);
  });
}

test('explain, closeGroup and windowReport say what the library says (tests/package.rs), with bounds on memory too', () => {
  const golden = JSON.parse(readFileSync(new URL('data/package-golden.json', import.meta.url), 'utf8'));
  const given = (line) => (line.startsWith('{') ? { json: line } : { data: line });
  const detector = new Detector(golden.config);
  golden.lines.forEach((line, i) => detector.observe({ ...given(line), group: `g${i >> 3}` }));
  for (const { line, verdict } of golden.explained) assert.deepEqual(detector.explain(given(line)), verdict);
  assert.deepEqual(detector.explain({ json: '{"value":20.5}', type: 'metric' }), golden.metric);
  for (const { group, verdict } of golden.closed) assert.deepEqual(detector.closeGroup(group) ?? null, verdict);
  assert.ok(golden.closed.some(({ verdict }) => verdict) && golden.closed.some(({ verdict }) => !verdict));

  const [baseline, window] = [golden.lines.slice(0, 300), golden.lines.slice(300, 340)];
  for (const { options, report } of golden.windows) assert.deepEqual(windowReport(baseline, window, options), report);
  assert.equal(windowReport(baseline, window).codec, 'zstd');
  assert.equal(windowReport([], [], null).p_value, 1);
  assert.throws(() => windowReport(baseline, window, { codec: 'zip' }), /unknown variant/);
  // a part of a part may be left out
  assert.ok(new Detector({ memory: { table_bits: 8 } }).snapshot().length > 0);
});
