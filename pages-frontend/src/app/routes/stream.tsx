import { getRouteApi } from '@tanstack/react-router';
import { StreamPage } from '@/features/streams/stream-page';
import { useTitle } from '@/lib/use-title';

const route = getRouteApi('/app/streams/$name');

export function StreamRoute() {
  const { name } = route.useParams();
  useTitle(name);
  return <StreamPage key={name} name={name} />;
}
