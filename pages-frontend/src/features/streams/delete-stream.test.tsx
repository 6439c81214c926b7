import { screen, waitFor, within } from '@testing-library/react';
import { renderApp } from '@/test/app';
import { me, streams } from '@/test/fixtures.js';
import { http, HttpResponse, problem, server } from '@/test/server';

const list = (all: unknown[]) =>
  server.use(http.get('*/v1/streams', () => HttpResponse.json({ streams: all, next_cursor: null })));

describe('streams', () => {
  it('are deleted only when the name is typed', async () => {
    let path = '';
    server.use(
      http.delete('*/v1/streams/:id', ({ request }) => {
        path = new URL(request.url).pathname;
        list(streams().filter((each) => each.stream !== 'metrics/cpu'));
        return new HttpResponse(null, { status: 204 });
      }),
    );
    const { user } = renderApp('/app/streams');
    await user.click(await screen.findByRole('button', { name: 'Delete metrics/cpu' }));
    const dialog = within(screen.getByRole('dialog'));
    expect(dialog.getByText(/learnt from 120,402 events/)).toBeVisible();
    await user.type(dialog.getByRole('textbox'), 'metrics/cp');
    expect(dialog.getByRole('button', { name: 'Delete the stream' })).toBeDisabled();
    await user.type(dialog.getByRole('textbox'), 'u');
    await user.click(dialog.getByRole('button', { name: 'Delete the stream' }));
    expect(await screen.findByText('“metrics/cpu” is deleted.')).toBeVisible();
    await waitFor(() =>
      expect(screen.queryByRole('button', { name: 'Delete metrics/cpu' })).not.toBeInTheDocument(),
    );
    expect(path).toBe('/v1/streams/metrics%2Fcpu');
  });

  it('are deleted from their own page too, which says how long anomalies are kept', async () => {
    server.use(http.delete('*/v1/streams/:id', () => new HttpResponse(null, { status: 204 })));
    const { user, router } = renderApp('/app/streams/checkout-api');
    expect(await screen.findByText(/kept for 90 days/)).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Delete this stream' }));
    await user.type(screen.getByRole('textbox'), 'checkout-api');
    await user.click(screen.getByRole('button', { name: 'Delete the stream' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/app/streams'));
  });

  it('stay when the server refuses', async () => {
    server.use(
      http.delete('*/v1/streams/:id', () => problem(503, 'dependency_unavailable', 'A service is missing')),
    );
    const { user } = renderApp('/app/streams');
    await user.click(await screen.findByRole('button', { name: 'Delete auth' }));
    await user.type(screen.getByRole('textbox'), 'auth');
    await user.click(screen.getByRole('button', { name: 'Delete the stream' }));
    expect(await screen.findByText('A service is missing.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Cancel' }));
    expect(screen.getByRole('button', { name: 'Delete auth' })).toBeVisible();
  });

  it('are not for a viewer to delete', async () => {
    server.use(
      http.get('*/v1/me', () =>
        HttpResponse.json({ ...me, organizations: [{ ...me.organizations[0], role: 'viewer' }] }),
      ),
    );
    renderApp('/app/streams');
    await screen.findByText('checkout-api');
    expect(screen.queryByRole('button', { name: /Delete/ })).not.toBeInTheDocument();
    expect(await screen.findByText(/kept for 90 days/)).toBeVisible();
    expect(screen.getByRole('link', { name: 'See the settings' })).toBeVisible();
  });

  it('show how far they have learnt', async () => {
    const young = { ...streams()[0], stream: 'young', state: 'learning', events_seen: 32 };
    list([young, { ...young, stream: 'numbers', event_type: 'metric', events_seen: 200 }]);
    renderApp('/app/streams');
    expect(await screen.findByText('32 of 128 events')).toBeVisible();
    expect(screen.getByRole('progressbar', { name: 'young has learnt' })).toHaveAttribute('value', '32');
    // numbers take longer
    expect(screen.getByText('200 of 350 events')).toBeVisible();
  });
});
