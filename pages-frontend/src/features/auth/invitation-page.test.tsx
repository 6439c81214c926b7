import { screen } from '@testing-library/react';
import { fakeAuth, renderApp } from '@/test/app';
import { http, HttpResponse, problem, server } from '@/test/server';

const TOKEN = 'abc123';
const invitation = { organization: 'Northwind', email: 'new@example.com', role: 'member', account: false };
const open = () => renderApp(`/invitation?token=${TOKEN}`, { auth: fakeAuth(null) });
const found = (overrides = {}) =>
  server.use(http.get('*/v1/invitations/accept', () => HttpResponse.json({ ...invitation, ...overrides })));

describe('an invitation', () => {
  it('says what it is for and joins, with a password of one’s own', async () => {
    let sent: unknown;
    found();
    server.use(
      http.post('*/v1/invitations/accept', async ({ request }) => {
        sent = await request.json();
        return HttpResponse.json({ organization: 'Northwind', org_id: 'o1', role: 'member' });
      }),
    );
    const { user } = open();
    expect(await screen.findByRole('heading', { name: 'Join Northwind' })).toBeVisible();
    expect(screen.getByText('new@example.com')).toBeVisible();
    await user.type(screen.getByLabelText('Password (optional)'), 'three plain words');
    await user.click(screen.getByRole('button', { name: 'Join Northwind' }));
    expect(await screen.findByRole('heading', { name: 'Welcome to Northwind' })).toBeVisible();
    expect(sent).toEqual({ token: TOKEN, password: 'three plain words' });
  });

  it('asks nobody for a password who has an account', async () => {
    found({ account: true });
    open();
    await screen.findByRole('button', { name: 'Join Northwind' });
    expect(screen.queryByLabelText('Password (optional)')).not.toBeInTheDocument();
  });

  it('can be declined', async () => {
    let sent: unknown;
    found();
    server.use(
      http.post('*/v1/invitations/decline', async ({ request }) => {
        sent = await request.json();
        return new HttpResponse(null, { status: 204 });
      }),
    );
    const { user } = open();
    await user.click(await screen.findByRole('button', { name: 'Decline' }));
    expect(await screen.findByRole('heading', { name: 'You declined' })).toBeVisible();
    expect(sent).toEqual({ token: TOKEN });
  });

  it('says when it is void, and when the server cannot be asked', async () => {
    server.use(http.get('*/v1/invitations/accept', () => problem(400, 'invalid_token')));
    open();
    expect(await screen.findByRole('heading', { name: /not valid any more/ })).toBeVisible();
  });

  it('offers to try again where the server fails', async () => {
    server.use(http.get('*/v1/invitations/accept', () => problem(503, 'dependency_unavailable')));
    open();
    expect(await screen.findByRole('button', { name: 'Try again' })).toBeVisible();
  });
});
