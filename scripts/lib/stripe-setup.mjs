// Brings a Stripe account in line with the plan table: meter, products, prices, portal, promotion codes, webhook endpoint; writes their
// ids to plan_price_map. Running it again changes nothing; prices are never changed but replaced by new ones under a new lookup key.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import Stripe from 'stripe';
import { ROOT } from '../stack/paths.mjs';
import { supabaseAdmin } from './supabase-admin.mjs';

export const API_VERSION = '2026-10-28.endive';
const EVENT_NAME = 'driftlock_detections';
/** Codes that a checkout takes; percent off for so many months. */
const PROMOTIONS = [{ code: 'LAUNCH20', percent: 20, months: 3 }];
/** What the webhook endpoint is sent. */
export const WEBHOOK_EVENTS = [
  'checkout.session.completed', 'customer.subscription.created', 'customer.subscription.updated', 'customer.subscription.deleted', 'customer.subscription.paused',
  'customer.subscription.resumed', 'customer.subscription.trial_will_end', 'invoice.created', 'invoice.finalized', 'invoice.paid', 'invoice.payment_succeeded',
  'invoice.payment_failed', 'invoice.payment_action_required', 'invoice.voided', 'customer.updated', 'customer.deleted', 'charge.refunded', 'charge.dispute.created',
];

const USAGE = `Sets up products, prices, meter, portal and promotion codes in a Stripe account, and writes their ids to plan_price_map.

  STRIPE_SECRET_KEY=sk_test_… SUPABASE_URL=… SUPABASE_SECRET_KEY=… ./scripts/stripe-setup [--webhook-url https://…/stripe-webhook]

Try it in test mode first. A live key asks for --live.
`;

/** Whether a key, secret or restricted, is for real money. */
export const isLive = (key) => /^[sr]k_live_/.test(key);

/** A client of the account; `apiUrl` only in tests. */
export function stripeClient(key, apiUrl) {
  const { hostname, port, protocol } = new URL(apiUrl ?? 'https://api.stripe.com');
  return new Stripe(key, { apiVersion: API_VERSION, host: hostname, port: port || 443, protocol: protocol.slice(0, -1), maxNetworkRetries: 2, telemetry: false });
}

const plans = () => JSON.parse(fs.readFileSync(path.join(ROOT, 'pages-frontend/src/config/plans.json'), 'utf8')).filter((plan) => plan.price_usd > 0);
const cents = (usd) => Math.round(usd * 100);

async function meter(stripe, did) {
  for await (const found of stripe.billing.meters.list({ status: 'active', limit: 100 })) if (found.event_name === EVENT_NAME) return found;
  did('meter');
  return stripe.billing.meters.create({
    display_name: 'Detections', event_name: EVENT_NAME, default_aggregation: { formula: 'sum' },
    customer_mapping: { type: 'by_id', event_payload_key: 'stripe_customer_id' }, value_settings: { event_payload_key: 'value' },
  });
}

async function product(stripe, plan, did) {
  const id = `prod_driftlock_${plan.id}`;
  try {
    return await stripe.products.retrieve(id);
  } catch (error) {
    if (error.code !== 'resource_missing') throw error;
  }
  did(`product ${plan.id}`);
  return stripe.products.create({ id, name: `Driftlock ${plan.name}`, metadata: { plan: plan.id } });
}

async function price(stripe, lookupKey, wanted, did) {
  const { data } = await stripe.prices.list({ lookup_keys: [lookupKey], limit: 1 });
  if (data[0]) return data[0];
  did(`price ${lookupKey}`);
  return stripe.prices.create({ ...wanted, currency: 'usd', lookup_key: lookupKey });
}

/** Whether an object of Stripe's has what is wanted; it has more that is not ours to say. Lists are sets. */
function has(found, wanted) {
  if (Array.isArray(wanted)) return Array.isArray(found) && found.length === wanted.length && wanted.every((value) => found.includes(value));
  if (wanted === null || typeof wanted !== 'object') return found === wanted;
  return Object.entries(wanted).every(([name, value]) => has(found?.[name], value));
}

async function portal(stripe, did) {
  const features = {
    customer_update: { enabled: true, allowed_updates: ['email', 'address', 'tax_id', 'name'] }, invoice_history: { enabled: true }, payment_method_update: { enabled: true },
    subscription_cancel: { enabled: true, mode: 'at_period_end' },
  };
  for await (const found of stripe.billingPortal.configurations.list({ active: true, limit: 100 })) {
    if (found.metadata?.driftlock !== '1') continue;
    if (has(found.features, features)) return found;
    did('features of the portal configuration');
    return stripe.billingPortal.configurations.update(found.id, { features });
  }
  did('portal configuration');
  return stripe.billingPortal.configurations.create({ features, metadata: { driftlock: '1' } });
}

