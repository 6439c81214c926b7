// Compares three accounts of one thing, day by day: the detections that were recorded, what Stripe's meter was told, and what it says
// it has. Prints every difference; changes nothing.
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { isLive, stripeClient } from './stripe-setup.mjs';
import { supabaseAdmin } from './supabase-admin.mjs';

const USAGE = `Compares recorded detections, meter flushes and Stripe's own sums, and lists every difference.

  STRIPE_SECRET_KEY=… SUPABASE_URL=… SUPABASE_SECRET_KEY=… ./scripts/reconcile [--from YYYY-MM-DD] [--to YYYY-MM-DD] [--org ID] [--json]

Days are UTC and inclusive; by default the last 34 and today. Exit status 1 where anything differs.
`;
const DAY_MS = 86_400_000;
const PAGE = 1000;
const dayOf = (ms) => new Date(ms).toISOString().slice(0, 10);

/** Every row of a query, page by page. */
async function all(admin, query) {
  const rows = [];
  for (;;) {
    const page = await admin.select(`${query}&limit=${PAGE}&offset=${rows.length}`);
    rows.push(...page);
    if (page.length < PAGE) return rows;
  }
}

const sumBy = (rows, field) => {
  const sums = new Map();
  for (const row of rows) sums.set(row.day, (sums.get(row.day) ?? 0) + Number(row[field]));
  return sums;
};

/** What Stripe's meter has for each day, ninety days at a time. */
async function summaries(stripe, meter, customer, from, to) {
  const sums = new Map();
  for (let start = Date.parse(from); start <= Date.parse(to); start += 90 * DAY_MS) {
    const end = Math.min(start + 90 * DAY_MS, Date.parse(to) + DAY_MS);
    for await (const s of stripe.billing.meters.listEventSummaries(meter, { customer, start_time: start / 1000, end_time: end / 1000, value_grouping_window: 'day', limit: 100 })) {
      const day = dayOf(s.start_time * 1000);
      sums.set(day, (sums.get(day) ?? 0) + s.aggregated_value);
    }
  }
  return sums;
}

/** The same of several customers together: an organisation may have had others before. */
async function summariesOf(stripe, meter, customers, from, to) {
  const sums = new Map();
  for (const customer of customers) for (const [day, sum] of await summaries(stripe, meter, customer, from, to)) sums.set(day, (sums.get(day) ?? 0) + sum);
  return sums;
}

/** One organisation: [{org, day, what, recorded?, told?, stripe?, …}]. */
async function differencesOf({ admin, stripe, meter, account, from, to }) {
  const { org_id: org, stripe_customer: customer, metering_from: first, metering_until: past } = account;
  const window = `org_id=eq.${org}&day=gte.${from}&day=lte.${to}`;
  const recorded = sumBy(await all(admin, `usage_counters?${window}&select=day,detections&order=day,stream,shard,generation`), 'detections');
  const flushes = await all(admin, `meter_flushes?${window}&select=identifier,customer,day,value,state,late,cause&order=day,identifier`);
  const told = sumBy(flushes, 'value');
  const sent = sumBy(flushes.filter((f) => f.state === 'sent'), 'value');
  const customers = new Set([customer, ...flushes.map((f) => f.customer)].filter(Boolean));
  const has = await summariesOf(stripe, meter, customers, from, to);
  const found = [];
  for (let ms = Date.parse(from); ms <= Date.parse(to); ms += DAY_MS) {
    const day = dayOf(ms);
    // a day of which flushes are known was metered, if only by an earlier subscription
    const metered = (first && day >= first && (!past || day < past)) || told.has(day);
    const [a, b, c, d] = [metered ? (recorded.get(day) ?? 0) : 0, told.get(day) ?? 0, sent.get(day) ?? 0, has.get(day) ?? 0];
    if (metered && a !== b) found.push({ org, day, what: 'recorded detections differ from flushes', recorded: a, told: b, difference: a - b });
    if (c !== d) found.push({ org, day, what: 'sent flushes differ from Stripe\'s sum', told: c, stripe: d, difference: c - d });
  }
  for (const f of flushes) {
    if (f.state !== 'sent') found.push({ org, day: f.day, what: `flush ${f.state}`, identifier: f.identifier, value: f.value, cause: f.cause });
    if (f.late) found.push({ org, day: f.day, what: 'flush after its invoice was final', identifier: f.identifier, value: f.value });
  }
  return found;
}

/** Every difference of the days `from` to `to`: of one organisation, or of all that Stripe knows or knew. `live`: with real money. */
export async function reconcile({ admin, stripe, from, to, org, live = false }) {
  const [prices] = await admin.select(`plan_price_map?select=meter&livemode=eq.${live}&order=current.desc&limit=1`);
  if (!prices) throw Object.assign(new Error('plan_price_map is empty: run scripts/stripe-setup first'), { plain: true });
  const accounts = await all(admin, `subscriptions?or=(stripe_customer.not.is.null,metering_from.not.is.null)&select=org_id,stripe_customer,metering_from,metering_until&order=org_id${org ? `&org_id=eq.${org}` : ''}`);
  const found = [];
  for (const account of accounts) found.push(...(await differencesOf({ admin, stripe, meter: prices.meter, account, from, to })));
  return { organizations: accounts.length, differences: found };
}

export const line = ({ org, day, what, ...rest }) => `${day}  ${org}  ${what}  ${Object.entries(rest).filter(([, v]) => v !== null).map(([k, v]) => `${k}=${v}`).join(' ')}`;

async function main() {
  const { values } = parseArgs({ options: { from: { type: 'string' }, to: { type: 'string' }, org: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
  if (values.help) return process.stdout.write(USAGE);
  const { STRIPE_SECRET_KEY: key, SUPABASE_URL: url, SUPABASE_SECRET_KEY: secretKey, STRIPE_API_URL: apiUrl } = process.env;
  const to = values.to ?? dayOf(Date.now());
  const from = values.from ?? dayOf(Date.parse(to) - 34 * DAY_MS);
  const isDay = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
  if (!key || !url || !secretKey || !isDay(from) || !isDay(to) || from > to) throw Object.assign(new Error(USAGE), { plain: true });
  const result = await reconcile({ admin: supabaseAdmin({ url, secretKey }), stripe: stripeClient(key, apiUrl), from, to, org: values.org, live: isLive(key) });
  if (values.json) console.log(JSON.stringify(result, null, 2));
  else {
    for (const difference of result.differences) console.log(line(difference));
    console.log(`${from} to ${to}: ${result.organizations} organisations, ${result.differences.length} differences`);
  }
  if (result.differences.length) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main().catch((error) => {
  process.stderr.write(`${error.plain ? error.message : error.stack}\n`);
  process.exit(2);
});
