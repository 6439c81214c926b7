import { screen, waitFor, within } from '@testing-library/react';
import { fakeAuth, renderApp } from '@/test/app';
import { me } from '@/test/fixtures.js';
import { invitations, members } from '@/test/organization-fixtures.js';
import { http, HttpResponse, problem, server } from '@/test/server';

const auth = () => fakeAuth({ userId: me.user.id, email: me.user.email });
const as = (role: string, organizations = 1) =>
  server.use(
    http.get('*/v1/me', () =>
      HttpResponse.json({
        ...me,
        organizations: [
          { ...me.organizations[0], role },
          { ...me.organizations[0], id: 'second', name: 'Second Ltd', role: 'viewer' },
        ].slice(0, organizations),
      }),
    ),
  );
const row = async (email: string) => (await screen.findByText(email)).closest('li') as HTMLElement;

beforeEach(() =>
  server.use(
    http.get('*/v1/members', () => HttpResponse.json({ members: members() })),
    http.get('*/v1/invitations', () => HttpResponse.json({ invitations: invitations() })),
  ),
);

describe('members', () => {
  it('changes a role at once, and back when it is refused', async () => {
    let refuse: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (refuse = resolve));
    server.use(
      http.patch('*/v1/members/:id', async ({ params }) => {
        if (params.id !== members()[2]?.user_id) {
          await held;
          return problem(403, 'insufficient_scope', 'The credential does not allow this');
        }
        const changed = members().map((each) =>
          each.user_id === params.id ? { ...each, role: 'admin' } : each,
        );
        server.use(http.get('*/v1/members', () => HttpResponse.json({ members: changed })));
        return HttpResponse.json(changed[2]);
      }),
    );
    const { user } = renderApp('/app/settings/members', { auth: auth() });
    const select = within(await row('lea@northwind.example')).getByRole('combobox');
    await user.selectOptions(select, 'admin');
    expect(await screen.findByText('lea@northwind.example is now an admin.')).toBeVisible();
    expect(select).toHaveValue('admin');

    const other = within(await row('auditor@consultants.example')).getByRole('combobox');
    await user.selectOptions(other, 'owner');
    await waitFor(() => expect(other).toHaveValue('owner'));
    refuse();
    expect(await screen.findByText(/does not allow this/)).toBeVisible();
    await waitFor(() => expect(other).toHaveValue('viewer'));
  });

  it('says why the last owner cannot leave', async () => {
    server.use(
      http.delete('*/v1/members/me', () =>
        problem(409, 'last_owner', 'An organisation keeps at least one owner'),
      ),
    );
    const { user } = renderApp('/app/settings/members', { auth: auth() });
    await user.click(within(await row(me.user.email)).getByRole('button', { name: 'Leave' }));
    await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Leave' }));
    expect(await screen.findByText(/keeps at least one owner/)).toBeVisible();
  });

  it('leaving leads to what is left', async () => {
    as('member', 2);
    server.use(http.delete('*/v1/members/me', () => new HttpResponse(null, { status: 204 })));
    const { user, router } = renderApp('/app/settings/members', { auth: auth() });
    await user.click(within(await row(me.user.email)).getByRole('button', { name: 'Leave' }));
    as('viewer');
    await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Leave' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/app/anomalies'));
  });

  it('removes somebody after a question', async () => {
    let removed = '';
    server.use(
      http.delete('*/v1/members/:id', ({ params }) => {
        removed = String(params.id);
        return new HttpResponse(null, { status: 204 });
      }),
    );
    const { user } = renderApp('/app/settings/members', { auth: auth() });
    await row('lea@northwind.example');
    await user.click(screen.getByRole('button', { name: 'Remove lea@northwind.example' }));
    await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Remove' }));
    expect(await screen.findByText(/no longer sees Northwind Payments/)).toBeVisible();
    expect(removed).toBe(members()[2]?.user_id);
  });

  it('hands the organisation on', async () => {
    let to: unknown;
    server.use(
      http.post('*/v1/organization/transfer', async ({ request }) => {
        to = await request.json();
        as('admin');
        return HttpResponse.json({});
      }),
    );
    const { user } = renderApp('/app/settings/members', { auth: auth() });
    await user.click(await screen.findByRole('button', { name: 'Hand the organisation on' }));
    await user.selectOptions(screen.getByLabelText('New owner'), 'amara.okafor@northwind.example');
    await user.click(screen.getByRole('button', { name: 'Make them the owner' }));
    await waitFor(() =>
      expect(screen.queryByRole('button', { name: 'Hand the organisation on' })).not.toBeInTheDocument(),
    );
    expect(to).toEqual({ user_id: members()[1]?.user_id });
  });

  it('an admin does not touch owners', async () => {
    as('admin');
    renderApp('/app/settings/members', { auth: fakeAuth({ userId: 'someone', email: 'x@y.z' }) });
    expect(within(await row(me.user.email)).queryByRole('combobox')).not.toBeInTheDocument();
    const options = within(await row('lea@northwind.example')).getAllByRole('option');
    expect(options.map((each) => each.textContent)).toEqual(['admin', 'member', 'viewer']);
  });

  it.each(['viewer', 'member'])('a %s sees people, and may only leave', async (role) => {
    as(role);
    renderApp('/app/settings/members', { auth: auth() });
    await row('lea@northwind.example');
    const main = screen.getByRole('main');
    expect(
      within(main)
        .getAllByRole('button')
        .map((each) => each.textContent),
    ).toEqual(['Leave']);
    expect(within(main).queryByRole('combobox')).not.toBeInTheDocument();
    expect(screen.queryByText('Invite somebody')).not.toBeInTheDocument();
  });

  it('has words for a failure', async () => {
    server.use(http.get('*/v1/members', () => problem(500, 'internal_error', 'Something went wrong')));
    renderApp('/app/settings/members', { auth: auth() });
    expect(await screen.findByText('Something went wrong')).toBeVisible();
  });
});

