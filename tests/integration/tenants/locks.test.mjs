// What two people, or a person and Stripe, change at the same time waits for each other and is done: nothing is ended as a deadlock.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { api, eventually, figure, supabase } from '../support/stack.mjs';
import { newOrganization, newPerson } from './people.mjs';

const connect = async (t) => {
  const connection = new pg.Client({ connectionString: supabase.DATABASE_URL });
  await connection.connect();
  t.after(() => connection.end());
  return connection;
};

/** Whether somebody waits for what the connection has locked. */
const isWaitedFor = async (connection) => (await connection.query('select 1 from pg_stat_activity a where pg_backend_pid() = any (pg_blocking_pids(a.pid))')).rowCount > 0;

test('deadlock of a new API key with a change of the subscription: both are done, one after the other', async (t) => {
  const owner = await newPerson('locks');
  const { id } = await newOrganization(owner, 'Locks');
  const [stripe, person] = [await connect(t), await connect(t)];

  // a key begins by locking its organisation …
  await person.query('begin');
  await person.query('select 1 from organizations where id = $1 for update', [id]);
  // … a subscription changes meanwhile, which ends with the plan of the organisation …
  await stripe.query('begin');
  const changed = stripe.query('update subscriptions set disputed_at = now() where org_id = $1', [id])
    .then(() => stripe.query("update organizations set plan = 'standard' where id = $1", [id]));
  changed.catch(() => {}); // looked at below
  await eventually('the change waits', () => isWaitedFor(person));
  // … and the key's entry in the audit log comes last
  await person.query("select private.append_audit($1, 'api_key.created', 'api_key', 'x', null, '{}')", [id]);
  await person.query('commit');
  await changed;
  await stripe.query('commit');
  const { rows } = await person.query('select action from audit_log where org_id = $1 order by seq desc limit 3', [id]);
  assert.deepEqual(rows.map(({ action }) => action).sort(), ['api_key.created', 'organization.changed', 'subscription.changed']);
});

test('a call that the database ended as a deadlock is made again', async (t) => {
  const owner = await newPerson('locks-again');
  const { id } = await newOrganization(owner, 'Locks again');
  const [other, watch] = [await connect(t), await connect(t)];
  // whatever waits for this one is the one to be ended
  await other.query("set deadlock_timeout = '60s'").catch(() => {}); // a superuser's setting: without it either may be
  await other.query('begin');
  await other.query("select private.append_audit($1, 'api_key.created', 'api_key', 'x', null, '{}')", [id]);
  const made = api('POST', '/v1/keys', { as: owner, json: { name: 'locks', scopes: ['read'] } });
  await eventually('the key waits for the chain', () => isWaitedFor(other));
  const locked = await other.query('select 1 from organizations where id = $1 for update', [id]).then(() => 'went on', (error) => error.code);
  await other.query(locked === 'went on' ? 'commit' : 'rollback');
  const answer = await made;
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  const { rows } = await watch.query("select count(*)::int as keys from api_keys where org_id = $1 and name = 'locks'", [id]);
  assert.equal(rows[0].keys, 1);
  figure(t, locked === 'went on' ? 'the call was the one to be ended, and was made again' : 'the other was the one to be ended');
});
