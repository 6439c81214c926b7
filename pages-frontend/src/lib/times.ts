// Absolute times: in the organisation's time zone, so that colleagues read the same, and always with its name.
import { createContext, useContext } from 'react';

type Style = Intl.DateTimeFormatOptions;

const CLOCK: Style = { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short' };
const DAY_AND_CLOCK: Style = { weekday: 'short', day: 'numeric', month: 'short', ...CLOCK };
const DATE: Style = {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZoneName: 'short',
};
const EXACT: Style = { dateStyle: 'full', timeStyle: 'long' };
const DAY: Style = { weekday: 'long', day: 'numeric', month: 'long' };
const DAY_OF_YEAR: Style = { day: 'numeric', month: 'long', year: 'numeric' };
const DAY_IN_FIGURES: Style = { dateStyle: 'short' };

const DAY_MS = 86_400_000;
const isDate = (iso: string) => !Number.isNaN(Date.parse(iso));

export class Times {
  #formatters = new Map<Style, Intl.DateTimeFormat>();

  /** Without a zone, the reader's own. */
  constructor(readonly zone?: string) {}

  /** Clock time today, with the day otherwise. */
  time(iso: string, now: number): string {
    if (!isDate(iso)) return iso;
    return this.#isSameDay(Date.parse(iso), now) ? this.#text(CLOCK, iso) : this.#text(DAY_AND_CLOCK, iso);
  }

  dayAndClock(iso: string): string {
    return this.#text(DAY_AND_CLOCK, iso);
  }

  clock(iso: string): string {
    return this.#text(CLOCK, iso);
  }

  /** Day and time with the year, for what lies further off. */
  date(iso: string): string {
    return this.#text(DATE, iso);
  }

  /** A day and its year, where the hour says nothing. */
  dayOfYear(iso: string): string {
    return this.#text(DAY_OF_YEAR, iso);
  }

  /** Unambiguous, for tooltips: here, where the reader is if that is elsewhere, and UTC. */
  exact(iso: string): string {
    if (!isDate(iso)) return iso;
    const here = this.#text(EXACT, iso);
    const own = ownTimes.#text(EXACT, iso);
    return `${here}${own === here ? '' : `, for you ${ownTimes.#text(DAY_AND_CLOCK, iso)}`} (${new Date(iso).toISOString()})`;
  }

  /** "Today", "Yesterday", "Thursday 19 November". */
  day(iso: string, now: number): string {
    if (!isDate(iso)) return '';
    const at = Date.parse(iso);
    if (this.#isSameDay(at, now)) return 'Today';
    if (this.#isSameDay(at, now - DAY_MS)) return 'Yesterday';
    return this.#text(DAY, iso);
  }

  #isSameDay(a: number, b: number): boolean {
    const days = this.#formatter(DAY_IN_FIGURES);
    return days.format(a) === days.format(b);
  }

  #text(style: Style, iso: string): string {
    return isDate(iso) ? this.#formatter(style).format(new Date(iso)) : iso;
  }

  /** Made when the first text needs it: making all of them takes a phone a tenth of a second. */
  #formatter(style: Style): Intl.DateTimeFormat {
    let made = this.#formatters.get(style);
    if (!made) {
      made = formatterOf(style, this.zone);
      this.#formatters.set(style, made);
    }
    return made;
  }
}

/** In the reader's own zone where the given one is known to the database and not to this browser. */
export function formatterOf(style: Style, zone: string | undefined): Intl.DateTimeFormat {
  if (zone === undefined) return new Intl.DateTimeFormat('en-GB', style);
  try {
    return new Intl.DateTimeFormat('en-GB', { ...style, timeZone: zone });
  } catch {
    return new Intl.DateTimeFormat('en-GB', style);
  }
}

const ownTimes = new Times();

export const TimesContext = createContext(ownTimes);

export const useTimes = (): Times => useContext(TimesContext);
