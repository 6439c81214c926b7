// The event as it was received, each token shaded by its bits. Pointing at, tapping or focusing a shaded token tells
// its price and what was expected in its place.
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { Segmented } from '@/components/ui/segmented';
import type { Token } from '@/lib/api/anomaly';
import { formatBytes } from '@/lib/format';
import { maxBits, segmentText } from '@/lib/heat';
import { jsonLines } from '@/lib/json-lines';
import { HeatLegend } from './heat-legend';
import { JsonTree } from './json-tree';
import { RawText } from './raw-text';
import { ShadeContext, type Pointed } from './shade';
import { TokenCard } from './token-card';

const AnchoredPopover = lazy(() => import('@/components/ui/anchored-popover'));

interface EventTextProps {
  text: string;
  /** "json" events open as a tree. */
  format?: string | undefined;
  tokens: readonly Token[];
}

// Above this a tree is slower to lay out than it is useful.
const TREE_LIMIT = 200_000;
const OPEN_AFTER_MS = 120;

export function EventText({ text, format, tokens }: EventTextProps) {
  const lines = useMemo(
    () => (format === 'json' && text.length <= TREE_LIMIT ? jsonLines(text) : null),
    [text, format],
  );
  const segments = useMemo(() => segmentText(text, tokens), [text, tokens]);
  const hottest = useMemo(() => tokens.findIndex((token) => token.bits === maxBits(tokens)), [tokens]);
  const [view, setView] = useState<'tree' | 'raw'>('tree');
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const anchor = useRef<HTMLElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const point = (next: Pointed | null, afterMs = 0) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      anchor.current = next?.element ?? anchor.current;
      setPointed(next);
    }, afterMs);
  };
  const token = pointed ? tokens[pointed.token] : undefined;
  const tree = lines !== null && lines.length > 1;

  return (
    <div>
      <div className="mb-2 flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <HeatLegend />
        {tree && (
          <Segmented
            label="How to show the event"
            value={view}
            onChange={setView}
            options={[
              { value: 'tree', label: 'Tree' },
              { value: 'raw', label: 'As received' },
            ]}
          />
        )}
      </div>
      <ShadeContext
        value={{
          tokens,
          hottest,
          enter: (next) => point(next, OPEN_AFTER_MS),
          leave: () => point(null, OPEN_AFTER_MS),
          press: (next) => point(next),
        }}
      >
        <div
          className="overflow-hidden rounded-lg border border-line bg-panel p-3 font-mono text-sm leading-6 wrap-anywhere sm:p-4"
          data-testid="event-text"
        >
          {tree && view === 'tree' ? (
            <JsonTree text={text} lines={lines} segments={segments} />
          ) : (
            <RawText text={text} segments={segments} hottest={hottest} />
          )}
        </div>
      </ShadeContext>
      {text.length > 2_000 && (
        <p className="mt-1 text-xs text-ink-3">{formatBytes(text.length)} as received</p>
      )}
      {token && (
        <Suspense fallback={null}>
          <AnchoredPopover
            key={pointed?.token}
            anchor={anchor}
            onClose={() => point(null)}
            aria-label="About this word"
            onPointerEnter={() => clearTimeout(timer.current)}
            onPointerLeave={() => point(null, OPEN_AFTER_MS)}
          >
            <TokenCard token={token} />
          </AnchoredPopover>
        </Suspense>
      )}
    </div>
  );
}
