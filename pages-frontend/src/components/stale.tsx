import { useTimes } from '@/lib/times';

/** What was read before still stands on the page, though reading it again failed: says so, quietly. */
export function Stale({ query }: { query: { isRefetchError: boolean; dataUpdatedAt: number } }) {
  const times = useTimes();
  return (
    <p role="status" className="mb-3 text-sm text-ink-2 empty:hidden">
      {query.isRefetchError &&
        `This could not be refreshed. As of ${times.clock(new Date(query.dataUpdatedAt).toISOString())}.`}
    </p>
  );
}
