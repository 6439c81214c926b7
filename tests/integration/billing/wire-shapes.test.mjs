// What the fake Stripe answers and sends, and what the Worker and the scripts ask of it, against the types of Stripe's own library,
// which are generated from Stripe's OpenAPI: no field missing or invented, no word that Stripe does not use, no parameter it refuses.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { api, eventually, figure } from '../support/stack.mjs';
import { TYPES } from '../../support/fake-stripe/shapes.mjs';
import { stripeTypes } from '../../support/stripe-types.mjs';
import { advance, client, cron, dayOf, fake, newTenant, report, sql, subscribe, syncClock } from './support.mjs';

/** Parameters that each call may have. */
const PARAMETERS = {
  'POST /v1/customers': 'CustomerCreateParams', 'GET /v1/customers/:id': 'CustomerRetrieveParams', 'POST /v1/products': 'ProductCreateParams', 'POST /v1/products/:id': 'ProductUpdateParams',
  'GET /v1/products/:id': 'ProductRetrieveParams', 'POST /v1/prices': 'PriceCreateParams', 'GET /v1/prices': 'PriceListParams', 'POST /v1/billing/meters': 'Billing.MeterCreateParams', 'GET /v1/billing/meters': 'Billing.MeterListParams',
  'POST /v1/billing/meter_events': 'Billing.MeterEventCreateParams', 'GET /v1/billing/meters/:id/event_summaries': 'Billing.MeterListEventSummariesParams', 'POST /v1/coupons': 'CouponCreateParams',
  'GET /v1/coupons/:id': 'CouponRetrieveParams', 'POST /v1/promotion_codes': 'PromotionCodeCreateParams', 'GET /v1/promotion_codes': 'PromotionCodeListParams',
  'POST /v1/billing_portal/configurations': 'BillingPortal.ConfigurationCreateParams', 'POST /v1/billing_portal/configurations/:id': 'BillingPortal.ConfigurationUpdateParams',
  'GET /v1/billing_portal/configurations': 'BillingPortal.ConfigurationListParams', 'POST /v1/billing_portal/sessions': 'BillingPortal.SessionCreateParams', 'POST /v1/checkout/sessions': 'Checkout.SessionCreateParams',
  'GET /v1/checkout/sessions/:id': 'Checkout.SessionRetrieveParams', 'GET /v1/checkout/sessions': 'Checkout.SessionListParams', 'POST /v1/checkout/sessions/:id/expire': 'Checkout.SessionExpireParams',
  'GET /v1/subscriptions/:id': 'SubscriptionRetrieveParams', 'GET /v1/subscriptions': 'SubscriptionListParams', 'POST /v1/subscriptions/:id': 'SubscriptionUpdateParams', 'DELETE /v1/subscriptions/:id': 'SubscriptionCancelParams',
  'POST /v1/invoices/create_preview': 'InvoiceCreatePreviewParams', 'GET /v1/invoices': 'InvoiceListParams', 'GET /v1/invoices/:id': 'InvoiceRetrieveParams', 'POST /v1/invoices/:id': 'InvoiceUpdateParams', 'POST /v1/invoices/:id/pay': 'InvoicePayParams',
  'POST /v1/invoices/:id/void': 'InvoiceVoidInvoiceParams', 'GET /v1/invoice_payments': 'InvoicePaymentListParams', 'POST /v1/refunds': 'RefundCreateParams', 'GET /v1/charges/:id': 'ChargeRetrieveParams', 'GET /v1/disputes/:id': 'DisputeRetrieveParams',
  'POST /v1/webhook_endpoints': 'WebhookEndpointCreateParams', 'POST /v1/webhook_endpoints/:id': 'WebhookEndpointUpdateParams', 'GET /v1/webhook_endpoints': 'WebhookEndpointListParams',
};
const THIN = { 'v1.billing.meter.error_report_triggered': 'Events.V1BillingMeterErrorReportTriggeredEvent' };
const SHAPES = new URL('../../support/fake-stripe/shapes.json', import.meta.url);
let types;

const typeOf = (object) => (object.deleted ? 'DeletedCustomer' : TYPES[object.object]);

