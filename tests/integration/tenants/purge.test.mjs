// What is left of an organisation 30 days after it was deleted: nothing, in the database and in the Durable Objects.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import pg from 'pg';
import { api, assertProblem, eventually, figure, ingest, supabase } from '../support/stack.mjs';
import { admin, newKey, newOrganization, newPerson } from './people.mjs';

const MARK = `purged${crypto.randomBytes(8).toString('hex')}`;
const BEGUN = Date.now() - 2000; // file times may lag a little
const OBJECTS = path.join(path.dirname(process.env.DRIFTLOCK_TEST_FIXTURES), 'objects');

/** Runs the hourly job as of so many days from now. */
async function hourlyJob(days) {
  const done = await api('POST', `/v1/_test/scheduled?at=${new Date(Date.now() + days * 86_400_000).toISOString()}`);
  assert.equal(done.status, 200, JSON.stringify(done.body));
  return done.body;
}

/** Every value of a table's rows. */
function* valuesOf(database) {
  const tables = database.prepare("select name from sqlite_master where type = 'table'").all();
  for (const { name } of tables) {
    const rows = database.prepare(`select * from "${name}"`);
    rows.setReadBigInts(true);
    for (const row of rows.iterate()) yield* Object.values(row).map((value) => (value instanceof Uint8Array ? Buffer.from(value) : String(value)));
  }
}

/**
 * What `work` makes of a copy of the objects' storage, as far as it has changed since the test began: the runtime has the files
 * themselves open.
 */
function inCopies(work) {
  const copies = fs.mkdtempSync(path.join(os.tmpdir(), 'driftlock-objects-'));
  try {
    const files = fs.readdirSync(OBJECTS, { recursive: true }).filter((name) => /\.sqlite(-wal)?$/.test(name));
    const changed = new Set(files.filter((name) => (fs.statSync(path.join(OBJECTS, name), { throwIfNoEntry: false })?.mtimeMs ?? 0) >= BEGUN).map((name) => name.replace('-wal', '')));
    // logs first: one that is folded into its database and removed meanwhile is in the database's copy then
    for (const name of files.sort((x, y) => Number(y.endsWith('-wal')) - Number(x.endsWith('-wal')))) {
      if (!changed.has(name.replace('-wal', ''))) continue;
      fs.mkdirSync(path.join(copies, path.dirname(name)), { recursive: true });
      try {
        fs.copyFileSync(path.join(OBJECTS, name), path.join(copies, name));
      } catch (error) {
        if (error.code !== 'ENOENT') throw error;
      }
    }
    return work(copies);
  } finally {
    fs.rmSync(copies, { recursive: true, force: true });
  }
}

