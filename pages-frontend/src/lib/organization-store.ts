// The organisation that the person looked at last.

const KEY = 'driftlock.organization';

/** Kept per tab, which may differ from the others; a new tab begins with the organisation chosen last. */
export const storedOrganization = {
  get: (): string | null => sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY),
  set: (id: string): void => {
    sessionStorage.setItem(KEY, id);
    localStorage.setItem(KEY, id);
  },
  clear: (): void => {
    sessionStorage.removeItem(KEY);
    localStorage.removeItem(KEY);
  },
};
