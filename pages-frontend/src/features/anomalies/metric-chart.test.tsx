import { screen, within } from '@testing-library/react';
import { logDetail } from '@/test/fixtures.js';
import { renderApp } from '@/test/app';
import { http, HttpResponse, server } from '@/test/server';
import { loadCbad } from '@/test/worker';

const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 20);
const EVENTS = 500;
const reading = (cpu: number) => JSON.stringify({ host: 'a', cpu });

/** What the server would have stored of a value far off after a steady stream. */
function spike(overrides = {}) {
  const detector = new (loadCbad().Detector)();
  const kept: string[] = [];
  for (let i = 0; i < EVENTS; i += 1) {
    const json = reading(40 + ((i * 7) % 5));
    kept.push(json);
    detector.observe({ json, type: 'metric', timestampMs: START + i * MINUTE });
  }
  const at = START + EVENTS * MINUTE;
  const event = reading(97);
  const verdict = detector.observe({ json: event, type: 'metric', timestampMs: at });
  expect(verdict.anomaly).toBe(true);
  return logDetail({
    ...verdict,
    stream: 'metrics/cpu',
    event_type: 'metric',
    event,
    event_format: 'json',
    timestamp: new Date(at).toISOString(),
    seed: String(verdict.seed),
    baseline_data: kept.slice(-80, -15).join('\n'),
    window_data: [...kept.slice(-15), event].join('\n'),
    ...overrides,
  });
}

function show(detail: object) {
  server.use(http.get('*/v1/anomalies/:id', () => HttpResponse.json(detail)));
  return renderApp(`/app/anomalies/${logDetail().id}`);
}
const TITLE = 'Against what was expected';
const part = async () => within((await screen.findByText(TITLE)).closest('section') as HTMLElement);

describe('the chart of a metric', () => {
  it('says in words where the value stands against its band, and has every value in a table', async () => {
    const { user } = show(spike());
    const chart = await part();
    // beside it the same words stand in the figure's caption
    const words = await chart.findByText(/^: 97, above the usual \d/);
    expect(words).toHaveTextContent(/values before it stood between 40 and 44/);
    expect(chart.getByText(/^cpu\. 97, above/).tagName).toBe('FIGCAPTION');
    await user.click(chart.getByText('The same as a table'));
    const rows = chart.getByText(/this one/).closest('tbody')?.rows;
    expect(rows?.[0]).toHaveTextContent(/this one.*97/);
    expect(rows?.length).toBeGreaterThanOrEqual(48);
  });

  it('says so where the witness does not belong to the event', async () => {
    show(spike({ event: '{"host":"a","cpu":97,"memory":3}' }));
    expect(await (await part()).findByText(/cannot be drawn/)).toBeVisible();
  });

  it('is not there for words', async () => {
    show(logDetail());
    await screen.findByTestId('event-text');
    expect(screen.queryByText(TITLE)).not.toBeInTheDocument();
  });
});
