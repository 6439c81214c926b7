// Single-key shortcuts: never while typing, never with a modifier held.

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || ['SELECT', 'TEXTAREA'].includes(target.tagName)) return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'range'].includes(target.type);
}

const OFF = 'driftlock.keys-off';

/** They can be switched off: who speaks to the machine, or types with a tremor, sets them off unmeant. */
export const singleKeys = {
  areOn: (): boolean => localStorage.getItem(OFF) === null,
  set: (on: boolean): void => (on ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, 'yes')),
};

/** Asks for the list of keys: while they are off, none of them does. */
export const SHOW_KEYS = 'driftlock:show-keys';

export function isPlainKey(event: KeyboardEvent, key: string): boolean {
  if (!singleKeys.areOn()) return false;
  return event.key === key && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
}

/** j and k walk the rows of a list; Enter opens the row in focus because it is a link. */
export function walkRows(event: KeyboardEvent, selector: string): void {
  const step = isPlainKey(event, 'j') ? 1 : isPlainKey(event, 'k') ? -1 : 0;
  if (step === 0) return;
  const rows = [...document.querySelectorAll<HTMLElement>(selector)];
  const current = rows.findIndex((row) => row === document.activeElement);
  const next = current < 0 ? (step > 0 ? 0 : rows.length - 1) : current + step;
  rows[Math.max(0, Math.min(rows.length - 1, next))]?.focus();
  event.preventDefault();
}
