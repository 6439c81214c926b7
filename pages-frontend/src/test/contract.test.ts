// The made-up answers that component and browser tests work with are answers that the API could give: docs/openapi.json.
import { organizationRoutes } from '../../browser-tests/fake-organization.mjs';
import { answerDifferences, differences } from '../../../tests/integration/support/contract.mjs';
import { jsonDetail, logDetail } from './fixtures.js';
import { ORIGIN, server } from './server';

const problemsOf = async (method: string, path: string, body?: object) => {
  const answer = await fetch(ORIGIN + path, {
    method,
    ...(body ? { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } } : {}),
  });
  const { status, headers } = answer;
  return answerDifferences(method, path, { status, headers, body: await answer.json() });
};

describe('made-up answers', () => {
  const gets = server
    .listHandlers()
    .map((handler) => String((handler as { info: { path?: unknown; method?: unknown } }).info.path))
    .filter((path) => path !== '*/v1/stream/anomalies')
    .map((path) => path.replace('*', '').replace(':name', 'checkout-api').replace(':id', logDetail().id));

  it.each([...new Set(gets.filter((path) => !path.endsWith('/status')))])(
    'GET %s is as documented',
    async (path) =>
      expect(
        await problemsOf('GET', path === '/v1/billing/estimate' ? `${path}?detections=60000` : path),
      ).toEqual([]),
  );

  it('a changed status is as documented', async () =>
    expect(
      await problemsOf('PATCH', `/v1/anomalies/${logDetail().id}/status`, { status: 'acknowledged' }),
    ).toEqual([]));

  it('an anomaly in a record is as documented', () =>
    expect(
      differences('GET', `/v1/anomalies/${jsonDetail().id}`, {
        status: 200,
        contentType: 'application/json',
        body: jsonDetail(),
      }),
    ).toEqual([]));

  it.each(Object.entries(organizationRoutes))('%s is as documented', (route, answer) => {
    const [method = '', path = ''] = route.split(' ');
    const url = new URL(ORIGIN + path);
    const body = (answer as (request: object) => unknown)({ url, body: { name: 'ci', scopes: ['ingest'] } });
    const made = route === 'POST /v1/keys';
    expect(
      differences(method, path, { status: made ? 201 : 200, contentType: 'application/json', body }),
    ).toEqual([]);
  });
});
