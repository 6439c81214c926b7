// A disk that refuses writes, for tests: the running workerd may not make a file longer than so many bytes (RLIMIT_FSIZE), so
// that every write of a Durable Object fails. Linux only, where `prlimit` can change the limit of a running process.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import workerd from 'workerd';

/** Variables that make Miniflare start workerd so that a refused write is an error (EFBIG) and not the end of the process. */
export function workerdThatSurvives(dir) {
  const wrapper = path.join(dir, 'workerd.sh');
  fs.mkdirSync(dir, { recursive: true });
  fs.writeFileSync(wrapper, `#!/bin/sh\ntrap '' XFSZ\nexec '${workerd.default}' "$@"\n`, { mode: 0o755 });
  return { MINIFLARE_WORKERD_PATH: wrapper };
}

/** Limits the files that the workerd under process `parent` may write, to a number of bytes or `unlimited`. */
export function limitFileSizes(parent, bytes) {
  const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(parent)], { encoding: 'utf8' }).split('\n').filter((line) => line.includes('workerd'));
  if (!children.length) throw new Error('no workerd runs');
  for (const line of children) execFileSync('prlimit', [`--pid=${line.trim().split(' ')[0]}`, `--fsize=${bytes}:`]);
}
