import { getRouteApi } from '@tanstack/react-router';
import { DetailPage } from '@/features/anomalies/detail-page';

const route = getRouteApi('/app/anomalies/$id');

export function AnomalyRoute() {
  const { id } = route.useParams();
  return <DetailPage key={id} id={id} />;
}
