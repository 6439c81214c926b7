// What a confirmed sign-up hands to the dashboard: the session, and the first API key, which is shown only once.
// The Worker's confirmation page (public/welcome.js) or the page that takes the mailed code leaves it in this tab's own
// storage, never in an address.
import * as z from 'zod/mini';

const WELCOME = 'driftlock.welcome';
const FIRST_KEY = 'driftlock.first-key';

export const Welcome = z.object({
  status: z.string(),
  organization: z.nullish(z.object({ id: z.string(), name: z.string() })),
  api_key: z.nullish(z.string()),
  stream: z.nullish(z.string()),
  session: z.object({ access_token: z.string(), refresh_token: z.string() }),
});
export type Welcome = z.output<typeof Welcome>;

export const FirstKey = z.object({ organizationId: z.string(), key: z.string(), stream: z.string() });
export type FirstKey = z.output<typeof FirstKey>;

export function leaveWelcome(welcome: Welcome): void {
  sessionStorage.setItem(WELCOME, JSON.stringify(welcome));
}

/** Takes what was left; a second call finds nothing. */
export function takeWelcome(): Welcome | undefined {
  const found = read(WELCOME, Welcome);
  sessionStorage.removeItem(WELCOME);
  return found;
}

/** The first key stays until its owner says it is stored, or the tab closes. */
export const firstKey = {
  get: (organizationId: string): FirstKey | undefined => {
    const found = read(FIRST_KEY, FirstKey);
    return found?.organizationId === organizationId ? found : undefined;
  },
  set: (key: FirstKey): void => sessionStorage.setItem(FIRST_KEY, JSON.stringify(key)),
  clear: (): void => sessionStorage.removeItem(FIRST_KEY),
};

function read<S extends z.ZodMiniType>(name: string, schema: S): z.output<S> | undefined {
  try {
    return schema.safeParse(JSON.parse(sessionStorage.getItem(name) ?? 'null')).data;
  } catch {
    return undefined;
  }
}
