import { screen, waitFor } from '@testing-library/react';
import { logDetail, me } from '@/test/fixtures.js';
import { renderApp } from '@/test/app';
import { http, HttpResponse, problem, server } from '@/test/server';

const PATH = `/app/anomalies/${logDetail().id}`;
const effect = (taught: boolean, more = {}) => ({
  taught,
  note: null,
  score: taught ? 0.2 : 61.2,
  p_value: taught ? 0.87 : 0.00004,
  anomaly: !taught,
  threshold: 7.97,
  ...more,
});
const said = (kind: string | null, taught = false, more = {}) =>
  HttpResponse.json({
    feedback: kind && { kind, taught, at: '2026-11-21T10:00:00Z' },
    effect: effect(taught, more),
  });

describe('feedback', () => {
  it('teaches what is expected, shows what it would score now, and takes it back', async () => {
    const asked: unknown[] = [];
    server.use(
      http.post('*/v1/anomalies/:id/feedback', async ({ request }) => {
        asked.push(await request.json());
        return said('expected', true);
      }),
      http.delete('*/v1/anomalies/:id/feedback', () => said(null)),
    );
    const { user } = renderApp(PATH);
    await user.click(await screen.findByRole('button', { name: 'Expected' }));
    expect(await screen.findByText('0.2 bits')).toBeVisible();
    expect(screen.getByText(/No alarm any more: that takes 8.0 bits/)).toBeVisible();
    expect(asked).toEqual([{ kind: 'expected' }]);
    await user.click(screen.getByRole('button', { name: 'Undo' }));
    expect(await screen.findByRole('button', { name: 'Real' })).toBeVisible();
    expect(screen.queryByText('0.2 bits')).not.toBeInTheDocument();
  });

  it('says that an opinion alone changes no score', async () => {
    server.use(http.get('*/v1/anomalies/:id/feedback', () => said('false_alarm')));
    renderApp(PATH);
    expect(await screen.findByText(/It changes no score/)).toBeVisible();
  });

  it('says why a metric was not taught', async () => {
    server.use(
      http.get('*/v1/anomalies/:id/feedback', () =>
        said('expected', false, { note: 'a metric’s values cannot be taught' }),
      ),
    );
    renderApp(PATH);
    expect(await screen.findByText(/Noted, but a metric’s values cannot be taught/)).toBeVisible();
  });

  it('takes the choice back and says why when the API refuses', async () => {
    server.use(http.post('*/v1/anomalies/:id/feedback', () => problem(503, 'stream_unavailable')));
    const { user } = renderApp(PATH);
    await user.click(await screen.findByRole('button', { name: 'Real' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('That was not noted');
    await waitFor(() => expect(screen.getByRole('button', { name: 'Real' })).toBeEnabled());
  });

  it('does not put a colleague’s words into this person’s mouth', async () => {
    server.use(http.get('*/v1/anomalies/:id/feedback', () => said('real')));
    renderApp(PATH);
    expect(await screen.findByText('Said to be real.')).toBeVisible();
    expect(screen.queryByText(/You said/)).not.toBeInTheDocument();
  });

  it('offers a viewer no say', async () => {
    server.use(
      http.get('*/v1/me', () =>
        HttpResponse.json({ ...me, organizations: [{ ...me.organizations[0], role: 'viewer' }] }),
      ),
    );
    renderApp(PATH);
    expect(await screen.findByText('Nobody has said anything of it yet.')).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Expected' })).not.toBeInTheDocument();
  });
});
