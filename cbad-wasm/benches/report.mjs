// Writes what `scripts/bench` has measured into docs/BENCHMARKS.md, and the plot in docs/images.
// Only what stands between <!-- bench:NAME --> and <!-- /bench:NAME --> is written anew, and only what was measured; a section
// without its markers goes to the end. Everything else is written by hand.
//
//   node cbad-wasm/benches/report.mjs RESULTS_FOLDER CRITERION_FOLDER DOCS_FOLDER
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [results, criterion, docs] = process.argv.slice(2);
if (!docs) throw new Error('usage: node report.mjs RESULTS_FOLDER CRITERION_FOLDER DOCS_FOLDER');

const text = (name) => {
  const path = join(results, name);
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd() : '';
};
const json = (name) =>
  text(name)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));

/** Every benchmark Criterion has measured in this run: its names, its median in nanoseconds, what it handles per iteration. */
function* measured(folder) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (!statSync(path).isDirectory()) continue;
    const estimates = join(path, 'new/estimates.json');
    if (existsSync(estimates)) {
      const about = JSON.parse(readFileSync(join(path, 'new/benchmark.json'), 'utf8'));
      const median = JSON.parse(readFileSync(estimates, 'utf8')).median.point_estimate;
      yield { group: about.group_id, name: [about.function_id, about.value_str].filter(Boolean).join(' '), median, per: about.throughput };
    } else {
      yield* measured(path);
    }
  }
}

const time = (ns) =>
  ns < 1e3 ? `${ns.toFixed(0)} ns` : ns < 1e6 ? `${(ns / 1e3).toFixed(1)} µs` : ns < 1e9 ? `${(ns / 1e6).toFixed(1)} ms` : `${(ns / 1e9).toFixed(2)} s`;
const grouped = (n) => Math.round(n).toLocaleString('en-US');

function rate({ median, per }) {
  if (per?.Bytes) return `${((per.Bytes / median) * 1e3).toFixed(1)} MB/s`;
  if (per?.Elements) return `${grouped((per.Elements / median) * 1e9)} /s`;
  return '';
}

const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** Cost per event against events seen, on a logarithmic axis; dark and light readable. */
function plot(points) {
  const [width, height, left, right, top, bottom] = [720, 360, 70, 20, 40, 50];
  const decades = points.map((p) => Math.log10(p.events));
  const [from, to] = [Math.min(...decades), Math.max(...decades)];
  const most = Math.max(...points.map((p) => p.ns_per_event)) * 1.25;
  const x = (decade) => left + ((decade - from) / Math.max(to - from, 1e-9)) * (width - left - right);
  const y = (ns) => height - bottom - (ns / most) * (height - top - bottom);
  const ink = '#57606a';
  const label = (px, py, anchor, what) => `<text x="${px}" y="${py}" text-anchor="${anchor}" fill="${ink}">${what}</text>`;
  const parts = [];
  for (let decade = Math.ceil(from); decade <= Math.floor(to); decade += 1) {
    parts.push(`<path d="M${x(decade)} ${top}V${height - bottom}" stroke="${ink}" stroke-opacity=".25"/>`);
    parts.push(label(x(decade), height - bottom + 20, 'middle', `10<tspan dy="-5" font-size="9">${decade}</tspan>`));
  }
  for (let i = 0; i <= 4; i += 1) {
    const ns = (most * i) / 4;
    parts.push(`<path d="M${left} ${y(ns)}H${width - right}" stroke="${ink}" stroke-opacity=".25"/>`);
    parts.push(label(left - 8, y(ns) + 4, 'end', `${grouped(ns)} ns`));
  }
  const path = points.map((p, i) => `${i ? 'L' : 'M'}${x(Math.log10(p.events)).toFixed(1)} ${y(p.ns_per_event).toFixed(1)}`).join('');
  parts.push(`<path d="${path}" fill="none" stroke="#0969da" stroke-width="2"/>`);
  for (const p of points) parts.push(`<circle cx="${x(Math.log10(p.events)).toFixed(1)}" cy="${y(p.ns_per_event).toFixed(1)}" r="3" fill="#0969da"/>`);
  parts.push(label(left, 22, 'start', 'Cost of one event (scoring and learning) against events seen by the stream'));
  parts.push(label(width - right, height - 10, 'end', 'events seen'));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" role="img" aria-label="Cost of one event against events seen">${parts.join('')}</svg>\n`;
}

const sections = new Map();
let open;
const section = (name, title, ...parts) => sections.set(name, (open = [`## ${title}`, ...parts]));
const fence = (what) => '```\n' + what + '\n```';

section('machine', 'Where it was measured', fence(text('machine.txt')));

