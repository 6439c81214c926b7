// Completes package-lock.json with the binary packages of other platforms.
//
// npm leaves an optional package out of the lockfile when the registry in use does not carry it (mirrors often hold one
// platform only), and `npm ci` then refuses the file everywhere. Run after every `npm install` that changes the lockfile:
//   node scripts/lockfile-platforms.mjs [package-lock.json]
// Entries added here have no integrity hash; npm adds it on the first install from a complete registry.
import fs from 'node:fs';

const file = process.argv[2] ?? 'package-lock.json';
const lock = JSON.parse(fs.readFileSync(file, 'utf8'));

const SYSTEMS = ['linux', 'darwin', 'win32', 'windows', 'android', 'freebsd', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'aix'];
const PROCESSORS = ['arm64', 'arm', 'ia32', 'x64', '64', 'riscv64', 'ppc64', 'ppc64le', 'powerpc64le', 's390x', 'loong64', 'mips64el', 'wasm32'];

/** `@cloudflare/workerd-darwin-arm64` → the `os`, `cpu` and `libc` fields that keep it off other machines. */
function platformOf(name) {
  const words = name.split('/').pop().split('-');
  const os = words.find((word) => SYSTEMS.includes(word));
  const cpu = words.find((word) => PROCESSORS.includes(word));
  if (cpu === 'wasm32') return { cpu: ['wasm32'] };
  if (!os) return null;
  return {
    os: [os === 'windows' ? 'win32' : os],
    cpu: [cpu === '64' || !cpu ? 'x64' : cpu.replace('powerpc', 'ppc').replace('ppc64le', 'ppc64')],
    ...(words.includes('musl') && { libc: ['musl'] }),
  };
}

let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const nested = `${path}/node_modules/${name}`;
    const hoisted = `node_modules/${name}`;
    const platform = platformOf(name);
    if (path === '' || lock.packages[nested] || lock.packages[hoisted] || !platform) continue;
    lock.packages[hoisted] = { version, dev: true, optional: true, ...platform };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
fs.writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${file}: ${added} platform packages added`);