describe('invitations', () => {
  it('invites by mail', async () => {
    let wish: unknown;
    server.use(
      http.post('*/v1/invitations', async ({ request }) => {
        wish = await request.json();
        return HttpResponse.json(invitations()[0], { status: 201 });
      }),
    );
    const { user } = renderApp('/app/settings/members', { auth: auth() });
    await user.type(await screen.findByLabelText('Email'), 'new@northwind.example');
    await user.selectOptions(screen.getByLabelText('Role'), 'viewer');
    await user.click(screen.getByRole('button', { name: 'Send the invitation' }));
    expect(await screen.findByText(/A link is on its way to new@northwind.example/)).toBeVisible();
    expect(wish).toEqual({ email: 'new@northwind.example', role: 'viewer' });
    expect(screen.getByLabelText('Email')).toHaveValue('');
  });

  it('says when somebody is a member already', async () => {
    server.use(http.post('*/v1/invitations', () => problem(409, 'already_member')));
    const { user } = renderApp('/app/settings/members', { auth: auth() });
    await user.type(await screen.findByLabelText('Email'), 'lea@northwind.example');
    await user.click(screen.getByRole('button', { name: 'Send the invitation' }));
    // it is there from the beginning, and empty
    await waitFor(() => expect(screen.getByRole('alert')).toHaveTextContent('a member already'));
    expect(screen.getByLabelText('Email')).toHaveValue('lea@northwind.example');
  });

  it('takes one back, and says when none is open', async () => {
    server.use(
      http.delete('*/v1/invitations/:id', () => {
        server.use(http.get('*/v1/invitations', () => HttpResponse.json({ invitations: [] })));
        return new HttpResponse(null, { status: 204 });
      }),
    );
    const { user } = renderApp('/app/settings/members', { auth: auth() });
    await user.click(await screen.findByRole('button', { name: /Take back the invitation of/ }));
    await user.click(screen.getByRole('button', { name: 'Take it back' }));
    expect(await screen.findByText('No open invitations.')).toBeVisible();
  });
});
