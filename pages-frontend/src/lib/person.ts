// What this tab keeps of the person who is signed in goes when another takes their place, however that came about.
import { storedOrganization } from './organization-store';
import { rememberedZone } from './remembered-zone';
import { firstKey } from './welcome';

const KEY = 'driftlock.person';

export function forgetPerson(): void {
  sessionStorage.removeItem(KEY);
  storedOrganization.clear();
  rememberedZone.clear();
  firstKey.clear();
}

/** Notes whose tab this is. True if it was another's, of whom nothing may show any more. */
export function takeOver(userId: string): boolean {
  const before = sessionStorage.getItem(KEY);
  const another = before !== null && before !== userId;
  if (another) forgetPerson();
  sessionStorage.setItem(KEY, userId);
  return another;
}
