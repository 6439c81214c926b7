// Settings of organisation and streams, and the hourly job.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { before, test } from 'node:test';
import pg from 'pg';
import { inBatches, ordinaryEvents } from '../support/logs.mjs';
import { api, assertProblem, eventually, figure, ingest, listAnomalies, supabase } from '../support/stack.mjs';
import { admin, newKey, newOrganization, newPerson } from './people.mjs';

let owner;
let organization;
let key;

before(async () => {
  owner = await newPerson('settings');
  organization = await newOrganization(owner, 'Settings');
  key = await newKey(owner, { name: 'x', scopes: ['ingest', 'read'] });
});

test('the effective configuration shows what holds, and no secret', async () => {
  await api('PATCH', '/v1/organization', { as: owner, json: { name: 'Settings 2', default_sensitivity: 0.6, retention_days: 7, pii_policy: 'mask' } });
  const { body } = await api('GET', '/v1/config', { as: owner });
  assert.deepEqual(body.organization, { id: organization.id, name: 'Settings 2', plan: 'developer', time_zone: 'UTC' });
  assert.deepEqual([body.detection.default_sensitivity, body.privacy.pii_policy, body.retention], [0.6, 'mask', { days: 7, days_of_plan: 30 }]);
  assert.doesNotMatch(JSON.stringify(body), /sb_secret|re_local|dlk_|eyJ/);
  const mine = await api('GET', '/v1/config', { as: key.secret });
  assert.equal(mine.body.caller.type, 'key');
});

test('what is no setting cannot be set', async () => {
  for (const json of [{ plan: 'enterprise' }, { requests_per_minute: 9 }, { deleted_at: null }, { retention_days: 4000 }, { default_sensitivity: 2 }, { time_zone: 'Mars/Base' }, {}, { id: organization.id }]) {
    assertProblem(await api('PATCH', '/v1/organization', { as: owner, json }), 400, 'invalid_body');
  }
  assert.equal((await api('GET', '/v1/organization', { as: owner })).body.plan, 'developer');
});

test('a stream\'s sensitivity reaches its detector', async (t) => {
  const found = {};
  for (const [name, sensitivity] of [['team/eager', 1], ['team/calm', 0]]) {
    await ingest(key.secret, ordinaryEvents(name, 50, 3).map((event) => ({ ...event, id: `first-${event.id}` })));
    const path = `/v1/streams/${encodeURIComponent(name)}`;
    await eventually('the stream is known', async () => (await api('GET', path, { as: owner })).status === 200);
    const set = await api('PATCH', path, { as: owner, json: { sensitivity } });
    assert.equal(set.status, 200, JSON.stringify(set.body));
    assert.deepEqual([set.body.stream, set.body.sensitivity, set.body.effective_sensitivity], [name, sensitivity, sensitivity]);
    found[name] = 0;
    for (const batch of inBatches(ordinaryEvents(name, 3000), 500)) found[name] += (await ingest(key.secret, batch)).anomalies.length;
  }
  figure(t, `of the same 3000 ordinary events ${found['team/eager']} are anomalies at 1.0 and ${found['team/calm']} at 0.0`);
  assert.ok(found['team/eager'] > found['team/calm'] + 5, JSON.stringify(found));
  const back = await api('PATCH', '/v1/streams/team%2Feager', { as: owner, json: { sensitivity: null } });
  assert.deepEqual([back.body.sensitivity, back.body.effective_sensitivity], [null, 0.6]);
  for (const json of [{}, { sensitivity: 7 }, { state: 'ready' }]) assertProblem(await api('PATCH', '/v1/streams/team%2Feager', { as: owner, json }), 400, 'invalid_body');
  assertProblem(await api('PATCH', '/v1/streams/unknown', { as: owner, json: { sensitivity: 0.1 } }), 404, 'not_found');
});

test('the hourly job removes what is older than the organisation keeps', async () => {
  const id = crypto.randomUUID();
  const ago = (days) => new Date(Date.now() - days * 86_400_000).toISOString();
  const kept = crypto.randomUUID();
  await admin.insert('anomalies', { id, org_id: organization.id, stream: 'old', severity: 'low', detected_at: ago(8) });
  await admin.insert('anomalies', { id: kept, org_id: organization.id, stream: 'old', severity: 'low', detected_at: ago(6) });
  assert.equal((await listAnomalies(owner, { stream: 'old' })).length, 2);
  const done = await api('POST', '/v1/_test/scheduled');
  assert.equal(done.status, 200, JSON.stringify(done.body));
  assert.ok(done.body.anomalies >= 1);
  assert.deepEqual((await listAnomalies(owner, { stream: 'old' })).map((anomaly) => anomaly.id), [kept]);
});

test('the hourly job removes much old evidence in portions, and a step that fails holds up no other', async (t) => {
  const connection = new pg.Client({ connectionString: supabase.DATABASE_URL });
  await connection.connect();
  t.after(() => connection.end());
  const count = async () => (await connection.query("select count(*) filter (where baseline_data is not null)::int as with, count(*)::int as all from anomalies where org_id = $1 and stream = 'evidence'", [organization.id])).rows[0];
  // two portions and a bit, older than evidence is kept and younger than anomalies are
  const rows = 10_050;
  await connection.query(`update organizations set retention_days = 30 where id = $1`, [organization.id]);
  await connection.query("insert into anomalies (id, org_id, stream, severity, detected_at, baseline_data) select gen_random_uuid(), $1, 'evidence', 'low', now() - interval '8 days', 'x' from generate_series(1, $2::int)", [organization.id, rows]);
  await connection.query("insert into purges (org_id, kind, name) values ($1, 'stream', 'nothing#0')", [organization.id]);
  const waiting = async () => (await connection.query("select count(*)::int as n from purges where org_id = $1 and name = 'nothing#0'", [organization.id])).rows[0].n;

  await connection.query(`create function private.planted() returns trigger language plpgsql as $$ begin raise exception 'planted'; end $$;
    create trigger planted before update of baseline_data on anomalies for each row when (new.org_id = '${organization.id}') execute function private.planted()`);
  try {
    const { status, body } = await api('POST', '/v1/_test/scheduled');
    assert.deepEqual([status, body.failed, body.evidence], [200, ['evidence'], 0], JSON.stringify(body));
    assert.equal(await waiting(), 0, 'the steps after it were made');
  } finally {
    await connection.query('drop trigger planted on anomalies; drop function private.planted()');
  }
  assert.deepEqual(await count(), { with: rows, all: rows });
  const { rows: [{ portion }] } = await connection.query(`select prune_evidence('{"developer":7,"standard":30,"growth":90,"enterprise":730}', now(), 50) as portion`);
  assert.deepEqual(portion, { evidence: 50, more: true });
  const { body } = await api('POST', '/v1/_test/scheduled');
  assert.deepEqual([body.failed, body.more], [[], false]);
  assert.ok(body.evidence >= rows - 50, `${body.evidence}`);
  assert.deepEqual(await count(), { with: 0, all: rows });
});
