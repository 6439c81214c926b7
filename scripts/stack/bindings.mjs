// The Worker's bindings, as Miniflare takes them, from wrangler.toml. Wrangler takes seconds to load, so what it said is kept
// until wrangler.toml or wrangler changes.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, STATE, packageDir } from './paths.mjs';

export async function workerBindings() {
  const config = path.join(ROOT, 'wrangler.toml');
  const sources = [config, path.join(packageDir('wrangler'), 'package.json')].map((file) => fs.readFileSync(file));
  const digest = crypto.createHash('sha256').update([ROOT, ...sources].join('\0')).digest('hex');
  const cache = path.join(STATE, 'build', 'bindings.json');
  const known = fs.existsSync(cache) ? JSON.parse(fs.readFileSync(cache, 'utf8')) : {};
  if (known.digest === digest) return known.options;
  const { unstable_getMiniflareWorkerOptions: read } = await import('wrangler');
  const { modulesRules: _, ...options } = read(config).workerOptions;
  fs.mkdirSync(path.dirname(cache), { recursive: true });
  fs.writeFileSync(cache, JSON.stringify({ digest, options }));
  return options;
}
