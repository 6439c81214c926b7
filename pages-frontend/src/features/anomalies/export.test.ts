import { Anomaly } from '@/lib/api/anomaly';
import type { ApiClient } from '@/lib/api/client';
import { logDetail, summary } from '@/test/fixtures.js';
import { readAll, written } from './export';

const anomaly = (overrides = {}) => Anomaly.parse(summary(logDetail(overrides)));

describe('export', () => {
  it('writes CSV that a spreadsheet reads and does not run', () => {
    const lines = written(
      [anomaly({ reason: '=HYPERLINK("x"),\n2', stream: '@SUM', score: -3 })],
      'csv',
    ).split('\r\n');
    expect(lines[0]).toMatch(/^id,stream,/);
    expect(lines[1]).toContain(`"'=HYPERLINK(""x""),\n2"`);
    expect(lines[1]).toContain(`,'@SUM,`);
    expect(lines[1]).toContain(',-3,');
  });

  it('writes one JSON object a line', () => {
    const lines = written([anomaly(), anomaly({ id: 'b' })], 'ndjson')
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => (JSON.parse(line) as Anomaly).id)).toEqual([logDetail().id, 'b']);
  });

  it('follows the cursor with the filters of the list', async () => {
    const asked: unknown[] = [];
    const request = async (
      _path: string,
      _schema: unknown,
      options?: { query?: Record<string, unknown> },
    ) => {
      asked.push(options?.query);
      return { anomalies: [anomaly()], next_cursor: asked.length < 3 ? `c${asked.length}` : null };
    };
    const api = { request } as unknown as ApiClient;
    expect(await readAll(api, { severity: 'high' })).toHaveLength(3);
    expect(asked).toMatchObject([{ severity: 'high' }, { severity: 'high', cursor: 'c1' }, { cursor: 'c2' }]);
  });
});
