import { screen, waitFor, within } from '@testing-library/react';
import { renderApp } from '@/test/app';
import { me } from '@/test/fixtures.js';
import { apiKey, apiKeys } from '@/test/organization-fixtures.js';
import { http, HttpResponse, problem, server } from '@/test/server';

const SECRET = 'dlk_live_new_secret';
const list = (keys: unknown[]) => server.use(http.get('*/v1/keys', () => HttpResponse.json({ keys })));
const as = (role: string) =>
  server.use(
    http.get('*/v1/me', () =>
      HttpResponse.json({ ...me, organizations: [{ ...me.organizations[0], role }] }),
    ),
  );
const row = async (name: string) => (await screen.findByText(name)).closest('li') as HTMLElement;

describe('API keys', () => {
  it('lists those in use, and the ended ones on request', async () => {
    list(apiKeys());
    const { user } = renderApp('/app/settings/keys');
    expect(within(await row('checkout, production')).getByText('Active')).toBeVisible();
    expect(within(await row('collector')).getByText('Ending soon')).toBeVisible();
    expect(screen.queryByText('load test')).not.toBeInTheDocument();
    await user.click(screen.getByRole('button', { name: 'Show 1 ended key' }));
    expect(within(await row('load test')).getByText('Revoked')).toBeVisible();
    expect(within(await row('load test')).queryByRole('button')).not.toBeInTheDocument();
  });

  it('makes a key and shows its secret once', async () => {
    list([]);
    let wish: unknown;
    server.use(
      http.post('*/v1/keys', async ({ request }) => {
        wish = await request.json();
        list([apiKey({ name: 'ci' })]);
        return HttpResponse.json({ ...apiKey({ name: 'ci' }), secret: SECRET }, { status: 201 });
      }),
    );
    const { user } = renderApp('/app/settings/keys');
    expect(await screen.findByText('No keys yet')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'New key' }));
    await user.type(screen.getByLabelText('Name'), 'ci');
    await user.click(screen.getByLabelText(/read anomalies/));
    await user.type(screen.getByLabelText(/Only streams that begin/), 'ci/');
    await user.click(screen.getByRole('button', { name: 'Make the key' }));
    expect(await screen.findByTestId('secret')).toHaveTextContent(SECRET);
    expect(wish).toEqual({
      name: 'ci',
      scopes: ['ingest', 'read'],
      environment: 'live',
      stream_prefix: 'ci/',
    });
    expect(await row('ci')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'I have stored it' }));
    expect(screen.queryByTestId('secret')).not.toBeInTheDocument();
  });

  it('keeps the dialog with the reason when a key is refused', async () => {
    list([]);
    server.use(
      http.post('*/v1/keys', () =>
        problem(409, 'limit_reached', 'There are as many of these as are allowed'),
      ),
    );
    const { user } = renderApp('/app/settings/keys');
    await user.click(await screen.findByRole('button', { name: 'New key' }));
    await user.type(screen.getByLabelText('Name'), 'ci');
    await user.click(screen.getByRole('button', { name: 'Make the key' }));
    expect(await screen.findByText(/as many of these as are allowed/)).toBeVisible();
    expect(screen.getByLabelText('Name')).toHaveValue('ci');
  });

  it('a key with every right is bound to no stream', async () => {
    list([]);
    const { user } = renderApp('/app/settings/keys');
    await user.click(await screen.findByRole('button', { name: 'New key' }));
    await user.click(screen.getByLabelText(/everything, keys and settings/));
    expect(screen.getByLabelText(/Only streams that begin/)).toBeDisabled();
    await user.click(screen.getByLabelText(/everything, keys and settings/));
    await user.click(screen.getByLabelText(/send events/));
    expect(screen.getByRole('button', { name: 'Make the key' })).toBeDisabled();
  });

  it('rotates with an overlap', async () => {
    list([apiKey()]);
    let body: unknown;
    server.use(
      http.post('*/v1/keys/:id/regenerate', async ({ request, params }) => {
        body = { id: params.id, ...((await request.json()) as object) };
        return HttpResponse.json({ ...apiKey(), secret: SECRET, previous: apiKey() }, { status: 201 });
      }),
    );
    const { user } = renderApp('/app/settings/keys');
    await user.click(await screen.findByRole('button', { name: 'Rotate checkout, production' }));
    await user.selectOptions(screen.getByLabelText('Overlap'), 'an hour');
    await user.click(screen.getByRole('button', { name: 'Make the new key' }));
    expect(await screen.findByTestId('secret')).toHaveTextContent(SECRET);
    expect(screen.getByText(/The old one goes on until/)).toBeVisible();
    expect(body).toEqual({ id: apiKey().id, overlap_seconds: 3600 });
  });

  it('revokes only after a question', async () => {
    list([apiKey()]);
    let revoked = 0;
    server.use(
      http.delete('*/v1/keys/:id', () => {
        revoked += 1;
        const ended = apiKey({ revoked_at: new Date().toISOString() });
        list([ended]);
        return HttpResponse.json(ended);
      }),
    );
    const { user } = renderApp('/app/settings/keys');
    await user.click(await screen.findByRole('button', { name: 'Revoke checkout, production' }));
    await user.click(screen.getByRole('button', { name: 'Cancel' }));
    expect(revoked).toBe(0);
    await user.click(screen.getByRole('button', { name: 'Revoke checkout, production' }));
    await user.click(screen.getByRole('button', { name: 'Revoke the key' }));
    await waitFor(() => expect(screen.getByText('No key in use')).toBeVisible());
    expect(revoked).toBe(1);
  });

  it.each(['viewer', 'member'])('a %s sees keys and changes none', async (role) => {
    as(role);
    list(apiKeys());
    renderApp('/app/settings/keys');
    await row('checkout, production');
    const main = screen.getByRole('main');
    const buttons = within(main)
      .queryAllByRole('button')
      .map((each) => each.textContent);
    expect(buttons).toEqual(['Show 1 ended key']);
  });

  it('has words for a failure', async () => {
    server.use(http.get('*/v1/keys', () => problem(503, 'dependency_unavailable', 'A service is missing')));
    const { user } = renderApp('/app/settings/keys');
    expect(await screen.findByRole('alert')).toHaveTextContent('A service is missing');
    list([apiKey()]);
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await row('checkout, production')).toBeVisible();
  });
});
