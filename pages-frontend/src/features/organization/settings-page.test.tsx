import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { renderApp } from '@/test/app';
import { me } from '@/test/fixtures.js';
import { redaction, settings } from '@/test/organization-fixtures.js';
import { http, HttpResponse, problem, server } from '@/test/server';

const as = (role: string) =>
  server.use(
    http.get('*/v1/me', () =>
      HttpResponse.json({ ...me, organizations: [{ ...me.organizations[0], role }] }),
    ),
  );

beforeEach(() =>
  server.use(
    http.get('*/v1/organization', () => HttpResponse.json(settings())),
    http.get('*/v1/organization/redaction', () => HttpResponse.json(redaction())),
  ),
);

function patches() {
  const seen: unknown[] = [];
  server.use(
    http.patch('*/v1/organization', async ({ request }) => {
      const patch = (await request.json()) as object;
      seen.push(patch);
      return HttpResponse.json({ ...settings(), ...patch });
    }),
  );
  return seen;
}

describe('settings', () => {
  it('saves only what was changed', async () => {
    const seen = patches();
    const { user } = renderApp('/app/settings/organization');
    const name = await screen.findByLabelText('Name');
    await user.clear(name);
    await user.type(name, 'Northwind');
    await user.selectOptions(screen.getByLabelText('Time zone'), 'Asia/Tokyo');
    fireEvent.change(screen.getByRole('slider'), { target: { value: '0.75' } });
    expect(screen.getByText('0.75, sensitive')).toBeVisible();
    await user.type(screen.getByLabelText('Days that anomalies are kept'), '30');
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(await screen.findByText('Saved.')).toBeVisible();
    expect(seen).toEqual([
      { name: 'Northwind', time_zone: 'Asia/Tokyo', default_sensitivity: 0.75, retention_days: 30 },
    ]);
  });

  it('asks nothing of the server when nothing was changed', async () => {
    const seen = patches();
    const { user } = renderApp('/app/settings/organization');
    await user.click(await screen.findByRole('button', { name: 'Save' }));
    expect(await screen.findByText('Nothing to save.')).toBeVisible();
    expect(seen).toEqual([]);
  });

  it('knows how long the plan keeps anomalies', async () => {
    renderApp('/app/settings/organization');
    expect(await screen.findByLabelText('Days that anomalies are kept')).toHaveAttribute('max', '90');
    expect(screen.getByText(/Up to 90 on the Standard plan/)).toBeVisible();
  });

  it('says why it was not saved', async () => {
    server.use(http.patch('*/v1/organization', () => HttpResponse.error()));
    const { user } = renderApp('/app/settings/organization');
    await user.type(await screen.findByLabelText('Name'), ' GmbH');
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(await screen.findByText(/could not be reached/)).toBeVisible();
    expect(screen.getByLabelText('Name')).toHaveValue('Northwind Payments GmbH');
  });

  it('sets what is masked, and with patterns of one’s own', async () => {
    const pattern = { name: 'patient', pattern: 'PAT-\\d{6}' };
    server.use(
      http.get('*/v1/organization/redaction', () =>
        HttpResponse.json({ ...redaction(), patterns: [pattern] }),
      ),
    );
    let body: unknown;
    server.use(
      http.put('*/v1/organization/redaction', async ({ request }) => {
        body = await request.json();
        return HttpResponse.json({ ...redaction(), ...(body as object) });
      }),
    );
    const { user } = renderApp('/app/settings/organization');
    await user.click(await screen.findByLabelText('network addresses'));
    await user.click(screen.getByLabelText('telephone numbers'));
    await user.selectOptions(screen.getByLabelText('Put in its place'), 'hash');
    await user.click(screen.getByRole('button', { name: 'Add a pattern' }));
    await user.type(screen.getByLabelText('Name of pattern 2'), 'staff');
    await user.type(screen.getByLabelText('Regular expression of pattern 2'), 'ST-\\d+');
    await user.click(screen.getByRole('button', { name: 'Add a pattern' }));
    await user.click(screen.getByRole('button', { name: 'Save the policy' }));
    expect(await screen.findByText(/holds everywhere within a minute/)).toBeVisible();
    expect(body).toEqual({
      policy: 'mask',
      action: 'hash',
      kinds: ['email', 'card', 'iban', 'secret', 'ip'],
      patterns: [pattern, { name: 'staff', pattern: 'ST-\\d+' }],
    });
  });

  it('deletes only when the name is typed', async () => {
    let confirmed: string | null = null;
    server.use(
      http.delete('*/v1/organization', ({ request }) => {
        confirmed = new URL(request.url).searchParams.get('confirm');
        server.use(http.get('*/v1/me', () => HttpResponse.json({ ...me, organizations: [] })));
        return HttpResponse.json({ id: settings().id, deleted_at: '', purged_after: '' });
      }),
    );
    const { user } = renderApp('/app/settings/organization');
    await user.click(await screen.findByRole('button', { name: 'Delete the organisation' }));
    const dialog = within(screen.getByRole('dialog'));
    expect(dialog.getByRole('button', { name: 'Delete it' })).toBeDisabled();
    await user.type(dialog.getByRole('textbox'), 'Northwind Payments');
    await user.click(dialog.getByRole('button', { name: 'Delete it' }));
    expect(await screen.findByText('You belong to no organisation yet')).toBeVisible();
    expect(confirmed).toBe('Northwind Payments');
  });

  it('an admin exports but does not delete', async () => {
    as('admin');
    renderApp('/app/settings/organization');
    expect(await screen.findByRole('button', { name: 'Export' })).toBeVisible();
    expect(screen.queryByRole('button', { name: /Delete/ })).not.toBeInTheDocument();
  });

  it.each(['viewer', 'member'])('a %s reads and changes nothing', async (role) => {
    as(role);
    renderApp('/app/settings/organization');
    expect(await screen.findByText('Europe/Berlin')).toBeVisible();
    expect(await screen.findByText(/Masked: email addresses/)).toBeVisible();
    const main = screen.getByRole('main');
    for (const kind of ['button', 'textbox', 'slider', 'combobox', 'checkbox', 'radio']) {
      expect(within(main).queryByRole(kind)).not.toBeInTheDocument();
    }
  });

  it('shows the settings although the policy cannot be read', async () => {
    server.use(
      http.get('*/v1/organization/redaction', () => problem(503, 'dependency_unavailable', 'Not available')),
    );
    renderApp('/app/settings/organization');
    expect(await screen.findByText('Not available')).toBeVisible();
    expect(screen.getByLabelText('Name')).toHaveValue('Northwind Payments');
    await waitFor(() => expect(screen.getByRole('button', { name: 'Save' })).toBeEnabled());
  });
});
