import { formatAgo, formatBits, formatOdds, formatOffset, formatPercent, formatProbability } from './format';

describe('formatOdds', () => {
  it.each([
    [0.00004, '1 in 25,000'],
    [0.001, '1 in 1,000'],
    [0.0309, '1 in 32'],
    [1 / 3_210_000, '1 in 3.2 million'],
    [1e-12, 'under 1 in a billion'],
    [0, 'under 1 in a billion'],
    [1, 'most events'],
  ])('%d reads as %s', (p, words) => expect(formatOdds(p)).toBe(words));
});

describe('numbers', () => {
  it('bits keep a decimal while it matters', () => {
    expect([formatBits(4.25), formatBits(61.2), formatBits(1234.5)]).toEqual(['4.3', '61.2', '1,235']);
  });
  it('percent', () => {
    expect([formatPercent(0.018), formatPercent(0.42), formatPercent(0.0001), formatPercent(0)]).toEqual([
      '1.8 %',
      '42 %',
      'under 0.1 %',
      '0 %',
    ]);
  });
  it('small probabilities get a power of ten', () => {
    expect([formatProbability(0.00004), formatProbability(0.25)]).toEqual(['4.0 × 10⁻⁵', '0.25']);
  });
});

describe('formatAgo', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  it.each([
    ['2026-11-21T12:00:05Z', 'just now'],
    ['2026-11-21T11:59:30Z', '30 s ago'],
    ['2026-11-21T11:56:00Z', '4 min ago'],
    ['2026-11-21T09:20:00Z', '2 h 40 min ago'],
    ['2026-11-20T12:00:00Z', '1 day ago'],
    ['2026-11-11T12:00:00Z', '10 days ago'],
    ['not a date', ''],
  ])('%s is %s', (iso, words) => expect(formatAgo(iso, now)).toBe(words));
});

it('offsets say which came first', () => {
  expect([-40_000, 180_000, 500].map(formatOffset)).toEqual(['40 s before', '3 min after', 'at once']);
});
