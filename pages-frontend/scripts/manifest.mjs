// What the build made: chunks by the source they come from, and what they import.
import { readFileSync } from 'node:fs';

export const DIST = new URL('../dist/', import.meta.url);
export const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', DIST), 'utf8'));
export const ROUTES = 'src/app/routes';
export const MAIN = 'src/app/main.tsx';
/** What all signed-in pages share. */
export const FRAMED = [MAIN, 'signed-in', 'frame'];

/** The chunk that index.html names (vite.config.ts gathers it). */
export const entry = chunkOf('first');

/** The chunk of a source file, or one by its name: what others share is not listed by its path. */
export function chunkOf(source) {
  if (manifest[source]) return source;
  const name = source
    .split('/')
    .at(-1)
    .replace(/\.tsx?$/, '');
  const shared = Object.keys(manifest).find(
    (key) => manifest[key].name === name && manifest[key].file.endsWith('.js'),
  );
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

/** The file of the font that text is set in (`next`), or code (`mono`). */
export function font(which) {
  const file = manifest[entry].assets?.find((name) => name.endsWith('.woff2') && name.includes(`-${which}-`));
  if (!file) throw new Error(`the entry has no font named ${which}`);
  return file;
}
