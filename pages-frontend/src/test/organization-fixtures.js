// Realistic answers about an organisation: keys, people, settings, audit log. Never part of the build.
import { ago, me } from './fixtures.js';

const ahead = (days) => ago(-60 * 24 * days);
const DAY = 60 * 24;

export const apiKey = (overrides = {}) => ({
  id: 'k7d2mq9x4bwz',
  name: 'checkout, production',
  scopes: ['ingest'],
  stream_prefix: 'checkout',
  environment: 'live',
  created_by: me.user.id,
  created_at: ago(DAY * 40),
  last_used_at: ago(1),
  expires_at: null,
  revoked_at: null,
  ...overrides,
});

export const apiKeys = () => [
  apiKey(),
  apiKey({
    id: 'p3n8ct5rj1vh',
    name: 'dashboards',
    scopes: ['read', 'write'],
    stream_prefix: null,
    created_at: ago(DAY * 12),
    last_used_at: ago(95),
    expires_at: ahead(70),
  }),
  apiKey({
    id: 'w6x0ef2ha8ls',
    name: 'collector',
    stream_prefix: null,
    created_at: ago(DAY * 90),
    last_used_at: ago(4),
    expires_at: ahead(0.7),
  }),
  apiKey({
    id: 'q1zr4ug7ty3d',
    name: 'load test',
    environment: 'test',
    stream_prefix: null,
    created_at: ago(DAY * 8),
    last_used_at: null,
    revoked_at: ago(DAY * 2),
  }),
];

const person = (n, email, role, days) => ({
  user_id: `${n}1111111-1111-4111-8111-111111111111`,
  email,
  role,
  created_at: ago(DAY * days),
});

export const members = () => [
  { ...person(1, me.user.email, 'owner', 120), user_id: me.user.id },
  person(3, 'amara.okafor@northwind.example', 'admin', 90),
  person(4, 'lea@northwind.example', 'member', 33),
  person(5, 'auditor@consultants.example', 'viewer', 2),
];

export const invitations = () => [
  {
    id: '99999999-1111-4111-8111-111111111111',
    email: 'new.colleague@northwind.example',
    role: 'member',
    invited_by: me.user.id,
    created_at: ago(DAY),
    expires_at: ahead(6),
  },
];

export const settings = () => ({
  id: me.organizations[0].id,
  name: me.organizations[0].name,
  slug: 'northwind-payments',
  plan: 'standard',
  requested_plan: null,
  time_zone: 'Europe/Berlin',
  default_sensitivity: 0.5,
  retention_days: null,
  pii_policy: 'mask',
  requests_per_minute: null,
  created_at: ago(DAY * 120),
});

export const redaction = () => ({
  policy: 'mask',
  action: 'replace',
  kinds: ['email', 'phone', 'card', 'iban', 'secret'],
  patterns: [],
  available_kinds: ['email', 'phone', 'card', 'iban', 'secret', 'ip'],
});

const entry = (seq, minutes, action, overrides = {}) => ({
  seq,
  at: ago(minutes),
  actor_type: 'person',
  actor_id: me.user.id,
  actor_name: me.user.email,
  address: '203.0.113.9',
  request_id: `req_${seq}`,
  action,
  target_type: action.split('.')[0],
  target_id: 'k7d2mq9x4bwz',
  before: null,
  after: null,
  previous_hash: String(seq - 1).padStart(64, 'a'),
  hash: String(seq).padStart(64, 'a'),
  ...overrides,
});

export const auditEntries = () => [
  entry(14, 22, 'organization.changed', {
    target_id: settings().id,
    before: { default_sensitivity: 0.4, time_zone: 'UTC' },
    after: { default_sensitivity: 0.5, time_zone: 'Europe/Berlin' },
  }),
  entry(13, 190, 'member.changed', {
    actor_name: 'amara.okafor@northwind.example',
    target_id: members()[2].user_id,
    before: { role: 'viewer' },
    after: { role: 'member' },
  }),
  entry(12, DAY * 2, 'api_key.revoked', {
    target_id: 'q1zr4ug7ty3d',
    before: { revoked_at: null },
    after: { revoked_at: ago(DAY * 2) },
  }),
  entry(11, DAY * 3, 'stream.changed', {
    actor_type: 'key',
    actor_id: 'w6x0ef2ha8ls',
    actor_name: null,
    target_id: 'auth',
    before: { sensitivity: null },
    after: { sensitivity: 0.7 },
  }),
  entry(10, DAY * 12, 'api_key.created', {
    after: { name: 'dashboards', scopes: ['read', 'write'], environment: 'live' },
  }),
];

export const chain = () => ({
  intact: true,
  entries: 14,
  first_seq: 1,
  last_seq: 14,
  broken_at: null,
  anchor_seq: 0,
  anchor_hash: '',
  last_hash: '',
});

export const deletedOrganizations = () => [
  {
    id: '77777777-1111-4111-8111-111111111111',
    name: 'Northwind Payments, load tests of the second quarter',
    deleted_at: ago(DAY * 3),
    purged_after: ahead(27),
  },
];

/** What holds for whoever asks. */
export const config = () => ({
  organization: {
    id: settings().id,
    name: settings().name,
    plan: settings().plan,
    time_zone: settings().time_zone,
  },
  caller: { type: 'person', id: me.user.id, role: 'owner' },
  detection: { algorithm: 'cbad-1', default_sensitivity: settings().default_sensitivity },
  privacy: { pii_policy: settings().pii_policy },
  retention: { days: 90, days_of_plan: 90 },
  limits: {
    max_body_bytes: 8_388_608,
    enforced: true,
    requests_per_minute: { key: 6_000, organization: 12_000 },
  },
  environment: 'development',
});
