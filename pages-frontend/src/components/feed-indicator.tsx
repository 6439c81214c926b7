import type { FeedStatus } from '@/lib/live-feed';
import { useFeedStatus } from '@/lib/feed';
import { cn } from '@/lib/cn';

const WORDS: Record<FeedStatus, string> = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
  stopped: 'Not live',
};

export function FeedIndicator() {
  const status = useFeedStatus();
  return (
    <span role="status" className="inline-flex items-center gap-1.5 text-sm text-ink-2">
      <span
        aria-hidden
        className={cn(
          'size-2 rounded-full',
          status === 'live' ? 'bg-good' : 'bg-line-strong',
          (status === 'connecting' || status === 'reconnecting') && 'animate-breathe',
        )}
      />
      {WORDS[status]}
    </span>
  );
}
