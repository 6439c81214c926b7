// The address whose confirmation this tab waits for: survives a reload, and is not in an address that others see.
const KEY = 'driftlock.pending-email';

export const pendingEmail = {
  get: (): string | null => sessionStorage.getItem(KEY),
  set: (email: string): void => sessionStorage.setItem(KEY, email),
  clear: (): void => sessionStorage.removeItem(KEY),
};
