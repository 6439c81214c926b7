import { useMemo } from 'react';
import type { Token } from '@/lib/api/anomaly';
import { cn } from '@/lib/cn';
import { diffWords, type DiffPart } from '@/lib/diff';
import { segmentsWithin, segmentText, type Segment } from '@/lib/heat';
import { prettyJson, unchanged, type Mapped } from '@/lib/pretty-json';

const LIMIT = 20_000;
// Of a long stretch that both events share, this many lines stay on either side of a difference.
const CONTEXT_LINES = 2;

interface NearestDiffProps {
  event: string;
  nearest: string;
  format?: string | undefined;
  tokens: readonly Token[];
}

/**
 * The nearest normal event turned into this one. What differs and surprised the detector is warm; what merely differs
 * (an order number, a time) is marked but stays cool.
 */
export function NearestDiff({ event, nearest, format, tokens }: NearestDiffProps) {
  const cut = event.length > LIMIT || nearest.length > LIMIT;
  const parts = useMemo(() => {
    const asJson = format === 'json' && !cut;
    const [before, after] = asJson ? [prettyJson(nearest), prettyJson(event)] : [null, null];
    const old = before && after ? before : unchanged(nearest.slice(0, LIMIT));
    const now = before && after ? after : unchanged(event.slice(0, LIMIT));
    return withHeat(diffWords(old.text, now.text), now, segmentText(event, tokens));
  }, [event, nearest, format, tokens, cut]);

  return (
    <figure>
      <div className="rounded-lg border border-line bg-panel p-3 font-mono text-sm leading-6 wrap-anywhere whitespace-pre-wrap sm:p-4">
        {parts.map((part, index) => (
          <Part key={index} part={part} />
        ))}
      </div>
      <figcaption className="mt-1.5 text-xs text-ink-3">
        <del className={cn(DELETED, 'px-1')}>struck</del> is in the normal event,{' '}
        <ins className={cn('rounded-[3px] px-1 no-underline', COOL)}>marked</ins> only in this one, and{' '}
        <span className="heat-4 rounded-[3px] px-1 font-semibold">warm</span> if it was a surprise
        {cut && '; both are cut to their first 20,000 characters'}.
      </figcaption>
    </figure>
  );
}

const DELETED = 'rounded-[3px] text-ink-3 line-through';
const COOL = 'bg-accent-soft';
const HEAT = ['', 'heat-1', 'heat-2', 'heat-3', 'heat-4', 'heat-5', 'heat-6', 'heat-7'];

interface HeatedPart extends DiffPart {
  level: number;
}

function Part({ part }: { part: HeatedPart }) {
  if (part.kind === 'removed') return <del className={DELETED}>{part.text}</del>;
  if (part.kind === 'added') {
    return (
      <ins
        className={cn(
          'rounded-[3px] px-0.5 no-underline',
          part.level > 0 ? ['font-semibold', HEAT[part.level]] : COOL,
        )}
      >
        {part.text}
      </ins>
    );
  }
  const lines = part.text.split('\n');
  if (lines.length <= 2 * CONTEXT_LINES + 2) return part.text;
  const hidden = lines.length - 2 * CONTEXT_LINES;
  return (
    <>
      {lines.slice(0, CONTEXT_LINES).join('\n')}
      <span className="my-1 block font-sans text-xs text-ink-3">{hidden} lines the same</span>
      {lines.slice(-CONTEXT_LINES).join('\n')}
    </>
  );
}

function withHeat(parts: readonly DiffPart[], now: Mapped, segments: readonly Segment[]): HeatedPart[] {
  let position = 0;
  return parts.map((part) => {
    if (part.kind === 'removed') return { ...part, level: 0 };
    const start = position;
    position += part.text.length;
    if (part.kind === 'same') return { ...part, level: 0 };
    let level = 0;
    for (const copy of now.copies) {
      const from = Math.max(start, copy.at);
      const to = Math.min(position, copy.at + copy.to - copy.from);
      if (from >= to) continue;
      const shift = copy.from - copy.at;
      for (const segment of segmentsWithin(segments, from + shift, to + shift))
        level = Math.max(level, segment.level);
    }
    return { ...part, level };
  });
}