function withDatabase(file, work) {
  const database = new DatabaseSync(file);
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** Objects whose storage holds a text in some row. */
const objectsWith = (text) =>
  inCopies((dir) => {
    const files = fs.readdirSync(dir, { recursive: true }).filter((name) => name.endsWith('.sqlite') && path.basename(name) !== 'metadata.sqlite');
    return files.filter((name) => withDatabase(path.join(dir, name), (database) => valuesOf(database).some((value) => value.includes(text))));
  });

/** When the alarm of an object rings, as a time in milliseconds. */
const alarmOf = (object) =>
  inCopies((dir) => withDatabase(path.join(dir, path.dirname(object), 'metadata.sqlite'), (database) => {
    const alarm = database.prepare('select scheduled_time from _cf_ALARM where actor_id = ?');
    alarm.setReadBigInts(true);
    const row = alarm.get(path.basename(object, '.sqlite'));
    return row && Number(row.scheduled_time / 1_000_000n);
  }));

/** Tables, of those that name organisations, with rows of this one. */
async function tablesOf(orgId) {
  const client = new pg.Client({ connectionString: supabase.DATABASE_URL });
  await client.connect();
  try {
    const { rows } = await client.query("select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'org_id'");
    const found = [];
    for (const { name } of rows) {
      const { rowCount } = await client.query(`select 1 from public.${name} where org_id = $1 limit 1`, [orgId]);
      if (rowCount) found.push(name);
    }
    return found.sort();
  } finally {
    await client.end();
  }
}

test('after 30 days nothing of a deleted organisation is left, and the same stream begins at zero', async (t) => {
  const owner = await newPerson('purged');
  const organization = await newOrganization(owner, 'Purged');
  const key = await newKey(owner, { name: 'x', scopes: ['ingest', 'read', 'write'] });
  const streams = ['team/purged', 'purged-2'];
  for (const stream of streams) {
    await ingest(key.secret, Array.from({ length: 50 }, (_, i) => ({ stream, id: `e${i}`, data: `line ${i} of ${MARK}` })));
    const found = await api('POST', '/v1/anomalies', { as: key.secret, json: { stream, event_type: 'log', severity: 'high', metadata: { MARK } } });
    assert.equal(found.status, 201, JSON.stringify(found.body));
  }
  await eventually('the streams are known', async () => (await admin.select(`streams?org_id=eq.${organization.id}&events_seen=eq.50`)).length === 2);
  // one of them in several objects
  const split = await api('PATCH', `/v1/streams/${encodeURIComponent(streams[0])}`, { as: owner, json: { shards: 4 } });
  assert.equal(split.status, 200, JSON.stringify(split.body));
  await ingest(key.secret, Array.from({ length: 50 }, (_, i) => ({ stream: streams[0], group: `g${i}`, data: `line ${i} of ${MARK}` })));
  const before = await eventually('two streams, shards and the organisation\'s feed hold it', async () => {
    const { length } = objectsWith(MARK);
    return length >= 6 && length;
  });
  assert.equal(objectsWith(key.id).length >= 1, true, 'the key');

  assert.equal((await api('DELETE', '/v1/organization?confirm=Purged', { as: owner })).status, 200);
  await hourlyJob(29);
  assert.equal(objectsWith(MARK).length, before, 'for 30 days everything can be restored');
  // one that cannot be emptied is not struck out, and holds up no other
  await admin.insert('purges', { org_id: organization.id, kind: 'stream', name: 'not a stream' });
  await hourlyJob(31);
  // a run empties a thousand objects at most, of other tests' organisations too; the next goes on
  while ((await admin.select(`purges?org_id=eq.${organization.id}&attempts=eq.0`)).length) await hourlyJob(31);
  // a copy taken while the runtime folds a log into its database can show what has gone
  await eventually('no event and no anomaly', async () => objectsWith(MARK).length === 0, { everyMs: 500 });
  assert.deepEqual(objectsWith(key.id), [], 'nor of the key');
  assert.deepEqual(await tablesOf(organization.id), ['purges']);
  assert.deepEqual(await admin.select(`purges?org_id=eq.${organization.id}&select=name`), [{ name: 'not a stream' }]);
  await admin.remove(`purges?org_id=eq.${organization.id}`);

  // what was emptied may be emptied again: a run that was cut short is repeated
  await admin.insert('purges', [{ org_id: organization.id, kind: 'stream', name: 'team/purged#0' }, { org_id: organization.id, kind: 'key', name: key.id }, { org_id: organization.id, kind: 'organization', name: '' }]);
  const again = await hourlyJob(31);
  assert.equal(again.objects, 3, JSON.stringify(again));
  assert.deepEqual(await tablesOf(organization.id), []);
  figure(t, `${before} objects held its data, then none`);

  await eventually('the key is gone', async () => (await api('POST', '/v1/events', { as: key.secret, json: [{ data: 'x' }] })).status === 401, { timeoutMs: 60_000, everyMs: 1000 });
  // a single-tenant installation would make the organisation again under the same id
  await admin.insert('organizations', { id: organization.id, name: 'Again', slug: `again-${MARK}` });
  await admin.insert('members', { org_id: organization.id, user_id: owner.id, role: 'owner' });
  const fresh = await eventually('its owner is in', async () => {
    const made = await api('POST', '/v1/keys', { as: owner, json: { name: 'y', scopes: ['ingest', 'read'] } });
    return made.status === 201 && made.body;
  }, { timeoutMs: 30_000, everyMs: 500 });
  for (const stream of streams) {
    const { streams: [state] } = await ingest(fresh.secret, [{ stream, id: 'e1', data: 'the first line' }]);
    assert.deepEqual([state.events_seen, state.state], [1, 'learning'], stream);
  }
  assertProblem(await api('POST', '/v1/events', { as: key.secret, json: [{ data: 'x' }] }), 401, 'invalid_credentials');
});

test('what remembers an Idempotency-Key across streams forgets it after a day', async () => {
  const owner = await newPerson('claims');
  const organization = await newOrganization(owner, 'Claims');
  const key = await newKey(owner, { name: 'x' });
  await ingest(key.secret, [{ data: 'x' }], { 'idempotency-key': MARK });
  const claim = crypto.createHash('sha256').update(`${organization.id}\nPOST /v1/events\n${MARK}`).digest('hex').slice(0, 32);
  const [object, ...others] = objectsWith(claim).filter((name) => name.includes('KeyObject'));
  assert.ok(object && !others.length);
  const hours = (alarmOf(object) - Date.now()) / 3_600_000;
  assert.ok(hours > 23.9 && hours <= 24, `${hours}`);
});
