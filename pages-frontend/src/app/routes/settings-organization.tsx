import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useToast } from '@/components/ui/toast-context';
import { SettingsPage } from '@/features/organization/settings-page';
import { storedOrganization } from '@/lib/organization';
import { useTitle } from '@/lib/use-title';

const route = getRouteApi('/app');

export function OrganizationRoute() {
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const toast = useToast();
  useTitle('Organisation');
  return (
    <SettingsPage
      onDeleted={(name) => {
        toast.show({
          message: `${name} is deleted. For 30 days you can restore it under “Your organisations”.`,
        });
        storedOrganization.clear();
        // Once another organisation has taken its place: the pages of this one have nothing to show any more.
        void client
          .invalidateQueries({ queryKey: ['me'] })
          .finally(() => void navigate({ to: '/app/anomalies' }));
      }}
    />
  );
}
