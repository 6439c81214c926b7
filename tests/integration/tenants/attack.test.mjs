// must show 3: a thousand randomised attempts of one organisation's people and keys on another's data. An attempt succeeds when
// an answer holds anything of the victim's, or when anything of the victim's has changed afterwards.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { before, test } from 'node:test';
import { checksum } from '../../../scripts/lib/api-key.mjs';
import { api, eventually, figure, ingest, openFeed, supabase, url } from '../support/stack.mjs';
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

const victim = {};
const attacker = {};

before(async () => {
  victim.owner = await newPerson(MARK);
  Object.assign(victim, { org: await newOrganization(victim.owner, `Org ${MARK}`) });
  victim.key = await newKey(victim.owner, { name: `key ${MARK}`, scopes: ['ingest', 'read', 'write'] });
  victim.stream = `stream-${MARK}`;
  victim.invited = `${MARK}-guest@people.test`;
  await api('POST', '/v1/invitations', { as: victim.owner, json: { email: victim.invited } });
  await ingest(victim.key.secret, [{ stream: victim.stream, data: MARK }]);
  victim.anomalies = [];
  for (let i = 0; i < 3; i += 1) {
    const made = await api('POST', '/v1/anomalies', { as: victim.key.secret, json: { stream: victim.stream, event_type: 'log', severity: 'high', metadata: { MARK } } });
    victim.anomalies.push(made.body.id);
  }
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

/** What the victim has, as the database holds it. */
async function belongings() {
  const of = (table, columns, by = 'org_id') => admin.select(`${table}?${by}=eq.${victim.org.id}&select=${columns}&order=${columns.split(',')[0]}`);
  return JSON.stringify([
    await of('organizations', 'id,name,plan,deleted_at,default_sensitivity,requests_per_minute', 'id'), await of('members', 'user_id,role'),
    await of('api_keys', 'id,name,scopes,expires_at,revoked_at'), await of('anomalies', 'id,status,severity,stream'),
    await of('streams', 'name,events_seen,sensitivity'), await of('invitations', 'id,revoked_at,accepted_at'), await of('audit_log', 'seq,action'),
  ]);
}

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
const lists = ['/v1/anomalies', '/anomalies', '/v1/streams', '/v1/audit', '/v1/keys', '/v1/members', '/v1/invitations', '/v1/organization', '/v1/config', '/v1/me'];
const writes = () => pick([
  ['PATCH', `/v1/anomalies/${mangled(pick(victim.anomalies))}/status`, { status: 'acknowledged' }],
  ['PATCH', `/v1/streams/${victim.stream}`, { sensitivity: 0.9 }],
  ['DELETE', `/v1/keys/${mangled(victim.key.id)}`],
  ['POST', `/v1/keys/${victim.key.id}/regenerate`, { overlap_seconds: 0 }],
  ['POST', '/v1/me/keys/revoke', { id: victim.key.id, org_id: victim.org.id, organization_id: victim.org.id }],
  ['PATCH', `/v1/members/${victim.owner.id}`, { role: 'viewer', org_id: victim.org.id }],
  ['DELETE', `/v1/members/${victim.owner.id}`],
  ['POST', '/v1/organization/transfer', { user_id: victim.owner.id }],
  ['POST', `/v1/organizations/${victim.org.id}/restore`, {}],
  ['DELETE', `/v1/organization?confirm=${encodeURIComponent(`Org ${MARK}`)}`],
  ['POST', '/v1/events', { organization_id: victim.org.id, events: [{ stream: 'x', data: 'x' }] }],
  ['POST', '/v1/events', [{ stream: 'x', data: 'x', organization_id: victim.org.id }]],
  ['POST', '/v1/anomalies', { organization_id: victim.org.id, event_type: 'log', severity: 'low' }],
  ['PATCH', '/v1/organization', { id: victim.org.id, name: 'taken' }],
]);

const strategies = {
  'ids': () => ['GET', `/v1/${pick(['anomalies', 'streams', 'keys', 'members'])}/${mangled(pick([...victim.anomalies, victim.stream, victim.key.id, victim.owner.id]))}`, { as: anyone() }],
  'changes': () => { const [method, path, json] = writes(); return [method, path, { as: anyone(), json }]; },
  'filters': () => {
    const name = pick(['stream', 'org_id', 'organization_id', 'select', 'or', 'and', 'status', 'from', 'severity', 'min_score', 'order', 'limit', 'apikey', 'id', 'action']);
    return ['GET', `${pick(lists)}?${name}=${encodeURIComponent(operators())}&${pick(['org_id', 'or', 'select'])}=${encodeURIComponent(operators())}`, { as: anyone() }];
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
    const table = pick(['organizations', 'members', 'member_directory', 'api_keys', 'streams', 'anomalies', 'usage_counters', 'audit_log', 'audit_chains', 'invitations', 'sign_ups']);
    const call = pick(['create_api_key', 'verify_audit', 'delete_organization', 'change_role', 'find_invitation', 'apply_retention', 'update_organization', 'record_usage', 'prune_audit']);
    return pick([
      ['GET', `/rest/v1/${table}?${table === 'organizations' ? 'id' : 'org_id'}=eq.${victim.org.id}`],
      ['GET', `/rest/v1/${table}?select=*&or=(org_id.eq.${victim.org.id},org_id.is.null)`],
      ['GET', `/rest/v1/members?select=*,organizations(*,api_keys(*),anomalies(*))`],
      ['PATCH', `/rest/v1/${table}?org_id=eq.${victim.org.id}`, { org_id: attacker.org.id }],
      ['DELETE', `/rest/v1/${table}?org_id=eq.${victim.org.id}`],
      ['POST', `/rest/v1/members`, { org_id: victim.org.id, user_id: attacker.owner.id, role: 'owner' }],
      ['POST', `/rest/v1/rpc/${call}`, { p_org: victim.org.id, p_actor: { id: victim.owner.id }, p_patch: { name: 'taken' } }],
    ]);
  },
};

async function attempt(name) {
  const [method, path, options = {}] = strategies[name]();
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
  const untouched = await belongings();
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
  assert.equal(await belongings(), untouched, 'nothing of the victim has changed');
  assert.equal((await api('GET', `/v1/anomalies/${victim.anomalies[0]}`, { as: victim.owner })).status, 200);
});
