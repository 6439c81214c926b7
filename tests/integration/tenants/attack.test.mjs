// must show 3: a thousand randomised attempts of one organisation's people and keys on another's data. An attempt succeeds when
// an answer holds anything of the victim's, or when anything of the victim's has changed afterwards. Routes, tables and functions are
// those that there are: the Worker's own table of routes and the database's catalogue name them.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { checksum } from '../../../scripts/lib/api-key.mjs';
import { api, eventually, figure, ingest, openFeed, sleep, supabase, url } from '../support/stack.mjs';
import { admin, newKey, newOrganization, newPerson } from './people.mjs';

const ATTEMPTS = 1000;
const FEEDS = 40;
const SEED = Number(process.env.DRIFTLOCK_SEED ?? 20261121);
const MARK = `vctm${crypto.randomBytes(8).toString('hex')}`; // in everything of the victim's

// mulberry32: small, and the same on every run
let state = SEED;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const pick = (list) => list[Math.floor(random() * list.length)];

/** The members of a list in turn, so that each is tried. */
const inTurn = (list) => {
  let next = 0;
  return () => list()[next++ % list().length];
};

const victim = {};
const attacker = {};
const database = new pg.Client({ connectionString: supabase.DATABASE_URL });
const sql = async (text, values) => (await database.query(text, values)).rows;
after(() => database.end());

const routes = JSON.parse(fs.readFileSync(new URL('../../fixtures/routes.json', import.meta.url))).filter(({ access }) => access !== 'Public');
const catalogue = { tables: [], owned: [], functions: [] };

before(async () => {
  await database.connect();
  const relations = await sql("select table_name as name, bool_or(column_name = 'org_id') as owned from information_schema.columns where table_schema = 'public' group by 1 order by 1");
  catalogue.tables = relations.map(({ name }) => name);
  catalogue.owned = relations.filter(({ owned }) => owned).map(({ name }) => name);
  catalogue.functions = (await sql("select distinct proname as name from pg_proc where pronamespace = 'public'::regnamespace order by 1")).map(({ name }) => name);
  victim.owner = await newPerson(MARK);
  Object.assign(victim, { org: await newOrganization(victim.owner, `Org ${MARK}`) });
  victim.key = await newKey(victim.owner, { name: `key ${MARK}`, scopes: ['ingest', 'read', 'write'] });
  victim.stream = `stream-${MARK}`;
  victim.invited = `${MARK}-guest@people.test`;
  victim.invitation = (await api('POST', '/v1/invitations', { as: victim.owner, json: { email: victim.invited } })).body.id;
  await ingest(victim.key.secret, [{ stream: victim.stream, data: MARK }]);
  victim.anomalies = [];
  for (let i = 0; i < 3; i += 1) {
    const made = await api('POST', '/v1/anomalies', { as: victim.key.secret, json: { stream: victim.stream, event_type: 'log', severity: 'high', metadata: { MARK } } });
    victim.anomalies.push(made.body.id);
  }
  await fillTables();
  const page = await eventually('the victim sees its own', async () => {
    const { body } = await api('GET', '/v1/anomalies?limit=2', { as: victim.owner });
    return body.anomalies?.length === 2 && body.next_cursor && body;
  });
  victim.cursor = page.next_cursor;
  await eventually('its stream is known', async () => (await api('GET', `/v1/streams/${victim.stream}`, { as: victim.owner })).status === 200);

  attacker.owner = await newPerson('attacker');
  attacker.org = await newOrganization(attacker.owner, 'Attacker');
  attacker.key = await newKey(attacker.owner, { name: 'admin', scopes: ['admin'] });
  attacker.ingest = await newKey(attacker.owner, { name: 'ingest', scopes: ['ingest', 'read', 'write'] });
});

