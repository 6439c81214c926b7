import { formatRate, rateOf, withReading, type Reading } from './rates';

const reading = (seconds: number, count: number): Reading => ({
  at: seconds * 1000,
  counts: new Map([['s', count]]),
});
const history = (...readings: Reading[]) => readings.reduce<readonly Reading[]>(withReading, []);

describe('rates', () => {
  it('needs two readings', () => {
    expect(rateOf([], 's')).toBeUndefined();
    expect(rateOf(history(reading(1, 5)), 's')).toBeUndefined();
    expect(rateOf(history(reading(1, 5), reading(6, 15)), 's')).toBe(2);
  });

  it('looks back one minute, not further', () => {
    const readings = Array.from({ length: 40 }, (_, i) => reading(i * 5, i < 20 ? i * 500 : 20 * 500));
    const kept = history(...readings);
    expect(kept.length).toBeLessThanOrEqual(14);
    expect(rateOf(kept, 's')).toBe(0);
  });

  it('starts anew when a stream was reset, and ignores the same reading twice', () => {
    expect(rateOf(history(reading(0, 900), reading(5, 0), reading(10, 10)), 's')).toBe(2);
    const once = history(reading(1, 1));
    expect(withReading(once, reading(1, 1))).toBe(once);
  });

  it.each([
    [undefined, 'measuring'],
    [0, 'idle'],
    [0.05, '3 a minute'],
    [2.34, '2.3 a second'],
    [1234.4, '1,234 a second'],
  ])('%s reads as %s', (rate, words) => expect(formatRate(rate)).toBe(words));
});
