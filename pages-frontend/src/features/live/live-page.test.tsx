import { act, screen, waitFor } from '@testing-library/react';
import { ago, logDetail, recentScores, streams, summary } from '@/test/fixtures.js';
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

describe('the scores beside each stream', () => {
  const scoresOf = (answer: () => Response | Promise<Response>) => {
    const asked: string[] = [];
    server.use(
      http.get('*/v1/streams/:name/recent', ({ params }) => {
        asked.push(String(params.name));
        return answer();
      }),
    );
    return asked;
  };
  const onScreen = (isShown: (nth: number) => boolean) => {
    let nth = 0;
    vi.stubGlobal(
      'IntersectionObserver',
      class {
        readonly isIntersecting = isShown(nth++);
        constructor(private readonly callback: (entries: { isIntersecting: boolean }[]) => void) {}
        observe() {
          this.callback([{ isIntersecting: this.isIntersecting }]);
        }
        disconnect() {}
      },
    );
  };
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
  beforeEach(() => recent([]));

  it('are drawn, and told in words', async () => {
    scoresOf(() =>
      HttpResponse.json({ ...recentScores(3), first_index: 500, scores: [1.2, 20.5, 3], alpha: 2 ** -8 }),
    );
    renderApp('/app/live');
    const name = 'Surprise of the newest 3 events: at most 20.5 bits, alarm at 8.0 bits, 1 above it';
    await waitFor(() => expect(screen.getAllByRole('img', { name })).toHaveLength(streams().length));
    expect(screen.getAllByText('newest 3 events')[0]).toBeVisible();
  });

  it('count no event as an alarm that the stream only learnt from', async () => {
    scoresOf(() =>
      HttpResponse.json({ ...recentScores(2), first_index: 0, scores: [30, 31], alpha: 2 ** -8 }),
    );
    renderApp('/app/live');
    expect(
      (await screen.findAllByRole('img', { name: /alarm at 8\.0 bits, none above it/ }))[0],
    ).toBeVisible();
  });

  it('are asked of the streams on the screen alone', async () => {
    const asked = scoresOf(() => HttpResponse.json(recentScores()));
    onScreen((nth) => nth === 1);
    renderApp('/app/live');
    await screen.findByRole('img', { name: /^Surprise of the newest 120 events/ });
    expect(asked).toHaveLength(1);
  });

  it('are read again once the stream has had events, and not while the page is paused', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const [only] = streams();
    let seen = recentScores().events_seen;
    server.use(
      http.get('*/v1/streams', () =>
        HttpResponse.json({ streams: [{ ...only, events_seen: seen }], next_cursor: null }),
      ),
    );
    const asked = scoresOf(() => HttpResponse.json({ ...recentScores(), events_seen: seen }));
    renderApp('/app/live');
    await screen.findByRole('img', { name: /^Surprise of/ });
    await act(() => vi.advanceTimersByTimeAsync(60_000));
    expect(asked).toHaveLength(1);
    seen += 10;
    await act(() => vi.advanceTimersByTimeAsync(25_000));
    await waitFor(() => expect(asked).toHaveLength(2));
    act(() => screen.getByRole('button', { name: 'Pause' }).click());
    seen += 10;
    await act(() => vi.advanceTimersByTimeAsync(60_000));
    expect(asked).toHaveLength(2);
  });

  it('leave their place empty where there are none, or none to be had', async () => {
    scoresOf(() => HttpResponse.json({ ...recentScores(0), runs: [] }));
    const { unmount } = renderApp('/app/live');
    expect((await screen.findAllByText('no scores yet'))[0]).toBeVisible();
    unmount();
    scoresOf(() => problem(503, 'unavailable', 'Away'));
    renderApp('/app/live');
    expect((await screen.findAllByText('scores not readable'))[0]).toBeVisible();
  });
});
