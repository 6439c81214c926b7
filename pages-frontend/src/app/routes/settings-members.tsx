import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { MembersPage } from '@/features/organization/members-page';
import { useOrganization, storedOrganization } from '@/lib/organization';
import { useToast } from '@/components/ui/toast-context';
import { useTitle } from '@/lib/use-title';

const route = getRouteApi('/app');

export function MembersRoute() {
  const { session } = route.useRouteContext();
  const organization = useOrganization();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const toast = useToast();
  useTitle('Members');
  return (
    <MembersPage
      userId={session.userId}
      onLeft={() => {
        toast.show({ message: `You have left ${organization.name}.` });
        storedOrganization.clear();
        // Once another organisation has taken its place: the pages of this one have nothing to show any more.
        void client
          .invalidateQueries({ queryKey: ['me'] })
          .finally(() => void navigate({ to: '/app/anomalies' }));
      }}
    />
  );
}
