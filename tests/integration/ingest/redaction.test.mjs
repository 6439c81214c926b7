// Personal data is sent on every path of ingestion, and then looked for everywhere it could have been kept: every table of
// PostgreSQL, every file of the Durable Objects, every log, every answer, and the live feed.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { inBatches, ordinaryEvents } from '../support/logs.mjs';
import { ENCODINGS, SIGNALS, attribute, gauge, logRecord, logsOf, metricsOf, span, tracesOf } from '../support/otlp.mjs';
import { a, api, eventually, figure, freshStream, ingest, openFeed, sleep, supabase, url } from '../support/stack.mjs';

const SETTING = '/v1/organization/redaction';
const STATE = path.dirname(process.env.DRIFTLOCK_TEST_FIXTURES);
/** Long enough for every isolate and key object to have asked again. */
const EFFECTIVE_MS = 60_000;
const admin = { token: a.people.admin.token };

/** A value of each kind that occurs nowhere else. The card has a valid check digit, the IBAN too. */
function canaries() {
  const tag = crypto.randomBytes(5).toString('hex');
  const digits = (n) => Array.from({ length: n }, () => crypto.randomInt(10)).join('');
  const luhn = (body) => {
    const sum = [...body].reverse().reduce((total, d, i) => total + (i % 2 ? Number(d) : [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][d]), 0);
    return body + ((10 - (sum % 10)) % 10);
  };
  const account = digits(18);
  const check = String(98n - (BigInt(`${account}131400`) % 97n)).padStart(2, '0');
  return {
    email: `canary.${tag}@example.com`,
    card: luhn(`411111${digits(9)}`),
    iban: `DE${check}${account}`,
    phone: `+4915${digits(9)}`,
    secret: `sk_live_${tag}${digits(12)}`,
    jwt: `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(`{"sub":"${tag}"}`).toString('base64url')}.${crypto.randomBytes(24).toString('base64url')}`,
    patient: `PAT-${digits(9)}`,
  };
}
const all = canaries();
/** A short number that only the organisation's own pattern knows. Six digits are in a file by chance, so it is looked for after its field's name. */
const chart = crypto.randomInt(730_000, 740_000);
const chartField = `chart_${crypto.randomBytes(4).toString('hex')}`;
const chartIn = { [chartField]: chart, visits: [chart, 3] };
const chartKept = `${chartField}[^0-9]{1,12}${chart}`;
const sentence = `customer ${all.email} paid with ${all.card}, refund to ${all.iban}, call ${all.phone}, key ${all.secret}, session ${all.jwt}, file ${all.patient}`;

async function set(json) {
  const { status, body } = await api('PUT', SETTING, { as: admin, json });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

/** Waits until a key's requests follow the setting. */
const effective = (probe) => eventually('the setting takes effect', probe, { timeoutMs: EFFECTIVE_MS, everyMs: 1000 });
// each key is remembered with the settings of its organisation, for some seconds, by itself
const probes = () => Promise.all([a.keys.ingest, a.keys.full].map(async (key) => (await ingest(key, [{ stream: 'redaction-probe', data: 'probe@example.org' }])).redacted));
const redactedNow = async () => (await probes()).every(Boolean);
const keptNow = async () => !(await probes()).some(Boolean);

const database = new pg.Client({ connectionString: supabase.DATABASE_URL });
before(() => database.connect());
after(async () => {
  await set({ policy: 'keep' });
  await effective(keptNow);
  await database.end();
});

async function tablesHolding(value, operator = 'like') {
  const { rows: tables } = await database.query(`select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm', 'p') and n.nspname not in ('pg_catalog', 'information_schema')`);
  const holding = [];
  for (const { name } of tables) {
    const { rows } = await database.query(`select 1 from ${name} t where t::text ${operator} $1 limit 1`, [operator === 'like' ? `%${value}%` : value]);
    if (rows.length) holding.push(name);
  }
  return holding;
}

/** Files (databases and their journals, logs) with the value, as it is, as UTF-16 or as base64. */
function filesHolding(values) {
  const forms = values.flatMap((value) => [Buffer.from(value), Buffer.from(value, 'utf16le'), Buffer.from(Buffer.from(value).toString('base64').slice(0, -4))]);
  const found = [];
  let searched = 0;
  for (const name of fs.readdirSync(STATE, { recursive: true })) {
    const file = path.join(STATE, name);
    // PostgreSQL's own files are searched too, though what it compresses only shows through SQL
    if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) continue;
    const content = fs.readFileSync(file);
    searched += 1;
    if (forms.some((form) => content.includes(form)) || new RegExp(chartKept).test(content.toString('latin1'))) found.push(name);
  }
  return { found, searched };
}

