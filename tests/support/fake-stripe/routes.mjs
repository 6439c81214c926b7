// The calls that the fake Stripe takes, each with its parameters; anything else is refused as Stripe refuses it.
import { newId } from './engine.mjs';
import { shaped } from './shapes.mjs';

const DAY = 86_400;

export class StripeRefusal extends Error {
  constructor(status, type, message, { code, param } = {}) {
    super(message);
    this.status = status;
    this.body = { error: { type, message, ...(code && { code }), ...(param && { param }), request_log_url: 'https://dashboard.stripe.test/logs' } };
  }
}
const invalid = (message, code, param) => new StripeRefusal(400, 'invalid_request_error', message, { code, param });
const missing = (what, id) => new StripeRefusal(404, 'invalid_request_error', `No such ${what}: '${id}'`, { code: 'resource_missing', param: 'id' });
const need = (body, ...names) => {
  for (const name of names) if (body[name] === undefined || body[name] === '') throw invalid(`Missing required param: ${name}.`, 'parameter_missing', name);
};
const truthy = (value) => value === 'true' || value === true;
const booleans = (value) => JSON.parse(JSON.stringify(value ?? {}), (_, v) => (v === 'true' || v === 'false' ? v === 'true' : v));
/** What an update leaves: of objects the parts it does not name, of lists nothing. */
const merged = (old, update) => (update === null || typeof update !== 'object' || Array.isArray(update) ? update : { ...old, ...Object.fromEntries(Object.entries(update).map(([name, value]) => [name, merged(old?.[name], value)])) });

