import { PricingPage } from '@/features/pricing/pricing-page';
import { useTitle } from '@/lib/use-title';

export function PricingRoute() {
  useTitle('Pricing');
  return <PricingPage />;
}
