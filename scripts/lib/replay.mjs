// ./scripts/replay: posts a log file in batches and prints anomalies with their explanation as they come.
//
// Every event carries an id made of the file, the line's number and its text, and every batch an Idempotency-Key made of
// its body: a batch that is sent again, after a lost answer or in a second run, is recognised and counts once.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { parseArgs } from 'node:util';
import zlib from 'node:zlib';
import { formatAnomaly, progressBar } from './replay-output.mjs';

const USAGE = `Posts a log file to a running Driftlock and prints the anomalies it finds, with their explanation.

  ./scripts/replay FILE      plain lines; .jsonl or .ndjson: one JSON value or event a line; .gz: either, compressed

  --stream NAME   stream to post to              (the file's name)
  --kind KIND     log, metric, trace or llm      (log)
  --batch N       events a request               (100)
  --rate N        events a second at most        (no limit)
  --again         count the file anew, though it was replayed before
  --json          one JSON object per anomaly, and one for the totals, on standard output
  --url URL, --key KEY      (DRIFTLOCK_URL, DRIFTLOCK_API_KEY, or those of ./scripts/dev)
`;
const GIVE_UP_AFTER_MS = 5 * 60_000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const sha256 = (text) => crypto.createHash('sha256').update(text).digest('base64url');

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function devEnv() {
  const file = new URL('../../.driftlock/dev.env', import.meta.url);
  if (!fs.existsSync(file)) return {};
  return Object.fromEntries(fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => line.split(/=(.*)/s).slice(0, 2)));
}

