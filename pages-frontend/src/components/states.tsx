// What a page shows when it has nothing else to show.
import { CloudOff, RotateCw, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { ApiError, NetworkError } from '@/lib/api/problem';
import { Button } from './ui/button';

interface MessageProps {
  icon?: ReactNode;
  title: string;
  /** The page has no other heading. */
  wholePage?: boolean;
  children?: ReactNode;
  action?: ReactNode;
}

export function Message({ icon, title, wholePage = false, children, action }: MessageProps) {
  const Heading = wholePage ? 'h1' : 'h2';
  return (
    <div className="mx-auto flex max-w-md flex-col items-center gap-2 px-4 py-16 text-center">
      {icon && <div className="mb-1 text-ink-3 [&_svg]:size-7">{icon}</div>}
      <Heading className="text-lg">{title}</Heading>
      {children && <div className="text-ink-2">{children}</div>}
      {action && <div className="mt-3">{action}</div>}
    </div>
  );
}

interface ErrorMessageProps {
  error: unknown;
  onRetry?: (() => void) | undefined;
  wholePage?: boolean;
}

export function ErrorMessage({ error, onRetry, wholePage = false }: ErrorMessageProps) {
  const offline = error instanceof NetworkError;
  return (
    <div role="alert">
      <Message
        icon={offline ? <CloudOff aria-hidden /> : <TriangleAlert aria-hidden />}
        wholePage={wholePage}
        title={offline ? 'The server could not be reached' : titleOf(error)}
        action={
          onRetry && (
            <Button onClick={onRetry}>
              <RotateCw aria-hidden /> Try again
            </Button>
          )
        }
      >
        <p>{offline ? 'Check your connection. Nothing is lost.' : detailOf(error)}</p>
        {error instanceof ApiError && error.requestId && (
          <p className="mt-2 font-mono text-xs text-ink-3">request {error.requestId}</p>
        )}
      </Message>
    </div>
  );
}

function titleOf(error: unknown): string {
  return error instanceof ApiError ? error.title : 'This did not work';
}

function detailOf(error: unknown): string {
  if (error instanceof ApiError) return error.detail ?? 'The server gave no further detail.';
  return error instanceof Error ? error.message : 'Something unexpected happened.';
}
