import { getRouteApi } from '@tanstack/react-router';
import { BillingPage } from '@/features/billing/billing-page';
import { useTitle } from '@/lib/use-title';

const route = getRouteApi('/app/billing');

export function BillingRoute() {
  const { checkout } = route.useSearch();
  const navigate = route.useNavigate();
  useTitle('Plan and invoices');
  return (
    <BillingPage
      paid={checkout === 'success'}
      onConfirmed={() => void navigate({ search: {}, replace: true })}
    />
  );
}