/** Something of the victim's in every table that ordinary use would fill only later; finished, so that no job looks at it. */
async function fillTables() {
  const org_id = victim.org.id;
  const now = new Date().toISOString();
  await eventually('feedback is taken', async () => (await api('POST', `/v1/anomalies/${victim.anomalies[2]}/feedback`, { as: victim.owner, json: { kind: 'real' } })).status === 200);
  const rules = await api('PUT', '/v1/organization/redaction', { as: victim.owner, json: { policy: 'mask', patterns: [{ name: MARK.slice(0, 16), pattern: MARK }] } });
  assert.equal(rules.status, 200, JSON.stringify(rules.body));
  await admin.update(`subscriptions?org_id=eq.${org_id}`, { stripe_customer: `cus_${MARK}` });
  await admin.insert('usage_alerts', { org_id, period_start: '2026-11-01', threshold: 80, reached_at: now });
  await admin.insert('meter_flushes', { identifier: `dlk-${MARK}`, org_id, customer: `cus_${MARK}`, day: '2026-11-01', from_total: 0, value: 1, at: now, due_at: now, state: 'sent' });
  await admin.insert('billing_mails', { org_id, key: MARK, recipient: `${MARK}@people.test`, kind: 'usage', state: 'sent', due_at: now });
  await admin.insert('stripe_events', { id: `evt_${MARK}`, type: 'invoice.paid', created: now, subject: `cus_${MARK}`, state: 'done', org_id, due_at: now });
  await admin.insert('sign_ups', { email: `${MARK}@people.test`, company: MARK, plan: 'developer' });
}

// what jobs of the Worker may change meanwhile
const BY_JOBS = { tables: ['purges'], columns: ['updated_at', 'last_used_at', 'usage_from', 'usage_until', 'usage_at', 'usage_events', 'usage_detections', 'usage_unrecorded'] };

/** What the victim has, as the database holds it: every row of every table. */
async function belongings() {
  const tables = catalogue.owned.filter((name) => !BY_JOBS.tables.includes(name));
  const parts = [...tables.map((name) => [name, 'org_id']), ['organizations', 'id']].map(
    ([name, by]) => `select '${name}' as name, to_jsonb(t) - $2::text[] as row from public.${name} t where t.${by} = $1`);
  return JSON.stringify(await sql(`select name, row::text from (${parts.join(' union all ')}) x order by 1, 2`, [victim.org.id, BY_JOBS.columns]));
}

/** The same, once nothing of it is on its way to the database any more. */
const settled = () => eventually('the victim\'s rows come to rest', async () => {
  const first = await belongings();
  await sleep(2_500);
  return (await belongings()) === first && first;
}, { timeoutMs: 60_000 });

const encode = (part) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
const operators = () => pick([
  `eq.${victim.org.id}`, `x),org_id.eq.${victim.org.id}`, `*`, `in.(${victim.org.id})`, `or=(org_id.eq.${victim.org.id})`, `not.is.null`, `"${victim.stream}"`, `x","y`,
  `${victim.stream},${victim.stream}`, `like.*${MARK}*`, `%25`, `x&org_id=eq.${victim.org.id}`, `2026-01-01T00:00:00Z),or(org_id.eq.${victim.org.id}`, `fts.${MARK}`, '\u0000', `${victim.stream}\n`,
]);
const mangled = (id) => pick([id, id.toUpperCase(), `{${id}}`, ` ${id}`, `${id}%00`, `${id}/`, `${id}?org_id=${victim.org.id}`, `..%2f${id}`, id.replaceAll('-', '')]);

