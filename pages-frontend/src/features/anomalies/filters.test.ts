import { Anomaly } from '@/lib/api/anomaly';
import { logDetail, summary } from '@/test/fixtures.js';
import { matches, parseFilters, toQuery } from './filters';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const anomaly = (overrides = {}) =>
  Anomaly.parse(summary(logDetail({ detected_at: '2026-11-21T11:30:00Z', ...overrides })));

describe('filters', () => {
  it('reads what it knows from the URL and drops the rest', () => {
    expect(
      parseFilters({
        stream: 'checkout-api',
        type: 'log',
        status: 'new',
        severity: 'catastrophic',
        min_score: '20',
        max_p: '7',
        range: '24h',
        from: 'yesterday',
        only_significant: 'true',
        foo: 'bar',
      }),
    ).toEqual({
      stream: 'checkout-api',
      type: 'log',
      status: 'new',
      min_score: 20,
      range: '24h',
      only_significant: true,
    });
  });

  it('reads its own result the same way again', () => {
    const filters = parseFilters({ min_score: '20', max_p: '0.001', only_significant: 'true', range: '7d' });
    expect(parseFilters({ ...filters })).toEqual(filters);
  });

  it('asks the API for the time range in absolute terms', () => {
    expect(toQuery({ range: '1h', status: 'new' }, NOW)).toMatchObject({
      status: 'new',
      from: '2026-11-21T11:00:00.000Z',
    });
    expect(toQuery({ range: '1h', from: '2026-01-01T00:00:00Z' }, NOW).from).toBe('2026-01-01T00:00:00Z');
  });

  it.each([
    [{}, true],
    [{ stream: 'checkout-api' }, true],
    [{ stream: 'auth' }, false],
    [{ type: 'metric' }, false],
    [{ status: 'resolved' as const }, false],
    [{ severity: 'high' as const }, true],
    [{ min_score: 61 }, true],
    [{ min_score: 62 }, false],
    [{ max_p: 0.001 }, true],
    [{ max_p: 0.00001 }, false],
    [{ range: '1h' as const }, true],
    [{ from: '2026-11-21T11:45:00Z' }, false],
    [{ to: '2026-11-21T11:00:00Z' }, false],
  ])('an arrival meets %j: %s', (filters, expected) => {
    expect(matches(filters, anomaly(), NOW)).toBe(expected);
  });

  it('an unpriced anomaly passes no price filter', () => {
    const unpriced = anomaly({ score: null, p_value: null });
    expect(matches({ min_score: 1 }, unpriced, NOW)).toBe(false);
    expect(matches({ max_p: 0.5 }, unpriced, NOW)).toBe(false);
  });
});
