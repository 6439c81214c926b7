// Every field that Stripe's objects have, so that an answer of the fake lacks none: shapes.json holds the least of each type, made from
// the types of Stripe's own library by tests/integration/billing/wire-shapes.test.mjs (UPDATE_STRIPE_SHAPES=1).
import fs from 'node:fs';

const file = new URL('shapes.json', import.meta.url);
const SHAPES = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};

/** Stripe's type of an object, by its `object`. */
export const TYPES = {
  'billing.meter': 'Billing.Meter', 'billing.meter_event': 'Billing.MeterEvent', 'billing.meter_event_summary': 'Billing.MeterEventSummary', 'billing_portal.configuration': 'BillingPortal.Configuration',
  'billing_portal.session': 'BillingPortal.Session', charge: 'Charge', 'checkout.session': 'Checkout.Session', coupon: 'Coupon', customer: 'Customer', dispute: 'Dispute', invoice: 'Invoice', invoice_payment: 'InvoicePayment',
  line_item: 'InvoiceLineItem', price: 'Price', product: 'Product', promotion_code: 'PromotionCode', refund: 'Refund', subscription: 'Subscription', subscription_item: 'SubscriptionItem', webhook_endpoint: 'WebhookEndpoint',
};

/** Fills in what `value` leaves out of `shape`; also of the objects in it that both have. */
export function fill(value, shape) {
  for (const [name, least] of Object.entries(shape ?? {})) {
    if (value[name] === undefined) value[name] = structuredClone(least);
    else if (value[name] && least && typeof least === 'object' && !Array.isArray(least) && name !== 'metadata') fill(value[name], least);
  }
  return value;
}

/** The object itself, completed. */
export const shaped = (object) => fill(object, SHAPES[TYPES[object.object]]);
