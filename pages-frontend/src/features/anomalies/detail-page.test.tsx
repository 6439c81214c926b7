import { act, screen, waitFor, within } from '@testing-library/react';
import { jsonDetail, logDetail, me, recentScores, summary } from '@/test/fixtures.js';
import { renderApp } from '@/test/app';
import { delay, feed, http, HttpResponse, problem, server } from '@/test/server';
import { curlFor } from './evidence';

const PATH = `/app/anomalies/${logDetail().id}`;
const answer = (detail: unknown) =>
  server.use(http.get('*/v1/anomalies/:id', () => HttpResponse.json(detail as object)));
const shaded = () => [...screen.getByTestId('event-text').querySelectorAll<HTMLElement>('[data-bits]')];

describe('the anomaly page', () => {
  it('begins with the sentence and answers how odd, since when, how often', async () => {
    renderApp(PATH);
    const heading = await screen.findByRole('heading', { level: 1 });
    expect(heading).toHaveTextContent('“E4017” has never followed “code=” in this stream');
    expect(screen.getByRole('button', { name: /How odd: 1 in 25,000/ })).toBeVisible();
    expect(screen.getByText('4 min ago')).toBeVisible();
    expect(screen.getByText('14 times')).toBeVisible();
    await waitFor(() => expect(document.title).toContain('E4017'));
  });

  it('shades the oddest token strongest', async () => {
    renderApp(PATH);
    await screen.findByTestId('event-text');
    const strongest = shaded().sort((a, b) => Number(b.dataset.level) - Number(a.dataset.level))[0];
    expect(strongest).toHaveTextContent('E4017');
    expect(strongest).toHaveClass('heat-7', 'underline');
    expect(screen.getByTestId('event-text')).toHaveTextContent('card=•••• 4242');
  });

  it('tells what was expected instead of a token', async () => {
    const { user } = renderApp(PATH);
    await user.click(await screen.findByRole('button', { name: /^E4017, 24.6 bits/ }));
    const card = await screen.findByRole('dialog');
    expect(within(card).getByText('OK')).toBeVisible();
    expect(within(card).getByText('41,210 times')).toBeVisible();
  });

  it('explains the p-value in plain words', async () => {
    const { user } = renderApp(PATH);
    await user.click(await screen.findByRole('button', { name: /How odd/ }));
    expect(await screen.findByText(/If nothing were wrong, 1 in 25,000 events/)).toBeVisible();
    expect(screen.getByText(/estimated from how fast the high scores thin out/)).toBeVisible();
  });

  it('keeps an explanation that opened on hover when it is clicked', async () => {
    const { user } = renderApp(PATH);
    const term = await screen.findByRole('button', { name: /How odd/ });
    await user.hover(term);
    expect(await screen.findByText(/If nothing were wrong, 1 in 25,000 events/)).toBeVisible();
    await user.click(term);
    expect(term).toHaveAttribute('aria-expanded', 'true');
    await user.click(term);
    expect(term).toHaveAttribute('aria-expanded', 'false');
  });

  it('shows a JSON event as a tree and as received, shaded alike', async () => {
    answer(jsonDetail());
    const { user } = renderApp(PATH);
    await screen.findByTestId('event-text');
    expect(screen.getByRole('radio', { name: 'Tree' })).toBeChecked();
    const inTree = shaded().map((each) => [each.textContent, each.dataset.level]);
    await user.click(screen.getByRole('radio', { name: 'As received' }));
    expect(shaded().map((each) => [each.textContent, each.dataset.level])).toEqual(inTree);
    expect(screen.getByTestId('event-text')).toHaveTextContent(jsonDetail().event);
  });

  it('acknowledges at once and keeps it when the API agrees', async () => {
    let agree = () => {};
    const looked = new Promise<void>((resolve) => (agree = resolve));
    server.use(
      http.patch('*/v1/anomalies/:id/status', async () => {
        await looked;
        return HttpResponse.json({ ...logDetail(), status: 'acknowledged' });
      }),
    );
    const { user } = renderApp(PATH);
    await user.click(await screen.findByRole('button', { name: 'Acknowledge' }));
    expect(await screen.findByText('Acknowledged')).toBeVisible();
    expect(screen.getByRole('button', { name: 'Resolve' })).toBeVisible();
    agree();
    expect(await screen.findByText('Acknowledged.')).toBeVisible();
    expect(screen.getByText('Acknowledged')).toBeVisible();
  });

  it('does not resolve by a double tap on Acknowledge', async () => {
    const moved: string[] = [];
    let answer = () => {};
    const tapped = new Promise<void>((resolve) => (answer = resolve));
    server.use(
      http.patch('*/v1/anomalies/:id/status', async ({ request }) => {
        const { status } = (await request.json()) as { status: string };
        moved.push(status);
        await tapped;
        return HttpResponse.json({ ...logDetail(), status });
      }),
    );
    const { user } = renderApp(PATH);
    await user.click(await screen.findByRole('button', { name: 'Acknowledge' }));
    const resolve = await screen.findByRole('button', { name: 'Resolve' });
    await user.click(resolve);
    answer();
    await waitFor(() => expect(resolve).toHaveAttribute('aria-disabled', 'false'));
    expect(moved).toEqual(['acknowledged']);
  });

  it('goes on loading what happened around it when it is acknowledged', async () => {
    server.use(
      http.get('*/v1/anomalies', async () => {
        await delay(400);
        return HttpResponse.json({ anomalies: [], next_cursor: null });
      }),
    );
    const { user } = renderApp(PATH);
    await user.click(await screen.findByRole('button', { name: 'Acknowledge' }));
    expect(await screen.findByText('The only anomaly of this stream that day.')).toBeVisible();
  });

  it('does not say that nothing was odd elsewhere when its own stream fills the page', async () => {
    server.use(
      http.get('*/v1/anomalies', ({ request }) => {
        const query = new URL(request.url).searchParams;
        const ofStream = query.has('stream') || query.has('token');
        if (ofStream) return HttpResponse.json({ anomalies: [], next_cursor: null });
        return query.has('cursor')
          ? HttpResponse.json({
              anomalies: [logDetail({ id: 'o2', stream: 'auth', reason: 'Odd logins.' })],
              next_cursor: null,
            })
          : HttpResponse.json({
              anomalies: Array.from({ length: 200 }, (_, i) => logDetail({ id: `own-${i}` })),
              next_cursor: 'c1',
            });
      }),
    );
    renderApp(PATH);
    expect(await screen.findByRole('link', { name: /Odd logins/ })).toBeVisible();
    expect(screen.queryByText(/Nothing odd elsewhere/)).not.toBeInTheDocument();
  });

  it('waits for one that the feed told of before it could be read', async () => {
    let tries = 0;
    server.use(
      http.get('*/v1/anomalies/:id', () =>
        ++tries < 3 ? problem(404, 'not_found') : HttpResponse.json(logDetail({ id: 'early' })),
      ),
    );
    const { router } = renderApp('/app/live');
    await screen.findByText('Live', { selector: '[role=status]' });
    act(() => feed.push(summary(logDetail({ id: 'early' })), '1'));
    await waitFor(() => expect(document.querySelector('[data-anomaly-row=early]')).toBeTruthy());
    await act(() => router.navigate({ to: '/app/anomalies/$id', params: { id: 'early' } }));
    expect(await screen.findByRole('heading', { level: 1, name: /E4017/ })).toBeVisible();
    expect(tries).toBe(3);
  });

  it('takes the change back and says why when the API refuses', async () => {
    server.use(http.patch('*/v1/anomalies/:id/status', () => problem(409, 'invalid_transition')));
    const { user } = renderApp(PATH);
    await user.click(await screen.findByRole('button', { name: 'Acknowledge' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('Someone else changed this anomaly');
    await waitFor(() => expect(screen.getByRole('button', { name: 'Acknowledge' })).toBeVisible());
  });

  it('says what else was odd, in the stream that day and elsewhere in those minutes', async () => {
    server.use(
      http.get('*/v1/anomalies', ({ request }) => {
        const own = new URL(request.url).searchParams.get('stream') === 'checkout-api';
        const others = [
          logDetail({ id: 'o1' }),
          logDetail({ id: 'o2', stream: 'auth', reason: 'Odd logins.' }),
        ];
        return HttpResponse.json({ anomalies: own ? others.slice(0, 1) : others, next_cursor: null });
      }),
    );
    renderApp(PATH);
    expect(await screen.findByText('1 other anomaly in this stream that day.')).toBeVisible();
    expect(screen.getByRole('link', { name: /Odd logins/ })).toHaveAttribute('href', '/app/anomalies/o2');
    expect(screen.getByText('Elsewhere within ten minutes:')).toBeVisible();
  });

  it('shows what else has its oddest word', async () => {
    let asked = new URLSearchParams();
    server.use(
      http.get('*/v1/anomalies', ({ request }) => {
        const query = new URL(request.url).searchParams;
        if (query.has('token')) asked = query;
        const anomalies = query.has('token')
          ? [logDetail({ id: 't1', stream: 'refunds', reason: 'Odd refunds.' })]
          : [];
        return HttpResponse.json({ anomalies, next_cursor: null });
      }),
    );
    renderApp(PATH);
    expect(await screen.findByRole('link', { name: /Odd refunds/ })).toHaveAttribute(
      'href',
      '/app/anomalies/t1',
    );
    expect(screen.getByText('Also with', { exact: false })).toHaveTextContent(
      'Also with E4017, within a week:',
    );
    expect(asked.get('token')).toBe('E4017');
    expect(asked.get('from')).toBeTruthy();
  });

  it('marks itself on the stream’s score while the stream remembers it', async () => {
    const scores = [...Array.from({ length: 40 }, () => 1), 61.2, 2, 2];
    server.use(
      http.get('*/v1/streams/:name/recent', () =>
        HttpResponse.json({
          ...recentScores(),
          scores: [...scores, ...scores],
          // its own shard is the first; another has the same scores
          runs: [
            { first_seq: 48_100, count: scores.length },
            { first_seq: 2 ** 44, count: scores.length },
          ],
        }),
      ),
    );
    renderApp(PATH);
    expect(await screen.findByText(/this one is 2 before the newest/)).toBeVisible();
  });

  it('says that the scores around it are gone, when they are', async () => {
    // the same score is there, but it is another event's
    const scores = [1, 2, 61.2];
    server.use(
      http.get('*/v1/streams/:name/recent', () =>
        HttpResponse.json({ ...recentScores(), scores, runs: [{ first_seq: 900, count: 3 }] }),
      ),
    );
    answer(logDetail({ seq: 12 }));
    renderApp(PATH);
    expect(
      await screen.findByText(/no longer kept: a stream remembers those of its newest 2,000/),
    ).toBeVisible();
  });

  it('says when the scores around it could not be loaded', async () => {
    server.use(http.get('*/v1/streams/:name/recent', () => problem(503, 'stream_unavailable')));
    renderApp(PATH);
    expect(await screen.findByText('The scores around it could not be loaded.')).toBeVisible();
  });

  it('offers a viewer no change', async () => {
    server.use(
      http.get('*/v1/me', () =>
        HttpResponse.json({ ...me, organizations: [{ ...me.organizations[0], role: 'viewer' }] }),
      ),
    );
    renderApp(PATH);
    await screen.findByTestId('event-text');
    expect(screen.queryByRole('button', { name: 'Acknowledge' })).not.toBeInTheDocument();
  });

  it('manages with what an anomaly from outside has', async () => {
    answer({
      id: 'x',
      stream: 'webhooks',
      event_type: 'log',
      detected_at: '2026-11-21T11:30:00Z',
      severity: 'medium',
      status: 'new',
      source: 'api',
      metadata: { rule: 'fraud-7' },
      tokens: null,
      measures: null,
    });
    renderApp(PATH);
    expect(await screen.findByText(/fraud-7/)).toBeVisible();
    expect(screen.getByText('not priced')).toBeVisible();
    expect(screen.queryByTestId('event-text')).not.toBeInTheDocument();
    expect(screen.queryByText(/Not measured yet/)).not.toBeInTheDocument();
  });

  it('says when the window is not measured yet', async () => {
    answer(logDetail({ measures: null }));
    renderApp(PATH);
    expect(await screen.findByText(/Not measured yet/)).toBeVisible();
  });

  it('says when the window was not tested, and shows what was measured', async () => {
    const { measures } = logDetail({}) as { measures: object };
    answer(logDetail({ measures: { ...measures, permutations: 0, p_value: 1 } }));
    renderApp(PATH);
    expect(await screen.findByText('not tested')).toBeVisible();
    expect(screen.getByText('Entropy')).toBeVisible();
  });

  it('opens a huge event on the part around its oddest token', async () => {
    const filler = 'ordinary words go on and on. '.repeat(40_000);
    const event = `${filler}KABOOM${filler}`;
    const start = new TextEncoder().encode(filler).length;
    answer(
      logDetail({ event, nearest: null, tokens: [{ text: 'KABOOM', start, end: start + 6, bits: 33 }] }),
    );
    renderApp(PATH);
    const text = await screen.findByTestId('event-text');
    expect(text).toHaveTextContent('KABOOM');
    expect(text.textContent?.length).toBeLessThan(10_000);
    expect(within(text).getAllByText(/characters (before|after)/)).toHaveLength(2);
  });

  it('says so when there is no such anomaly', async () => {
    server.use(http.get('*/v1/anomalies/:id', () => problem(404, 'not_found')));
    renderApp(PATH);
    expect(await screen.findByText('No such anomaly')).toBeVisible();
  });

  it('reports an answer that it does not understand', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    answer({ id: 7 });
    renderApp(PATH);
    expect(await screen.findByRole('alert')).toHaveTextContent('was not understood');
  });
});

it('copies a curl command without any secret in it', () => {
  expect(curlFor('https://api.example', 'abc')).toBe(
    `curl -sS -H "Authorization: Bearer $DRIFTLOCK_API_KEY" 'https://api.example/v1/anomalies/abc'`,
  );
});
