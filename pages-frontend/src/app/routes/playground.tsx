import { PlaygroundPage } from '@/features/playground/playground-page';
import { useTitle } from '@/lib/use-title';

export function PlaygroundRoute() {
  useTitle('Playground');
  return <PlaygroundPage />;
}
