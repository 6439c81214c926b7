import { getRouteApi } from '@tanstack/react-router';
import { DetailPage } from '@/features/anomalies/detail-page';
import { ListPage } from '@/features/anomalies/list-page';
import { useTitle } from '@/lib/use-title';

const list = getRouteApi('/app/anomalies');
const detail = getRouteApi('/app/anomalies/$id');

export function AnomaliesRoute() {
  const filters = list.useSearch();
  const navigate = list.useNavigate();
  useTitle('Anomalies');
  return <ListPage filters={filters} onFilters={(next) => void navigate({ search: next, replace: true })} />;
}

export function AnomalyRoute() {
  const { id } = detail.useParams();
  return <DetailPage key={id} id={id} />;
}
