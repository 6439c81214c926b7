import { act, screen, waitFor } from '@testing-library/react';
import { renderApp, fakeAuth } from '@/test/app';
import { anomalies, logDetail, me } from '@/test/fixtures.js';
import { http, HttpResponse, server } from '@/test/server';
import { firstKey } from '@/lib/welcome';

const [first] = me.organizations;
const second = { ...first, id: 'o2', name: 'Second Shop' };
const KEY = { organizationId: String(first?.id), key: 'dlk_secret', stream: 'getting-started' };

/** Two organisations; notes which one each request for anomalies names. */
function twoOrganizations() {
  const asked: (string | null)[] = [];
  server.use(
    http.get('*/v1/me', () => HttpResponse.json({ ...me, organizations: [first, second] })),
    http.get('*/v1/anomalies', ({ request }) => {
      asked.push(request.headers.get('driftlock-organization'));
      return HttpResponse.json({ anomalies: anomalies(), next_cursor: null });
    }),
  );
  return asked;
}
const rows = () => [...document.querySelectorAll('[data-anomaly-row]')];

describe('whose data a tab shows', () => {
  it('stays with its organisation when another tab goes to another', async () => {
    const asked = twoOrganizations();
    const { user, queryClient } = renderApp('/app/anomalies');
    await waitFor(() => expect(rows()).toHaveLength(10));
    localStorage.setItem('driftlock.organization', 'o2');
    await act(() => queryClient.invalidateQueries({ queryKey: ['anomalies'] }));
    expect(asked.length).toBeGreaterThan(1);
    expect(new Set(asked)).toEqual(new Set([first?.id]));
    await user.click(await screen.findByRole('button', { name: /^Organisation:/ }));
    await user.click(await screen.findByRole('menuitemradio', { name: 'Second Shop' }));
    await waitFor(() => expect(asked.at(-1)).toBe('o2'));
  });

  it('keeps no first key beyond a change of organisation', async () => {
    twoOrganizations();
    firstKey.set(KEY);
    const { user } = renderApp('/app/anomalies');
    await user.click(await screen.findByRole('button', { name: /^Organisation:/ }));
    await user.click(await screen.findByRole('menuitemradio', { name: 'Second Shop' }));
    expect(firstKey.get(KEY.organizationId)).toBeUndefined();
  });

  it('keeps no first key beyond signing out', async () => {
    firstKey.set(KEY);
    const { user, router } = renderApp('/app/anomalies');
    await user.click(await screen.findByRole('button', { name: 'Account' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Sign out' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/sign-in'));
    expect(firstKey.get(KEY.organizationId)).toBeUndefined();
  });

  it('begins anew when another person signs in in another tab', async () => {
    firstKey.set(KEY);
    const auth = fakeAuth();
    const { queryClient } = renderApp('/app/anomalies', { auth });
    await waitFor(() => expect(rows()).toHaveLength(10));
    server.use(
      http.get('*/v1/me', () =>
        HttpResponse.json({ user: { id: 'u2', email: null }, organizations: [second] }),
      ),
      http.get('*/v1/anomalies', () => HttpResponse.json({ anomalies: [], next_cursor: null })),
    );
    act(() => auth.become({ userId: 'u2', email: 'colleague@example.com' }));
    expect(await screen.findByRole('button', { name: 'Organisation: Second Shop' })).toBeVisible();
    expect(await screen.findByText('Nothing odd so far')).toBeVisible();
    expect(queryClient.getQueryData(['me', 'u1'])).toBeUndefined();
    expect(firstKey.get(KEY.organizationId)).toBeUndefined();
  });
});

describe('a link that was handed on', () => {
  /** Each request for the anomaly, with the organisation it names. */
  const opened = () => {
    const of: (string | null)[] = [];
    server.use(
      http.get('*/v1/anomalies/:id', ({ request }) => {
        of.push(request.headers.get('driftlock-organization'));
        return HttpResponse.json(logDetail());
      }),
    );
    return of;
  };

  it('leads to its own organisation, and stays there', async () => {
    const asked = twoOrganizations();
    const of = opened();
    const { user } = renderApp('/app/anomalies/a1?org=o2');
    expect(await screen.findByRole('button', { name: 'Organisation: Second Shop' })).toBeVisible();
    expect(await screen.findByRole('button', { name: 'Copy link' })).toBeVisible();
    expect(new Set(of)).toEqual(new Set(['o2']));
    asked.length = 0;
    await user.click(screen.getByRole('link', { name: 'Driftlock, home' }));
    await waitFor(() => expect(rows()).toHaveLength(10));
    expect(new Set(asked)).toEqual(new Set(['o2']));
  });

  it('lets its reader go to another organisation again', async () => {
    const asked = twoOrganizations();
    opened();
    const { user, router } = renderApp('/app/anomalies/a1?org=o2');
    await user.click(await screen.findByRole('button', { name: 'Organisation: Second Shop' }));
    await user.click(await screen.findByRole('menuitemradio', { name: String(first?.name) }));
    await waitFor(() => expect(router.state.location.href).toBe('/app/anomalies'));
    await waitFor(() => expect(rows()).toHaveLength(10));
    expect(asked.at(-1)).toBe(first?.id);
  });

  it('says so when its reader does not belong there', async () => {
    const asked = twoOrganizations();
    const of = opened();
    const { user } = renderApp('/app/anomalies/a1?org=o3');
    expect(
      await screen.findByRole('heading', { name: 'This link is of another organisation' }),
    ).toBeVisible();
    expect(of).toEqual([]);
    await user.click(screen.getByRole('link', { name: 'See your own anomalies' }));
    await waitFor(() => expect(rows()).toHaveLength(10));
    expect(asked.at(-1)).toBe(first?.id);
  });

  it('is what is copied from the page of an anomaly', async () => {
    twoOrganizations();
    opened();
    const { user } = renderApp('/app/anomalies/a1');
    await user.click(await screen.findByRole('button', { name: 'Copy link' }));
    expect(await navigator.clipboard.readText()).toMatch(new RegExp(`/app/anomalies/.+\\?org=${first?.id}$`));
  });
});
