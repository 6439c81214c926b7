import { useMemo, useState } from 'react';
import { Button } from '@/components/ui/button';
import { formatCount } from '@/lib/format';
import { segmentsWithin, type Segment } from '@/lib/heat';
import { Shade } from './shade';

// A long event opens on the part around its oddest token.
const WINDOW = 6_000;
const BEFORE = 1_500;

interface RawTextProps {
  text: string;
  segments: readonly Segment[];
  hottest: number;
}

export function RawText({ text, segments, hottest }: RawTextProps) {
  const [whole, setWhole] = useState(false);
  const [from, to] = useMemo(() => {
    if (whole || text.length <= WINDOW) return [0, text.length];
    const hot = segments.find((segment) => segment.token === hottest && hottest >= 0)?.from ?? 0;
    const start = Math.min(Math.max(0, hot - BEFORE), text.length - WINDOW);
    return [start, start + WINDOW];
  }, [whole, text, segments, hottest]);
  const shown = useMemo(() => plainMerged(segmentsWithin(segments, from, to)), [segments, from, to]);

  return (
    <>
      {from > 0 && <Cut count={from} where="before" onShow={() => setWhole(true)} />}
      <div className="whitespace-pre-wrap">
        {shown.map((segment) => (
          <Shade key={segment.from} text={text} segment={segment} />
        ))}
      </div>
      {to < text.length && <Cut count={text.length - to} where="after" onShow={() => setWhole(true)} />}
    </>
  );
}

function Cut({ count, where, onShow }: { count: number; where: string; onShow: () => void }) {
  return (
    <p className="my-1 flex flex-wrap items-center gap-2 font-sans text-xs text-ink-3">
      … {formatCount(count)} characters {where}
      <Button variant="outline" size="sm" onClick={onShow}>
        Show all
      </Button>
    </p>
  );
}

/** Neighbouring ordinary segments as one: far fewer elements in a long event. */
function plainMerged(segments: Segment[]): Segment[] {
  const out: Segment[] = [];
  for (const segment of segments) {
    const last = out.at(-1);
    if (last && last.level === 0 && segment.level === 0) last.to = segment.to;
    else out.push({ ...segment });
  }
  return out;
}
