import { act, screen, waitFor } from '@testing-library/react';
import { ago, logDetail, summary } from '@/test/fixtures.js';
import { renderApp } from '@/test/app';
import { feed, http, HttpResponse, problem, server } from '@/test/server';

const rows = () => [...document.querySelectorAll('[data-anomaly-row]')];
const recent = (anomalies: unknown[]) =>
  server.use(http.get('*/v1/anomalies', () => HttpResponse.json({ anomalies, next_cursor: null })));
const anomaly = (id: string, minutes = 0) =>
  summary(logDetail({ id, reason: `Reason of ${id}.`, timestamp: ago(minutes), detected_at: ago(minutes) }));

describe('the live page', () => {
  it('shows the last hour, what arrives, and each stream with its ticks', async () => {
    recent([anomaly('known', 5), anomaly('old', 90)]);
    renderApp('/app/live');
    await waitFor(() => expect(rows()).toHaveLength(1));
    await screen.findByText('Live', { selector: '[role=status]' });
    act(() => feed.push(anomaly('fresh'), '1'));
    await waitFor(() => expect(rows()).toHaveLength(2));
    expect(rows()[0]).toHaveTextContent('Reason of fresh.');
    expect(await screen.findByRole('img', { name: '2 anomalies in the last hour' })).toBeVisible();
  });

  it('holds still while paused, counts what waits, and catches up', async () => {
    recent([anomaly('known', 5)]);
    const { user } = renderApp('/app/live');
    await waitFor(() => expect(rows()).toHaveLength(1));
    await screen.findByText('Live', { selector: '[role=status]' });
    await user.click(screen.getByRole('button', { name: 'Pause' }));
    act(() => feed.push(anomaly('fresh'), '1'));
    const resume = await screen.findByRole('button', { name: 'Resume (1 waiting)' });
    expect(rows()).toHaveLength(1);
    await user.click(resume);
    await waitFor(() => expect(rows()).toHaveLength(2));
  });

  it('is quiet when nothing happened', async () => {
    recent([]);
    renderApp('/app/live');
    expect(await screen.findByText('Quiet')).toBeVisible();
  });

  it('reports a failure', async () => {
    server.use(http.get('*/v1/anomalies', () => problem(503, 'unavailable', 'The database is away')));
    renderApp('/app/live');
    expect(await screen.findByRole('alert')).toHaveTextContent('The database is away');
  });
});
