// Runs the built Worker (dist/worker) in workerd through Miniflare, with its Durable Objects kept on disk.
// Bindings come from wrangler.toml, the one list of them; variables and secrets come from the environment.
//   node worker-main.mjs PORT STATE_DIR
import fs from 'node:fs';
import path from 'node:path';
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from 'miniflare';
import { workerBindings } from './bindings.mjs';
import { ROOT } from './paths.mjs';

/** What the Worker is told; set ones only. */
const VARIABLES = [
  'SUPABASE_URL', 'SUPABASE_PUBLISHABLE_KEY', 'SUPABASE_SECRET_KEY', 'SUPABASE_JWKS_URL', 'SUPABASE_JWT_ISSUER', 'SUPABASE_JWT_SECRET',
  'CORS_ORIGINS', 'MAX_BODY_BYTES', 'ENVIRONMENT', 'TEST_HOOKS', 'FLUSH_SECONDS', 'SPLIT_EVENTS_PER_SECOND',
  'PUBLIC_URL', 'RESEND_BASE_URL', 'RESEND_API_KEY', 'MAIL_FROM', 'DEFAULT_API_KEY', 'DEFAULT_ORG_ID', 'RATE_LIMITS', 'REDACTION_KEY', 'METRICS_TOKEN', 'OUTBOX_SLIM', 'OUTBOX_FULL',
  'STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET', 'STRIPE_API_URL', 'STRIPE_AUTOMATIC_TAX', 'PLAN_LIMITS',
];

function modules(dir) {
  const files = fs.readdirSync(dir, { recursive: true }).filter((name) => /\.(m?js|wasm)$/.test(name));
  const entryFirst = (a, b) => Number(b === 'entry.js') - Number(a === 'entry.js') || a.localeCompare(b);
  return files.sort(entryFirst).map((name) => ({ type: name.endsWith('.wasm') ? 'CompiledWasm' : 'ESModule', path: path.join(dir, name) }));
}

const [port, stateDir] = process.argv.slice(2);
const built = path.join(ROOT, 'dist/worker');
const dashboard = path.join(ROOT, 'pages-frontend/dist');
if (!fs.existsSync(dashboard)) fs.mkdirSync(dashboard, { recursive: true }); // the Worker also runs without its dashboard

const bindings = await workerBindings();
const variables = Object.fromEntries(VARIABLES.filter((name) => process.env[name]).map((name) => [name, process.env[name]]));
const worker = { ...bindings, bindings: { ...bindings.bindings, ...variables }, modules: modules(built), modulesRoot: built, name: 'driftlock' };
const workers = [worker];
// a second isolate in front of the same objects, as another of Cloudflare's locations would be
if (process.env.EDGE_PORT) {
  const durableObjects = Object.fromEntries(Object.entries(worker.durableObjects).map(([name, object]) => [name, { ...object, scriptName: 'driftlock' }]));
  const { queueConsumers: _, ...edge } = worker; // a queue has one consumer
  workers.push({ ...edge, name: 'driftlock-edge', durableObjects, unsafeDirectSockets: [{ host: '127.0.0.1', port: Number(process.env.EDGE_PORT) }] });
}
const shared = { host: '127.0.0.1', port: Number(port), cf: false, resourcePersistencePath: path.join(stateDir, 'objects'), log: new Log(LogLevel.WARN) };
const miniflare = new Miniflare(convertV4MiniflareOptions(workers.length > 1 ? { ...shared, workers } : { ...shared, ...worker }));
const stop = async () => {
  await miniflare.dispose();
  process.exit(0);
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
await miniflare.ready;
