import { screen, waitFor, within } from '@testing-library/react';
import { renderApp } from '@/test/app';
import { me } from '@/test/fixtures.js';
import { auditEntries, chain } from '@/test/organization-fixtures.js';
import { http, HttpResponse, problem, server } from '@/test/server';

const entries = (list: unknown[], next_cursor: string | null = null) =>
  HttpResponse.json({ entries: list, next_cursor });

const log = async () => within(await screen.findByRole('list', { name: 'Changes, newest first' }));

beforeEach(() =>
  server.use(
    http.get('*/v1/audit', () => entries(auditEntries())),
    http.get('*/v1/audit/verify', () => HttpResponse.json(chain())),
  ),
);

describe('the audit log', () => {
  it('tells who did what, and what it was before and after', async () => {
    const { user } = renderApp('/app/settings/audit');
    const entry = (await log()).getByText('changed the settings').closest('li') as HTMLElement;
    await user.click(within(entry).getByText('changed the settings'));
    const line = within(entry).getByRole('row', { name: /time_zone/ });
    expect(line).toHaveTextContent('time_zoneUTCEurope/Berlin');
    expect(within(entry).getByText('203.0.113.9')).toBeVisible();
    expect(screen.getByText(/role: viewer → member/)).toBeVisible();
    expect(screen.getByText('API key w6x0ef2ha8ls')).toBeVisible();
    expect(await screen.findByText(/Chain intact, 14 entries/)).toBeVisible();
  });

  it('warns of a broken chain', async () => {
    server.use(
      http.get('*/v1/audit/verify', () => HttpResponse.json({ ...chain(), intact: false, broken_at: 7 })),
    );
    renderApp('/app/settings/audit');
    expect(await screen.findByRole('alert')).toHaveTextContent('broken at entry 7');
  });

  it('filters in the address', async () => {
    let asked: string | null = null;
    server.use(
      http.get('*/v1/audit', ({ request }) => {
        asked = new URL(request.url).searchParams.get('action');
        return entries(asked ? [] : auditEntries());
      }),
    );
    const { user, router } = renderApp('/app/settings/audit');
    await user.selectOptions(await screen.findByLabelText('Show'), 'revoked an API key');
    expect(await screen.findByText('Nothing of this kind')).toBeVisible();
    expect(asked).toBe('api_key.revoked');
    expect(router.state.location.href).toBe('/app/settings/audit?action=api_key.revoked');
    await user.click(screen.getByRole('button', { name: 'Show every change' }));
    expect((await log()).getByText('changed the settings')).toBeVisible();
  });

  it('filters by who and by days, the last one included', async () => {
    let asked = new URLSearchParams();
    server.use(
      http.get('*/v1/members', () =>
        HttpResponse.json({
          members: [
            { user_id: 'u7', email: 'kim@example.com', role: 'admin', created_at: '2026-11-01T00:00:00Z' },
          ],
        }),
      ),
      http.get('*/v1/audit', ({ request }) => {
        asked = new URL(request.url).searchParams;
        return entries(auditEntries());
      }),
    );
    const { user, router } = renderApp('/app/settings/audit?from=2026-11-10&to=2026-11-12');
    await user.selectOptions(await screen.findByLabelText('By'), await screen.findByText('kim@example.com'));
    await waitFor(() => expect(asked.get('actor')).toBe('u7'));
    const days = (Date.parse(String(asked.get('to'))) - Date.parse(String(asked.get('from')))) / 86_400_000;
    expect(days).toBe(3);
    expect(router.state.location.search).toMatchObject({ actor: 'u7', from: '2026-11-10', to: '2026-11-12' });
  });

  it('reads on', async () => {
    server.use(
      http.get('*/v1/audit', ({ request }) =>
        new URL(request.url).searchParams.has('cursor')
          ? entries(auditEntries().slice(3))
          : entries(auditEntries().slice(0, 3), '12'),
      ),
    );
    const { user } = renderApp('/app/settings/audit');
    await user.click(await screen.findByRole('button', { name: 'Load older ones' }));
    expect(await (await log()).findByText('made an API key')).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Load older ones' })).not.toBeInTheDocument();
  });

  it('is for owners and admins', async () => {
    server.use(
      http.get('*/v1/me', () =>
        HttpResponse.json({ ...me, organizations: [{ ...me.organizations[0], role: 'viewer' }] }),
      ),
      http.get('*/v1/audit', () => {
        throw new Error('not asked');
      }),
    );
    renderApp('/app/settings/audit');
    expect(await screen.findByText('For owners and admins')).toBeVisible();
  });

  it('has words for a failure and for an empty log', async () => {
    server.use(http.get('*/v1/audit', () => problem(500, 'internal_error', 'Something went wrong')));
    const { unmount } = renderApp('/app/settings/audit');
    expect(await screen.findByRole('alert')).toHaveTextContent('Something went wrong');
    unmount();
    server.use(http.get('*/v1/audit', () => entries([])));
    renderApp('/app/settings/audit');
    expect(await screen.findByText('Nothing was changed yet')).toBeVisible();
  });
});
