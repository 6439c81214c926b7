import { createContext, useContext, type ReactNode } from 'react';
import type { Token } from '@/lib/api/anomaly';
import { cn } from '@/lib/cn';
import { formatBits } from '@/lib/format';
import type { Segment } from '@/lib/heat';

export interface Pointed {
  token: number;
  element: HTMLElement;
}

interface Shading {
  tokens: readonly Token[];
  hottest: number;
  enter: (pointed: Pointed) => void;
  leave: () => void;
  press: (pointed: Pointed) => void;
}

export const ShadeContext = createContext<Shading | null>(null);

// The warmest tokens are stops of the Tab key; a stop on every word would be a maze.
const TAB_STOP_LEVEL = 3;

/** One piece of the event's text: plain when ordinary, shaded and explorable when not. */
export function Shade({ text, segment, className }: { text: string; segment: Segment; className?: string }) {
  const shading = useContext(ShadeContext);
  const piece: ReactNode = text.slice(segment.from, segment.to);
  const index = segment.token;
  const token = index === null ? undefined : shading?.tokens[index];
  if (segment.level === 0 || index === null || !token || !shading) {
    return className ? <span className={className}>{piece}</span> : piece;
  }
  const pointed = (event: { currentTarget: HTMLElement }): Pointed => ({
    token: index,
    element: event.currentTarget,
  });
  return (
    <span
      role="button"
      tabIndex={segment.level >= TAB_STOP_LEVEL ? 0 : -1}
      aria-label={`${token.text}, ${formatBits(token.bits)} bits`}
      data-bits={token.bits}
      data-level={segment.level}
      onPointerEnter={(event) => event.pointerType === 'mouse' && shading.enter(pointed(event))}
      onPointerLeave={(event) => event.pointerType === 'mouse' && shading.leave()}
      onClick={(event) => shading.press(pointed(event))}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        shading.press(pointed(event));
      }}
      className={cn(
        'cursor-help rounded-[3px] box-decoration-clone py-0.5',
        HEAT[segment.level],
        segment.level >= 5 && 'px-0.5 font-semibold',
        index === shading.hottest && 'font-bold underline decoration-2 underline-offset-4',
      )}
    >
      {piece}
    </span>
  );
}

const HEAT = ['heat-0', 'heat-1', 'heat-2', 'heat-3', 'heat-4', 'heat-5', 'heat-6', 'heat-7'];
