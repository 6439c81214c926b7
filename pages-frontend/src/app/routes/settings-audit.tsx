import { getRouteApi } from '@tanstack/react-router';
import { AuditPage } from '@/features/organization/audit-page';
import { useTitle } from '@/lib/use-title';

const route = getRouteApi('/app/settings/audit');

export function AuditRoute() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  useTitle('Audit log');
  return <AuditPage filter={filter} onFilter={(search) => void navigate({ search, replace: true })} />;
}
