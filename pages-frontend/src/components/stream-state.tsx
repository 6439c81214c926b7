// What a detector is doing, with what that means on demand.
import { Explain } from './explain';
import { cn } from '@/lib/cn';

const STATES: Record<string, { label: string; dot: string; words: string }> = {
  learning: {
    label: 'Learning',
    dot: 'border-2 border-line-strong animate-breathe',
    words: 'The detector is still finding out what is normal here. It reports little until it knows.',
  },
  ready: {
    label: 'Ready',
    dot: 'bg-good',
    words: 'The detector knows this stream and reports what does not fit.',
  },
  drifting: {
    label: 'Drifting',
    dot: 'bg-heat-5',
    words:
      'What is normal here is changing. The detector is getting used to it; expect more anomalies meanwhile.',
  },
};

export function StreamState({ state }: { state: string }) {
  const known = STATES[state];
  if (!known) return <span className="text-sm text-ink-2">{state}</span>;
  return (
    <span className="inline-flex items-center gap-1.5 text-sm whitespace-nowrap">
      <span aria-hidden className={cn('size-2 rounded-full', known.dot)} />
      <Explain term={known.label}>
        <p>{known.words}</p>
      </Explain>
    </span>
  );
}
