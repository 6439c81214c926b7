// Invitations, roles, leaving, ownership, and a person in two organisations.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { a, api, assertProblem, ingest } from '../support/stack.mjs';
import { PASSWORD, freshAddress, freshNetwork, mailTo, mailsTo, newKey, newOrganization, newPerson, tokenIn, tokenOf } from './people.mjs';

let owner;
let organization;
const network = freshNetwork();
const accept = (json) => api('POST', '/v1/invitations/accept', { json, headers: network });

async function invite(as, email, role = 'member') {
  const made = await api('POST', '/v1/invitations', { as, json: { email, role } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return { ...made.body, token: tokenIn(await mailTo(email)) };
}

async function join(email, role) {
  const { token } = await invite(owner, email, role);
  const joined = await accept({ token });
  assert.equal(joined.status, 200, JSON.stringify(joined.body));
}

before(async () => {
  owner = await newPerson('owner');
  organization = await newOrganization(owner, 'Team');
});

test('somebody with an account is invited, looks at the page, and joins', async () => {
  const person = await newPerson('invited');
  const { token, id } = await invite(owner, person.email, 'viewer');
  assert.ok(!JSON.stringify((await api('GET', '/v1/invitations', { as: owner })).body).includes(token));
  const page = await api('GET', `/v1/invitations/accept?token=${token}`, { headers: network });
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type'), /text\/html/);
  assert.match(page.body, /Join Team as viewer/);
  assert.deepEqual((await api('GET', '/v1/me', { as: person })).body.organizations, [], 'looking changes nothing');
  assert.equal((await accept({ token })).status, 200);
  assert.deepEqual((await api('GET', '/v1/me', { as: person })).body.organizations.map(({ name, role }) => ({ name, role })), [{ name: 'Team', role: 'viewer' }]);
  assertProblem(await accept({ token }), 400, 'invalid_token');
  const { invitations } = (await api('GET', '/v1/invitations', { as: owner })).body;
  assert.ok(!invitations.some((invitation) => invitation.id === id));
});

test('somebody new gets an account with the invitation', async () => {
  const email = freshAddress('newcomer');
  const { token } = await invite(owner, email);
  const page = await api('GET', `/v1/invitations/accept?token=${token}`, { headers: network });
  assert.match(page.body, /type="password"/);
  const form = new URLSearchParams({ token, password: PASSWORD });
  const joined = await api('POST', '/v1/invitations/accept', { body: form.toString(), headers: { ...network, 'content-type': 'application/x-www-form-urlencoded' } });
  assert.equal(joined.status, 200, joined.body);
  assert.match(joined.body, /Welcome/);
  const me = await api('GET', '/v1/me', { as: { token: await tokenOf(email) } });
  assert.deepEqual(me.body.organizations.map(({ role }) => role), ['member']);
});

test('a program asks what an invitation is for, a browser is sent to the dashboard, and it can be declined', async () => {
  const email = freshAddress('declines');
  const { token } = await invite(owner, email, 'viewer');
  const look = (accept) => api('GET', `/v1/invitations/accept?token=${token}`, { headers: { ...network, accept } });
  assert.deepEqual((await look('application/json')).body, { organization: 'Team', email, role: 'viewer', account: false });
  const decline = (json) => api('POST', '/v1/invitations/decline', { json, headers: network });
  assertProblem(await decline({ token: `${token.slice(0, -1)}_` }), 400, 'invalid_token');
  assert.equal((await decline({ token })).status, 204);
  assertProblem(await decline({ token }), 400, 'invalid_token');
  assertProblem(await accept({ token }), 400, 'invalid_token');
  assertProblem(await look('application/json'), 400, 'invalid_token');
  const { entries } = (await api('GET', `/v1/audit?actor=${encodeURIComponent(email)}`, { as: owner })).body;
  assert.deepEqual(entries.map(({ action, actor_name }) => [action, actor_name]), [['invitation.revoked', email]]);
});

test('an invitation that was taken back or repeated is void', async () => {
  const email = freshAddress('twice');
  const first = await invite(owner, email);
  const again = await api('POST', '/v1/invitations', { as: owner, json: { email } });
  assert.equal(again.status, 201);
  const second = tokenIn(await mailTo(email, 2));
  assertProblem(await accept({ token: first.token }), 400, 'invalid_token');
  assert.equal((await api('DELETE', `/v1/invitations/${again.body.id}`, { as: owner })).status, 204);
  assertProblem(await accept({ token: second }), 400, 'invalid_token');
  assert.equal((await mailsTo(email)).length, 2);
});

test('roles: who may do what to whom', async () => {
  const people = {};
  for (const role of ['admin', 'member', 'viewer']) {
    people[role] = await newPerson(role);
    await join(people[role].email, role);
  }
  const change = (as, who, role) => api('PATCH', `/v1/members/${who.id}`, { as, json: { role } });
  assertProblem(await change(people.member, people.viewer, 'member'), 403);
  assertProblem(await change(people.admin, people.admin, 'owner'), 403);
  assertProblem(await change(people.admin, owner, 'member'), 403);
  assertProblem(await change(owner, owner, 'admin'), 409, 'last_owner');
  assertProblem(await api('DELETE', '/v1/members/me', { as: owner }), 409, 'last_owner');
  assertProblem(await api('DELETE', `/v1/members/${people.viewer.id}`, { as: people.member }), 403);
  assertProblem(await change(owner, a.people.owner, 'viewer'), 404, 'not_found');
  assert.equal((await change(people.admin, people.viewer, 'member')).body.role, 'member');
  assert.equal((await api('DELETE', '/v1/members/me', { as: people.viewer })).status, 204);
  assert.deepEqual((await api('GET', '/v1/me', { as: people.viewer })).body.organizations, []);
  const { members } = (await api('GET', '/v1/members', { as: people.member })).body;
  assert.equal(members.find(({ user_id: id }) => id === owner.id).email, owner.email);

  const moved = await api('POST', '/v1/organization/transfer', { as: owner, json: { user_id: people.admin.id } });
  assert.equal(moved.status, 200, JSON.stringify(moved.body));
  const roleOf = async (person) => (await api('GET', '/v1/me', { as: person })).body.organizations[0].role;
  assert.deepEqual([await roleOf(owner), await roleOf(people.admin)], ['admin', 'owner']);
  assert.equal((await api('POST', '/v1/organization/transfer', { as: people.admin, json: { user_id: owner.id } })).status, 200);
});

test('must show 7: a person in two organisations sees one at a time', async () => {
  const person = await newPerson('both');
  const mine = await newOrganization(person, 'Mine');
  await join(person.email, 'member');
  assertProblem(await api('GET', '/v1/anomalies', { as: person }), 400, 'organization_required');
  const as = (org) => ({ token: person.token, org });
  const keyOf = { mine: await newKey(as(mine.id), { name: 'x' }), team: await newKey(owner, { name: 'x' }) };
  await ingest(keyOf.mine.secret, [{ stream: 'only-mine', data: 'x' }]);
  await ingest(keyOf.team.secret, [{ stream: 'only-team', data: 'x' }]);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const streams = async (org) => (await api('GET', '/v1/streams', { as: as(org) })).body.streams.map(({ stream }) => stream).sort();
  assert.deepEqual(await streams(mine.id), ['only-mine']);
  assert.ok((await streams(organization.id)).includes('only-team') && !(await streams(organization.id)).includes('only-mine'));
  assertProblem(await api('GET', '/v1/streams', { as: as(a.id) }), 404, 'not_found');
  assertProblem(await api('GET', '/v1/streams', { as: as('not-a-uuid') }), 404, 'not_found');
  assertProblem(await api('POST', '/v1/keys', { as: as(organization.id), json: { name: 'x' } }), 403);
  assertProblem(await api('GET', '/v1/streams/only-mine', { as: as(organization.id) }), 404, 'not_found');
});
