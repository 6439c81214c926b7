// Events of the fake Stripe and their delivery: signed by the official library, at least once, in any order it likes.
import crypto from 'node:crypto';
import Stripe from 'stripe';

const signer = new Stripe('sk_test_signs_only');
const id = (prefix) => `${prefix}_${crypto.randomBytes(12).toString('hex')}`;

/** The header that a delivery carries; signed with the machine's own time, as Stripe does whatever a test clock says. */
export const signature = (payload, secret, timestamp = Math.floor(Date.now() / 1000)) => signer.webhooks.generateTestHeaderString({ payload, secret, timestamp });

export class Events {
  all = [];
  /** 'send': at once; 'hold': only when asked. */
  mode = 'send';

  constructor({ version, now, endpoint, secret }) {
    Object.assign(this, { version, now, endpoint, secret });
    this.sending = new Set();
  }

  emit(type, object, previous) {
    const event = {
      id: id('evt'), object: 'event', api_version: this.version, created: this.now(), livemode: false, pending_webhooks: 1, type,
      data: { object: structuredClone(object), ...(previous && { previous_attributes: previous }) }, request: { id: null, idempotency_key: null },
    };
    this.#add(event);
    return event;
  }

  /** A notification without the object, as the meter's reports come; what it is about is fetched from /v2/core/events. */
  emitThin(type, related, data) {
    const notification = { id: id('evt'), object: 'v2.core.event', type, created: new Date(this.now() * 1000).toISOString(), livemode: false, related_object: related };
    this.#add(notification);
    this.thin ??= new Map();
    this.thin.set(notification.id, { ...notification, data });
    return notification;
  }

  #add(event) {
    this.all.push(event);
    if (this.mode === 'send' && this.endpoint) this.deliver(event);
  }

  /** Sends until it is taken: quickly at first, a few times. */
  deliver(event, attempt = 0) {
    const run = this.post(event).then(async (status) => {
      if (status >= 200 && status < 300) return;
      if (attempt >= 6) return;
      await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** attempt));
      await this.deliver(event, attempt + 1);
    });
    this.sending.add(run);
    run.finally(() => this.sending.delete(run));
    return run;
  }

  async post(event) {
    const payload = JSON.stringify(event);
    const headers = { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)', 'stripe-signature': signature(payload, this.secret) };
    try {
      return (await fetch(this.endpoint, { method: 'POST', headers, body: payload, redirect: 'manual', signal: AbortSignal.timeout(20_000) })).status;
    } catch {
      return 0;
    }
  }

  async settled() {
    while (this.sending.size) await Promise.all(this.sending);
  }
}
