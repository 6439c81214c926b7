import { StreamsPage } from '@/features/streams/streams-page';
import { useTitle } from '@/lib/use-title';

export function StreamsRoute() {
  useTitle('Streams');
  return <StreamsPage />;
}
