import { learningEventsOf, type Stream } from '@/lib/api/streams';
import { formatCount } from '@/lib/format';

/** How far a stream that still learns has come. */
export function Learning({ stream }: { stream: Stream }) {
  const needed = learningEventsOf(stream);
  if (stream.state !== 'learning' || stream.events_seen >= needed) return null;
  return (
    <span className="mt-1 flex items-center gap-2 text-xs whitespace-nowrap text-ink-3 tabular-nums">
      <progress
        aria-label={`${stream.stream} has learnt`}
        max={needed}
        value={stream.events_seen}
        className="hidden h-1 w-14 appearance-none sm:block overflow-hidden rounded-full bg-line [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-line [&::-webkit-progress-value]:bg-accent"
      />
      {formatCount(stream.events_seen)} of {needed} events
    </span>
  );
}
