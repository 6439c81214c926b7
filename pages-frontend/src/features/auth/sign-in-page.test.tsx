import { act, screen, waitFor } from '@testing-library/react';
import { fakeAuth, renderApp } from '@/test/app';
import { me } from '@/test/fixtures.js';
import { http, HttpResponse, problem, server } from '@/test/server';

const fill = async (user: ReturnType<typeof renderApp>['user'], password: string) => {
  await user.type(await screen.findByLabelText('Email'), 'demo@driftlock.local');
  await user.type(screen.getByLabelText('Password'), password);
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
};

describe('sign-in', () => {
  it('leads back to where one wanted to go', async () => {
    const { user, router } = renderApp('/app/anomalies?severity=high', { auth: fakeAuth(null) });
    await fill(user, 'right');
    await waitFor(() => expect(router.state.location.href).toBe('/app/anomalies?severity=high'));
  });

  it('says what to do when the password is wrong', async () => {
    const { user } = renderApp('/sign-in', { auth: fakeAuth(null) });
    await fill(user, 'wrong');
    // it is there from the beginning, and empty
    await waitFor(() =>
      expect(screen.getByRole('alert')).toHaveTextContent('Email and password do not match'),
    );
    expect(screen.getByRole('button', { name: 'Sign in' })).toBeEnabled();
  });

  it.each(['//evil.example', 'https://evil.example', '/\\evil.example'])(
    'never leads to %s',
    async (next) => {
      const { user, router } = renderApp(`/sign-in?next=${encodeURIComponent(next)}`, {
        auth: fakeAuth(null),
      });
      await fill(user, 'right');
      await waitFor(() => expect(router.state.location.pathname).toBe('/app/anomalies'));
    },
  );

  it('tells an ended session apart', async () => {
    server.use(http.get('*/v1/anomalies', () => problem(401, 'token_expired')));
    const { router } = renderApp('/app/anomalies');
    // the form is drawn anew while its page loads: what was found may be gone a moment later
    await waitFor(() => expect(screen.getByText(/Your session has ended/)).toBeVisible());
    expect(router.state.location.search).toMatchObject({ next: '/app/anomalies' });
  });

  it('leaves when the session ends in another tab', async () => {
    const auth = fakeAuth();
    const { router } = renderApp('/app/anomalies', { auth });
    await screen.findByRole('heading', { name: 'Anomalies' });
    act(() => auth.end());
    await waitFor(() => expect(router.state.location.pathname).toBe('/sign-in'));
  });

  it('explains when a person belongs to no organisation', async () => {
    server.use(http.get('*/v1/me', () => HttpResponse.json({ ...me, organizations: [] })));
    renderApp('/app/anomalies');
    expect(await screen.findByText('You belong to no organisation yet')).toBeVisible();
  });
});
