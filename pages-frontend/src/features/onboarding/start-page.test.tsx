import { screen, waitFor, within } from '@testing-library/react';
import { renderApp } from '@/test/app';
import { anomalies, me, streams } from '@/test/fixtures.js';
import { http, HttpResponse, problem, server } from '@/test/server';

const ORG = me.organizations[0]?.id ?? '';
const SECRET = 'dlk_live_abc123def456_secret';

function answer({ events = 0, state = 'learning', keys = 1, found = false } = {}) {
  const [base] = streams();
  server.use(
    http.get('*/v1/streams', () =>
      HttpResponse.json({
        streams: [{ ...base, stream: 'getting-started', state, events_seen: events }],
        next_cursor: null,
      }),
    ),
    http.get('*/v1/keys', () =>
      HttpResponse.json({ keys: Array.from({ length: keys }, () => ({ revoked_at: null })) }),
    ),
    http.get('*/v1/anomalies', () =>
      HttpResponse.json({ anomalies: found ? anomalies().slice(0, 1) : [], next_cursor: null }),
    ),
  );
}

const step = async (title: string) =>
  (await screen.findByRole('heading', { name: new RegExp(`^${title}`) })).closest('li') as HTMLElement;

describe('getting started', () => {
  it('waits for the first event, with a sample that carries the key', async () => {
    sessionStorage.setItem(
      'driftlock.first-key',
      JSON.stringify({ organizationId: ORG, key: SECRET, stream: 'getting-started' }),
    );
    answer();
    renderApp('/app/start');
    expect(await screen.findByText(/Waiting for your first event/)).toBeVisible();
    expect(screen.getByTestId('secret')).toHaveTextContent(SECRET);
    const sample = screen.getByRole('region', { name: 'curl example' });
    expect(sample).toHaveTextContent(
      `curl http://localhost:3000/v1/events \\ -H 'Authorization: Bearer ${SECRET}'`,
    );
    expect(await step('Your first event')).toHaveAttribute('aria-current', 'step');
  });

  it('notices the event by itself', async () => {
    answer();
    renderApp('/app/start');
    await screen.findByText(/Waiting for your first event/);
    answer({ events: 40 });
    expect(await screen.findByText(/Received in/)).toBeVisible();
    expect(screen.getByRole('progressbar')).toHaveAttribute('value', '40');
  });

  it('keeps the key until its owner has stored it, and never shows it to another organisation', async () => {
    sessionStorage.setItem(
      'driftlock.first-key',
      JSON.stringify({ organizationId: ORG, key: SECRET, stream: 's' }),
    );
    answer();
    const { user, unmount } = renderApp('/app/start');
    await user.click(await screen.findByRole('button', { name: 'I have stored it' }));
    expect(screen.queryByTestId('secret')).not.toBeInTheDocument();
    expect(screen.getByText(/Put a key of yours/)).toBeVisible();
    unmount();
    sessionStorage.setItem(
      'driftlock.first-key',
      JSON.stringify({ organizationId: 'another', key: SECRET, stream: 's' }),
    );
    renderApp('/app/start');
    await screen.findByText(/has one key/);
    expect(screen.queryByTestId('secret')).not.toBeInTheDocument();
  });

  it('shows another way to send, reachable by keyboard', async () => {
    answer();
    const { user } = renderApp('/app/start');
    const tab = await screen.findByRole('tab', { name: 'curl' });
    tab.focus();
    await user.keyboard('{ArrowRight}{ArrowRight}');
    // the focus moves after the key
    await waitFor(() => expect(screen.getByRole('tab', { name: 'Python' })).toHaveFocus());
    expect(await screen.findByRole('region', { name: 'Python example' })).toHaveTextContent('urllib.request');
  });

  it('copies', async () => {
    answer();
    const { user } = renderApp('/app/start');
    await user.click(await screen.findByRole('button', { name: 'Copy curl example' }));
    expect(await navigator.clipboard.readText()).toContain('/v1/events');
    expect(await screen.findByText('Copied')).toBeVisible();
  });

  it('ends with the first anomaly', async () => {
    answer({ events: 1500, state: 'ready', found: true });
    renderApp('/app/start');
    await screen.findByText(/has one key/);
    const last = await step('The first anomaly');
    expect(await within(last).findByRole('link')).toHaveAttribute(
      'href',
      `/app/anomalies/${anomalies()[0]?.id}`,
    );
    expect(screen.getAllByText(', done')).toHaveLength(4);
  });

  it('has something to show while loading, and words for a failure', async () => {
    let fail = () => {};
    const looked = new Promise<void>((resolve) => (fail = resolve));
    server.use(
      http.get('*/v1/keys', async () => {
        await looked;
        return problem(503, 'dependency_unavailable', 'A service is not available');
      }),
    );
    const { user } = renderApp('/app/start');
    expect(await screen.findByRole('heading', { name: 'An API key' })).toBeVisible();
    fail();
    expect(await screen.findByRole('alert')).toHaveTextContent('A service is not available');
    answer();
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(screen.queryByRole('alert')).not.toBeInTheDocument());
  });
});
