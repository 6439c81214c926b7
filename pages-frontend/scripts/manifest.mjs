// What the build made: chunks by the source they come from, and what they import.
import { readFileSync } from 'node:fs';

export const DIST = new URL('../dist/', import.meta.url);
export const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', DIST), 'utf8'));
export const entry = Object.keys(manifest).find((name) => manifest[name].isEntry);

/** The chunk of a source file; one that others share is listed by its name instead of its path. */
export function chunkOf(source) {
  if (manifest[source]) return source;
  const name = source
    .split('/')
    .at(-1)
    .replace(/\.tsx?$/, '');
  const shared = Object.keys(manifest).find((key) => manifest[key].name === name);
  if (!shared) throw new Error(`no chunk for ${source}`);
  return shared;
}

/** Chunks and everything they import statically. */
export function closure(names, seen = new Set()) {
  for (const name of names) {
    if (seen.has(name)) continue;
    seen.add(name);
    closure(manifest[name].imports ?? [], seen);
  }
  return seen;
}