function forgedToken() {
  const [header, payload, signature] = attacker.owner.token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url'));
  const victims = { ...claims, sub: victim.owner.id, email: victim.owner.email };
  const kid = JSON.parse(Buffer.from(header, 'base64url')).kid;
  const hmac = (secret, head, body) => `${encode(head)}.${encode(body)}.${crypto.createHmac('sha256', secret).update(`${encode(head)}.${encode(body)}`).digest('base64url')}`;
  const { privateKey, publicKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signed = (head) => {
    const text = `${encode(head)}.${encode(victims)}`;
    return `${text}.${crypto.sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  return pick([
    () => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(victims)}.`,
    () => `${encode({ alg: 'nOnE' })}.${encode(victims)}.${signature}`,
    () => `${header}.${encode(victims)}.${signature}`,
    () => hmac(supabase.SUPABASE_PUBLISHABLE_KEY, { alg: 'HS256', typ: 'JWT' }, victims),
    () => hmac(victim.jwk, { alg: 'HS256', typ: 'JWT', kid }, victims),
    () => hmac(victim.pem, { alg: 'HS256', kid }, victims),
    () => hmac('', { alg: 'HS256', kid: '../../../../dev/null' }, victims),
    () => hmac('', { alg: 'HS256', kid: "x' UNION SELECT '" }, victims),
    () => signed({ alg: 'ES256', kid }),
    () => signed({ alg: 'ES256', kid: pick(['', 'x', '../../etc/passwd', `${kid}\u0000`, '*']) }),
    () => signed({ alg: 'ES256', kid, jwk: publicKey.export({ format: 'jwk' }) }),
    () => signed({ alg: 'ES256', kid, jku: `${url}/jwks.json` }),
    () => signed({ alg: 'ES256', kid, crit: ['b64'], b64: false }),
    () => `${encode({ alg: 'ES256', kid })}.${encode(victims)}.${'A'.repeat(86)}`,
    () => `${header}.${encode({ ...victims, role: 'service_role' })}.${signature}`,
  ])();
}

function forgedKey() {
  const own = attacker.ingest.secret;
  const body = pick([
    () => `dlk_live_${victim.key.id}_${own.slice(-49, -6)}`,
    () => `dlk_live_${victim.key.id}_${'0'.repeat(43)}`,
    () => `dlk_test_${victim.key.id}_${own.slice(-49, -6)}`,
  ])();
  return pick([() => body + checksum(body), () => victim.key.id, () => `${body}${'0'.repeat(6)}`, () => `${victim.key.secret.slice(0, -7)}x${victim.key.secret.slice(-6)}`])();
}

const anyone = () => pick([attacker.owner, attacker.key.secret, attacker.ingest.secret]);
const isList = ({ method, path }) => method === 'GET' && !path.includes('{') && path !== '/v1/stream/anomalies';
const lists = routes.filter(isList).map(({ path }) => path);
const nextList = inTurn(() => lists);
const nextTable = inTurn(() => catalogue.tables);
const singles = routes.filter(({ method, path }) => method === 'GET' && path.includes('{'));
const changes = routes.filter(({ method, path }) => method !== 'GET' && !path.includes('/_test/'));

/** The victim's own of what `{id}` stands for. */
const owned = (path) => ({
  anomalies: pick(victim.anomalies), streams: victim.stream, keys: victim.key.id, members: victim.owner.id, invitations: victim.invitation, organizations: victim.org.id,
})[path.split('/')[2]];
const fill = (path) => path.replace('{id}', () => mangled(owned(path)));

// what a change needs to get as far as it can; any other is sent with nothing but the victim's ids
const bodies = () => ({
  'POST /v1/events': pick([{ events: [{ stream: 'x', data: 'x' }] }, [{ stream: 'x', data: 'x', organization_id: victim.org.id }]]),
  'POST /v1/anomalies': { event_type: 'log', severity: 'low' },
  'PATCH /v1/anomalies/{id}/status': { status: 'acknowledged' },
  'POST /v1/anomalies/{id}/feedback': { kind: 'false_alarm' },
  'PATCH /v1/streams/{id}': { sensitivity: 0.9 },
  'POST /v1/keys/{id}/regenerate': { overlap_seconds: 0 },
  'POST /v1/me/keys/regenerate': { id: victim.key.id },
  'POST /v1/me/keys/revoke': { id: victim.key.id },
  'PATCH /v1/members/{id}': { role: 'viewer' },
  'POST /v1/organization/transfer': { user_id: victim.owner.id },
  'PATCH /v1/organization': { name: 'taken' },
  'PUT /v1/organization/redaction': { policy: 'keep' },
  'PATCH /v1/billing/settings': { hard_cap: true },
  'POST /v1/billing/portal': { return_url: url },
});
const ids = () => ({ org_id: victim.org.id, organization_id: victim.org.id, p_org: victim.org.id, customer: victim.org.id, user_id: victim.owner.id });
function change() {
  const { method, path } = pick(changes);
  const needed = bodies()[`${method} ${path}`];
  const json = Array.isArray(needed) ? needed : pick([needed ?? ids(), { ...ids(), ...needed }]);
  const query = path === '/v1/organization' ? `confirm=${encodeURIComponent(`Org ${MARK}`)}` : `organization_id=${victim.org.id}&org_id=eq.${victim.org.id}`;
  return [method, `${fill(path)}?${query}`, { as: anyone(), json }];
}

