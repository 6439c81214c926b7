// A FAKE of the part of Stripe that Driftlock uses, for tests on one machine. It refuses what Stripe refuses (no key, another API
// version, unknown parameters, a reused idempotency key, what a meter does not take), keeps a clock that tests move, and sends signed
// webhooks. Its messages are approximations; its shapes follow API version 2026-10-28.endive.
//
//   POST /_ctl/advance {to | days}      POST /_ctl/card {customer, card: ok | decline | action | debit}    POST /_ctl/pay {session}
//   POST /_ctl/mode {mode: send|hold}   GET /_ctl/events   POST /_ctl/send {id}   POST /_ctl/outage {kind: none | down | lost | error | key}
//   POST /_ctl/dispute|refund {customer, amount}   POST /_ctl/pause|resume {customer}   POST /_ctl/delete_customer {customer}   POST /_ctl/meter_error {identifier, unnamed}   GET /_ctl/state
import http from 'node:http';
import { Engine, newId } from './engine.mjs';
import { Events } from './events.mjs';
import { namesOf, parseForm, unknownName } from './form.mjs';
import { pages } from './pages.mjs';
import { StripeRefusal, routes } from './routes.mjs';

export const VERSION = '2026-10-28.endive';
export const SECRET_KEY = 'sk_test_fake_driftlock';
export const WEBHOOK_SECRET = 'whsec_fake_driftlock';

