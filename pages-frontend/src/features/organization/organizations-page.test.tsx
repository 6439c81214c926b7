import { screen, waitFor, within } from '@testing-library/react';
import { renderApp } from '@/test/app';
import { me } from '@/test/fixtures.js';
import { http, HttpResponse, problem, server } from '@/test/server';

const gone = {
  id: 'o9',
  name: 'Old Shop',
  deleted_at: '2026-11-10T10:00:00Z',
  purged_after: '2026-12-10T10:00:00Z',
};
const deleted = (...organizations: object[]) =>
  server.use(http.get('*/v1/organizations/deleted', () => HttpResponse.json({ organizations })));
const second = { ...me.organizations[0], id: 'o2', name: 'Second Shop', role: 'viewer' };

describe('the organisations of a person', () => {
  it('lists them and goes to another', async () => {
    deleted();
    server.use(
      http.get('*/v1/me', () => HttpResponse.json({ ...me, organizations: [...me.organizations, second] })),
    );
    const { user, router } = renderApp('/app/organizations');
    await user.click(await screen.findByRole('button', { name: 'Go to Second Shop' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/app/start'));
    expect(localStorage.getItem('driftlock.organization')).toBe('o2');
  });

  it('restores one that was deleted', async () => {
    deleted(gone);
    let restored = '';
    server.use(
      http.post('*/v1/organizations/:id/restore', ({ params }) => {
        restored = String(params.id);
        return HttpResponse.json({ id: gone.id, name: gone.name, role: 'owner', plan: 'developer' });
      }),
    );
    const { user } = renderApp('/app/organizations');
    expect(await screen.findByText(/gone for good after/)).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Restore Old Shop' }));
    expect(await screen.findByText('Old Shop is back.')).toBeVisible();
    expect(restored).toBe('o9');
  });

  it('says why one was not restored', async () => {
    deleted(gone);
    server.use(
      http.post('*/v1/organizations/:id/restore', () => problem(404, 'not_found', 'No such organisation')),
    );
    const { user } = renderApp('/app/organizations');
    await user.click(await screen.findByRole('button', { name: 'Restore Old Shop' }));
    expect(await screen.findByText('It was not restored. No such organisation.')).toBeVisible();
  });

  it('can be reached from the menu of organisations', async () => {
    deleted();
    const { user } = renderApp('/app/anomalies');
    await user.click(await screen.findByRole('button', { name: /^Organisation:/ }));
    await user.click(await screen.findByRole('menuitem', { name: /New organisation/ }));
    const list = await screen.findByRole('list', { name: 'Your organisations' });
    expect(within(list).getByText('You are here')).toBeVisible();
  });
});
