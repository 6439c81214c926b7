// The time zone of the organisation looked at last, so that the first times of a page are right at once.

const KEY = 'driftlock.time-zone';

export const rememberedZone = {
  get: (org: string): string | undefined => {
    const [of, zone] = (localStorage.getItem(KEY) ?? '').split(' ');
    return of === org ? zone : undefined;
  },
  set: (org: string, zone: string): void => localStorage.setItem(KEY, `${org} ${zone}`),
  clear: (): void => localStorage.removeItem(KEY),
};
