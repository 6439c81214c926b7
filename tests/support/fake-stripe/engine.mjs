// What the fake Stripe does by itself: subscriptions through trial, periods, invoices and payments, on a clock that tests move.
import crypto from 'node:crypto';
import { shaped } from './shapes.mjs';

const DAY = 86_400;
/** Seconds after a failed attempt at which the next one is made. */
const RETRIES = [1 * DAY, 3 * DAY, 5 * DAY];
/** Seconds after which a bank debit turns out not to be paid. */
const DEBIT = 8 * DAY;
/** Seconds that a period's draft stays open unless told otherwise. */
const FINALIZATION = 3_600;

export const newId = (prefix) => `${prefix}_${crypto.randomBytes(10).toString('hex')}`;

export function addMonth(seconds) {
  const date = new Date(seconds * 1000);
  const day = date.getUTCDate();
  date.setUTCMonth(date.getUTCMonth() + 1, 1);
  date.setUTCDate(Math.min(day, new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()));
  return date.getTime() / 1000;
}

/** Cents of `quantity` at a price with or without graduated tiers, rounded at the end. */
export function priceOf(price, quantity) {
  if (price.billing_scheme !== 'tiered') return Math.round(Number(price.unit_amount_decimal ?? price.unit_amount) * quantity);
  let [left, from, cents] = [quantity, 0, 0];
  for (const tier of price.tiers) {
    const size = tier.up_to === null ? Infinity : tier.up_to - from;
    const here = Math.min(left, size);
    cents += here * Number(tier.unit_amount_decimal ?? tier.unit_amount ?? 0);
    left -= here;
    from = tier.up_to;
    if (left <= 0) break;
  }
  return Math.round(cents);
}

export class Engine {
  tables = {};
  #ahead = 0;

  /** `base`: where the pages are that invoices name. */
  constructor(events, base) {
    Object.assign(this, { events, base });
    events.now = () => this.time;
  }

  /** Seconds; goes on as the machine's own clock does, from where it was moved to. */
  get time() {
    return Math.floor(Date.now() / 1000) + this.#ahead;
  }
  set time(seconds) {
    this.#ahead = seconds - Math.floor(Date.now() / 1000);
  }

  table(name) {
    return (this.tables[name] ??= new Map());
  }
  put(name, object) {
    this.table(name).set(object.id, shaped(object));
    return object;
  }

