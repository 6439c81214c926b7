import { startOfDay } from './start-of-day';

describe('a day', () => {
  it.each([
    ['Europe/Berlin', '2026-11-28', 0, '2026-11-27T23:00:00.000Z'],
    ['America/New_York', '2026-11-28', 0, '2026-11-28T05:00:00.000Z'],
    ['UTC', '2026-12-31', 1, '2027-01-01T00:00:00.000Z'],
    // the clocks change on that day, after midnight
    ['Europe/Berlin', '2026-03-29', 0, '2026-03-28T23:00:00.000Z'],
    ['Europe/Berlin', '2026-03-29', 1, '2026-03-29T22:00:00.000Z'],
  ])('in %s, %s and %i days begins at %s', (zone, day, later, at) =>
    expect(startOfDay(day, zone, later).toISOString()).toBe(at),
  );
});