const strategies = {
  'ids': () => ['GET', fill(pick(singles).path), { as: anyone() }],
  'changes': change,
  'filters': () => {
    const name = pick(['stream', 'org_id', 'organization_id', 'select', 'or', 'and', 'status', 'from', 'severity', 'min_score', 'order', 'limit', 'apikey', 'id', 'action']);
    return ['GET', `${nextList()}?${name}=${encodeURIComponent(operators())}&${pick(['org_id', 'or', 'select'])}=${encodeURIComponent(operators())}`, { as: anyone() }];
  },
  'cursors': () => {
    const [version, tag, time, id] = Buffer.from(victim.cursor, 'base64url').toString().split('|');
    const cursor = pick([victim.cursor, encode([version, tag, time, id].join('|')), encode([version, tag, `${time}),or(org_id.eq.${victim.org.id}`, id].join('|')), encode(victim.stream), String(random()), encode(`1|${'0'.repeat(12)}|${time}|${id}`)]);
    return ['GET', `${pick(['/v1/anomalies', '/v1/streams', '/v1/audit'])}?limit=2&cursor=${encodeURIComponent(cursor)}`, { as: anyone() }];
  },
  'headers': () => {
    const headers = pick([{ 'driftlock-organization': victim.org.id }, { 'driftlock-organization': victim.org.id.toUpperCase() }, { 'driftlock-organization': `${attacker.org.id},${victim.org.id}` }, { 'x-organization-id': victim.org.id }, { 'x-forwarded-user': victim.owner.id }, { 'x-api-key': forgedKey() }, { apikey: supabase.SUPABASE_SECRET_KEY.slice(0, -1) }, { 'x-original-url': `/v1/anomalies/${victim.anomalies[0]}` }, { 'x-http-method-override': 'DELETE' }]);
    return ['GET', pick([...lists, `/v1/anomalies/${victim.anomalies[0]}`]), { as: attacker.owner, headers }];
  },
  'tokens': () => ['GET', pick([...lists, `/v1/anomalies/${victim.anomalies[0]}`]), { as: { token: forgedToken(), org: pick([undefined, victim.org.id]) } }],
  'keys': () => ['GET', pick([...lists, `/v1/anomalies/${victim.anomalies[0]}`]), { as: forgedKey() }],
  'database': () => {
    if (random() < 0.35) {
      const call = pick(catalogue.functions);
      const [open, values] = pick([
        ['usage_details', { p_org: victim.org.id, p_from: '2026-01-01', p_to: '2030-01-01', p_prefix: null }], ['verify_audit', { p_org: victim.org.id }],
        ['export_page', { p_org: victim.org.id, p_table: pick(catalogue.tables), p_after: null, p_limit: 100 }],
      ]);
      return pick([
        ['GET', `/rest/v1/members?select=*,organizations(*,api_keys(*),anomalies(*))`],
        ['POST', `/rest/v1/members`, { org_id: victim.org.id, user_id: attacker.owner.id, role: 'owner' }],
        ['POST', `/rest/v1/rpc/${open}`, values],
        ['POST', `/rest/v1/rpc/${call}`, pick([{ p_org: victim.org.id }, { p_org: victim.org.id, p_now: new Date().toISOString() }, { p_user: victim.owner.id }])],
        ['POST', `/rest/v1/rpc/${call}`, { p_org: victim.org.id, p_actor: { id: victim.owner.id }, p_patch: { name: 'taken' } }],
      ]);
    }
    const table = nextTable();
    const by = table === 'organizations' ? 'id' : 'org_id';
    return pick([
      ['GET', `/rest/v1/${table}?select=*`],
      ['GET', `/rest/v1/${table}?${by}=eq.${victim.org.id}`],
      ['GET', `/rest/v1/${table}?select=*&or=(org_id.eq.${victim.org.id},org_id.is.null)`],
      ['PATCH', `/rest/v1/${table}?${by}=eq.${victim.org.id}`, { [by]: attacker.org.id }],
      ['DELETE', `/rest/v1/${table}?${by}=eq.${victim.org.id}`],
    ]);
  },
};

