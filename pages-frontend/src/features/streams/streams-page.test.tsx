import { screen, waitFor, within } from '@testing-library/react';
import { streams } from '@/test/fixtures.js';
import { renderApp } from '@/test/app';
import { http, HttpResponse, problem, server } from '@/test/server';

const answer = (list: unknown[]) =>
  server.use(http.get('*/v1/streams', () => HttpResponse.json({ streams: list, next_cursor: null })));

describe('the streams page', () => {
  it('shows each stream with state, counts and sensitivity', async () => {
    renderApp('/app/streams');
    const row = (await screen.findByRole('link', { name: 'auth' })).closest('tr') as HTMLElement;
    expect(within(row).getByText('Ready')).toBeVisible();
    expect(within(row).getByText('20.9K')).toBeVisible();
    expect(within(row).getByText('0.7')).toBeVisible();
    expect(screen.getByText('Learning')).toBeVisible();
    expect(screen.getByText('Drifting')).toBeVisible();
  });

  it('explains a state', async () => {
    const { user } = renderApp('/app/streams');
    await user.click(await screen.findByText('Learning'));
    expect(await screen.findByText(/still finding out what is normal/)).toBeVisible();
  });

  it('leads to the anomalies of a stream', async () => {
    const { user, router } = renderApp('/app/streams');
    await user.click(await screen.findByRole('link', { name: /anomalies of metrics\/cpu/ }));
    await waitFor(() => expect(router.state.location.href).toBe('/app/anomalies?stream=metrics%2Fcpu'));
  });

  it('leads to a stream', async () => {
    const { user, router } = renderApp('/app/streams');
    await user.click(await screen.findByRole('link', { name: 'metrics/cpu' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/app/streams/metrics%2Fcpu'));
    expect(await screen.findByRole('slider')).toBeVisible();
  });

  it('says that retention is the organisation’s, and leads to the setting', async () => {
    renderApp('/app/streams');
    expect(
      await screen.findByText(/kept for 90 days\. That is set for the whole organisation/),
    ).toBeVisible();
    expect(screen.getByRole('link', { name: 'Change it in the settings' })).toHaveAttribute(
      'href',
      '/app/settings/organization',
    );
  });

  it('copes with a bare stream and an unknown state', async () => {
    answer([{ stream: 'bare', state: 'asleep', events_seen: 0 }]);
    renderApp('/app/streams');
    expect(await screen.findByText('asleep')).toBeVisible();
    expect(screen.getByText('as the organisation’s')).toBeInTheDocument();
  });

  it('reads every page of a long list', async () => {
    server.use(
      http.get('*/v1/streams', ({ request }) =>
        new URL(request.url).searchParams.get('cursor') === 'c1'
          ? HttpResponse.json({ streams: [streams()[1]], next_cursor: null })
          : HttpResponse.json({ streams: [streams()[0]], next_cursor: 'c1' }),
      ),
    );
    renderApp('/app/streams');
    expect(await screen.findByRole('link', { name: 'checkout-api' })).toBeVisible();
    expect(screen.getByRole('link', { name: 'checkout-api/json' })).toBeVisible();
  });

  it('has words for no stream and for a failure', async () => {
    answer([]);
    const { unmount } = renderApp('/app/streams');
    expect(await screen.findByText('No streams yet')).toBeVisible();
    unmount();
    server.use(http.get('*/v1/streams', () => problem(500, 'internal', 'Broken')));
    renderApp('/app/streams');
    expect(await screen.findByRole('alert')).toHaveTextContent('Broken');
  });
});
