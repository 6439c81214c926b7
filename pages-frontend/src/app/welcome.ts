// The end of sign-up: the session and the first key that the confirmation left in this tab are taken over.
import { redirect } from '@tanstack/react-router';
import { storedOrganization } from '@/lib/organization';
import { pendingEmail } from '@/lib/pending-email';
import { forgetPerson } from '@/lib/person';
import { firstKey, takeWelcome } from '@/lib/welcome';
import type { RouterContext } from './router';

export async function beginSession({ context }: { context: RouterContext }): Promise<never> {
  const welcome = takeWelcome();
  if (!welcome) throw redirect({ to: '/app/start' });
  const { organization, api_key: key, stream, session } = welcome;
  forgetPerson();
  // Kept even if the session should be refused: the key is shown only once.
  if (organization && key) {
    firstKey.set({ organizationId: organization.id, key, stream: stream ?? 'getting-started' });
  }
  const { auth } = await context.services();
  try {
    await auth.adopt(session);
  } catch {
    throw redirect({ to: '/sign-in', search: { next: '/app/start' } });
  }
  pendingEmail.clear();
  // Nothing of a person who was signed in here before may show.
  context.queryClient.clear();
  if (organization) storedOrganization.set(organization.id);
  throw redirect({ to: organization ? '/app/start' : '/app/anomalies' });
}
