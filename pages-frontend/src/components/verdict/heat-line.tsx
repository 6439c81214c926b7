import { useMemo } from 'react';
import { cn } from '@/lib/cn';
import { segmentText, type PricedToken } from '@/lib/heat';

const HEAT = ['', 'heat-1', 'heat-2', 'heat-3', 'heat-4', 'heat-5', 'heat-6', 'heat-7'];
const STRONG = 5;

/** An event in one paragraph, each word shaded by its bits; what it costs is in the tooltip. */
export function HeatLine({
  text,
  tokens,
  limit = 2_000,
}: {
  text: string;
  tokens: readonly PricedToken[];
  limit?: number;
}) {
  const segments = useMemo(
    () => segmentText(text, tokens).filter((segment) => segment.from < limit),
    [text, tokens, limit],
  );
  return (
    <span className="min-w-0 wrap-anywhere whitespace-pre-wrap">
      {segments.map((segment) => {
        const words = text.slice(segment.from, segment.to);
        if (segment.level === 0) return words;
        const bits = segment.token === null ? 0 : (tokens[segment.token]?.bits ?? 0);
        return (
          <span
            key={segment.from}
            title={`${bits.toFixed(1)} bits`}
            data-level={segment.level}
            className={cn(
              'rounded-[3px] px-0.5',
              HEAT[segment.level],
              segment.level >= STRONG && 'font-bold',
            )}
          >
            {words}
          </span>
        );
      })}
      {text.length > limit && '…'}
    </span>
  );
}
