// Workers in workerd itself, without wrangler or Miniflare in between: a process each, with its configuration written here.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import workerd from 'workerd';
import { sleep } from '../../scripts/stack/process.mjs';

/**
 * Where objects keep their SQLite while something is measured: in memory where that is a file system. A commit waits for the disk,
 * and a developer's disk is not Cloudflare's: there, fsync is most of a request's time and much of its processor time (the
 * kernel's), for the Worker and the floors alike, and says nothing about either.
 */
const MEMORY = '/dev/shm';

export function defaultObjects() {
  try {
    fs.accessSync(MEMORY, fs.constants.W_OK);
    return MEMORY;
  } catch {
    return os.tmpdir();
  }
}

/** What kind of file system a folder is on: memory, or a disk. */
export function fileSystem(folder) {
  const TMPFS = 0x01021994; // linux/magic.h
  fs.mkdirSync(folder, { recursive: true });
  return fs.statfsSync(folder).type === TMPFS ? 'memory' : 'disk';
}

export function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Stands where Supabase would: takes every write at once and knows nothing, so that only the Worker is measured. */
export async function startSink() {
  const server = http.createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(request.method === 'GET' ? '[{}]' : 'null'));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => (server.closeAllConnections(), server.close()) };
}

const text = (value) => JSON.stringify(String(value));

function configuration({ files, main, classes, vars, port, objects }) {
  const kind = (name) => (name.endsWith('.wasm') ? 'wasm' : 'esModule');
  const modules = [main, ...files.filter((name) => name !== main)].map((name) => `(name = ${text(name)}, ${kind(name)} = embed ${text(name)})`);
  const bindings = [
    ...Object.entries(vars).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`),
    ...Object.entries(classes).map(([name, className]) => `(name = ${text(name)}, durableObjectNamespace = ${text(className)})`),
  ];
  const namespaces = Object.values(classes).map((name) => `(className = ${text(name)}, uniqueKey = ${text(name)}, enableSql = true)`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .w), (name = "disk", disk = (path = ${text(objects)}, writable = true)),
    (name = "internet", network = (allow = ["public", "private"])) ],
  sockets = [ (name = "http", address = "127.0.0.1:${port}", http = (), service = "main") ] );
const w :Workerd.Worker = (
  modules = [ ${modules.join(', ')} ],
  compatibilityDate = "2026-08-01",
  bindings = [ ${bindings.join(', ')} ],
  durableObjectNamespaces = [ ${namespaces.join(', ')} ],
  durableObjectStorage = (localDisk = "disk") );
`;
}

/** Starts the Worker whose modules lie in `dir`; its objects are kept in a new folder of `storage`. Returns {url, cpuSeconds(), memoryMiB(), stop()}. */
export async function startWorkerd({ name, dir, main, classes, vars = {}, work, storage = defaultObjects() }) {
  const port = await freePort();
  const home = path.join(work, name);
  fs.rmSync(home, { recursive: true, force: true });
  fs.mkdirSync(home, { recursive: true });
  fs.mkdirSync(storage, { recursive: true });
  const objects = fs.mkdtempSync(path.join(storage, 'driftlock-load-'));
  const clean = () => fs.rmSync(objects, { recursive: true, force: true });
  process.once('exit', clean);
  const files = fs.readdirSync(dir).filter((file) => /\.(m?js|wasm)$/.test(file));
  for (const file of files) fs.copyFileSync(path.join(dir, file), path.join(home, file));
  fs.writeFileSync(path.join(home, 'config.capnp'), configuration({ files, main, classes, vars, port, objects }));
  const log = fs.openSync(path.join(home, 'log'), 'w');
  const child = spawn(workerd.default, ['serve', '--experimental', 'config.capnp'], { cwd: home, stdio: ['ignore', log, log] });
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; ; i += 1) {
    try {
      await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2000) });
      break;
    } catch {
      if (i > 100 || child.exitCode !== null) throw new Error(`${name} did not start: ${fs.readFileSync(path.join(home, 'log'), 'utf8').slice(-2000)}`);
      await sleep(100);
    }
  }
  return {
    name, url,
    /** Processor time of all its threads, user and system: to the nanosecond, where /proc/<pid>/stat counts hundredths of a second. */
    cpuSeconds() {
      const spent = (task) => {
        try {
          return Number(fs.readFileSync(`/proc/${child.pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
        } catch {
          return 0; // it has just ended
        }
      };
      return fs.readdirSync(`/proc/${child.pid}/task`).reduce((sum, task) => sum + spent(task), 0) / 1e9;
    },
    memoryMiB: () => Number(/^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024,
    log: path.join(home, 'log'),
    async stop() {
      await new Promise((resolve) => (child.once('exit', resolve), child.kill('SIGKILL')));
      clean();
    },
  };
}