/** Attributes with a canary in each value, and under names that say what they are. */
const attributes = () => Object.entries({ ...all, 'enduser.note': sentence, password: all.patient, [all.email]: 'a name' }).map(([key, value]) => attribute(key, value));

/** OTLP in both encodings, CloudEvents in all modes, and what is answered 202: [name, body, headers, route]. */
function otherFormats(stream) {
  const service = `svc ${all.email}`;
  const log = logRecord(sentence, { attributes: attributes(), traceId: '5b8efff798038103d269b633813fc60c' });
  const point = gauge(`metric ${all.phone}`, 1.5, { attributes: attributes() });
  const call = span(`GET /users/${all.email}?key=${all.secret}`, {
    attributes: [...attributes(), attribute('gen_ai.request.model', `m ${all.email}`), attribute('gen_ai.agent.name', all.phone), attribute('gen_ai.prompt', sentence)],
    events: [{ name: all.iban, attributes: attributes() }], status: { code: 2, message: sentence },
  });
  const requests = { logs: logsOf(service, [log]), metrics: metricsOf(service, [point]), traces: tracesOf(service, [call]) };
  for (const levels of Object.values(requests)) Object.values(levels)[0][0].resource.attributes.push(attribute('host.name', all.email), attribute('service.instance.id', all.card));
  const otlp = Object.entries(requests).flatMap(([signal, request]) => Object.entries(ENCODINGS).map(([encoding, { type, encode }]) =>
    [`OTLP ${signal} in ${encoding}`, encode(SIGNALS[signal], request), { 'content-type': type }, SIGNALS[signal].path]));
  const cloud = { specversion: '1.0', id: all.card, source: `/users/${all.email}`, type: `com.example.${all.email}`, subject: all.phone, data: { ...chartIn, message: sentence } };
  const [one, many] = ['application/cloudevents+json', 'application/cloudevents-batch+json'];
  return [
    ...otlp,
    ['a CloudEvent', JSON.stringify(cloud), { 'content-type': one }],
    ['CloudEvents in a batch', JSON.stringify([{ ...cloud, id: all.iban }]), { 'content-type': many }],
    ['a CloudEvent in headers', JSON.stringify({ message: sentence }), { 'ce-specversion': '1.0', 'ce-id': all.email, 'ce-source': all.patient, 'ce-type': `t.${all.email}` }],
    ['later', JSON.stringify([{ stream, event_type: 'log', data: sentence, metadata: { owner: all.email } }]), { prefer: 'respond-async' }],
  ];
}

