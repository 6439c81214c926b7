// Builds the Worker and the dashboard when their sources have changed since the last build.
import { execFile } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, STATE } from '../stack/paths.mjs';
import { tail } from '../stack/process.mjs';

const SKIPPED = new Set(['node_modules', 'target', 'dist', 'build', 'pkg', 'coverage', '.git', '.vite']);

function* filesUnder(entry) {
  const full = path.join(ROOT, entry);
  if (!fs.existsSync(full)) return;
  if (!fs.statSync(full).isDirectory()) return yield entry;
  for (const name of fs.readdirSync(full).sort()) if (!SKIPPED.has(name)) yield* filesUnder(path.join(entry, name));
}

function fingerprint(inputs) {
  const hash = crypto.createHash('sha256');
  for (const file of inputs.flatMap((input) => [...filesUnder(input)])) {
    hash.update(`${file}\0`).update(fs.readFileSync(path.join(ROOT, file))).update('\0');
  }
  return hash.digest('hex');
}

/** What a log says about a failure: npm's own words, which its usage text buries, or the last lines. */
function errorLines(log) {
  const npm = fs.readFileSync(log, 'utf8').split('\n').filter((line) => line.startsWith('npm error '));
  return npm.length ? npm.slice(0, 12).join('\n') : tail(log, 25);
}

/** Runs a command with its output in `log`; throws with the end of that output. */
export function runLogged(command, args, { cwd = ROOT, log, env = process.env }) {
  fs.mkdirSync(path.dirname(log), { recursive: true });
  const out = fs.openSync(log, 'w');
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { cwd, env, maxBuffer: Infinity }, (error) => {
      fs.closeSync(out);
      if (!error) return resolve();
      const said = errorLines(log);
      reject(Object.assign(new Error(`${path.basename(command)} ${args.join(' ')} failed; from ${path.relative(ROOT, log)}:\n${said}`), { plain: true }));
    });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => fs.writeSync(out, text));
    child.stdin.end();
  });
}

async function buildIfChanged({ name, variant = '', inputs, product, build }) {
  const stamp = path.join(STATE, 'build', `${name}.sha256`);
  const current = variant + fingerprint(inputs);
  const known = fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === current;
  if (known && fs.existsSync(path.join(ROOT, product))) return 'unchanged';
  fs.rmSync(stamp, { force: true });
  await build(path.join(STATE, 'build', `${name}.log`));
  fs.mkdirSync(path.dirname(stamp), { recursive: true });
  fs.writeFileSync(stamp, current);
  return 'built';
}

const PACKAGE_SOURCES = ['cbad-wasm/Cargo.toml', 'cbad-wasm/build-package.sh', 'cbad-wasm/src'];
const QUICK = process.env.DRIFTLOCK_QUICK_BUILD === '1';

/** dist/worker; the first time installs Rust tools too, which takes minutes. DRIFTLOCK_QUICK_BUILD=1 builds it unoptimised. */
export const buildWorker = () =>
  buildIfChanged({
    name: 'worker',
    variant: QUICK ? 'quick' : '',
    inputs: ['Cargo.toml', 'Cargo.lock', 'rust-toolchain.toml', 'package-lock.json', 'scripts/build-worker', 'scripts/lib/rust-tools.sh', 'cbad-wasm', 'event-codec', 'worker-api', 'worker-entry'],
    product: 'dist/worker/entry.js',
    build: (log) => runLogged(path.join(ROOT, 'scripts/build-worker'), QUICK ? ['--quick'] : [], { log }),
  });

/** dist/cbad: the detector as a package for browsers and Node, which the dashboard's build takes in. */
export const buildPackage = () =>
  buildIfChanged({
    name: 'package',
    variant: QUICK ? 'quick' : '',
    inputs: ['Cargo.toml', 'Cargo.lock', 'rust-toolchain.toml', 'scripts/lib/rust-tools.sh', ...PACKAGE_SOURCES],
    product: 'dist/cbad/web/cbad_bg.wasm',
    build: (log) => runLogged(path.join(ROOT, 'cbad-wasm/build-package.sh'), QUICK ? ['--quick'] : [], { log }),
  });

/** The native `cbad` command, which tests compare the Worker with. Cargo knows what has changed. */
export const buildCommand = () => runLogged('cargo', ['build', '--locked', '-p', 'cbad-wasm', '--bin', 'cbad'], { log: path.join(STATE, 'build', 'cbad.log') });

const dashboardDir = path.join(ROOT, 'pages-frontend');

export const installDashboard = () =>
  buildIfChanged({
    name: 'dashboard-install',
    inputs: ['pages-frontend/package.json', 'pages-frontend/package-lock.json'],
    product: 'pages-frontend/node_modules',
    build: (log) => runLogged('npm', ['ci', '--no-progress', '--no-fund', '--no-audit'], { cwd: dashboardDir, log }),
  });

/** pages-frontend/dist, with the detector in it. */
export async function buildDashboard() {
  await installDashboard();
  await buildPackage();
  return buildIfChanged({
    name: 'dashboard',
    variant: fingerprint(['dist/cbad/web']),
    inputs: ['pages-frontend', 'examples'],
    product: 'pages-frontend/dist/index.html',
    build: (log) => runLogged('npm', ['run', 'build'], { cwd: dashboardDir, log }),
  });
}
