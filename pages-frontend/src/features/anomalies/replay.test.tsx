import { screen } from '@testing-library/react';
import { logDetail } from '@/test/fixtures.js';
import { renderApp } from '@/test/app';
import { http, HttpResponse, server } from '@/test/server';
import { loadCbad } from '@/test/worker';

const LINES = Array.from({ length: 400 }, (_, i) => `user ${i % 37} paid order ${9000 + i} in ${i % 23} ms`);
const ODD = 'user root dropped table orders';

/** What the server would have stored of the odd line. */
function stored(overrides = {}) {
  const detector = new (loadCbad().Detector)();
  for (const line of LINES) detector.observe({ data: line });
  const verdict = detector.observe({ data: ODD });
  expect(verdict.anomaly).toBe(true);
  return logDetail({
    nearest: null,
    fields: [],
    ...verdict,
    event: ODD,
    event_format: 'text',
    seed: String(verdict.seed),
    ...overrides,
  });
}
const show = (detail: object) => {
  server.use(http.get('*/v1/anomalies/:id', () => HttpResponse.json(detail)));
  return renderApp(`/app/anomalies/${logDetail().id}`);
};
const button = () => screen.findByRole('button', { name: 'Recompute in this browser' });

describe('replay in the browser', () => {
  it('says that the verdict is the same, bit for bit', async () => {
    const { user } = show(stored());
    await user.click(await button());
    expect(await screen.findByText(/The same, bit for bit/)).toBeVisible();
  });

  it('names what differs by as little as one bit', async () => {
    const true_ = stored();
    const { user } = show({ ...true_, score: true_.score + 2 ** -40 });
    await user.click(await button());
    expect(await screen.findByText(/Not the same: score came out otherwise/)).toBeVisible();
  });

  it('notices that the event was changed', async () => {
    const { user } = show(stored({ event: 'user root dropped table orders.' }));
    await user.click(await button());
    expect(
      await screen.findByText(/It could not be computed: the witness belongs to another event/),
    ).toBeVisible();
  });

  it('is not offered where there is no witness', async () => {
    show(logDetail({ witness: null }));
    await screen.findByTestId('event-text');
    expect(screen.queryByRole('button', { name: 'Recompute in this browser' })).not.toBeInTheDocument();
  });
});
