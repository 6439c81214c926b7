// Checks that are one command each: formatting, lints, and whether the Worker would deploy.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { ROOT, STATE } from '../stack/paths.mjs';
import { quietEnv } from '../stack/process.mjs';

const BUNDLE_LIMIT = 1.1 * 2 ** 20; // Cloudflare takes 3 MB on the free plan
const lastLines = (text, count) => text.trimEnd().split('\n').slice(-count).join('\n');

/** Runs a command to its end: {status, output}. */
export function command(program, args, { cwd = ROOT, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...quietEnv, CI: '1', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
    child.once('error', (error) => resolve({ status: -1, output: error.message }));
    child.once('close', (status) => resolve({ status, output }));
  });
}

async function check(program, args, options) {
  const { status, output } = await command(program, args, options);
  const name = `${[path.basename(program), ...args].join(' ').replaceAll(`${ROOT}/`, '')}`;
  return { name, ok: status === 0, detail: status === 0 ? undefined : lastLines(output, 40) };
}

export async function* formatAndLints() {
  yield check('cargo', ['fmt', '--all', '--check']);
  yield check('cargo', ['clippy', '--workspace', '--all-targets', '--locked', '--', '-D', 'warnings']);
  yield { ...(await check('squawk', fs.readdirSync(path.join(ROOT, 'supabase/migrations')).map((name) => `supabase/migrations/${name}`))), name: 'squawk supabase/migrations' };
  for (const script of ['typecheck', 'lint']) yield { ...(await check('npm', ['run', script], { cwd: path.join(ROOT, 'pages-frontend') })), name: `dashboard: npm run ${script}` };
}

export async function* deployChecks() {
  yield check(process.execPath, ['scripts/check-wrangler']);
  for (const env of ['staging', 'production']) {
    const out = path.join(STATE, 'build', `deploy-${env}`);
    yield { ...(await check('wrangler', ['deploy', '--dry-run', '--env', env, '--outdir', out])), name: `must show 6: wrangler deploy --dry-run --env ${env}` };
  }
  const { status, output } = await command('wrangler', ['deploy', '--dry-run']);
  const refused = status !== 0 && output.includes('name an environment');
  yield { name: 'must show 6: a bare wrangler deploy refuses', ok: refused, detail: refused ? undefined : `exit ${status}\n${lastLines(output, 20)}` };
}

/** Size of the bundle as it would be uploaded. */
export function bundleSize() {
  const dir = path.join(ROOT, 'dist/worker');
  const files = fs.readdirSync(dir).filter((name) => /\.(js|wasm)$/.test(name)).map((name) => fs.readFileSync(path.join(dir, name)));
  const raw = files.reduce((sum, file) => sum + file.length, 0);
  const packed = files.reduce((sum, file) => sum + zlib.gzipSync(file, { level: 9 }).length, 0);
  const kib = (bytes) => `${Math.round(bytes / 1024)} KiB`;
  return { name: 'must show 6: the bundle is at most 1.1 MiB compressed', ok: packed <= BUNDLE_LIMIT, figure: `${kib(packed)} (${kib(raw)} raw)` };
}

/** JavaScript and CSS that a visitor loads. */
export const dashboardBudget = async () => ({ ...(await check('npm', ['run', 'budget'], { cwd: path.join(ROOT, 'pages-frontend') })), name: 'the dashboard keeps to its JavaScript budget' });