test('must show 6: a canary of each kind, sent on every path, is found nowhere', { timeout: 300_000 }, async (t) => {
  const shown = await set({ policy: 'mask', patterns: [{ name: 'patient', pattern: 'PAT-\\d{9}' }, { name: 'chart', pattern: '^73\\d{4}$' }] });
  assert.deepEqual(shown.kinds, ['email', 'phone', 'card', 'iban', 'secret']);
  await effective(redactedNow);

  const feed = await openFeed(t, a.keys.read);
  const answers = [];
  const post = async (body, headers = {}, route = '/v1/events') => {
    const answer = await api('POST', route, { as: a.keys.full, body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });
    answers.push(JSON.stringify([answer.body, ...answer.headers]));
    return answer;
  };
  // learn something ordinary, so that the canary's event becomes an anomaly with evidence
  const stream = freshStream('redaction');
  for (const batch of inBatches(ordinaryEvents(stream, 900, 5))) await ingest(a.keys.ingest, batch);
  const event = (data, more = {}) => ({ stream, event_type: 'log', data, ...more });
  const labels = { id: all.email, group: all.card, metadata: { [all.email]: sentence, password: all.secret, nested: [{ account: all.iban }] } };
  const found = await post([event(sentence, labels)]);
  assert.equal(found.status, 200);
  for (const kind of ['email', 'phone', 'card', 'iban', 'secret', 'patient']) assert.ok(found.body.redacted[kind] >= 1, `${kind} in ${JSON.stringify(found.body.redacted)}`);
  assert.equal(found.body.anomalies.length, 1, 'it is an anomaly');
  assert.equal((await post([event(sentence, labels)])).body.duplicates, 1, 'a hashed id still recognises its retry');

  // every shape, every encoding of the same characters
  const escaped = `{"stream":"${stream}","data":"${[...sentence].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"}`;
  const paths = {
    object: event({ level: 'WARN', ...chartIn, message: sentence, user: { email: all.email, card: Number(all.card), phone: all.phone } }),
    envelope: { events: [event(sentence)] },
    'older shape': { organization_id: a.id, event_type: 'log', data: { message: sentence } },
    'older metric': { timestamp: Date.now(), value: 1.5, metadata: { owner: all.email, note: sentence } },
    trace: { event_type: 'trace', data: { name: 'GET', attributes: { 'http.url': `https://x.test/?u=${all.email.replace('@', '%40')}&token=${all.jwt}`, 'http.request.header.authorization': `Bearer ${all.jwt}` } } },
    llm: { event_type: 'llm', data: { prompt: sentence, completion: `sure, ${sentence}`, tool_calls: [{ arguments: JSON.stringify({ iban: all.iban, message: sentence }) }] } },
    escaped,
    'a shipper\'s own object': [{ [all.email]: sentence }],
    'JSON within text': event(JSON.stringify({ message: sentence })),
  };
  for (const [name, body] of Object.entries(paths)) {
    const answer = await post(body);
    if (JSON.stringify(body).includes(chartField)) assert.equal(answer.body.redacted.chart, 2, `${name}: ${JSON.stringify(answer.body)}`);
    assert.equal(answer.status, 200, `${name}: ${JSON.stringify(answer.body)}`);
    assert.ok(answer.body.accepted === 1 && Object.keys(answer.body.redacted ?? {}).length >= 1, `${name}: ${JSON.stringify(answer.body)}`);
  }
  assert.equal((await post(`${JSON.stringify(event(sentence))}\n${JSON.stringify(event({ m: sentence }))}\n`, { 'content-type': 'application/x-ndjson' })).body.accepted, 2);
  const byLine = await fetch(`${url}/v1/events`, {
    method: 'POST', body: `${JSON.stringify(event(sentence))}\n`,
    headers: { authorization: `Bearer ${a.keys.full}`, 'content-type': 'application/x-ndjson', accept: 'application/x-ndjson' },
  });
  answers.push(await byLine.text());
  const lines = answers.at(-1).trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual([lines.length, lines[1].accepted, lines[1].redacted.email], [2, 1, 1], 'the last line counts what was taken out');
  assert.equal((await post(zlib.gzipSync(JSON.stringify(event(sentence))), { 'content-encoding': 'gzip' })).body.accepted, 1);
  assert.equal((await post([event(sentence)], { 'idempotency-key': all.email })).body.accepted, 1);
  const others = otherFormats(stream);
  for (const [name, body, headers, route] of others) {
    const answer = await post(body, headers, route);
    assert.ok([200, 202].includes(answer.status), `${name}: ${answer.status} ${JSON.stringify(answer.body)}`);
    // every answer counts what was taken out
    const counted = name.startsWith('OTLP') ? answer.headers.get('driftlock-redacted') : JSON.stringify(answer.body.redacted);
    assert.match(counted ?? '', name.startsWith('OTLP') ? /^[a-z]+=\d+(, [a-z]+=\d+)*$/ : /^\{"/, name);
    assert.match(counted, /\bemail\W+[1-9]/, name);
    assert.ok(!/rejected|[1-9]\d* ×/.test(JSON.stringify(answer.body).replace('"rejected":[]', '')), `${name}: ${JSON.stringify(answer.body)}`);
  }
  const recorded = await post({ event_type: 'log', severity: 'high', stream, reason: sentence, metadata: { ...chartIn, message: sentence, card: Number(all.card) } }, {}, '/v1/anomalies');
  assert.equal(recorded.status, 201, JSON.stringify(recorded.body));
  assert.ok(recorded.body.redacted.email >= 1);
  assert.equal(recorded.body.redacted.chart, 2, 'short numbers of the own pattern');

  // what is refused says nothing of it either
  const refused = [
    [[event(sentence, { timestamp: all.email })]], [[event(sentence, { stream: all.email })]], [[event(sentence, { stream: `u/${all.card}` })]],
    [`{"data": ${all.email}}`], [`[${sentence}`], [{ organization_id: all.email, data: 'x' }],
    [{ event_type: all.email, severity: all.card, reason: sentence }, {}, '/v1/anomalies'], [{ event_type: 'log', severity: 'low', stream: `u/${all.card}` }, {}, '/v1/anomalies'],
    [`${sentence}\n{"data":${sentence}}`, { 'content-type': 'application/x-ndjson' }], [sentence, { 'content-type': 'application/xml' }],
  ];
  for (const [body, headers, route] of refused) {
    const answer = await post(body, headers, route);
    assert.ok(answer.status >= 400 || answer.body.rejected.length > 0, JSON.stringify(answer.body));
  }

  // evidence: the record, its explanation and what the feed said
  const record = await eventually('the record arrives', async () => {
    const { status, body } = await api('GET', `/v1/anomalies/${found.body.anomalies[0].id}`, { as: a.keys.read });
    return status === 200 && body;
  });
  answers.push(JSON.stringify(record));
  assert.match(record.event, /customer \[email\] paid with \[card\], refund to \[iban\], call \[phone\], key \[secret\], session \[secret\], file \[patient\]/);
  assert.match(record.group, /^\[card:[0-9a-f]{16}\]$/);
  for (let message; (message = await feed.next(3000).catch(() => null)); ) answers.push(JSON.stringify(message));
  assert.ok(answers.some((text) => text.includes('"event":"anomaly"')), 'the feed was heard');
  await sleep(2500); // usage and stream state have been reported too

  const values = [...Object.values(all), ...Object.values(all).map((value) => value.slice(2, -1))];
  for (const value of values) {
    assert.ok(!answers.some((text) => text.includes(value)), `an answer holds ${value}`);
    assert.deepEqual(await tablesHolding(value), [], `PostgreSQL holds ${value}`);
  }
  assert.ok(!answers.some((text) => new RegExp(chartKept).test(text)), 'an answer holds the short number');
  assert.deepEqual(await tablesHolding(chartKept, '~'), [], 'PostgreSQL holds the short number');
  const { found: files, searched } = filesHolding(Object.values(all));
  assert.deepEqual(files, []);
  // the search itself works: an ordinary event of this stream is in the objects' files
  assert.ok(filesHolding([stream]).found.length >= 1 && searched >= 5);
  figure(t, `${Object.keys(all).length + 1} canaries on ${Object.keys(paths).length + others.length + 5} paths and in ${refused.length} refusals: 0 in ${searched} files, every table and ${answers.length} answers`);
});

test('hash keeps values apart without showing them; drop leaves nothing', { timeout: 180_000 }, async () => {
  await set({ policy: 'mask', action: 'drop', kinds: ['email', 'ip'] });
  const stream = freshStream('redaction-drop');
  await effective(async () => (await ingest(a.keys.ingest, [{ stream: 'redaction-probe', data: '10.1.2.3' }])).redacted?.ip);
  const { redacted } = await ingest(a.keys.ingest, [{ stream, data: `${all.email} from 10.1.2.3 with ${all.card}` }]);
  assert.deepEqual(redacted, { email: 1, ip: 1 }, 'only the kinds asked for');
  const shown = await set({ policy: 'mask', action: 'hash' });
  assert.equal(shown.action, 'hash');
  const seen = await api('GET', SETTING, { as: admin });
  assert.deepEqual(seen.body, shown);
  const recorded = () => api('POST', '/v1/anomalies', { as: admin, json: { event_type: 'log', severity: 'low', stream, metadata: { user: all.email } } });
  const user = await effective(async () => {
    const { body } = await recorded();
    return /^\[email:[0-9a-f]{16}\]$/.test(body.metadata.user) && body.metadata.user;
  });
  assert.equal((await recorded()).body.metadata.user, user, 'the same value, the same hash');
});

test('a setting that does not hold is refused by field', async () => {
  for (const [json, field] of [
    [{ policy: 'mask', kinds: ['shoe_size'] }, 'kinds'],
    [{ policy: 'mask', patterns: [{ name: 'a', pattern: '(' }] }, 'patterns[0].pattern'],
    [{ policy: 'mask', patterns: [{ name: 'email', pattern: 'x' }] }, 'patterns[0].name'],
    [{ policy: 'sometimes' }, 'body'],
  ]) {
    const { status, body } = await api('PUT', SETTING, { as: admin, json });
    assert.deepEqual([status, body.code, body.errors[0].field], [400, 'invalid_body', field]);
  }
});
