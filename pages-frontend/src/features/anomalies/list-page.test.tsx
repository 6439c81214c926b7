import { act, screen, waitFor, within } from '@testing-library/react';
import { anomalies, logDetail, me, summary } from '@/test/fixtures.js';
import { feedIsLive, renderApp } from '@/test/app';
import { delay, feed, http, HttpResponse, problem, server } from '@/test/server';
import { keys } from './queries';

const rows = () => [...document.querySelectorAll<HTMLElement>('[data-anomaly-row]')];

describe('the anomalies list', () => {
  it('shows each anomaly with sentence, odds, repeats and status', async () => {
    renderApp('/app/anomalies');
    await waitFor(() => expect(rows()).toHaveLength(10));
    const first = within(rows()[0] as HTMLElement);
    expect(first.getByText(/“E4017” has never followed/)).toBeVisible();
    expect(first.getByText(/14 times/)).toBeVisible();
    expect(first.getByText(/1 in 25,000/)).toBeVisible();
    expect(first.getByText('New')).toBeVisible();
    expect(first.getByText('61')).toBeVisible();
  });

  it('says that it loads', async () => {
    server.use(http.get('*/v1/anomalies', () => delay('infinite')));
    renderApp('/app/anomalies');
    expect(await screen.findByText('Loading anomalies')).toBeInTheDocument();
  });

  it('is calm when nothing was found, and helpful when filters hide everything', async () => {
    server.use(http.get('*/v1/anomalies', () => HttpResponse.json({ anomalies: [], next_cursor: null })));
    const { user } = renderApp('/app/anomalies?severity=high');
    expect(await screen.findByText('No anomaly matches these filters')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Clear the filters' }));
    expect(await screen.findByText('Nothing odd so far')).toBeVisible();
    expect(screen.getByRole('link', { name: 'Send events' })).toHaveAttribute('href', '/app/start');
  });

  it('shows a failure with its request id and tries again on request', async () => {
    let broken = true;
    server.use(
      // it would have the list read again meanwhile
      http.get('*/v1/stream/anomalies', () => delay('infinite')),
      http.get('*/v1/anomalies', () => (broken ? problem(500, 'internal', 'Something broke') : undefined)),
    );
    const { user } = renderApp('/app/anomalies');
    expect(await screen.findByRole('alert')).toHaveTextContent('Something broke');
    expect(screen.getByText(/req_test/)).toBeVisible();
    broken = false;
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(rows()).toHaveLength(10));
  });

  it('asks the API for what the URL filters by, and puts choices into the URL', async () => {
    const asked: string[] = [];
    server.use(
      http.get('*/v1/anomalies', ({ request }) => {
        asked.push(new URL(request.url).search);
        return HttpResponse.json({ anomalies: anomalies(), next_cursor: null });
      }),
    );
    const { user, router } = renderApp('/app/anomalies?status=new&min_score=20');
    await waitFor(() => expect(rows()).toHaveLength(10));
    expect(asked[0]).toContain('status=new');
    expect(asked[0]).toContain('min_score=20');
    await user.click(screen.getByRole('button', { name: /Filters \(2\)/ }));
    await user.selectOptions(screen.getByLabelText('Severity'), 'high');
    await waitFor(() => expect(router.state.location.href).toContain('severity=high'));
    expect(router.state.location.href).toContain('status=new');
    await waitFor(() => expect(asked.at(-1)).toContain('severity=high'));
  });

  it('loads more by cursor', async () => {
    const all = anomalies();
    server.use(
      http.get('*/v1/anomalies', ({ request }) => {
        const cursor = new URL(request.url).searchParams.get('cursor');
        return HttpResponse.json(
          cursor === 'c1'
            ? { anomalies: all.slice(4), next_cursor: null }
            : { anomalies: all.slice(0, 4), next_cursor: 'c1' },
        );
      }),
    );
    const { user, queryClient } = renderApp('/app/anomalies');
    await waitFor(() => expect(rows()).toHaveLength(4));
    await feedIsLive(queryClient);
    await user.click(screen.getByRole('button', { name: 'Load more' }));
    await waitFor(() => expect(rows()).toHaveLength(10));
    expect(screen.getByText('That is all.')).toBeVisible();
  });

  it('puts an arrival on top, and holds it back while a row is in focus', async () => {
    const { user, queryClient } = renderApp('/app/anomalies');
    await waitFor(() => expect(rows()).toHaveLength(10));
    await feedIsLive(queryClient);
    act(() => feed.push(summary(logDetail({ id: 'a1', reason: 'Fresh from the feed.' })), '1'));
    await waitFor(() => expect(rows()).toHaveLength(11));
    expect(rows()[0]).toHaveTextContent('Fresh from the feed.');

    await user.keyboard('j');
    expect(rows()[0]).toHaveFocus();
    act(() => feed.push(summary(logDetail({ id: 'a2', reason: 'Second arrival.' })), '2'));
    await user.click(await screen.findByRole('button', { name: '1 new anomaly' }));
    await waitFor(() => expect(rows()[0]).toHaveTextContent('Second arrival.'));
  });

  it('ignores arrivals that the filters exclude, and updates those it already shows', async () => {
    const { queryClient } = renderApp('/app/anomalies?severity=high');
    await waitFor(() => expect(rows()).toHaveLength(10));
    await feedIsLive(queryClient);
    act(() => feed.push(summary(logDetail({ id: 'a1', severity: 'low' })), '1'));
    act(() => feed.push(summary(logDetail({ repeats: 99 })), '2'));
    await waitFor(() => expect(rows()[0]).toHaveTextContent('99 times'));
    expect(rows()).toHaveLength(10);
  });

  it('is walked with j and k and opened with Enter', async () => {
    const { user, router, queryClient } = renderApp('/app/anomalies');
    await waitFor(() => expect(rows()).toHaveLength(10));
    // about midnight the zone, read then too, puts rows under another day
    await feedIsLive(queryClient);
    await user.keyboard('jjk');
    expect(rows()[0]).toHaveFocus();
    await user.keyboard('{Enter}');
    await waitFor(() => expect(router.state.location.pathname).toBe(`/app/anomalies/${logDetail().id}`));
  });

  it('selects by keyboard and changes many at once, taking back what the API refuses', async () => {
    const changed: string[] = [];
    server.use(
      http.patch('*/v1/anomalies/:id/status', ({ params }) => {
        changed.push(String(params.id));
        return params.id === logDetail().id
          ? HttpResponse.json({ ...summary(logDetail()), status: 'acknowledged' })
          : problem(409, 'invalid_transition');
      }),
    );
    const { user, queryClient } = renderApp('/app/anomalies');
    await waitFor(() => expect(rows()).toHaveLength(10));
    await feedIsLive(queryClient);
    await user.keyboard('jxjx');
    const bar = within(await screen.findByRole('region', { name: 'Selection' }));
    expect(bar.getByText('2 selected')).toBeVisible();
    await user.click(bar.getByRole('button', { name: 'Acknowledge' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('Acknowledged: 1. Not changed: 1');
    expect(changed).toHaveLength(2);
    // rows are drawn after the notice, in slices
    await waitFor(() => expect(rows()[0]).toHaveTextContent('Acknowledged'));
    await waitFor(() => expect(rows()[1]).toHaveTextContent('New'));
  });

  it('does not show the old status again when the list was being read while it changed', async () => {
    const id = logDetail().id;
    const statuses = new Map<string, 'acknowledged'>();
    const held: Array<() => void> = [];
    let hold = false;
    let asked = 0;
    server.use(
      http.get('*/v1/anomalies', async () => {
        asked += 1;
        const answer = anomalies().map((each) => ({ ...each, status: statuses.get(each.id) ?? each.status }));
        if (hold) await new Promise<void>((resolve) => held.push(resolve));
        return HttpResponse.json({ anomalies: answer, next_cursor: null });
      }),
      http.patch('*/v1/anomalies/:id/status', () => {
        statuses.set(id, 'acknowledged');
        return HttpResponse.json({ ...summary(logDetail()), status: 'acknowledged' });
      }),
    );
    const { user, queryClient } = renderApp('/app/anomalies');
    await waitFor(() => expect(rows()).toHaveLength(10));
    await feedIsLive(queryClient);
    // a reading is on its way while the status changes
    hold = true;
    const lists = keys.lists(String(me.organizations[0]?.id));
    act(() => void queryClient.invalidateQueries({ queryKey: lists }));
    await waitFor(() => expect(held).toHaveLength(1));
    hold = false;
    const before = asked;
    await user.keyboard('jx');
    const bar = within(await screen.findByRole('region', { name: 'Selection' }));
    await user.click(bar.getByRole('button', { name: 'Acknowledge' }));
    await waitFor(() => expect(asked).toBe(before + 1));
    held[0]?.();
    await waitFor(() => expect(rows()[0]).toHaveTextContent('Acknowledged'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(rows()[0]).toHaveTextContent('Acknowledged');
  });

  it('shows what a colleague made of it meanwhile, and keeps what was refused selected', async () => {
    server.use(
      http.patch('*/v1/anomalies/:id/status', () => problem(409, 'invalid_transition')),
      http.get('*/v1/anomalies/:id', () => HttpResponse.json(logDetail({ status: 'resolved' }))),
    );
    const { user, queryClient } = renderApp('/app/anomalies');
    await waitFor(() => expect(rows()).toHaveLength(10));
    await feedIsLive(queryClient);
    await user.keyboard('jx');
    const bar = within(await screen.findByRole('region', { name: 'Selection' }));
    await user.click(bar.getByRole('button', { name: 'Acknowledge' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('Not changed: 1');
    await waitFor(() => expect(rows()[0]).toHaveTextContent('Resolved'));
    expect(bar.getByText('1 selected')).toBeVisible();
  });

  it('counts no arrival of unknown significance, and reads the list once for many of them', async () => {
    let asked = 0;
    server.use(
      http.get('*/v1/anomalies', () => {
        asked += 1;
        return HttpResponse.json({ anomalies: anomalies(), next_cursor: null });
      }),
    );
    const { user, queryClient } = renderApp('/app/anomalies?only_significant=true');
    await waitFor(() => expect(rows()).toHaveLength(10));
    await feedIsLive(queryClient);
    const before = asked;
    await user.keyboard('j');
    act(() => feed.push(summary(logDetail({ id: 'a1' })), '1'));
    await new Promise((resolve) => setTimeout(resolve, 600));
    act(() => feed.push(summary(logDetail({ id: 'a2' })), '2'));
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(screen.queryByRole('button', { name: /new anomal/ })).not.toBeInTheDocument();
    expect(asked).toBe(before);
    (document.activeElement as HTMLElement).blur();
    await waitFor(() => expect(asked).toBe(before + 1));
  });

  it('says when what it shows could not be refreshed', async () => {
    const { queryClient } = renderApp('/app/anomalies');
    await waitFor(() => expect(rows()).toHaveLength(10));
    server.use(http.get('*/v1/anomalies', () => problem(503, 'unavailable')));
    await act(() => queryClient.invalidateQueries({ queryKey: ['anomalies'] }));
    expect(await screen.findByText(/could not be refreshed. As of \d\d:\d\d/)).toBeVisible();
    expect(rows()).toHaveLength(10);
  });

  it('lists its keys on ?, and opens the filters on /', async () => {
    HTMLDialogElement.prototype.showModal = vi.fn(function (this: HTMLDialogElement) {
      this.open = true;
    });
    const { user } = renderApp('/app/anomalies');
    await waitFor(() => expect(rows()).toHaveLength(10));
    await user.keyboard('?');
    // it is in the page before it is shown
    await waitFor(() => expect(screen.getByText('next, previous anomaly of the list')).toBeVisible());
    await user.keyboard('/');
    await waitFor(() => expect(screen.getByLabelText('Status', { selector: 'select' })).toHaveFocus());
  });

  it('does nothing on a single key once they are switched off, and can switch them on again', async () => {
    const { user } = renderApp('/app/anomalies');
    await waitFor(() => expect(rows()).toHaveLength(10));
    await user.keyboard('?');
    await user.click(await screen.findByRole('checkbox', { name: 'These keys work' }));
    await user.click(screen.getByRole('button', { name: 'Close' }));
    await user.keyboard('j?');
    expect(rows()[0]).not.toHaveFocus();
    expect(screen.queryByRole('checkbox', { name: 'These keys work' })).not.toBeInTheDocument();
    await user.click(await screen.findByRole('button', { name: 'Account' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Keys' }));
    await user.click(await screen.findByRole('checkbox', { name: 'These keys work' }));
    await user.click(screen.getByRole('button', { name: 'Close' }));
    await user.keyboard('j');
    expect(rows()[0]).toHaveFocus();
  });

  it('lets a phone select rows as well', async () => {
    const { user } = renderApp('/app/anomalies');
    await waitFor(() => expect(rows()).toHaveLength(10));
    const box = () => screen.getAllByRole('checkbox', { name: /^Select:/ })[0]?.closest('label');
    expect(box()).toHaveClass('hidden');
    await user.click(screen.getByRole('button', { name: 'Select' }));
    expect(box()).not.toHaveClass('hidden');
  });

  it('reads rows that lack everything optional', async () => {
    server.use(
      http.get('*/v1/anomalies', () =>
        HttpResponse.json({
          anomalies: [
            {
              id: 'bare',
              stream: 'webhooks',
              event_type: 'log',
              timestamp: null,
              detected_at: '2026-11-21T11:30:00Z',
              score: null,
              p_value: null,
              q_value: null,
              severity: 'medium',
              status: 'pending',
              reason: null,
              repeats: null,
              source: 'api',
              metadata: null,
            },
          ],
          next_cursor: null,
        }),
      ),
    );
    renderApp('/app/anomalies');
    await waitFor(() => expect(rows()[0]).toHaveTextContent(/recorded as an anomaly by another tool/));
    expect(rows()[0]).toHaveTextContent('New');
  });

  it('shows hundreds of rows', async () => {
    const many = Array.from({ length: 400 }, (_, i) => ({ ...summary(logDetail()), id: `many-${i}` }));
    server.use(http.get('*/v1/anomalies', () => HttpResponse.json({ anomalies: many, next_cursor: null })));
    renderApp('/app/anomalies');
    await waitFor(() => expect(rows()).toHaveLength(400));
  });
});
