// A real file through ./scripts/replay: what it prints, what the list holds, and how soon the feed tells.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { a, api, figure, freshStream, listAnomalies, openFeed, url } from '../support/stack.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const log = `${root}examples/checkout.log`;
const oddLine = fs.readFileSync(log, 'utf8').split('\n').findIndex((line) => line.includes('gateway=sandbox')) + 1;

async function replay(stream, ...more) {
  return replayFile(log, stream, ...more);
}

async function replayFile(file, stream, ...more) {
  const { stdout } = await run(process.execPath, [`${root}scripts/lib/replay.mjs`, file, '--url', url, '--key', a.keys.full, '--stream', stream, '--json', ...more], { timeout: 120_000 });
  const lines = stdout.trim().split('\n').map((line) => JSON.parse(line));
  return { found: lines.slice(0, -1), totals: lines.at(-1) };
}

test('must show 2: replaying the example reports its odd line, with the offending token first', async (t) => {
  const stream = freshStream('replay');
  const feed = await openFeed(t, a.keys.read);
  let told = null;
  const watching = (async () => {
    for (;;) {
      const { data } = await feed.next(60_000);
      if (data.stream === stream && Date.now() - Date.parse(data.detected_at) < 60_000 && data.reason?.includes('sandbox')) return Date.now() - Date.parse(data.detected_at);
    }
  })().then((ms) => (told = ms), () => {});
  const { found, totals } = await replay(stream, '--batch', '50');
  assert.equal(totals.accepted, 1600);
  const odd = found.find((anomaly) => anomaly.line === oddLine);
  assert.ok(odd, `line ${oddLine} is not among ${found.map((f) => f.line)}`);
  const ranked = [...odd.tokens].sort((x, y) => y.bits - x.bits);
  assert.match(ranked[0].text, /sandbox/);
  assert.ok(ranked[0].expected?.some((e) => /stripe|adyen/.test(e.text)), 'says what was expected instead');
  assert.ok((await listAnomalies(a.keys.read, { stream })).some((anomaly) => anomaly.id === odd.id), 'is in the list');
  await watching;
  assert.ok(told !== null && told < 2000, `the feed told after ${told} ms`);
  figure(t, `line ${oddLine} of 1,600 found, ${JSON.stringify(ranked[0].text)} first at ${ranked[0].bits.toFixed(1)} bits; ${found.length - 1} others; feed after ${told} ms`);
});

test('a second replay of the same file counts nothing twice', async (t) => {
  const stream = freshStream('replay');
  const first = await replay(stream, '--batch', '400');
  const other = await replay(stream, '--batch', '300');
  assert.equal(first.totals.accepted, 1600);
  assert.equal(other.totals.accepted, 0);
  assert.equal(other.totals.duplicates, 1600);
  figure(t, '1,600 accepted, then 1,600 duplicates');
});

test('an explanation can be fetched whole', async () => {
  const stream = freshStream('replay');
  const { found } = await replay(stream);
  const odd = found.find((anomaly) => anomaly.line === oddLine);
  const { status, body } = await api('GET', `/v1/anomalies/${odd.id}`, { as: a.keys.read });
  assert.equal(status, 200);
  assert.match(body.event, /gateway=sandbox/);
  assert.equal(body.event_format, 'text');
  for (const { text, start, end } of body.tokens) assert.equal(Buffer.from(body.event).subarray(start, end).toString(), text, 'offsets are those of the text');
  assert.ok(body.reason.length > 10 && body.nearest && body.witness && body.algorithm && body.checkpoint);
  assert.ok(Buffer.from(body.witness, 'base64').length <= 65_536);
});

test('compressed JSON lines go in as they stand: events, values, and what is not JSON', async (t) => {
  const stream = freshStream('jsonl');
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'driftlock-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  const file = path.join(dir, 'events.jsonl.gz');
  const lines = ['{"data":"an event","event_type":"log"}', '{"level":"INFO","id":12345678901234567890}', '"a text"', '', 'not JSON', '[1,2]', ' {"data":{"x":1}}'];
  fs.writeFileSync(file, zlib.gzipSync(lines.join('\n')));
  const { totals } = await replayFile(file, stream);
  assert.equal(totals.sent, 6);
  assert.equal(totals.accepted, 6);
});
