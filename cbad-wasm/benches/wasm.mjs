// Runs the `cbad` command natively and as WebAssembly (WASI, in Node) on every stream of a data folder, and compares the verdicts
// byte for byte.
//
//   node cbad-wasm/benches/wasm.mjs DATA_FOLDER NATIVE_CBAD CBAD_WASM [STREAM…]
//
// One line of JSON per stream: events, whether identical, and the events per second of both (the whole command: reading and
// writing included). Exits with 1 if a stream differs.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const NAB_ROWS = 4000; // of one series, about
const BATCH = 1000; // lines joined at a time: one string of all would pass V8's limit on long streams

function* lines(path) {
  let bytes = readFileSync(path);
  if (path.endsWith('.gz')) bytes = gunzipSync(bytes);
  for (let at = 0; at < bytes.length; ) {
    let end = bytes.indexOf(10, at);
    if (end < 0) end = bytes.length;
    if (end > at) yield bytes.toString('utf8', at, end);
    at = end + 1;
  }
}

function* events(folder, name, spec) {
  if (name === 'nab') {
    const [header, ...rows] = lines(join(folder, 'nab/nab_data.csv.gz'));
    const column = (field) => header.trim().split(',').indexOf(field);
    const [file, timestamp, value] = ['file', 'timestamp', 'value'].map(column);
    for (const row of rows) {
      const cells = row.trim().split(',');
      yield {
        stream: cells[file],
        event_type: 'metric',
        timestamp: `${cells[timestamp].replace(' ', 'T').split('.')[0]}Z`,
        data: { value: Number(cells[value]) },
      };
    }
    return;
  }
  for (const line of lines(join(folder, 'data', `${name}.jsonl.gz`))) {
    const event = JSON.parse(line);
    const out = { stream: name, event_type: spec.kind, data: spec.json ? JSON.parse(event.line) : event.line };
    if (spec.groups && event.sid) out.group = event.sid;
    yield out;
  }
}

function time(run) {
  const start = process.hrtime.bigint();
  run();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

/** Runs in a Node of its own: WASI ends the process when the command exits. */
function child(wasm, args, input, output) {
  const runner = fileURLToPath(new URL('wasi.mjs', import.meta.url));
  const done = spawnSync(process.execPath, ['--no-warnings', runner, wasm, input, output, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (done.status !== 0) throw new Error(`cbad as WebAssembly failed: ${done.status ?? done.signal}`);
}

function native(cbad, args, input, output) {
  const [stdin, stdout] = [openSync(input, 'r'), openSync(output, 'w')];
  const done = spawnSync(cbad, args, { stdio: [stdin, stdout, 'inherit'] });
  closeSync(stdin);
  closeSync(stdout);
  if (done.status !== 0) throw new Error(`${cbad} failed: ${done.status ?? done.signal}`);
}

function main(folder, cbad, wasm, only) {
  const specs = existsSync(join(folder, 'streams.json'))
    ? JSON.parse(readFileSync(join(folder, 'streams.json'), 'utf8')).streams
    : {};
  const work = mkdtempSync(join(tmpdir(), 'cbad-wasm-'));
  const [input, ours, theirs] = ['events', 'native', 'wasm'].map((name) => join(work, name));
  let differ = false;
  for (const [name, spec] of [...Object.entries(specs), ['nab', { warmup: 0.15 }]]) {
    if (only.length > 0 && !only.includes(name)) continue;
    let count = 0;
    let batch = [];
    writeFileSync(input, '');
    for (const event of events(folder, name, spec)) {
      batch.push(JSON.stringify(event), '\n');
      count += 1;
      if (count % BATCH === 0) {
        writeFileSync(input, batch.join(''), { flag: 'a' });
        batch = [];
      }
    }
    writeFileSync(input, batch.join(''), { flag: 'a' });
    // a number of events, not a share: a share makes the command read all input first, more than WebAssembly should hold
    const warmup = Math.round((name === 'nab' ? NAB_ROWS : count) * spec.warmup);
    const args = ['score', '--format', 'events', '--warmup', String(warmup), '--seed', '1'];
    const seconds = { native: time(() => native(cbad, args, input, ours)), wasm: time(() => child(wasm, args, input, theirs)) };
    const identical = readFileSync(ours).equals(readFileSync(theirs));
    differ ||= !identical;
    const rate = (taken) => Math.round(count / taken);
    console.log(JSON.stringify({ stream: name, events: count, identical, native: rate(seconds.native), wasm: rate(seconds.wasm) }));
  }
  rmSync(work, { recursive: true });
  process.exitCode = differ ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, cbad, wasm, ...only] = process.argv.slice(2);
  if (!wasm) throw new Error('usage: node wasm.mjs DATA_FOLDER NATIVE_CBAD CBAD_WASM [STREAM…]');
  main(folder, cbad, wasm, only);
}
