import { UsagePage } from '@/features/billing/usage-page';
import { useTitle } from '@/lib/use-title';

export function UsageRoute() {
  useTitle('Usage');
  return <UsagePage />;
}
