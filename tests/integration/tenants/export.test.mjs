// An organisation's data as one file: whole, whatever its size, and of nobody else.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { before, test } from 'node:test';
import pg from 'pg';
import { api, assertProblem, control, eventually, figure, ingest, supabase, url } from '../support/stack.mjs';
import { admin, freshAddress, newKey, newOrganization, newPerson } from './people.mjs';

const ANOMALIES = 2600;
const CHANGES = 2700;
const DAYS = 1100;
const MARK = `other-${crypto.randomBytes(6).toString('hex')}`;

let owner;
let organization;
let key;

before(async () => {
  owner = await newPerson('export');
  organization = await newOrganization(owner, 'Export');
  key = await newKey(owner, { name: 'x', scopes: ['ingest', 'read', 'write'] });
  await api('POST', '/v1/invitations', { as: owner, json: { email: freshAddress('invited') } });
  await ingest(key.secret, [{ stream: 'exported', data: 'x' }]);
  const evidence = { witness: 'A'.repeat(4000), baseline_data: 'line\n'.repeat(200), tokens: [{ text: 'x', bits: 3.25 }], seed: '18446744073709551615' };
  const anomalies = Array.from({ length: ANOMALIES }, (_, i) => ({ id: crypto.randomUUID(), org_id: organization.id, stream: 'exported', severity: 'low', reason: `anomaly ${i}`, ...evidence }));
  for (let i = 0; i < ANOMALIES; i += 650) await admin.insert('anomalies', anomalies.slice(i, i + 650));
  const day = (i) => new Date(Date.UTC(2020, 0, 1) + i * 86_400_000).toISOString().slice(0, 10);
  await admin.insert('usage_counters', Array.from({ length: DAYS }, (_, i) => ({ org_id: organization.id, stream: 'exported', day: day(i), events: i })));
  // changes of a setting, each of which the database writes down
  const client = new pg.Client({ connectionString: supabase.DATABASE_URL });
  await client.connect();
  await client.query("do $$ begin for i in 1.." + CHANGES + " loop update public.streams set sensitivity = (i % 90) / 100.0 where org_id = '" + organization.id + "'; end loop; end $$").finally(() => client.end());

  const other = await newPerson(MARK);
  const org = await newOrganization(other, `Org ${MARK}`);
  await admin.insert('anomalies', { id: crypto.randomUUID(), org_id: org.id, stream: MARK, severity: 'low' });
});

/** Tables whose rows name an organisation, as the database has them, and whether people may read them. */
async function tables() {
  const client = new pg.Client({ connectionString: supabase.DATABASE_URL });
  await client.connect();
  const { rows } = await client.query(`select c.relname as name, has_any_column_privilege('authenticated', c.oid, 'select') as readable from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and a.attname = 'org_id' order by 1`).finally(() => client.end());
  return rows;
}

test('the file holds every row of every table, also beyond a thousand', async (t) => {
  await eventually('the stream is known', async () => (await admin.select(`streams?org_id=eq.${organization.id}`)).length === 1);
  const answer = await api('GET', '/v1/organization/export', { as: owner });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-disposition'), /^attachment; filename="driftlock-[0-9a-f-]{36}\.json"$/);
  assert.equal(answer.headers.get('content-length'), null, 'it is sent as it is made');
  const file = answer.body;
  assert.equal(file.complete, true);
  assert.equal(file.organization.id, organization.id);
  assert.deepEqual(new Set(file.anomalies.map(({ id }) => id)).size, ANOMALIES);
  assert.ok(file.anomalies.every(({ witness, baseline_data, seed, tokens }) => witness.length === 4000 && baseline_data && seed === '18446744073709551615' && tokens[0].bits === 3.25), 'with the evidence');
  assert.ok(file.usage.length >= DAYS);
  assert.deepEqual(file.members.map(({ email, role }) => ({ email, role })), [{ email: owner.email, role: 'owner' }]);
  assert.deepEqual([file.keys.length, file.streams.length, file.invitations.length], [1, 1, 1]);
  assert.ok(file.audit.length >= CHANGES, `${file.audit.length}`);
  const seqs = file.audit.map(({ seq }) => seq);
  assert.deepEqual(seqs, Array.from({ length: seqs.length }, (_, i) => i + 1), 'the audit log without a gap');

  const names = { api_keys: 'keys', usage_counters: 'usage', audit_log: 'audit' };
  const known = await tables();
  for (const { name, readable } of known) assert.equal(Array.isArray(file[names[name] ?? name]), readable, name);
  const text = JSON.stringify(file);
  assert.ok(!text.includes(MARK), 'nothing of another organisation');
  assert.doesNotMatch(text, /"hash":"[0-9a-f]{64}","name"|token_hash/, 'no hash of a key or token');
  assert.ok(!text.includes(key.secret.slice(-49)));
  figure(t, `${file.anomalies.length} anomalies, ${file.audit.length} audit entries and ${file.usage.length} days of usage of ${known.filter(({ readable }) => readable).length} tables, ${(text.length / 1e6).toFixed(1)} MB in ${(answer.ms / 1000).toFixed(1)} s`);
});

test('as lines, one for each row', async () => {
  const answer = await fetch(`${url}/v1/organization/export?format=ndjson`, { headers: { authorization: `Bearer ${owner.token}` } });
  assert.match(answer.headers.get('content-type'), /^application\/x-ndjson/);
  const lines = (await answer.text()).trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual([lines[0].table, lines.at(-1)], ['organization', { complete: true }]);
  assert.equal(lines.filter(({ table }) => table === 'anomalies').length, ANOMALIES);
  assertProblem(await api('GET', '/v1/organization/export?format=csv', { as: owner }), 400, 'invalid_parameter');
});

test('taking the data is written down', async () => {
  const { body } = await api('GET', '/v1/audit?action=organization.exported', { as: owner });
  assert.deepEqual([body.entries.length >= 2, body.entries[0].actor_id], [true, owner.id]);
});

test('a database that goes away shows as a file without its end, not as a short one', async (t) => {
  const response = await fetch(`${url}/v1/organization/export`, { headers: { authorization: `Bearer ${owner.token}` } });
  assert.equal(response.status, 200);
  const reader = response.body.getReader();
  let text = Buffer.from((await reader.read()).value).toString();
  t.after(() => control('postgrest/start'));
  await control('postgrest/stop');
  await assert.rejects(async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += Buffer.from(value).toString();
    }
  }, 'the connection breaks off');
  assert.ok(!text.includes('"complete"'));
});

test('a person sees no page of another organisation through the database either', async () => {
  const stranger = await newPerson('export-stranger');
  const call = async (as, body) => {
    const headers = { apikey: supabase.SUPABASE_PUBLISHABLE_KEY, authorization: `Bearer ${as.token}`, 'content-type': 'application/json' };
    const response = await fetch(`${supabase.SUPABASE_URL}/rest/v1/rpc/export_page`, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  };
  for (const { name } of [...await tables(), { name: 'organizations' }]) {
    const page = await call(stranger, { p_org: organization.id, p_table: name, p_after: null, p_limit: 10 });
    assert.ok(page.status !== 200 || page.body.rows.length === 0, `${name}: ${JSON.stringify(page.body).slice(0, 200)}`);
  }
  assert.notEqual((await call(owner, { p_org: organization.id, p_table: 'pg_authid', p_after: null, p_limit: 10 })).status, 200);
});
