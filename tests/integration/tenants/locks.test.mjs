// What two people, or a person and Stripe, change at the same time waits for each other and is done: nothing is ended as a deadlock.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
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

/** Whether that connection waits for a lock. */
const waits = async (watch, pid) => (await watch.query("select 1 from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'", [pid])).rowCount > 0;
const pidOf = async (connection) => (await connection.query('select pg_backend_pid() as pid')).rows[0].pid;

test('what changes people and plan takes its locks in one order: every two of them at once are both done', async (t) => {
  const [owner, heir, guest] = [await newPerson('order-owner'), await newPerson('order-heir'), await newPerson('order-guest')];
  const [gate, first, second] = [await connect(t), await connect(t), await connect(t)];
  const pids = [await pidOf(first), await pidOf(second)];
  const actor = JSON.stringify({ type: 'person', id: owner.id });
  const row = { status: 'active', plan: 'growth', stripe_status: 'active', stripe_created: '2026-11-21T00:00:00Z', livemode: false, cancel_at_period_end: false };
  const changes = {
    invite: ({ id, mark }) => ['select invite_member($1, $2, $3, $4, now() + interval \'1 day\', $5)', [id, `${mark}@people.test`, 'viewer', crypto.createHash('sha256').update(`new ${mark}`).digest('hex'), actor]],
    accept: ({ hash }) => ['select accept_invitation($1, $2, $3)', [hash, guest.id, JSON.stringify({ type: 'person', id: guest.id })]],
    transfer: ({ id }) => ['select transfer_ownership($1, $2, $3)', [id, heir.id, actor]],
    subscription: ({ id, mark }) => ['select sync_subscription($1, $2, $3, $4, now())', [id, JSON.stringify({ ...row, stripe_subscription: `sub_${mark}` }), '[]', '{"type":"system"}']],
    customer: ({ id, mark }) => ['select set_stripe_customer($1, $2, $3)', [id, `cus_${mark}`, actor]],
  };
  const names = Object.keys(changes);
  let pairs = 0;
  for (const [one, other] of names.flatMap((a) => names.filter((b) => b !== a).map((b) => [a, b]))) {
    const mark = crypto.randomUUID();
    const hash = crypto.createHash('sha256').update(mark).digest('hex');
    const { rows: [{ id }] } = await gate.query("insert into organizations (name, slug) values ('Order', $1) returning id", [`order-${mark}`]);
    await gate.query("insert into members (org_id, user_id, role) values ($1, $2, 'owner'), ($1, $3, 'admin')", [id, owner.id, heir.id]);
    // one to be accepted, and one that inviting again takes back
    await gate.query("insert into invitations (org_id, email, role, token_hash, expires_at) values ($1, $2, 'viewer', $3, now() + interval '1 day'), ($1, $4, 'viewer', $5, now() + interval '1 day')",
      [id, guest.email, hash, `${mark}@people.test`, crypto.createHash('sha256').update(`old ${mark}`).digest('hex')]);
    // both come as far as they can without the organisation, then it is let go
    await gate.query('begin');
    await gate.query('select 1 from organizations where id = $1 for update', [id]);
    const run = async (connection, name) => connection.query(...changes[name]({ id, mark, hash })).then(() => 'done', (error) => `${error.code} ${error.message}`);
    const answers = [run(first, one)];
    await eventually(`${one} waits`, () => waits(gate, pids[0]));
    answers.push(run(second, other));
    await eventually(`${other} waits`, () => waits(gate, pids[1]));
    await gate.query('commit');
    assert.deepEqual(await Promise.all(answers), ['done', 'done'], `${one} and ${other}`);
    pairs += 1;
  }
  figure(t, `${pairs} pairs`);
});

test('a write without an answer that the database ended as a deadlock is made again, too', async (t) => {
  const owner = await newPerson('locks-write');
  const { id } = await newOrganization(owner, 'Locks write');
  const connection = await connect(t);
  // a sequence is not taken back with its transaction: the first attempt is ended, the second is not
  await connection.query(`create sequence private.locks_test; grant usage on sequence private.locks_test to service_role;
    create function private.locks_test() returns trigger language plpgsql as $$ begin
      if nextval('private.locks_test') = 1 then raise exception 'deadlock detected' using errcode = '40P01'; end if; return new; end $$;
    create trigger locks_test before update of hard_cap on subscriptions for each row when (new.org_id = '${id}') execute function private.locks_test()`);
  try {
    const set = await api('PATCH', '/v1/billing/settings', { as: owner, json: { hard_cap: true } });
    assert.deepEqual([set.status, set.body], [200, { hard_cap: true }]);
    const { rows } = await connection.query("select hard_cap, (select last_value::int from private.locks_test) as attempts from subscriptions where org_id = $1", [id]);
    assert.deepEqual(rows, [{ hard_cap: true, attempts: 2 }]);
  } finally {
    await connection.query('drop trigger locks_test on subscriptions; drop function private.locks_test(); drop sequence private.locks_test');
  }
});