async function promotions(stripe, did) {
  for (const { code, percent, months } of PROMOTIONS) {
    const { data } = await stripe.promotionCodes.list({ code, limit: 1 });
    if (data[0]) continue;
    const id = `driftlock-${percent}-${months}m`;
    try {
      await stripe.coupons.retrieve(id);
    } catch (error) {
      if (error.code !== 'resource_missing') throw error;
      await stripe.coupons.create({ id, percent_off: percent, duration: 'repeating', duration_in_months: months });
    }
    did(`promotion code ${code}`);
    await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: id }, code });
  }
}

async function webhook(stripe, url, did) {
  for await (const found of stripe.webhookEndpoints.list({ limit: 100 })) {
    if (found.url !== url) continue;
    const same = WEBHOOK_EVENTS.every((name) => found.enabled_events.includes(name)) && found.enabled_events.length === WEBHOOK_EVENTS.length;
    if (!same) {
      did('events of the webhook endpoint');
      await stripe.webhookEndpoints.update(found.id, { enabled_events: WEBHOOK_EVENTS });
    }
    return null;
  }
  did('webhook endpoint');
  return (await stripe.webhookEndpoints.create({ url, enabled_events: WEBHOOK_EVENTS, api_version: API_VERSION })).secret;
}

/** Returns {changed: [what was made], rows, webhookSecret?}. */
export async function setUp({ stripe, admin, live, webhookUrl, sold = plans() }) {
  const changed = [];
  const did = (what) => changed.push(what);
  const { id: meterId } = await meter(stripe, did);
  const { id: portalId } = await portal(stripe, did);
  const rows = [];
  for (const plan of sold) {
    const { id: productId } = await product(stripe, plan, did);
    const base = await price(stripe, `driftlock_${plan.id}_${cents(plan.price_usd)}`, { product: productId, nickname: plan.name, unit_amount: cents(plan.price_usd), recurring: { interval: 'month' } }, did);
    // all detections go to the meter: the allowance is the first tier, at zero
    const each = String(Math.round(plan.overage_usd * 1e8) / 1e6);
    const metered = await price(stripe, `driftlock_${plan.id}_detections_${plan.included_detections}_${each.replace('.', '_')}`, {
      product: productId, nickname: `${plan.name}: detections`, recurring: { interval: 'month', usage_type: 'metered', meter: meterId }, billing_scheme: 'tiered', tiers_mode: 'graduated',
      tiers: [{ up_to: plan.included_detections, unit_amount: 0 }, { up_to: 'inf', unit_amount_decimal: each }],
    }, did);
    rows.push({ livemode: live, plan: plan.id, base_price: base.id, metered_price: metered.id, product: productId, meter: meterId, event_name: EVENT_NAME, portal_configuration: portalId });
  }
  await promotions(stripe, did);
  const webhookSecret = webhookUrl ? await webhook(stripe, webhookUrl, did) : null;
  for (const row of rows) await admin.rpc('set_plan_prices', { p_row: row });
  return { changed, rows, webhookSecret };
}

async function main() {
  const { values } = parseArgs({ options: { 'webhook-url': { type: 'string' }, live: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
  if (values.help) return process.stdout.write(USAGE);
  const { STRIPE_SECRET_KEY: key, SUPABASE_URL: url, SUPABASE_SECRET_KEY: secretKey, STRIPE_API_URL: apiUrl } = process.env;
  if (!key || !url || !secretKey) throw Object.assign(new Error(USAGE), { plain: true });
  const live = isLive(key);
  if (live && !values.live) throw Object.assign(new Error('This is a live key: try a test key first, then add --live.'), { plain: true });
  const { changed, rows, webhookSecret } = await setUp({ stripe: stripeClient(key, apiUrl), admin: supabaseAdmin({ url, secretKey }), live, webhookUrl: values['webhook-url'] });
  console.log(changed.length ? `made: ${changed.join(', ')}` : 'nothing to do: the account is in line with the plan table');
  for (const row of rows) console.log(`${row.plan}: ${row.base_price} + ${row.metered_price}`);
  if (webhookSecret) console.log(`\nStripe shows the webhook's secret once; keep it with:\n  npx wrangler secret put STRIPE_WEBHOOK_SECRET\n${webhookSecret}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main().catch((error) => {
  process.stderr.write(`${error.plain ? error.message : error.stack}\n`);
  process.exit(1);
});
