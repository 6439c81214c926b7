// ./scripts/dev: builds, starts and seeds everything, and stops it again.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { clearLeftovers, requireStackPorts, resetStack, stackDir, startStack } from '../stack/index.mjs';
import { migrate } from '../stack/migrations.mjs';
import { STATE } from '../stack/paths.mjs';
import { readPidRecord, requireFreePorts, stopRecorded, writePidRecord } from '../stack/process.mjs';
import { startWorker } from '../stack/worker.mjs';
import { buildDashboard, buildWorker } from './build.mjs';
import { ensureDemo } from './demo.mjs';
import { USAGE, files, readConfig } from './dev-config.mjs';
import { reportError, step } from './steps.mjs';

const STACK = 'dev';

const summary = (env) => `
  Dashboard   ${env.DASHBOARD_URL}
  API         ${env.DRIFTLOCK_URL}
  Supabase    ${env.SUPABASE_URL}${env.INBOX_URL ? `\n  Inbox       ${env.INBOX_URL}` : ''}
  Sign in     ${env.DEMO_EMAIL}  ${env.DEMO_PASSWORD}
  API key     ${env.DRIFTLOCK_API_KEY}

  Send an event:

curl -sS ${env.DRIFTLOCK_URL}/v1/events -H 'Authorization: Bearer ${env.DRIFTLOCK_API_KEY}' -H 'Content-Type: application/json' -d '{"stream":"hello","event_type":"log","data":{"level":"INFO","message":"paid order 8123 in 41 ms"}}'

  Replay a log:  ./scripts/replay examples/checkout.log
`;

const readEnvFile = () => Object.fromEntries(fs.readFileSync(files.env, 'utf8').trim().split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2)));

/** Starts everything; returns {env, stop(), died} where `died` resolves when a part ends by itself. */
async function bringUp(config) {
  const running = [];
  const stop = async () => {
    for (const end of running.splice(0)) await end();
  };
  try {
    // before anything takes long
    await clearLeftovers(STACK);
    if (!config.hosted) await requireStackPorts(config.stackPort);
    await requireFreePorts([{ port: config.port, name: 'Worker', remedy: 'free it, or choose another with --port' }]);
    const built = (name, work) => step(name, async (note) => note(`${name} (${await work()})`));
    await built('build the dashboard', buildDashboard);
    await built('build the Worker', buildWorker);

    const url = `http://127.0.0.1:${config.port}`;
    let supabase = config.hosted;
    if (!supabase) {
      const stack = await step('start PostgreSQL, PostgREST, Auth and inbox', () => startStack({ name: STACK, base: config.stackPort, siteUrl: url }));
      running.unshift(stack.stop);
      supabase = stack.env;
    } else if (supabase.DATABASE_URL) {
      await step('apply migrations', () => migrate(supabase.DATABASE_URL));
    }

    const demo = await step('demo organisation, user and API key', () => ensureDemo({ url: supabase.SUPABASE_URL, secretKey: supabase.SUPABASE_SECRET_KEY, file: files.demo }));
    // a test account of one's own; without it billing routes say that nothing is sold
    const stripe = Object.fromEntries(['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET', 'STRIPE_API_URL'].filter((name) => process.env[name]).map((name) => [name, process.env[name]]));
    const vars = { ...supabase, ...stripe, PUBLIC_URL: url, ENVIRONMENT: 'development', CORS_ORIGINS: `${url},http://localhost:5173` };
    const worker = await step('start the Worker', () => startWorker({ dir: stackDir(STACK), port: config.port, vars }));
    running.unshift(worker.stop);

    const env = {
      DRIFTLOCK_URL: url, DRIFTLOCK_API_KEY: demo.key, DASHBOARD_URL: `${url}/app`,
      SUPABASE_URL: supabase.SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY: supabase.SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY: supabase.SUPABASE_SECRET_KEY,
      DATABASE_URL: supabase.DATABASE_URL ?? '', INBOX_URL: supabase.INBOX_URL ?? '', DEMO_EMAIL: demo.email, DEMO_PASSWORD: demo.password,
    };
    fs.writeFileSync(files.env, Object.entries(env).map(([name, value]) => `${name}=${value}\n`).join(''), { mode: 0o600 });
    return { env, stop, died: worker.exited.then(() => `the Worker ended; see ${worker.log}`) };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Runs until a signal, or until a part dies. */
async function runHere(config) {
  const start = performance.now();
  writePidRecord(files.pid, process.pid);
  const signalled = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve(signal));
  });
  const starting = bringUp(config);
  let up;
  try {
    up = await Promise.race([starting, signalled.then(() => null)]);
    if (!up) {
      process.stdout.write('\n  stopping once the current step is done …\n');
      up = await starting;
      await up.stop();
      return;
    }
    process.stdout.write(`${summary(up.env)}\n  Ready in ${((performance.now() - start) / 1000).toFixed(1)} s. `);
    process.stdout.write(process.send ? './scripts/dev --stop ends it.\n' : 'Ctrl-C stops it.\n');
    process.send?.('ready');
    const why = await Promise.race([signalled, up.died]);
    process.stdout.write(`\n  stopping (${why}) …\n`);
    await up.stop();
    if (!why.startsWith('SIG')) throw Object.assign(new Error(why), { plain: true });
  } finally {
    fs.rmSync(files.pid, { force: true });
  }
}

/** Runs this script again in the background, shows its output until it is ready, and leaves it there. */
async function runDetached() {
  const out = fs.openSync(files.log, 'w');
  const args = process.argv.slice(2).filter((arg) => arg !== '--detach' && arg !== '--reset');
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...args], { detached: true, stdio: ['ignore', out, out, 'ipc'] });
  let shown = 0;
  const follow = () => {
    const text = fs.readFileSync(files.log, 'utf8');
    process.stdout.write(text.slice(shown));
    shown = text.length;
  };
  const following = setInterval(follow, 200);
  const code = await new Promise((resolve) => {
    child.once('message', () => resolve(0));
    child.once('exit', (status) => resolve(status || 1));
    process.once('SIGINT', () => child.kill('SIGTERM'));
  });
  clearInterval(following);
  follow();
  if (child.connected) child.disconnect();
  child.unref();
  return code;
}

async function stopRunning() {
  const stopped = await stopRecorded(files.pid, 'SIGTERM', 30_000);
  return (await clearLeftovers(STACK)) || stopped;
}

async function main() {
  const config = readConfig(process.argv.slice(2), process.env);
  if (config.help) return process.stdout.write(USAGE);
  fs.mkdirSync(STATE, { recursive: true });
  if (config.stop) return console.log((await stopRunning()) ? '  stopped' : '  nothing was running');
  if (config.reset) {
    await stopRunning();
    resetStack(STACK);
    fs.rmSync(files.demo, { force: true });
  }
  const pid = readPidRecord(files.pid);
  if (pid) {
    const line = `Driftlock already runs from this checkout (process ${pid}); ./scripts/dev --stop ends it`;
    if (!config.detach || !fs.existsSync(files.env)) throw Object.assign(new Error(line), { plain: true });
    return console.log(`  ${line}${summary(readEnvFile())}`);
  }
  if (config.detach) process.exitCode = await runDetached();
  else await runHere(config);
}

main().then(
  () => process.exit(),
  (error) => {
    reportError(error);
    process.exit(1);
  },
);
