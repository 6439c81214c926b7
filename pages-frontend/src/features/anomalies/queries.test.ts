import { Anomaly } from '@/lib/api/anomaly';
import { logDetail, summary } from '@/test/fixtures.js';
import { isOverlong, withArrivals } from './queries';

const rows = (count: number, name: string): Anomaly[] =>
  Array.from({ length: count }, (_, index) =>
    Anomaly.parse({ ...summary(logDetail()), id: `${name}-${index}` }),
  );

describe('arrivals in a list', () => {
  it('drops no row before the cursor of the next page, however many arrive', () => {
    const page = { anomalies: rows(50, 'old'), next_cursor: 'after old-49' };
    const pages = withArrivals({ pages: [page], pageParams: [null] }, rows(400, 'new'), {}, Date.now());
    const ids = pages?.pages[0]?.anomalies.map((each) => each.id) ?? [];
    expect(ids.slice(-50)).toEqual(page.anomalies.map((each) => each.id));
    expect(ids).toHaveLength(450);
    expect(isOverlong(pages)).toBe(true);
  });
});
