import { screen, waitFor } from '@testing-library/react';
import { renderApp } from '@/test/app';
import { me } from '@/test/fixtures.js';
import { http, HttpResponse, problem, server } from '@/test/server';

it('somebody without an organisation begins one of their own', async () => {
  let refused = true;
  server.use(
    http.get('*/v1/me', () => HttpResponse.json({ ...me, organizations: [] })),
    http.get('*/v1/keys', () => HttpResponse.json({ keys: [] })),
    http.post('*/v1/organizations', async ({ request }) => {
      if (refused) {
        refused = false;
        return problem(429, 'rate_limited', 'Too many requests');
      }
      const { name } = (await request.json()) as { name: string };
      const organization = { id: 'new-org', name, role: 'owner', plan: 'developer' };
      server.use(http.get('*/v1/me', () => HttpResponse.json({ ...me, organizations: [organization] })));
      return HttpResponse.json(organization, { status: 201 });
    }),
  );
  const { user, router } = renderApp('/app/anomalies');
  await user.type(await screen.findByLabelText('Name of the organisation'), 'Fresh Ltd');
  await user.click(screen.getByRole('button', { name: 'Create it' }));
  expect(await screen.findByText(/Try again in a minute/)).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Create it' }));
  expect(await screen.findByRole('heading', { name: 'Fresh Ltd: get started' })).toBeVisible();
  await waitFor(() => expect(router.state.location.pathname).toBe('/app/start'));
  expect(localStorage.getItem('driftlock.organization')).toBe('new-org');
});
