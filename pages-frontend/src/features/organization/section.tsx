import type { ReactNode } from 'react';
import { Skeleton } from '@/components/ui/skeleton';

interface PageHeadProps {
  title: string;
  lead: ReactNode;
  action?: ReactNode;
}

export function PageHead({ title, lead, action }: PageHeadProps) {
  return (
    <div className="mb-5 flex flex-wrap items-start justify-between gap-3">
      <div className="min-w-0">
        <h1 className="text-xl">{title}</h1>
        <p className="mt-1 max-w-prose text-ink-2">{lead}</p>
      </div>
      {action}
    </div>
  );
}

/** Rows that are on their way. */
export function RowsSkeleton({ what, rows = 4 }: { what: string; rows?: number }) {
  return (
    <div className="rounded-lg border border-line bg-panel" aria-busy="true">
      <span className="sr-only">Loading {what}</span>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="flex gap-6 border-t border-line px-4 py-4 first:border-t-0">
          <Skeleton className="h-4 w-1/3" />
          <Skeleton className="h-4 w-20" />
          <Skeleton className="ml-auto h-4 w-24" />
        </div>
      ))}
    </div>
  );
}

export const CARD = 'rounded-lg border border-line bg-panel';
