import { screen, waitFor } from '@testing-library/react';
import { fakeAuth, renderApp } from '@/test/app';
import { me } from '@/test/fixtures.js';
import { http, HttpResponse, problem, server } from '@/test/server';

const ORG = me.organizations[0] ?? { id: '', name: '' };
const sent = { status: 'verification_sent', detail: 'If the address …' };
const verified = {
  status: 'ready',
  organization: { id: ORG.id, name: ORG.name, role: 'owner', plan: 'developer' },
  api_key: 'dlk_live_first',
  stream: 'getting-started',
  sample: 'curl …',
  password_set: false,
  session: { access_token: 'adopted', refresh_token: 'r', expires_in: 3600 },
};

type User = ReturnType<typeof renderApp>['user'];
async function fill(user: User) {
  await user.type(await screen.findByLabelText('Work email'), 'new@example.com');
  await user.type(screen.getByLabelText('Company'), 'Acme');
  await user.click(screen.getByRole('button', { name: 'Create account' }));
}

function signUps() {
  const bodies: unknown[] = [];
  server.use(
    http.post('*/v1/onboard/signup', async ({ request }) => {
      bodies.push(await request.json());
      expect(request.headers.get('authorization')).toBeNull();
      return HttpResponse.json(sent, { status: 202 });
    }),
  );
  return bodies;
}

/** The alert is there from the beginning, and empty. */
const alerted = (words: string | RegExp) =>
  waitFor(() => expect(screen.getByRole('alert')).toHaveTextContent(words));

describe('sign-up', () => {
  it('sends what was filled in, with the plan of the pricing page, and waits for the mail', async () => {
    const bodies = signUps();
    const { user, router } = renderApp('/sign-up?plan=standard', { auth: fakeAuth(null) });
    await fill(user);
    expect(await screen.findByRole('heading', { name: 'Check your mail' })).toBeVisible();
    expect(screen.getByText('new@example.com')).toBeVisible();
    expect(router.state.location.href).toBe('/check-mail');
    expect(bodies).toEqual([{ email: 'new@example.com', company: 'Acme', plan: 'standard' }]);
  });

  it('begins on the free plan where the address names none, and asks for no password', async () => {
    const bodies = signUps();
    const { user } = renderApp('/sign-up?plan=nonsense', { auth: fakeAuth(null) });
    expect(screen.queryByLabelText(/password/i)).toBeNull();
    await fill(user);
    await screen.findByRole('heading', { name: 'Check your mail' });
    expect(bodies).toEqual([{ email: 'new@example.com', company: 'Acme', plan: 'developer' }]);
  });

  it('says which field is at fault', async () => {
    server.use(
      http.post('*/v1/onboard/signup', () =>
        HttpResponse.json(
          {
            title: 'The body has the wrong shape',
            status: 400,
            code: 'invalid_body',
            detail: '`email` is missing or not valid',
            errors: [{ field: 'email', expected: 'an e-mail address' }],
          },
          { status: 400 },
        ),
      ),
    );
    const { user } = renderApp('/sign-up', { auth: fakeAuth(null) });
    await fill(user);
    await alerted(/does not look like an email address/);
    expect(screen.getByLabelText('Work email')).toBeInvalid();
    expect(screen.getByLabelText('Company')).toBeValid();
    expect(screen.getByRole('button', { name: 'Create account' })).toBeEnabled();
  });

  it('says how long to wait after too many', async () => {
    server.use(
      http.post('*/v1/onboard/signup', () =>
        HttpResponse.json(
          { status: 429, code: 'rate_limited' },
          { status: 429, headers: { 'Retry-After': '700' } },
        ),
      ),
    );
    const { user } = renderApp('/sign-up', { auth: fakeAuth(null) });
    await fill(user);
    await alerted('Try again in 12 minutes');
  });

  it('tells a dead connection apart', async () => {
    server.use(http.post('*/v1/onboard/signup', () => HttpResponse.error()));
    const { user } = renderApp('/sign-up', { auth: fakeAuth(null) });
    await fill(user);
    await alerted('could not be reached');
  });
});

