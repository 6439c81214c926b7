import { LandingPage } from '@/features/landing/landing-page';
import { useTitle } from '@/lib/use-title';

export function LandingRoute() {
  useTitle('Find the line that does not fit');
  return <LandingPage />;
}
