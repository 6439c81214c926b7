import { getRouteApi } from '@tanstack/react-router';
import { ListPage } from '@/features/anomalies/list-page';
import { useTitle } from '@/lib/use-title';

const route = getRouteApi('/app/anomalies');

export function AnomaliesRoute() {
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  useTitle('Anomalies');
  return <ListPage filters={filters} onFilters={(next) => void navigate({ search: next, replace: true })} />;
}
