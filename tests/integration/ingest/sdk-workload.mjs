// What every SDK sends in these tests, as plain data: an ordinary service, and one odd thing for each signal.
export const ORDINARY = 400;
export const POINTS = 400;
const paths = ['/cart', '/pay', '/search', '/product'];

/** Small and repeatable: the same numbers on every run. */
export function* random(seed) {
  for (let x = seed; ; ) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    yield x / 2 ** 32;
  }
}

export function* logLines(next) {
  for (let i = 0; i < ORDINARY; i += 1) {
    const user = Math.floor(next() * 500);
    const path = paths[Math.floor(next() * paths.length)];
    yield next() < 0.9
      ? { severity: 'INFO', number: 9, body: `user ${user} fetched ${path} in ${5 + Math.floor(next() * 40)} ms` }
      : { severity: 'WARN', number: 13, body: `cache miss for ${path}, asking the database` };
  }
}
export const ODD_LINE = { severity: 'ERROR', number: 17, body: 'segfault in libssl: heap corruption detected, dumping core' };

export const durationMs = (next) => 20 + 6 * (next() + next() + next() - 1.5);
export const ODD_DURATION_MS = 900;

export const level = (next) => 40 + 4 * (next() + next() + next() - 1.5);
export const ODD_LEVEL = 95;
