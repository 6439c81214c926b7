import { BillingPage } from '@/features/billing/billing-page';
import { useTitle } from '@/lib/use-title';

export function BillingRoute() {
  useTitle('Plan and invoices');
  return <BillingPage />;
}