  subscribe({ customer, items, trialEnd, anchor, metadata = {}, discounts = [] }) {
    const end = trialEnd ?? anchor ?? addMonth(this.time);
    const subscription = this.put('subscription', {
      id: newId('sub'), object: 'subscription', customer, status: trialEnd ? 'trialing' : 'active', created: this.time, start_date: this.time, livemode: false, currency: 'usd',
      trial_start: trialEnd ? this.time : null, trial_end: trialEnd ?? null, billing_cycle_anchor: end, cancel_at: null, cancel_at_period_end: false, canceled_at: null, ended_at: null,
      cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null }, collection_method: 'charge_automatically', default_payment_method: newId('pm'), discounts: discounts.map(() => newId('di')), metadata,
      latest_invoice: null, items: { object: 'list', has_more: false, data: [], url: '/v1/subscription_items' },
    });
    subscription.items.data = items.map(({ price, quantity }) => shaped({
      id: newId('si'), object: 'subscription_item', subscription: subscription.id, price, quantity: price.recurring.usage_type === 'metered' ? undefined : Number(quantity ?? 1),
      current_period_start: this.time, current_period_end: end, created: this.time, metadata: {},
    }));
    // what Stripe does not show
    Object.defineProperties(subscription, { willEndTold: { value: false, writable: true }, coupons: { value: discounts } });
    this.events.emit('customer.subscription.created', subscription);
    const share = anchor ? (anchor - this.time) / (addMonth(this.time) - this.time) : 1;
    const invoice = this.draft(subscription, 'subscription_create', trialEnd ? [] : this.baseLines(subscription, share), this.time);
    this.finalize(invoice);
    return subscription;
  }

  baseLines(subscription, share = 1) {
    return subscription.items.data.filter((i) => i.price.recurring.usage_type !== 'metered').map((i) => ({ price: i.price, quantity: i.quantity, amount: Math.round(priceOf(i.price, i.quantity) * share), description: `${i.quantity} × ${i.price.nickname ?? i.price.id}` }));
  }

  usage(customer, meter, from, to) {
    return [...this.table('meter_event').values()]
      .filter((e) => e.event_name === meter.event_name && e.payload.stripe_customer_id === customer && e.timestamp >= from && e.timestamp < to)
      .reduce((sum, e) => sum + Number(e.payload.value), 0);
  }

  usageLines(subscription, from, to) {
    return subscription.items.data.filter((i) => i.price.recurring.usage_type === 'metered').map((i) => {
      const quantity = this.usage(subscription.customer, this.table('meter').get(i.price.recurring.meter), from, to);
      return { price: i.price, quantity, amount: priceOf(i.price, quantity), description: `${quantity} × detections`, usage: { from, to } };
    });
  }

  draft(subscription, reason, lines, created) {
    const invoice = this.put('invoice', {
      id: newId('in'), object: 'invoice', customer: subscription.customer, currency: 'usd', status: 'draft', billing_reason: reason, number: null, created, livemode: false, attempt_count: 0,
      attempted: false, auto_advance: true, automatically_finalizes_at: reason === 'subscription_cycle' ? created + FINALIZATION : created, amount_due: 0, amount_paid: 0, amount_remaining: 0,
      total: 0, subtotal: 0, next_payment_attempt: null, hosted_invoice_url: null, invoice_pdf: null, period_start: created, period_end: created,
      status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
      parent: { type: 'subscription_details', quote_details: null, subscription_details: { subscription: subscription.id, metadata: subscription.metadata } },
      lines: { object: 'list', data: [], has_more: false, url: '/v1/invoices/lines' },
    });
    this.setLines(invoice, subscription, lines);
    subscription.latest_invoice = invoice.id;
    this.events.emit('invoice.created', invoice);
    return invoice;
  }

  setLines(invoice, subscription, lines) {
    const coupon = subscription.coupons[0];
    const factor = coupon ? 1 - coupon.percent_off / 100 : 1;
    invoice.lines.data = lines.map((l) => shaped({
      id: newId('il'), object: 'line_item', amount: l.amount, currency: 'usd', description: l.description, quantity: l.quantity, metadata: {},
      pricing: { type: 'price_details', price_details: { price: l.price.id, product: l.price.product }, unit_amount_decimal: null }, period: { start: l.usage?.from ?? invoice.created, end: l.usage?.to ?? invoice.created },
    }));
    Object.defineProperty(invoice, 'sources', { enumerable: false, writable: true, value: lines });
    invoice.subtotal = lines.reduce((sum, l) => sum + l.amount, 0);
    invoice.total = Math.round(invoice.subtotal * factor);
    invoice.amount_due = invoice.amount_remaining = Math.max(0, invoice.total);
  }

  finalize(invoice) {
    const subscription = this.table('subscription').get(invoice.parent.subscription_details.subscription);
    // usage that came in while it was a draft belongs to it
    const fresh = invoice.sources.map((l) => (l.usage ? { ...l, ...this.usageLines(subscription, l.usage.from, l.usage.to).find((u) => u.price.id === l.price.id) } : l));
    this.setLines(invoice, subscription, fresh.map((l, i) => ({ ...l, price: invoice.sources[i].price })));
    Object.assign(invoice, { status: 'open', number: `FAKE-${this.table('invoice').size}`, hosted_invoice_url: `${this.base}/invoice/${invoice.id}`, invoice_pdf: `${this.base}/invoice/${invoice.id}/pdf`, automatically_finalizes_at: null });
    invoice.status_transitions.finalized_at = this.time;
    this.events.emit('invoice.finalized', invoice);
    this.pay(invoice);
  }

  /** One attempt; says whether it went through. */
  pay(invoice) {
    const customer = this.table('customer').get(invoice.customer);
    const subscription = this.table('subscription').get(invoice.parent.subscription_details.subscription);
    const was = subscription.status;
    invoice.attempted = true;
    // a bank debit is under way for days, in which nothing is wrong
    if (invoice.amount_due > 0 && customer.card === 'debit' && invoice.debited === undefined) {
      Object.defineProperty(invoice, 'debited', { value: this.time + DEBIT, writable: true });
      return false;
    }
    if (invoice.amount_due > 0 && customer.card !== 'ok') {
      if (invoice.debited) invoice.debited = null;
      const delay = RETRIES[invoice.attempt_count];
      invoice.attempt_count += 1;
      invoice.next_payment_attempt = delay ? this.time + delay : null;
      if (subscription.status !== 'canceled') subscription.status = 'past_due';
      this.events.emit('invoice.payment_failed', invoice);
      if (customer.card === 'action') this.events.emit('invoice.payment_action_required', invoice);
      if (was !== subscription.status) this.events.emit('customer.subscription.updated', subscription, { status: was });
      return false;
    }
    Object.assign(invoice, { status: 'paid', amount_paid: invoice.amount_due, amount_remaining: 0, next_payment_attempt: null });
    invoice.status_transitions.paid_at = this.time;
    if (invoice.amount_paid > 0) this.charge(invoice);
    if (subscription.status === 'past_due') {
      subscription.status = 'active';
      this.events.emit('customer.subscription.updated', subscription, { status: 'past_due' });
    }
    this.events.emit('invoice.paid', invoice);
    this.events.emit('invoice.payment_succeeded', invoice);
    return true;
  }

  /** The payment of an invoice, as Stripe keeps it: an intent, its charge, and what ties them to the invoice. */
  charge(invoice) {
    const intent = newId('pi');
    this.put('charge', { id: newId('ch'), object: 'charge', customer: invoice.customer, amount: invoice.amount_paid, amount_refunded: 0, refunded: false, currency: 'usd', created: this.time, payment_intent: intent });
    this.put('invoice_payment', {
      id: newId('inpay'), object: 'invoice_payment', invoice: invoice.id, amount_paid: invoice.amount_paid, amount_requested: invoice.amount_due, created: this.time, currency: 'usd', is_default: true,
      livemode: false, payment: { type: 'payment_intent', payment_intent: intent }, status: 'paid', status_transitions: { canceled_at: null, paid_at: this.time },
    });
  }

  setPaused(customer, paused) {
    const subscription = [...this.table('subscription').values()].find((s) => s.customer === customer && s.status === (paused ? 'active' : 'paused'));
    const was = { status: subscription.status };
    subscription.status = paused ? 'paused' : 'active';
    return this.events.emit(`customer.subscription.${paused ? 'paused' : 'resumed'}`, subscription, was);
  }

  /** The portal's way to end a subscription, and to take that back. */
  endWithPeriod(subscription, ends) {
    const was = { cancel_at_period_end: subscription.cancel_at_period_end };
    const cancelAt = ends ? subscription.items.data[0].current_period_end : null;
    Object.assign(subscription, { cancel_at_period_end: ends, cancel_at: cancelAt, canceled_at: ends ? this.time : null });
    this.events.emit('customer.subscription.updated', subscription, was);
  }

  /** `invoiceNow`: what was used of the period is charged at once. */
  end(subscription, comment = null, invoiceNow = false) {
    const was = subscription.status;
    const { current_period_start: from } = subscription.items.data[0];
    Object.assign(subscription, { status: 'canceled', canceled_at: subscription.canceled_at ?? this.time, ended_at: this.time });
    subscription.cancellation_details = { comment, feedback: null, feedback_option: null, reason: 'cancellation_requested' };
    // nothing is collected by itself any more; what is open can still be paid
    for (const i of this.table('invoice').values()) if (i.status === 'open' && i.parent.subscription_details.subscription === subscription.id) i.next_payment_attempt = null;
    this.events.emit('customer.subscription.deleted', subscription, { status: was });
    if (invoiceNow && was !== 'trialing') {
      const lines = this.usageLines(subscription, from, this.time + 1).filter((l) => l.quantity > 0);
      if (lines.length) this.finalize(this.draft(subscription, 'subscription_cycle', lines, this.time));
    }
    return subscription;
  }

  /** The period is over: the usage of the old one and the price of the new one. */
  cycle(subscription) {
    const { current_period_start: from, current_period_end: to } = subscription.items.data[0];
    const wasTrial = subscription.status === 'trialing';
    if (subscription.cancel_at_period_end) {
      if (!wasTrial) this.draft(subscription, 'subscription_cycle', this.usageLines(subscription, from, to), to);
      return this.end(subscription);
    }
    const next = addMonth(to);
    for (const item of subscription.items.data) Object.assign(item, { current_period_start: to, current_period_end: next });
    if (wasTrial) subscription.status = 'active';
    this.events.emit('customer.subscription.updated', subscription, { status: wasTrial ? 'trialing' : subscription.status });
    this.draft(subscription, 'subscription_cycle', [...this.baseLines(subscription), ...(wasTrial ? [] : this.usageLines(subscription, from, to))], to);
  }

  /** The next thing that time brings before `until`. */
  due(until) {
    const list = [];
    for (const s of this.table('subscription').values()) {
      if (!['trialing', 'active', 'past_due'].includes(s.status)) continue;
      list.push({ at: s.items.data[0].current_period_end, run: () => this.cycle(s) });
      if (s.status === 'trialing' && !s.willEndTold) list.push({ at: s.trial_end - 3 * DAY, run: () => ((s.willEndTold = true), this.events.emit('customer.subscription.trial_will_end', s)) });
    }
    for (const i of this.table('invoice').values()) {
      if (i.status === 'draft' && i.auto_advance) list.push({ at: i.automatically_finalizes_at, run: () => this.finalize(i) });
      if (i.status === 'open' && i.debited) list.push({ at: i.debited, run: () => this.pay(i) });
      if (i.status === 'open' && i.next_payment_attempt) list.push({ at: i.next_payment_attempt, run: () => this.pay(i) });
    }
    for (const s of this.table('checkout.session').values()) if (s.status === 'open') list.push({ at: s.expires_at, run: () => this.expire(s) });
    return list.filter((d) => d.at <= until).sort((a, b) => a.at - b.at)[0];
  }

  expire(session) {
    session.status = 'expired';
    this.events.emit('checkout.session.expired', session);
    return session;
  }

  /** Stripe ends a deleted customer's subscriptions. */
  deleteCustomer(customer) {
    Object.defineProperty(customer, 'deleted', { value: true });
    const event = this.events.emit('customer.deleted', customer);
    for (const s of this.table('subscription').values()) if (s.customer === customer.id && s.status !== 'canceled') this.end(s);
    return event;
  }

  advanceTo(until) {
    for (let next; (next = this.due(until)); ) {
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = Math.max(this.time, until);
  }
}