const share = (x, digits) => x.toFixed(digits).replace(/^0/, '');

const accuracy = ['accuracy', 'accuracy-clean'].map((name) => JSON.parse(text(`${name}.json`) || '[]'));
if (accuracy[0].length > 0) {
  const nab = accuracy[0].find((row) => row.stream === 'nab');
  const clean = (stream) => accuracy[1].find((row) => row.stream === stream)?.auprc;
  section(
    'accuracy',
    'Accuracy',
    'One frozen configuration, events scored before they are learnt, the warm-up may contain anomalies; “clean” without them: `CBAD_BENCH_DATA=… scripts/bench accuracy`, which runs `python3 $CBAD_BENCH_DATA/run.py --cbad target/release/cbad`.',
    table(
      ['stream', 'scored', 'AUPRC', 'with a clean warm-up', 'best F1', 'F1 at the default', 'false alarms per 10,000'],
      accuracy[0]
        .filter((row) => row !== nab)
        .map((row) => [row.stream, `${row.unit}s`, share(row.auprc, 3), clean(row.stream) ? share(clean(row.stream), 3) : '', share(row.best_f1, 3), share(row.f1, 3), row.fp_per_10k.toFixed(0)]),
    ),
  );
  if (nab) {
    const [standard, fewer, more] = Object.values(nab.all).map((score) => score.toFixed(1));
    open.push(`Numeric streams, ${grouped(nab.rows)} rows of the Numenta Anomaly Benchmark: ${standard} (standard profile; low-FP ${fewer}, low-FN ${more}).`);
  }
}

const all = [...measured(criterion)];
if (all.length > 0) {
  section('speed', 'Speed', '`cargo bench -p cbad-wasm --bench detector --bench codecs`: medians of one core.');
  for (const group of [...new Set(all.map((b) => b.group))]) {
    const rows = all.filter((b) => b.group === group);
    open.push(`### ${group}`, table(['', 'time', 'rate'], rows.map((b) => [b.name, time(b.median), rate(b)])));
  }
  const reference = all.find((b) => b.name.startsWith('reference'));
  const ours = all.find((b) => b.name.endsWith('ready'));
  if (reference && ours) {
    open.push(`Full scoring and learning runs at ${(reference.median / ours.median).toFixed(2)} times the events per second of the reference in the same run.`);
  }
  const tests = text('codecs.txt').split('\n').filter((line) => line.includes(' permutations, ncd'));
  if (tests.length > 0) open.push('The permutation tests timed above found:', fence(tests.join('\n')));
}

const flat = json('flatness.jsonl');
if (flat.length > 0) {
  mkdirSync(join(docs, 'images'), { recursive: true });
  writeFileSync(join(docs, 'images/cost-per-event.svg'), plot(flat));
  section(
    'flatness',
    'Cost per event over the life of a stream',
    'Lines made for it, the quickest of the last 100 batches of 1,000 before each step: `scripts/bench flatness`',
    '![Cost of one event against events seen](images/cost-per-event.svg)',
    table(
      ['events', 'ns per event', 'memory, bytes', 'snapshot, bytes'],
      flat.map((p) => [grouped(p.events), grouped(p.ns_per_event), grouped(p.memory_bytes), grouped(p.snapshot_bytes)]),
    ),
  );
}

const ratios = text('columns.txt')
  .split('\n')
  .map((line) => line.match(/^(?:test \S+ \.\.\. )?(\S.*?) +(\d+) bytes: zstd -3 +(\d+), columns +(\d+), ([\d.]+) times smaller/))
  .filter(Boolean);
if (ratios.length > 0) {
  section(
    'columns',
    'The column codec against zstd level 3',
    'Whole files in one shot, libzstd as the reference; every file is decompressed and compared. `CBAD_BENCH_DATA=… cargo test --release -p cbad-wasm --test columns -- --include-ignored --nocapture`',
    table(['file', 'bytes', 'zstd -3', 'columns', 'times smaller'], ratios.map(([, name, bytes, zstd, columns, ratio]) => [name, ...[bytes, zstd, columns].map(grouped), ratio])),
  );
}

const windows = ['permutation-native.jsonl', 'permutation-wasm.jsonl'].map(json);
if (windows[0].length > 0) {
  section(
    'permutation',
    'The permutation test in a window report',
    '400 baseline and 50 window events, up to 199 permutations, fewer where the answer is plain; made lines, the least of 15 runs: `scripts/bench permutation`',
    table(
      ['codec', 'window', 'p', 'permutations', 'NCD', 'native', 'wasm in Node', 'same numbers'],
      windows[0].map((n, i) => {
        const w = windows[1][i];
        const same = w && ['p', 'permutations', 'ncd'].every((field) => n[field] === w[field]);
        return [n.codec, n.window, n.p.toFixed(4), n.permutations, n.ncd.toFixed(3), `${n.ms} ms`, w ? `${w.ms} ms` : '', w ? (same ? 'yes' : '**no**') : ''];
      }),
    ),
  );
}

