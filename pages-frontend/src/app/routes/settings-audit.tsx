import { getRouteApi } from '@tanstack/react-router';
import { AuditPage } from '@/features/organization/audit-page';
import { useTitle } from '@/lib/use-title';

const route = getRouteApi('/app/settings/audit');

export function AuditRoute() {
  const { action } = route.useSearch();
  const navigate = route.useNavigate();
  useTitle('Audit log');
  return (
    <AuditPage
      action={action ?? ''}
      onAction={(next) => void navigate({ search: next ? { action: next } : {}, replace: true })}
    />
  );
}