function readOptions() {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: {
        stream: { type: 'string' }, kind: { type: 'string', default: 'log' }, batch: { type: 'string', default: '100' }, rate: { type: 'string' },
        again: { type: 'boolean' }, json: { type: 'boolean' }, url: { type: 'string' }, key: { type: 'string' }, help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    fail(`${error.message}\n\n${USAGE}`);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  const [file] = positionals;
  if (positionals.length !== 1) fail(USAGE);
  if (!fs.existsSync(file)) fail(`there is no file ${file}`);
  const settings = { ...devEnv(), ...process.env };
  const url = values.url ?? settings.DRIFTLOCK_URL;
  const key = values.key ?? settings.DRIFTLOCK_API_KEY;
  if (!url || !key) fail('nothing to post to: start ./scripts/dev, or give --url and --key');
  const name = path.basename(file).replace(/\.gz$/, '').replace(/\.[a-z]+$/, '');
  const number = (option) => {
    const value = Number(values[option]);
    return Number.isFinite(value) && value > 0 ? value : fail(`--${option} must be a number above zero, not ${values[option]}`);
  };
  return {
    file, url: url.replace(/\/$/, ''), key, json: values.json,
    stream: values.stream ?? name.replace(/[^A-Za-z0-9._/:-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '').slice(0, 128),
    kind: values.kind, batch: number('batch'), rate: values.rate && number('rate'),
    jsonLines: /\.(jsonl|ndjson)(\.gz)?$/.test(file), source: `${fs.realpathSync(file)}\0${values.again ? crypto.randomUUID() : ''}`,
  };
}

/** The event of one line, as JSON text; a JSON line goes in as it stands, so that no number loses a digit. */
function eventOf(line, lineNumber, { stream, kind, jsonLines, source }) {
  const envelope = { stream, event_type: kind, id: sha256(`${source}\0${lineNumber}\0${line}`).slice(0, 22) };
  if (!jsonLines) return JSON.stringify({ ...envelope, data: line });
  let value;
  try {
    value = JSON.parse(line);
  } catch {
    return JSON.stringify({ ...envelope, data: line });
  }
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
  const isMeasurement = isObject && 'value' in value && 'timestamp' in value; // the older shape of a metric
  const isEvent = isObject && ('data' in value || isMeasurement);
  const given = isEvent ? Object.keys(value) : [];
  if (isMeasurement || given.includes('stream_type')) given.push('event_type');
  const prefix = Object.entries(envelope).filter(([name]) => !given.includes(name)).map(([name, text]) => `${JSON.stringify(name)}:${JSON.stringify(text)}`);
  if (isEvent) return `{${prefix.concat(line.trim().slice(1)).join(',')}`;
  return `{${prefix.concat(`"data":${line}`).join(',')}}`;
}

/** Batches of {events: JSON text[], firstLine, bytes read so far}; empty lines are skipped. */
async function* batches(options) {
  const input = fs.createReadStream(options.file);
  const text = options.file.endsWith('.gz') ? input.pipe(zlib.createGunzip()) : input;
  let events = [];
  let lines = [];
  let lineNumber = 0;
  for await (const line of readline.createInterface({ input: text, crlfDelay: Infinity })) {
    lineNumber += 1;
    if (!line.trim()) continue;
    events.push(eventOf(line, lineNumber, options));
    lines.push({ number: lineNumber, text: line });
    if (events.length >= options.batch) {
      yield { events, lines, bytesRead: input.bytesRead };
      events = [];
      lines = [];
    }
  }
  if (events.length) yield { events, lines, bytesRead: input.bytesRead };
}

const request = (options, pathname, init = {}) =>
  fetch(options.url + pathname, { ...init, headers: { authorization: `Bearer ${options.key}`, ...init.headers }, signal: AbortSignal.timeout(30_000) });

/** Posts until there is an answer that is final; connection errors, 429 and 5xx are tried again with growing pauses. */
async function post(options, body, onRetry) {
  const headers = { 'content-type': 'application/json', 'idempotency-key': sha256(body) };
  const giveUpAt = Date.now() + GIVE_UP_AFTER_MS;
  for (let pause = 200; ; pause = Math.min(pause * 2, 10_000)) {
    let problem;
    let wait = pause;
    try {
      const response = await request(options, '/v1/events', { method: 'POST', headers, body });
      if (response.ok) return await response.json();
      problem = `${response.status} ${(await response.text()).slice(0, 300)}`;
      if (response.status < 500 && response.status !== 429) throw Object.assign(new Error(`refused: ${problem}`), { final: true });
      wait = Math.max(pause, Number(response.headers.get('retry-after') ?? 0) * 1000);
    } catch (error) {
      if (error.final) throw error;
      problem ??= error.cause?.code ?? error.message;
    }
    if (Date.now() + wait > giveUpAt) throw new Error(`gave up: ${problem}`);
    onRetry(problem);
    await sleep(wait);
  }
}

/** The whole record, which follows the answer by a moment; null when it does not come. */
async function explain(options, id) {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const response = await request(options, `/v1/anomalies/${id}`).catch(() => null);
    if (response?.ok) return response.json();
    await sleep(100 + attempt * 50);
  }
  return null;
}

async function main() {
  const options = readOptions();
  const size = fs.statSync(options.file).size;
  const bar = progressBar(size, options.json);
  const totals = { accepted: 0, rejected: 0, duplicates: 0, anomalies: 0, retries: 0 };
  const explanations = [];
  const start = performance.now();
  let sent = 0;
  for await (const { events, lines, bytesRead } of batches(options)) {
    const answer = await post(options, `[${events.join(',')}]`, (problem) => {
      totals.retries += 1;
      bar.note(`trying again: ${problem}`);
    });
    sent += events.length;
    totals.accepted += answer.accepted;
    totals.rejected += answer.rejected.length;
    totals.duplicates += answer.duplicates;
    totals.anomalies += answer.anomalies.length;
    for (const { index, code, detail } of answer.rejected.slice(0, 3)) bar.print(`line ${lines[index].number} was refused: ${code}${detail ? `, ${detail}` : ''}`);
    for (const found of answer.anomalies) {
      const line = lines[found.index];
      explanations.push(explain(options, found.id).then((record) => bar.print(options.json ? JSON.stringify({ line: line.number, ...found, ...record }) : formatAnomaly({ ...found, ...record }, line))));
    }
    bar.update(bytesRead, sent, totals.anomalies);
    if (options.rate) await sleep(Math.max(0, (sent / options.rate) * 1000 - (performance.now() - start)));
  }
  const seconds = (performance.now() - start) / 1000;
  await Promise.all(explanations);
  bar.end();
  const plural = (count, word) => `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;
  if (options.json) console.log(JSON.stringify({ sent, ...totals, seconds }));
  else console.log(`${plural(sent, 'event')} to ${options.stream} in ${seconds.toFixed(1)} s (${Math.round(sent / seconds).toLocaleString('en')}/s): ${totals.accepted.toLocaleString('en')} accepted, ${totals.rejected} rejected, ${plural(totals.duplicates, 'duplicate')}, ${totals.anomalies === 1 ? '1 anomaly' : `${totals.anomalies} anomalies`}`);
}

main().catch((error) => fail(error.message));
