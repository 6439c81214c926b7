// Which organisation the person is looking at; the API checks membership on every request.
import { createContext, useContext } from 'react';

export { storedOrganization } from './organization-store';

export interface Organization {
  id: string;
  name: string;
  role: string;
  plan: string;
}

export const OrganizationContext = createContext<Organization | null>(null);

export function useOrganization(): Organization {
  const organization = useContext(OrganizationContext);
  if (!organization) throw new Error('no organisation above this component');
  return organization;
}

/** Goes to another organisation of the person, one that was made or restored just now too. */
export const ChooseOrganizationContext = createContext<(id: string) => void>(() => undefined);

export const useChooseOrganization = (): ((id: string) => void) => useContext(ChooseOrganizationContext);

/** Owners and admins run the organisation. */
export function canAdminister(organization: Organization): boolean {
  return organization.role === 'owner' || organization.role === 'admin';
}

/** Viewers read; everyone else may change statuses. The API and row-level security decide, this only hides. */
export function canTriage(organization: Organization): boolean {
  return organization.role !== 'viewer';
}
