import { KeysPage } from '@/features/organization/keys-page';
import { useTitle } from '@/lib/use-title';

export function KeysRoute() {
  useTitle('API keys');
  return <KeysPage />;
}
