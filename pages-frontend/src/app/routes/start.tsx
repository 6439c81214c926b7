import { StartPage } from '@/features/onboarding/start-page';
import { useTitle } from '@/lib/use-title';

export function StartRoute() {
  useTitle('Get started');
  return <StartPage />;
}