/** `engine` holds the state, `base` is where the fake's own pages are. Gives rows [method, pattern, allowed names, handler]. */
export function routes(engine, events, base) {
  const get = (table, id) => {
    const found = engine.table(table).get(id);
    if (!found) throw missing(table, id);
    return found;
  };
  const list = (url, all, query, filter = () => true) => {
    const found = all.filter(filter).sort((a, b) => b.created - a.created || b.order - a.order);
    const limit = Number(query.limit ?? 10);
    if (!(limit >= 1 && limit <= 100)) throw invalid('This value must be between 1 and 100.', 'parameter_invalid_integer', 'limit');
    const after = query.starting_after ? found.findIndex((o) => o.id === query.starting_after) + 1 : 0;
    if (query.starting_after && after === 0) throw missing('object', query.starting_after);
    return { object: 'list', url, has_more: found.length > after + limit, data: found.slice(after, after + limit) };
  };
  const customerOf = (id) => {
    const found = engine.table('customer').get(id);
    if (!found || found.deleted) throw invalid(`No such customer: '${id}'`, 'resource_missing', 'customer');
    return found;
  };
  let order = 0;
  const make = (table, object) => engine.put(table, Object.defineProperty({ created: engine.time, livemode: false, ...object }, 'order', { value: (order += 1) }));
  const expand = (object, query) => {
    const wanted = [query.expand ?? []].flat();
    const copy = structuredClone(object);
    if (wanted.includes('data.latest_invoice')) return { ...object, data: object.data.map((s) => expand(s, { expand: ['latest_invoice'] })) };
    if (wanted.includes('latest_invoice') && copy.latest_invoice) copy.latest_invoice = structuredClone(get('invoice', copy.latest_invoice));
    if (wanted.includes('charge')) copy.charge = structuredClone(get('charge', copy.charge));
    return copy;
  };
  const number = (value, name) => {
    if (!/^-?\d+$/.test(String(value))) throw invalid(`Invalid integer: ${value}`, 'parameter_invalid_integer', name);
    return Number(value);
  };
  const priced = (items = []) => items.map((item) => ({ ...item, price: get('price', item.price) }));

  const changed = (subscription, body, dryRun = false) => {
    const lines = [];
    if (body.trial_end !== undefined && number(body.trial_end, 'trial_end') <= engine.time) throw invalid('The trial end date has to be in the future.', undefined, 'trial_end');
    const [{ current_period_start: from, current_period_end: to }] = subscription.items.data;
    const left = subscription.status === 'trialing' ? 0 : Math.max(0, (to - number(body.proration_date ?? engine.time, 'proration_date')) / (to - from));
    for (const change of body.items ?? []) {
      const item = subscription.items.data.find((i) => i.id === change.id);
      if (!item) throw missing('subscription item', change.id);
      const price = get('price', change.price);
      if (price.id === item.price.id) continue;
      if (price.recurring.usage_type !== 'metered' && dryRun && body.trial_end) lines.push({ price, quantity: 1, amount: price.unit_amount, description: `1 × ${price.nickname}` });
      if (price.recurring.usage_type !== 'metered' && body.proration_behavior !== 'none') {
        lines.push({ price: item.price, quantity: 1, amount: -Math.round(item.price.unit_amount * left), description: `Unused time on ${item.price.nickname}` });
        lines.push({ price, quantity: 1, amount: Math.round(price.unit_amount * left), description: `Remaining time on ${price.nickname}` });
      }
      if (!dryRun) item.price = price;
    }
    return lines;
  };

  return [
    ['POST', '/v1/customers', ['email', 'name', 'metadata.*'], (b) => {
      const customer = make('customer', { id: newId('cus'), object: 'customer', email: b.email ?? null, name: b.name ?? null, metadata: b.metadata ?? {}, currency: null, delinquent: false });
      Object.defineProperty(customer, 'card', { value: 'ok', writable: true });
      events.emit('customer.created', customer);
      return customer;
    }],
    ['GET', '/v1/customers/:id', ['expand[]'], (b, id) => (get('customer', id).deleted ? { id, object: 'customer', deleted: true } : get('customer', id))],
    ['POST', '/v1/products', ['id', 'name', 'description', 'metadata.*'], (b) => {
      need(b, 'name');
      if (b.id && engine.table('product').has(b.id)) throw invalid('Product already exists.', 'resource_already_exists', 'id');
      return make('product', { id: b.id ?? newId('prod'), object: 'product', name: b.name, description: b.description ?? null, active: true, metadata: b.metadata ?? {} });
    }],
    ['POST', '/v1/products/:id', ['name', 'description', 'metadata.*'], (b, id) => Object.assign(get('product', id), b)],
    ['GET', '/v1/products/:id', [], (b, id) => get('product', id)],
    ['POST', '/v1/prices', ['product', 'currency', 'nickname', 'unit_amount', 'lookup_key', 'recurring.interval', 'recurring.usage_type', 'recurring.meter', 'billing_scheme', 'tiers_mode', 'tiers[].up_to', 'tiers[].unit_amount', 'tiers[].unit_amount_decimal', 'tax_behavior', 'metadata.*'], (b) => {
      need(b, 'product', 'currency');
      get('product', b.product);
      const metered = b.recurring?.usage_type === 'metered';
      if (metered && !b.recurring.meter) throw invalid('As of 2025-03-31.basil, metered prices must be backed by meters.', 'parameter_missing', 'recurring[meter]');
      if (metered) get('meter', b.recurring.meter);
      if (b.lookup_key && [...engine.table('price').values()].some((p) => p.lookup_key === b.lookup_key)) throw invalid('A price already uses that lookup key.', 'resource_already_exists', 'lookup_key');
      const tiers = b.tiers?.map((t) => ({ up_to: t.up_to === 'inf' ? null : Number(t.up_to), unit_amount: t.unit_amount === undefined ? null : Number(t.unit_amount), unit_amount_decimal: t.unit_amount_decimal ?? t.unit_amount, flat_amount: null, flat_amount_decimal: null }));
      if (b.billing_scheme === 'tiered' && (!tiers || tiers.at(-1).up_to !== null)) throw invalid('The last tier must be `inf`.', 'parameter_invalid', 'tiers');
      return make('price', { id: newId('price'), object: 'price', active: true, product: b.product, currency: b.currency, nickname: b.nickname ?? null, lookup_key: b.lookup_key ?? null, type: 'recurring', billing_scheme: b.billing_scheme ?? 'per_unit', tiers_mode: b.tiers_mode ?? null, tiers,
        unit_amount: b.unit_amount === undefined ? null : number(b.unit_amount, 'unit_amount'), unit_amount_decimal: b.unit_amount ?? null, recurring: { interval: b.recurring?.interval, interval_count: 1, usage_type: b.recurring?.usage_type ?? 'licensed', meter: b.recurring?.meter ?? null, trial_period_days: null }, metadata: b.metadata ?? {} });
    }],
    ['GET', '/v1/prices', ['lookup_keys[]', 'limit', 'active', 'starting_after', 'product'], (b) => list('/v1/prices', [...engine.table('price').values()], b, (p) => !b.lookup_keys || [b.lookup_keys].flat().includes(p.lookup_key))],
    ['POST', '/v1/billing/meters', ['display_name', 'event_name', 'default_aggregation.formula', 'customer_mapping.event_payload_key', 'customer_mapping.type', 'value_settings.event_payload_key'], (b) => {
      need(b, 'display_name', 'event_name', 'default_aggregation');
      if ([...engine.table('meter').values()].some((m) => m.event_name === b.event_name)) throw invalid(`A meter with event name ${b.event_name} exists.`, 'resource_already_exists', 'event_name');
      return make('meter', { id: newId('mtr'), object: 'billing.meter', display_name: b.display_name, event_name: b.event_name, status: 'active', default_aggregation: b.default_aggregation, customer_mapping: b.customer_mapping, value_settings: b.value_settings });
    }],
    ['GET', '/v1/billing/meters', ['status', 'limit', 'starting_after'], (b) => list('/v1/billing/meters', [...engine.table('meter').values()], b)],
    ['POST', '/v1/billing/meter_events', ['event_name', 'identifier', 'timestamp', 'payload.stripe_customer_id', 'payload.value'], (b) => {
      need(b, 'event_name', 'payload');
      const meter = [...engine.table('meter').values()].find((m) => m.event_name === b.event_name);
      if (!meter) throw invalid(`No active meter found for event name ${b.event_name}.`, 'resource_missing', 'event_name');
      if (!/^\d+$/.test(b.payload.value ?? '')) throw invalid('The value must be a whole number.', 'parameter_invalid_integer', 'payload[value]');
      get('customer', b.payload.stripe_customer_id);
      const timestamp = b.timestamp === undefined ? engine.time : number(b.timestamp, 'timestamp');
      if (timestamp > engine.time + 300) throw invalid('The timestamp must not be more than 5 minutes in the future.', 'timestamp_in_future', 'timestamp');
      if (timestamp < engine.time - 35 * DAY) throw invalid('The timestamp must be within the past 35 days.', 'timestamp_too_far_in_past', 'timestamp');
      const identifier = b.identifier ?? newId('id');
      // an identifier is remembered for a day, and no longer
      const known = [...engine.table('meter_event').values()].find((e) => e.identifier === identifier && e.created > engine.time - DAY);
      if (known) throw invalid(`An event already exists with identifier ${identifier}.`, 'duplicate_meter_event', 'identifier');
      const { id: _, ...shown } = make('meter_event', { id: newId('me'), object: 'billing.meter_event', event_name: b.event_name, identifier, timestamp, payload: b.payload });
      return shown;
    }],
    ['GET', '/v1/billing/meters/:id/event_summaries', ['customer', 'start_time', 'end_time', 'value_grouping_window', 'limit', 'starting_after'], (b, id) => {
      need(b, 'customer', 'start_time', 'end_time');
      const meter = get('meter', id);
      const [from, to] = [number(b.start_time, 'start_time'), number(b.end_time, 'end_time')];
      const step = { hour: 3600, day: DAY }[b.value_grouping_window] ?? to - from;
      if (from % 60 || to % 60 || (b.value_grouping_window && (from % step || to % step))) throw invalid('Times must be aligned with the window.', 'parameter_invalid', 'start_time');
      const data = [];
      for (let at = from; at < to; at += step) {
        const sum = engine.usage(b.customer, meter, at, at + step);
        if (sum || !b.value_grouping_window) data.push({ id: newId('mtrusg'), object: 'billing.meter_event_summary', aggregated_value: sum, start_time: at, end_time: at + step, livemode: false, meter: id });
      }
      return { object: 'list', url: `/v1/billing/meters/${id}/event_summaries`, has_more: false, data: data.slice(0, Number(b.limit ?? 10)) };
    }],
    ['POST', '/v1/coupons', ['id', 'percent_off', 'duration', 'duration_in_months', 'name'], (b) => make('coupon', { id: b.id ?? newId('co'), object: 'coupon', percent_off: Number(b.percent_off), duration: b.duration, duration_in_months: b.duration_in_months ? Number(b.duration_in_months) : null, name: b.name ?? null, valid: true })],
    ['GET', '/v1/coupons/:id', [], (b, id) => get('coupon', id)],
    ['POST', '/v1/promotion_codes', ['promotion.type', 'promotion.coupon', 'code', 'active'], (b) => make('promotion_code', { id: newId('promo'), object: 'promotion_code', code: b.code, active: true, promotion: { type: 'coupon', coupon: get('coupon', b.promotion?.coupon).id } })],
    ['GET', '/v1/promotion_codes', ['code', 'active', 'limit'], (b) => list('/v1/promotion_codes', [...engine.table('promotion_code').values()], b, (p) => !b.code || p.code.toLowerCase() === b.code.toLowerCase())],
    ['POST', '/v1/billing_portal/configurations', ['business_profile.*', 'features.*', 'metadata.*', 'default_return_url'], (b) => make('portal_configuration', { id: newId('bpc'), object: 'billing_portal.configuration', active: true, features: booleans(b.features), business_profile: b.business_profile, metadata: b.metadata ?? {} })],
    ['POST', '/v1/billing_portal/configurations/:id', ['business_profile.*', 'features.*', 'metadata.*', 'default_return_url'], ({ features, ...b }, id) => {
      const found = get('portal_configuration', id);
      return Object.assign(found, b, features && { features: merged(found.features, booleans(features)) });
    }],
    ['GET', '/v1/billing_portal/configurations', ['active', 'limit', 'starting_after'], (b) => list('/v1/billing_portal/configurations', [...engine.table('portal_configuration').values()], b)],
    ['POST', '/v1/billing_portal/sessions', ['customer', 'return_url', 'configuration'], (b) => {
      customerOf(b.customer);
      if (b.configuration) get('portal_configuration', b.configuration);
      const id = newId('bps');
      return make('portal_session', { id, object: 'billing_portal.session', customer: b.customer, return_url: b.return_url, url: `${base}/portal/${id}` });
    }],
    ['POST', '/v1/checkout/sessions', ['mode', 'customer', 'client_reference_id', 'success_url', 'cancel_url', 'expires_at', 'line_items[].price', 'line_items[].quantity', 'payment_method_collection', 'allow_promotion_codes', 'discounts[].promotion_code', 'automatic_tax.enabled', 'customer_update.*', 'tax_id_collection.enabled', 'subscription_data.*', 'metadata.*'], (b) => {
      need(b, 'mode', 'line_items', 'success_url');
      customerOf(b.customer);
      for (const item of priced(b.line_items)) if (item.price.recurring.usage_type === 'metered' && item.quantity !== undefined) throw invalid('Quantity should not be specified where usage_type is `metered`.', 'parameter_unknown', 'line_items[quantity]');
      if (b.allow_promotion_codes && b.discounts) throw invalid('You may only specify one of these parameters: allow_promotion_codes, discounts.', undefined, 'discounts');
      const lasts = b.expires_at ? number(b.expires_at, 'expires_at') - engine.time : DAY;
      if (lasts < 1800 - 60 || lasts > DAY) throw invalid('The `expires_at` timestamp must be less than 24 hours from Checkout Session creation, and at least 30 minutes.', undefined, 'expires_at');
      const data = b.subscription_data ?? {};
      if (data.trial_end && number(data.trial_end, 'trial_end') < engine.time + 2 * DAY) throw invalid('The `trial_end` date has to be at least 2 days in the future.', undefined, 'subscription_data[trial_end]');
      if (data.trial_end && data.billing_cycle_anchor) throw invalid('You cannot set both.', undefined, 'subscription_data[billing_cycle_anchor]');
      const session = make('checkout.session', { id: newId('cs_test'), object: 'checkout.session', mode: b.mode, metadata: b.metadata ?? {}, customer: b.customer, client_reference_id: b.client_reference_id ?? null, status: 'open', payment_status: 'unpaid', subscription: null, success_url: b.success_url, cancel_url: b.cancel_url ?? null, expires_at: b.expires_at ? number(b.expires_at, 'expires_at') : engine.time + DAY });
      Object.defineProperty(session, 'asked', { value: { ...b, line_items: priced(b.line_items), discounts: (b.discounts ?? []).map((d) => get('coupon', get('promotion_code', d.promotion_code).promotion.coupon)) } });
      session.url = `${base}/pay/${session.id}`;
      return session;
    }],
    ['GET', '/v1/checkout/sessions/:id', ['expand[]'], (b, id) => get('checkout.session', id)],
    ['GET', '/v1/checkout/sessions', ['customer', 'status', 'limit', 'starting_after'], (b) => list('/v1/checkout/sessions', [...engine.table('checkout.session').values()], b, (s) => (!b.customer || s.customer === b.customer) && (!b.status || s.status === b.status))],
    ['POST', '/v1/checkout/sessions/:id/expire', [], (b, id) => {
      const session = get('checkout.session', id);
      if (session.status !== 'open') throw invalid(`Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of \`${session.status}\`.`, undefined, 'session');
      return engine.expire(session);
    }],
    ['GET', '/v1/subscriptions/:id', ['expand[]'], (b, id) => expand(get('subscription', id), b)],
    ['GET', '/v1/subscriptions', ['customer', 'status', 'limit', 'starting_after', 'expand[]'], (b) => expand(list('/v1/subscriptions', [...engine.table('subscription').values()], b, (s) => (!b.customer || s.customer === b.customer) && (b.status === 'all' || (b.status ? s.status === b.status : s.status !== 'canceled'))), b)],
    ['POST', '/v1/subscriptions/:id', ['cancel_at_period_end', 'items[].id', 'items[].price', 'proration_behavior', 'proration_date', 'payment_behavior', 'trial_end', 'expand[]', 'metadata.*'], (b, id) => {
      const subscription = get('subscription', id);
      if (subscription.status === 'canceled') throw invalid('A canceled subscription can only update its cancellation_details and metadata.', 'resource_missing', 'id');
      const lines = changed(subscription, b);
      if (b.trial_end) {
        const end = Number(b.trial_end);
        Object.assign(subscription, { trial_end: end, billing_cycle_anchor: end });
        for (const item of subscription.items.data) item.current_period_end = end;
      }
      if (lines.some((l) => l.amount)) engine.finalize(engine.draft(subscription, 'subscription_update', lines, engine.time));
      if (b.cancel_at_period_end !== undefined) engine.endWithPeriod(subscription, truthy(b.cancel_at_period_end));
      else events.emit('customer.subscription.updated', subscription, {});
      return expand(subscription, b);
    }],
    ['DELETE', '/v1/subscriptions/:id', ['cancellation_details.comment', 'expand[]', 'invoice_now', 'prorate'], (b, id) => {
      const subscription = get('subscription', id);
      if (subscription.status === 'canceled') throw missing('subscription', id);
      return expand(engine.end(subscription, b.cancellation_details?.comment ?? null, truthy(b.invoice_now)), b);
    }],
    ['POST', '/v1/invoices/create_preview', ['customer', 'subscription', 'subscription_details.*', 'subscription_details.items[].id', 'subscription_details.items[].price'], (b) => {
      const lines = changed(get('subscription', b.subscription), b.subscription_details ?? {}, true);
      const total = lines.reduce((sum, l) => sum + l.amount, 0);
      const data = lines.map(({ amount, description }) => shaped({ id: newId('il_tmp'), object: 'line_item', amount, description, currency: 'usd', period: { start: engine.time, end: engine.time } }));
      return shaped({ id: newId('upcoming_in'), object: 'invoice', created: engine.time, customer: b.customer, currency: 'usd', amount_due: Math.max(0, total), subtotal: total, total, status: 'draft', lines: { object: 'list', url: '/v1/invoices/upcoming/lines', data, has_more: false } });
    }],
    ['GET', '/v1/invoices', ['customer', 'limit', 'starting_after', 'status', 'subscription'], (b) => list('/v1/invoices', [...engine.table('invoice').values()], b, (i) => (!b.customer || i.customer === b.customer) && (!b.status || i.status === b.status) && (!b.subscription || i.parent.subscription_details.subscription === b.subscription))],
    ['GET', '/v1/invoices/:id', ['expand[]'], (b, id) => get('invoice', id)],
    ['POST', '/v1/invoices/:id', ['automatically_finalizes_at', 'auto_advance', 'metadata.*'], (b, id) => {
      const invoice = get('invoice', id);
      if (invoice.status !== 'draft') throw invalid('Finalized invoices can\'t be updated in this way', 'invoice_not_editable');
      if (b.automatically_finalizes_at) invoice.automatically_finalizes_at = number(b.automatically_finalizes_at, 'automatically_finalizes_at');
      return invoice;
    }],
    ['POST', '/v1/invoices/:id/pay', [], (b, id) => {
      const invoice = get('invoice', id);
      if (invoice.status === 'paid') throw invalid('Invoice is already paid', 'invoice_already_paid');
      if (invoice.status !== 'open') throw invalid(`Invoices with a status of \`${invoice.status}\` cannot be paid.`, 'invoice_not_editable');
      if (!engine.pay(invoice)) throw new StripeRefusal(402, 'card_error', 'Your card was declined.', { code: 'card_declined' });
      return invoice;
    }],
    ['POST', '/v1/invoices/:id/void', ['expand[]'], (b, id) => {
      const invoice = get('invoice', id);
      if (!['open', 'uncollectible'].includes(invoice.status)) throw invalid('You can only pass in open or uncollectible invoices.', 'invoice_not_editable');
      Object.assign(invoice, { status: 'void', next_payment_attempt: null });
      invoice.status_transitions.voided_at = engine.time;
      events.emit('invoice.voided', invoice);
      // a subscription that goes on owes nothing then
      const subscription = engine.table('subscription').get(invoice.parent.subscription_details.subscription);
      if (subscription.status === 'past_due' && subscription.latest_invoice === invoice.id) subscription.status = 'active';
      return invoice;
    }],
    ['GET', '/v1/invoice_payments', ['invoice', 'status', 'limit', 'starting_after'], (b) => list('/v1/invoice_payments', [...engine.table('invoice_payment').values()], b, (p) => (!b.invoice || p.invoice === b.invoice) && (!b.status || p.status === b.status))],
    ['POST', '/v1/refunds', ['payment_intent', 'charge', 'amount', 'reason', 'metadata.*'], (b) => {
      const charge = [...engine.table('charge').values()].find((c) => (b.charge ? c.id === b.charge : c.payment_intent === b.payment_intent));
      if (!charge) throw missing('payment_intent', b.payment_intent ?? b.charge);
      if (charge.refunded) throw invalid(`Charge ${charge.id} has already been refunded.`, 'charge_already_refunded');
      if (b.reason && !['duplicate', 'fraudulent', 'requested_by_customer'].includes(b.reason)) throw invalid('Invalid reason.', undefined, 'reason');
      Object.assign(charge, { amount_refunded: charge.amount, refunded: true });
      events.emit('charge.refunded', charge);
      return engine.put('refund', { created: engine.time,  id: newId('re'), object: 'refund', amount: charge.amount, charge: charge.id, payment_intent: charge.payment_intent, currency: 'usd', reason: b.reason ?? null, status: 'succeeded' });
    }],
    ['GET', '/v1/charges/:id', ['expand[]'], (b, id) => get('charge', id)],
    ['GET', '/v1/disputes/:id', ['expand[]'], (b, id) => expand(get('dispute', id), b)],
    ['GET', '/v2/core/events/:id', [], (b, id) => events.thin?.get(id) ?? (() => { throw missing('event', id); })()],
    ['POST', '/v1/webhook_endpoints', ['url', 'enabled_events[]', 'api_version', 'description', 'metadata.*'], (b) => make('webhook_endpoint', { id: newId('we'), object: 'webhook_endpoint', url: b.url, enabled_events: b.enabled_events, status: 'enabled', secret: events.secret, metadata: b.metadata ?? {} })],
    ['POST', '/v1/webhook_endpoints/:id', ['url', 'enabled_events[]', 'description', 'metadata.*'], (b, id) => Object.assign(get('webhook_endpoint', id), b)],
    ['GET', '/v1/webhook_endpoints', ['limit', 'starting_after'], (b) => list('/v1/webhook_endpoints', [...engine.table('webhook_endpoint').values()], b)],
  ];
}
