import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { OrganizationsPage } from '@/features/organization/organizations-page';
import type { Me } from '@/lib/api/me';
import { useOrganization } from '@/lib/organization';
import { useTitle } from '@/lib/use-title';

const route = getRouteApi('/app');

export function OrganizationsRoute() {
  const { session } = route.useRouteContext();
  const current = useOrganization();
  const me = useQueryClient().getQueryData<Me>(['me', session.userId]);
  useTitle('Your organisations');
  return <OrganizationsPage organizations={me?.organizations ?? [current]} />;
}
