import { formatterOf } from './times';

const DAY_MS = 86_400_000;

/** When a day (YYYY-MM-DD) begins in a time zone; with `later`, that many days after it. */
export function startOfDay(day: string, zone: string | undefined, later = 0): Date {
  const wallClock = formatterOf({ dateStyle: 'short', timeStyle: 'medium', hourCycle: 'h23' }, zone);
  const aheadOfUtc = (at: number) => {
    const [date, month, year, hour, minute, second] = (wallClock.format(at).match(/\d+/g) ?? []).map(Number);
    return Date.UTC(year ?? 0, (month ?? 1) - 1, date, hour, minute, second) - at;
  };
  const wanted = Date.parse(`${day}T00:00:00Z`) + later * DAY_MS;
  // How far ahead the clocks are depends on when it is: twice, for the days on which they change.
  return new Date(wanted - aheadOfUtc(wanted - aheadOfUtc(wanted)));
}