/** What was asked for, ids as they were sent. */
const tried = new Set();

async function attempt(name) {
  const [method, path, options = {}] = strategies[name]();
  tried.add(`${method} ${path.split('?')[0]}`);
  if (name === 'database') {
    const headers = { apikey: supabase.SUPABASE_PUBLISHABLE_KEY, 'content-type': 'application/json', authorization: `Bearer ${pick([attacker.owner.token, attacker.owner.token, forgedToken()])}`, prefer: 'return=representation' };
    const response = await fetch(supabase.SUPABASE_URL + path, { method, headers, body: options && method !== 'GET' ? JSON.stringify(options) : undefined });
    return { name, what: `${method} ${path}`, status: response.status, text: await response.text() };
  }
  const answer = await api(method, path, options).catch((error) => ({ status: 0, body: error.message }));
  return { name, what: `${method} ${path}`, status: answer.status, text: typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body) };
}

async function listen(t) {
  const feed = await openFeed(t, pick([attacker.owner, attacker.ingest.secret]), { lastEventId: pick([0, 1, 2, 3, 1000]) });
  const seen = [];
  try {
    for (;;) seen.push(JSON.stringify(await feed.next(150)));
  } catch {
    // nothing more came
  }
  feed.close();
  return { name: 'feed', what: 'GET /v1/stream/anomalies', status: 200, text: seen.join('') };
}

test(`must show 3: ${ATTEMPTS} attempts on another organisation, none succeeds`, async (t) => {
  const { keys } = await (await fetch(supabase.SUPABASE_JWKS_URL)).json();
  victim.jwk = JSON.stringify(keys[0]);
  victim.pem = crypto.createPublicKey({ key: keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const untouched = await settled();
  for (const table of catalogue.owned.filter((name) => name !== 'purges')) assert.ok((await sql(`select 1 from public.${table} where org_id = $1 limit 1`, [victim.org.id])).length, `the victim has something in ${table}`);
  const names = Object.keys(strategies);
  const counts = {};
  const succeeded = [];
  let left = ATTEMPTS;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const outcome = left < FEEDS ? await listen(t) : await attempt(pick(names));
      counts[outcome.name] = (counts[outcome.name] ?? 0) + 1;
      if (outcome.text.includes(MARK) || outcome.text.includes(victim.anomalies[0])) succeeded.push({ ...outcome, text: outcome.text.slice(0, 300) });
      if (outcome.status >= 500) succeeded.push({ ...outcome, text: `answered ${outcome.status}: ${outcome.text.slice(0, 200)}` });
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  figure(t, `seed ${SEED}: ${Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(', ')}`);
  assert.deepEqual(succeeded, []);
  const missed = [...lists, ...catalogue.tables.map((name) => `/rest/v1/${name}`)].filter((path) => ![...tried].some((one) => one.endsWith(` ${path}`)));
  assert.deepEqual(missed, [], 'every list and table was tried');
  assert.equal(await belongings(), untouched, 'nothing of the victim has changed');
  assert.equal((await api('GET', `/v1/anomalies/${victim.anomalies[0]}`, { as: victim.owner })).status, 200);
});
