import { LivePage } from '@/features/live/live-page';
import { useTitle } from '@/lib/use-title';

export function LiveRoute() {
  useTitle('Live');
  return <LivePage />;
}
