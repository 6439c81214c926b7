// The make-believe API's answers about the organisation.
import * as fixtures from '../src/test/organization-fixtures.js';

export const organizationRoutes = {
  'GET /v1/keys': () => ({ keys: fixtures.apiKeys() }),
  'POST /v1/keys': ({ body }) => ({
    ...fixtures.apiKey({ ...body, stream_prefix: body.stream_prefix ?? null }),
    secret: 'dlk_live_k7d2mq9x4bwz_Hq2vN8rTbX5wLc0KzYpJ4mGsD7fAeU1iRoV3tB6nQx9Zk',
  }),
  'GET /v1/members': () => ({ members: fixtures.members() }),
  'GET /v1/invitations': () => ({ invitations: fixtures.invitations() }),
  'GET /v1/organizations/deleted': () => ({ organizations: fixtures.deletedOrganizations() }),
  'GET /v1/organization': () => fixtures.settings(),
  'GET /v1/organization/redaction': () => fixtures.redaction(),
  'GET /v1/config': () => fixtures.config(),
  'GET /v1/audit': () => ({ entries: fixtures.auditEntries(), next_cursor: '10' }),
  'GET /v1/audit/verify': () => fixtures.chain(),
};
