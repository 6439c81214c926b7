// The API as the tests see it: happy answers, to be overridden per test.
import { delay, http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import * as fixtures from './fixtures.js';
import { config } from './organization-fixtures.js';

export const ORIGIN = 'http://localhost:3000';

/** A live feed that stays open; `push` sends an anomaly to whoever listens. */
export const feed = {
  sinks: new Set<ReadableStreamDefaultController<Uint8Array>>(),
  push(anomaly: unknown, id = '1') {
    const text = `id: ${id}\nevent: anomaly\ndata: ${JSON.stringify(anomaly)}\n\n`;
    for (const sink of this.sinks) sink.enqueue(new TextEncoder().encode(text));
  },
};

export const server = setupServer(
  http.get('*/v1/me', () => HttpResponse.json(fixtures.me)),
  http.get('*/v1/config', () => HttpResponse.json(config())),
  http.get('*/v1/members', () => HttpResponse.json({ members: [] })),
  http.get('*/v1/organizations/deleted', () => HttpResponse.json({ organizations: [] })),
  http.get('*/v1/streams', () => HttpResponse.json({ streams: fixtures.streams(), next_cursor: null })),
  http.get('*/v1/me/billing', () => HttpResponse.json(fixtures.billing())),
  http.get('*/v1/me/usage/details', () => HttpResponse.json(fixtures.usageDetails())),
  http.get('*/v1/billing/estimate', ({ request }) =>
    HttpResponse.json(fixtures.estimate(Number(new URL(request.url).searchParams.get('detections')))),
  ),
  http.get('*/v1/billing/invoices', () => HttpResponse.json(fixtures.invoices())),
  http.get('*/v1/streams/:name/recent', () => HttpResponse.json(fixtures.recentScores())),
  http.get('*/v1/streams/:name', () =>
    HttpResponse.json({ ...fixtures.streams()[0], effective_sensitivity: 0.5 }),
  ),
  http.get('*/v1/anomalies', () => HttpResponse.json({ anomalies: fixtures.anomalies(), next_cursor: null })),
  http.get('*/v1/anomalies/:id', () => HttpResponse.json(fixtures.logDetail())),
  http.get('*/v1/anomalies/:id/feedback', () => HttpResponse.json({ feedback: null, effect: null })),
  http.patch('*/v1/anomalies/:id/status', async ({ request }) => {
    const body = (await request.json()) as { status: string };
    return HttpResponse.json({ ...fixtures.summary(fixtures.logDetail()), status: body.status });
  }),
  http.get('*/v1/stream/anomalies', () => {
    let own: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        own = controller;
        feed.sinks.add(controller);
        controller.enqueue(new TextEncoder().encode(': ping\n\n'));
      },
      cancel() {
        if (own) feed.sinks.delete(own);
      },
    });
    return new HttpResponse(body, { headers: { 'Content-Type': 'text/event-stream' } });
  }),
);

export function problem(status: number, code: string, title = 'Refused', detail?: string) {
  return HttpResponse.json(
    { type: 'about:blank', title, status, code, detail, errors: [], request_id: 'req_test' },
    { status, headers: { 'Content-Type': 'application/problem+json' } },
  );
}

export { delay, http, HttpResponse };