describe('the wait for the mail', () => {
  beforeEach(() => sessionStorage.setItem('driftlock.pending-email', 'new@example.com'));

  /** Confirms whatever is sent. Gives the bodies of it. */
  function confirms(): unknown[] {
    const bodies: unknown[] = [];
    server.use(
      http.post('*/v1/onboard/verify', async ({ request }) => {
        bodies.push(await request.json());
        return HttpResponse.json(verified);
      }),
      http.get('*/v1/keys', () => HttpResponse.json({ keys: [{ revoked_at: null }] })),
    );
    return bodies;
  }

  it('takes the code and leads to the first key', async () => {
    const bodies = confirms();
    const { user, router } = renderApp('/check-mail', { auth: fakeAuth(null) });
    await user.type(await screen.findByLabelText('Code'), '123 456');
    await user.click(screen.getByRole('button', { name: 'Confirm' }));
    expect(await screen.findByTestId('secret')).toHaveTextContent('dlk_live_first');
    expect(bodies).toEqual([{ email: 'new@example.com', code: '123456' }]);
    expect(router.state.location.href).toBe('/app/start');
    expect(sessionStorage.getItem('driftlock.welcome')).toBeNull();
  });

  it('sends the password that was chosen with the code', async () => {
    const bodies = confirms();
    const { user } = renderApp('/check-mail', { auth: fakeAuth(null) });
    await user.type(await screen.findByLabelText('Code'), '123456');
    await user.type(screen.getByLabelText('Password (optional)'), 'long enough');
    await user.click(screen.getByRole('button', { name: 'Confirm' }));
    await screen.findByTestId('secret');
    expect(bodies).toEqual([{ email: 'new@example.com', code: '123456', password: 'long enough' }]);
  });

  it('says that a code is wrong', async () => {
    server.use(http.post('*/v1/onboard/verify', () => problem(400, 'invalid_token')));
    const { user } = renderApp('/check-mail', { auth: fakeAuth(null) });
    await user.type(await screen.findByLabelText('Code'), '000000');
    await user.click(screen.getByRole('button', { name: 'Confirm' }));
    await alerted(/wrong, used or older/);
    expect(screen.getByLabelText('Code')).toBeInvalid();
  });

  it('sends again only after a pause', async () => {
    renderApp('/check-mail', { auth: fakeAuth(null) });
    expect(await screen.findByRole('button', { name: /Send it again in \d+ s/ })).toBeDisabled();
  });

  it('asks for the address where it is not known, and sends again', async () => {
    sessionStorage.clear();
    let asked = '';
    server.use(
      http.post('*/v1/onboard/resend-verification', async ({ request }) => {
        asked = ((await request.json()) as { email: string }).email;
        return HttpResponse.json(sent, { status: 202 });
      }),
    );
    const { user } = renderApp('/check-mail', { auth: fakeAuth(null) });
    await user.type(await screen.findByLabelText('Email'), 'late@example.com');
    await user.click(screen.getByRole('button', { name: 'Send it again' }));
    expect(await screen.findByText(/The newest mail is the one that counts/)).toBeVisible();
    expect(asked).toBe('late@example.com');
  });

  it('notices that the link was opened in another tab', async () => {
    const auth = fakeAuth(null);
    const listens = vi.spyOn(auth, 'onChange');
    const { user } = renderApp('/check-mail', { auth });
    await screen.findByRole('heading', { name: 'Check your mail' });
    // it listens a moment after it is shown
    await waitFor(() => expect(listens).toHaveBeenCalled());
    await auth.signIn('new@example.com', 'right');
    expect(await screen.findByText(/Your address is confirmed/)).toBeVisible();
    await user.click(screen.getByRole('link', { name: 'go on here' }));
  });
});

describe('the end of the confirmation page', () => {
  it('signs in and shows the key', async () => {
    sessionStorage.setItem('driftlock.welcome', JSON.stringify(verified));
    server.use(http.get('*/v1/keys', () => HttpResponse.json({ keys: [] })));
    renderApp('/welcome', { auth: fakeAuth(null) });
    expect(await screen.findByTestId('secret')).toHaveTextContent('dlk_live_first');
    expect(localStorage.getItem('driftlock.organization')).toBe(ORG.id);
  });

  it('keeps the key when the session is refused', async () => {
    sessionStorage.setItem(
      'driftlock.welcome',
      JSON.stringify({ ...verified, session: { ...verified.session, access_token: 'stale' } }),
    );
    const { router } = renderApp('/welcome', { auth: fakeAuth(null) });
    await waitFor(() => expect(router.state.location.pathname).toBe('/sign-in'));
    expect(router.state.location.search).toMatchObject({ next: '/app/start' });
    expect(sessionStorage.getItem('driftlock.first-key')).toContain('dlk_live_first');
  });

  it('leads somebody with an organisation to their anomalies', async () => {
    sessionStorage.setItem(
      'driftlock.welcome',
      JSON.stringify({ status: 'confirmed', session: verified.session }),
    );
    const { router } = renderApp('/welcome', { auth: fakeAuth(null) });
    await waitFor(() => expect(router.state.location.pathname).toBe('/app/anomalies'));
  });

  it('does nothing without anything left', async () => {
    const { router } = renderApp('/welcome', { auth: fakeAuth(null) });
    await waitFor(() => expect(router.state.location.pathname).toBe('/sign-in'));
  });
});

describe('sign-in by code', () => {
  it('mails a code and takes it', async () => {
    const { user, router } = renderApp('/app/live', { auth: fakeAuth(null) });
    await user.click(await screen.findByRole('button', { name: 'Use an emailed code instead' }));
    await user.type(screen.getByLabelText('Email'), 'demo@driftlock.local');
    await user.click(screen.getByRole('button', { name: 'Email me a code' }));
    await user.type(await screen.findByLabelText('Code'), '999999');
    await user.click(screen.getByRole('button', { name: 'Sign in' }));
    await alerted(/wrong, used or older/);
    await user.clear(screen.getByLabelText('Code'));
    await user.type(screen.getByLabelText('Code'), '123456');
    await user.click(screen.getByRole('button', { name: 'Sign in' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/app/live'));
  });
});
