// What a colleague does about an anomaly reaches whoever looks at it, though the feed does not tell.
import { act, screen, waitFor, within } from '@testing-library/react';
import { anomalies, logDetail, me, summary } from '@/test/fixtures.js';
import { feedIsLive, renderApp } from '@/test/app';
import { http, HttpResponse, server } from '@/test/server';
import { keys } from './queries';

const WATCH_MS = 20_000;
const rows = () => [...document.querySelectorAll<HTMLElement>('[data-anomaly-row]')];
const advance = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
const setVisible = (state: DocumentVisibilityState) => {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state);
  act(() => void document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
};

/** The list as the API has it; `change` is what a colleague does. */
function list() {
  const asked: string[] = [];
  let all = anomalies();
  server.use(
    http.get('*/v1/anomalies', ({ request }) => {
      const { search, searchParams } = new URL(request.url);
      asked.push(search);
      const status = searchParams.get('status');
      return HttpResponse.json({
        anomalies: all.filter((each) => status === null || each.status === status),
        next_cursor: null,
      });
    }),
  );
  const change = (id: string, status: string) =>
    (all = all.map((each) => (each.id === id ? { ...each, status } : each)));
  const add = (anomaly: (typeof all)[number]) => (all = [anomaly, ...all]);
  return { asked, change, add };
}

/** Opens a list, and waits for all that it reads by itself: it does so once more when the feed is there. */
async function open(path: string) {
  const { queryClient } = renderApp(path);
  await feedIsLive(queryClient);
  await advance(1_000);
  await waitFor(() => expect(rows().length).toBeGreaterThan(1));
  // what asks after others' changes comes when the page is idle
  const watch = { queryKey: keys.watch(String(me.organizations[0]?.id)) };
  await waitFor(() => expect(queryClient.getQueryCache().findAll(watch)).toHaveLength(1));
}

beforeEach(() => void vi.useFakeTimers({ shouldAdvanceTime: true }));
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('the list', () => {
  it('shows what a colleague acknowledged, and moves no row', async () => {
    const { asked, change, add } = list();
    await open('/app/anomalies');
    const [first] = rows();
    change(String(first?.dataset.anomalyRow), 'acknowledged');
    add(summary(logDetail({ id: 'fresh' })));
    const before = asked.length;
    await advance(WATCH_MS + 1_000);
    expect(await within(rows()[0] as HTMLElement).findByText('Acknowledged')).toBeVisible();
    expect(rows()).toHaveLength(10);
    expect(rows()[0]).toBe(first);
    expect(asked.length).toBe(before + 1);
  });

  it('asks about those of one status too', async () => {
    const { asked, change } = list();
    await open('/app/anomalies?status=new');
    const count = rows().length;
    change(String(rows()[1]?.dataset.anomalyRow), 'resolved');
    await advance(WATCH_MS + 1_000);
    expect(await within(rows()[1] as HTMLElement).findByText('Resolved')).toBeVisible();
    expect(rows()).toHaveLength(count);
    expect(asked.at(-1)).not.toContain('status');
  });

  it('asks nothing while nobody looks, and at once when somebody does again', async () => {
    const { asked, change } = list();
    await open('/app/anomalies');
    setVisible('hidden');
    const before = asked.length;
    await advance(5 * WATCH_MS);
    expect(asked.length).toBe(before);
    change(String(rows()[0]?.dataset.anomalyRow), 'acknowledged');
    setVisible('visible');
    expect(await within(rows()[0] as HTMLElement).findByText('Acknowledged')).toBeVisible();
  });
});

describe('the page of one', () => {
  it('shows what a colleague did, and takes no tap that was meant for the button before', async () => {
    let status = 'new';
    const sent: unknown[] = [];
    server.use(
      http.get('*/v1/anomalies/:id', () => HttpResponse.json(logDetail({ status }))),
      http.patch('*/v1/anomalies/:id/status', async ({ request }) => {
        const body = (await request.json()) as { status: string };
        sent.push(body);
        return HttpResponse.json({ ...summary(logDetail()), ...body });
      }),
    );
    renderApp(`/app/anomalies/${logDetail().id}`);
    await screen.findByRole('button', { name: 'Acknowledge' });
    status = 'acknowledged';
    await advance(WATCH_MS + 1_000);
    const resolve = await screen.findByRole('button', { name: 'Resolve' });
    act(() => resolve.click());
    expect(sent).toEqual([]);
    await advance(1_000);
    act(() => resolve.click());
    await waitFor(() => expect(sent).toEqual([{ status: 'resolved' }]));
  });
});