export function startFakeStripe({ port, endpoint }) {
  const base = `http://127.0.0.1:${port}`;
  const events = new Events({ version: VERSION, endpoint, secret: WEBHOOK_SECRET });
  const engine = new Engine(events, base);
  const table = routes(engine, events, base);
  const answers = new Map(); // idempotency key → {path, body, status, answer}
  const state = { outage: 'none', calls: 0 };
  const wire = new Map(); // route and names → what was asked and answered, one of each kind, for the check against Stripe's types

  function record(route, asked, answer) {
    const kind = [route, ...namesOf(asked).sort(), answer.status ?? '', answer.data?.length ? answer.data[0].status ?? 'some' : ''].join(' ');
    if (!wire.has(kind) && wire.size < 2000) wire.set(kind, { route, asked: parseForm(asked), answer });
  }


  function route(method, path) {
    for (const [m, pattern, allowed, run] of table) {
      const match = path.match(new RegExp(`^${pattern.replace(/:id/g, '([^/]+)')}$`));
      if (m === method && match) return { route: `${m} ${pattern}`, allowed, run: (body) => run(body, decodeURIComponent(match[1] ?? '')) };
    }
    throw new StripeRefusal(404, 'invalid_request_error', `Unrecognized request URL (${method}: ${path}).`);
  }

  /** One API call: {status, answer, replayed?}. */
  function call(request, url, text) {
    const { headers, method } = request;
    if (state.outage === 'key') throw new StripeRefusal(401, 'invalid_request_error', 'Expired API Key provided.');
    if (headers.authorization !== `Bearer ${SECRET_KEY}`) throw new StripeRefusal(401, 'invalid_request_error', 'Invalid API Key provided.');
    if (headers['stripe-version'] !== VERSION) throw new StripeRefusal(400, 'invalid_request_error', `Invalid Stripe API version: ${headers['stripe-version']}`);
    const key = method === 'POST' ? headers['idempotency-key'] : undefined;
    const known = key && answers.get(key);
    if (known) {
      if (known.path !== url.pathname || known.text !== text) throw new StripeRefusal(400, 'idempotency_error', 'Keys for idempotent requests can only be used with the same parameters they were first used with.');
      return { status: known.status, answer: known.answer, replayed: true };
    }
    if (state.outage === 'error') {
      // what went wrong is stored under the key, too
      const failure = { path: url.pathname, text, status: 500, answer: { error: { type: 'api_error', message: 'An error occurred.' } } };
      if (key) answers.set(key, failure);
      return failure;
    }
    const query = url.search.slice(1);
    const { route: name, allowed, run } = route(method, url.pathname);
    const encoded = [query, text].filter(Boolean).join('&');
    const unknown = unknownName(namesOf(encoded), allowed);
    if (unknown) throw new StripeRefusal(400, 'invalid_request_error', `Received unknown parameter: ${unknown}`, { code: 'parameter_unknown', param: unknown });
    const answer = structuredClone(run(parseForm(encoded)));
    record(name, encoded, answer);
    if (key) answers.set(key, { path: url.pathname, text, status: 200, answer });
    return { status: 200, answer };
  }

  function complete(session, promotion) {
    if (session.status !== 'open') return;
    const { line_items: items, subscription_data: data = {} } = session.asked;
    const discounts = promotion ? [engine.table('coupon').get(promotion.promotion.coupon)] : session.asked.discounts;
    const seconds = (value) => (value === undefined ? undefined : Number(value));
    const subscription = engine.subscribe({ customer: session.customer, items, trialEnd: seconds(data.trial_end), anchor: seconds(data.billing_cycle_anchor), metadata: data.metadata, discounts });
    Object.assign(session, { status: 'complete', payment_status: subscription.trial_end ? 'no_payment_required' : 'paid', subscription: subscription.id });
    events.emit('checkout.session.completed', session);
  }

  const controls = {
    advance: ({ to, days }) => ({ now: (engine.advanceTo(to ?? engine.time + days * 86_400), engine.time) }),
    card: ({ customer, card }) => void (engine.table('customer').get(customer).card = card),
    pay: ({ session }) => complete(engine.table('checkout.session').get(session)),
    mode: ({ mode }) => void (events.mode = mode),
    send: async ({ id }) => ({ status: await events.post(events.all.find((e) => e.id === id)) }),
    settle: async () => events.settled(),
    outage: ({ kind }) => void (state.outage = kind),
    endpoint: ({ url }) => void (events.endpoint = url),
    dispute: ({ customer, amount }) => {
      const charge = engine.put('charge', { id: newId('ch'), object: 'charge', customer, amount, amount_refunded: 0, currency: 'usd', created: engine.time });
      return events.emit('charge.dispute.created', engine.put('dispute', { id: newId('du'), object: 'dispute', charge: charge.id, amount, currency: 'usd', reason: 'fraudulent', status: 'needs_response', created: engine.time }));
    },
    refund: ({ customer, amount }) => events.emit('charge.refunded', engine.put('charge', { id: newId('ch'), object: 'charge', customer, amount, amount_refunded: amount, refunded: true, currency: 'usd', created: engine.time })),
    // as a trial without a payment method ends, and as it goes on
    pause: ({ customer }) => engine.setPaused(customer, true),
    resume: ({ customer }) => engine.setPaused(customer, false),
    delete_customer: ({ customer }) => engine.deleteCustomer(engine.table('customer').get(customer)),
    // an event shows the whole object where there is one
    emit: ({ type, object }) => events.emit(type, engine.tables[object.object]?.get(object.id) ?? object),
    // `unnamed`: further events that it took and could not use, which the report counts without naming them
    meter_error: ({ identifier, unnamed = [] }) => {
      const meter = [...engine.table('meter').values()][0];
      for (const [id, event] of engine.table('meter_event')) if (unnamed.includes(event.identifier)) engine.table('meter_event').delete(id);
      const count = 1 + unnamed.length;
      return events.emitThin('v1.billing.meter.error_report_triggered', { id: meter.id, type: 'billing.meter', url: `/v1/billing/meters/${meter.id}` }, {
        developer_message_summary: `There ${count === 1 ? 'is 1 invalid event' : `are ${count} invalid events`}`, validation_start: new Date((engine.time - 600) * 1000).toISOString(), validation_end: new Date(engine.time * 1000).toISOString(), reason: { error_count: count, error_types: [{ code: 'meter_event_customer_not_found', error_count: count, sample_errors: [{ error_message: 'Customer not found', request: { identifier } }] }] },
      });
    },
    // taken, and found to be of no use later; its identifier stays known
    lose_meter_events: ({ customer }) => {
      for (const event of engine.table('meter_event').values()) if (event.payload.stripe_customer_id === customer) event.payload.value = '0';
    },
    // a fault that a test plants: an event the meter has and we know nothing of
    plant: ({ customer, day, value }) => void engine.put('meter_event', { id: newId('me'), object: 'billing.meter_event', event_name: [...engine.table('meter').values()][0].event_name, identifier: newId('planted'), created: engine.time, timestamp: Date.parse(`${day}T12:00:00Z`) / 1000, payload: { stripe_customer_id: customer, value: String(value) } }),
    events: () => events.all,
    wire: () => [...wire.values()],
    state: () => ({ now: engine.time, calls: state.calls, tables: Object.fromEntries(Object.entries(engine.tables).map(([name, rows]) => [name, [...rows.values()]])) }),
  };

  const serve = pages(engine, events, complete);

  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, base);
    let text = '';
    for await (const chunk of request) text += chunk;
    const send = (status, answer, headers = {}) => response.writeHead(status, { 'content-type': 'application/json', 'request-id': newId('req'), 'stripe-version': VERSION, ...headers }).end(JSON.stringify(answer ?? {}));
    try {
      if (url.pathname.startsWith('/_ctl/')) return send(200, await controls[url.pathname.slice(6)](text ? JSON.parse(text) : {}));
      const page = serve(request.method, url.pathname, new URLSearchParams(text));
      if (page?.location) return response.writeHead(page.status, { location: page.location }).end();
      if (page) return response.writeHead(page.status, { 'content-type': page.pdf ? 'application/pdf' : 'text/html; charset=utf-8' }).end(page.pdf ?? page.html);
      state.calls += 1;
      if (state.outage === 'down') return request.socket.destroy();
      const { status, answer, replayed } = call(request, url, text);
      // done, but the answer does not arrive
      if (state.outage === 'lost') return request.socket.destroy();
      return send(status, answer, replayed ? { 'idempotent-replayed': 'true' } : {});
    } catch (error) {
      if (error instanceof StripeRefusal) return send(error.status, error.body);
      return send(500, { error: { type: 'api_error', message: String(error.stack) } });
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve({ url: base, engine, events, stop: () => new Promise((done) => (server.close(done), server.closeAllConnections())) }));
  });
}