const wasm = json('identity.jsonl');
if (wasm.length > 0) {
  section(
    'identity',
    'Native and WebAssembly',
    'The `cbad` command built for wasm32-wasip1 and run in Node against the native one: verdicts compared byte for byte, scores and p-values in full. Rates are of the whole command, reading and writing included. `node cbad-wasm/benches/wasm.mjs $CBAD_BENCH_DATA target/release/cbad target/wasm32-wasip1/release/cbad.wasm`',
    table(
      ['stream', 'events', 'verdicts', 'native, events/s', 'wasm, events/s', 'wasm / native'],
      wasm.map((s) => [s.stream, grouped(s.events), s.identical ? 'identical' : '**differ**', grouped(s.native), grouped(s.wasm), (s.wasm / s.native).toFixed(2)]),
    ),
  );
}

const rates = ['library-native.jsonl', 'library-wasm.jsonl'].map(json);
if (rates[0].length > 0) {
  section(
    'library',
    'The library, native and as WebAssembly',
    'Scoring and learning through `Detector::observe`, one core; the passes over lines and those of the reference in turn, each slice of 200 by its least of 12: `CBAD_BENCH_DATA=… scripts/bench library`',
    table(
      ['', 'events', 'native, per second', 'wasm, per second', 'wasm / native'],
      rates[0].map((n) => {
        const w = rates[1].find((other) => other.what === n.what);
        return [n.what, grouped(n.events), grouped(n.per_second), w ? grouped(w.per_second) : '', w ? (w.per_second / n.per_second).toFixed(2) : ''];
      }),
    ),
  );
  const reference = rates[0].find((r) => r.what.startsWith('reference'));
  if (reference) open.push(`Log lines: ${(rates[0][0].per_second / reference.per_second).toFixed(2)} times the events per second of the reference.`);
}

/** What was measured with all parts, then without each: name and rows of each run. */
function ablated(prefix) {
  const parts = readdirSync(results)
    .map((name) => name.match(`^${prefix}-(.+)\\.json$`)?.[1])
    .filter((part) => part && part !== 'nothing');
  return ['nothing', ...parts]
    .filter((part) => existsSync(join(results, `${prefix}-${part}.json`)))
    .map((part) => ({ part: part === 'nothing' ? 'all parts' : `no ${part.replaceAll('_', ' ')}`, rows: JSON.parse(text(`${prefix}-${part}.json`)) }));
}

const [events, numbers] = ['without', 'numbers-without'].map(ablated);
if (events.length > 1) {
  section(
    'ablation',
    'What each part brings',
    'AUPRC, and F1 at the default sensitivity, with one part of the detector left out (`cbad-wasm/examples/score_without.rs`): `CBAD_BENCH_DATA=… scripts/bench ablation`. A stream that does not use a part shows the same figures without it: of these only hdfs_2pct has groups, whose order is looked at, and none has times, which volume needs.',
    table(
      ['stream', ...events.map((run) => run.part)],
      events[0].rows.map((row, i) => [row.stream, ...events.map(({ rows }) => `${share(rows[i].auprc, 3)}, ${share(rows[i].f1, 2)}`)]),
    ),
  );
}
if (numbers.length > 1) {
  if (events.length <= 1) section('ablation', 'What each part brings');
  open.push(
    'Numeric streams use other parts: the usual by clock or cycle (season), means over many points (shifts), the course of the last eight (shape), and repeats of an incident held down (incidents). Scores of the Numenta Anomaly Benchmark by profile:',
    table(
      ['profile', ...numbers.map((run) => run.part)],
      Object.keys(numbers[0].rows[0].all).map((profile) => [profile.replaceAll('_', ' '), ...numbers.map(({ rows }) => rows[0].all[profile].toFixed(1))]),
    ),
  );
}

mkdirSync(docs, { recursive: true });
const path = join(docs, 'BENCHMARKS.md');
let page = existsSync(path) ? readFileSync(path, 'utf8') : '# Benchmarks\n';
for (const [name, parts] of sections) {
  const [from, to] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const block = `${from}\n${parts.join('\n\n')}\n${to}`;
  const [start, end] = [page.indexOf(from), page.indexOf(to)];
  page = start >= 0 && end > start ? page.slice(0, start) + block + page.slice(end + to.length) : `${page.trimEnd()}\n\n${block}\n`;
}
writeFileSync(path, page);
