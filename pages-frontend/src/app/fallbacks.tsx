import { Link, useRouter, type ErrorComponentProps } from '@tanstack/react-router';
import { ErrorMessage, Message } from '@/components/states';
import { Button } from '@/components/ui/button';

export function NotFound() {
  return (
    <main id="main">
      <Message
        wholePage
        title="There is no such page"
        action={
          <Button asChild>
            <Link to="/app/anomalies">Go to the anomalies</Link>
          </Button>
        }
      >
        The link may be old or mistyped.
      </Message>
    </main>
  );
}

export function PageError({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <main id="main">
      <ErrorMessage
        wholePage
        error={error}
        onRetry={() => {
          reset();
          void router.invalidate();
        }}
      />
    </main>
  );
}