/** Problems of one answer: an object, or a list of them. */
function problemsOf(answer) {
  if (answer.object === 'v2.core.event') return types.check(THIN[answer.type], answer);
  if (answer.object !== 'list') return typeOf(answer) ? types.check(typeOf(answer), answer) : [`no type for ${answer.object}`];
  const { data, has_more: more, url, object: _, ...rest } = answer;
  const envelope = typeof more === 'boolean' && typeof url === 'string' && Array.isArray(data) ? [] : ['a list without data, has_more or url'];
  return [...envelope, ...Object.keys(rest).map((name) => `list.${name}: unknown`), ...data.flatMap(problemsOf)];
}

const summary = (found) => [...new Set(found)].slice(0, 60).join('\n');

test('the fake\'s shapes are those of Stripe\'s library', () => {
  types = stripeTypes([...new Set([...Object.values(TYPES), ...Object.values(PARAMETERS), ...Object.values(THIN), 'DeletedCustomer'])]);
  const shapes = `${JSON.stringify(Object.fromEntries(Object.values(TYPES).sort().map((name) => [name, types.template(name)])), null, 1)}\n`;
  if (process.env.UPDATE_STRIPE_SHAPES) fs.writeFileSync(SHAPES, shapes);
  assert.equal(fs.readFileSync(SHAPES, 'utf8'), shapes, 'run this test with UPDATE_STRIPE_SHAPES=1');
});

test('everything that was asked, answered and sent has Stripe\'s own types', async (t) => {
  // enough of each kind where this file runs alone; where others ran before, theirs is checked too
  await syncClock();
  const tenant = await newTenant('wire');
  const row = await subscribe(tenant, 'standard', { promotion_code: 'LAUNCH20' });
  await advance(16);
  const day = dayOf(await syncClock());
  await report(tenant.id, 's', day, 60_000);
  await cron();
  await api('POST', '/v1/billing/change/preview', { as: tenant.owner, json: { plan: 'growth' } });
  await api('POST', '/v1/billing/change', { as: tenant.owner, json: { plan: 'growth' } });
  await api('POST', '/v1/billing/portal', { as: tenant.owner });
  await api('GET', '/v1/billing/invoices', { as: tenant.owner });
  const [{ identifier }] = await sql('select identifier from meter_flushes where org_id = $1', [tenant.id]);
  await fake('meter_error', { identifier });
  await eventually('the report', async () => (await sql('select state from meter_flushes where identifier = $1', [identifier]))[0].state === 'review');
  await sql("update meter_flushes set state = 'sent' where identifier = $1", [identifier]);
  await fake('dispute', { customer: row.stripe_customer, amount: 100 });
  await fake('refund', { customer: row.stripe_customer, amount: 100 });
  await fake('settle');
  const { meter } = (await sql('select meter from plan_price_map limit 1'))[0];
  const start = Date.parse(day) / 1000;
  await client.billing.meters.listEventSummaries(meter, { customer: row.stripe_customer, start_time: start, end_time: start + 86_400, value_grouping_window: 'day' });
  await fake('delete_customer', { customer: row.stripe_customer });
  await client.customers.retrieve(row.stripe_customer);
  await fake('settle');

  const wire = await fake('wire');
  const answers = wire.flatMap(({ route, answer }) => problemsOf(answer).map((problem) => `${route}: ${problem}`));
  assert.equal(summary(answers), '', 'answers');
  const asked = wire.flatMap(({ route, asked: body }) => (PARAMETERS[route] ? types.check(PARAMETERS[route], body, { form: true }) : route === 'GET /v2/core/events/:id' ? [] : ['no type for the parameters']).map((problem) => `${route}: ${problem}`));
  assert.equal(summary(asked), '', 'requests');
  const events = (await fake('events')).filter((e) => e.object === 'event' && e.data.object.object);
  const kinds = new Map(events.map((e) => [`${e.type} ${e.data.object.status}`, e.data.object]));
  const sent = [...kinds].flatMap(([type, object]) => problemsOf(object).map((problem) => `${type}: ${problem}`));
  assert.equal(summary(sent), '', 'webhooks');
  figure(t, `${wire.length} kinds of calls on ${new Set(wire.map((w) => w.route)).size} routes, ${kinds.size} kinds of events`);
});
