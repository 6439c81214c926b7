import { Times } from './times';

const AT = '2026-11-28T23:30:05Z';
const now = Date.parse('2026-11-28T23:40:00Z');

describe('times of an organisation', () => {
  it('are in its zone and name it', () => {
    expect(new Times('Europe/Berlin').clock(AT)).toBe('00:30:05 CET');
    expect(new Times('UTC').clock(AT)).toBe('23:30:05 UTC');
    expect(new Times('Asia/Kolkata').clock(AT)).toBe('05:00:05 GMT+5:30');
    expect(new Times('America/New_York').date(AT)).toMatch(/^28 Nov 2026, 18:30 (GMT-5|EST)$/);
    expect(new Times('Europe/Berlin').clock('2026-07-01T12:00:00Z')).toBe('14:00:00 CEST');
  });

  it('have their days there', () => {
    const noon = '2026-11-28T12:00:00Z';
    expect(new Times('UTC').day(noon, now)).toBe('Today');
    // where it is the 29th already
    expect(new Times('Europe/Berlin').day(noon, now)).toBe('Yesterday');
    expect(new Times('Europe/Berlin').day('2026-11-19T12:00:00Z', now)).toBe('Thursday 19 November');
    expect(new Times('UTC').time(noon, now)).toBe('12:00:00 UTC');
    expect(new Times('Europe/Berlin').time(noon, now)).toBe('Sat 28 Nov, 13:00:00 CET');
    expect(new Times('Europe/Berlin').dayAndClock(noon)).toBe('Sat 28 Nov, 13:00:00 CET');
    expect(new Times('Asia/Tokyo').dayOfYear(AT)).toBe('29 November 2026');
  });

  it('are told exactly, for a reader elsewhere too, and in UTC', () => {
    const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
    const elsewhere = timeZone === 'Asia/Tokyo' ? 'Europe/Berlin' : 'Asia/Tokyo';
    expect(new Times(elsewhere).exact(AT)).toMatch(/2026 at .+, for you .+ \(2026-11-28T23:30:05\.000Z\)$/);
    expect(new Times(timeZone).exact(AT)).not.toContain('for you');
  });

  it('are the reader’s own where the zone is unknown, and as they stand where they are none', () => {
    expect(new Times('Mars/Olympus').clock(AT)).toBe(new Times().clock(AT));
    expect(new Times('UTC').exact('yesterday-ish')).toBe('yesterday-ish');
    expect(new Times('UTC').day('yesterday-ish', now)).toBe('');
  });
});
