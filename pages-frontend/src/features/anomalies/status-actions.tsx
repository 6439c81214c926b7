import { Check, CircleSlash, Eye, RotateCcw } from 'lucide-react';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { Button } from '@/components/ui/button';
import type { Anomaly } from '@/lib/api/anomaly';
import { isPlainKey } from '@/lib/keys';
import { useOrganization } from '@/lib/organization';
import { MOVES, type Move, type Status } from '@/lib/status';
import { useChangeStatus } from './queries';

const ICONS: Record<Status, typeof Check> = {
  new: RotateCcw,
  acknowledged: Eye,
  resolved: Check,
  false_positive: CircleSlash,
};

const HINTS: Record<Status, string> = {
  new: 'Nobody has looked at this yet. Acknowledge it to tell the others that you are.',
  acknowledged: 'Someone is on it. Resolve it when it is fixed, or say that it was no real anomaly.',
  resolved: 'Settled.',
  false_positive: 'Settled: this was no real anomaly.',
};

// The next button appears under the finger that pressed the last one: a second tap must not press it too.
const PAUSE_MS = 700;

/** What to do next. On a phone the buttons stay in reach of the thumb. */
export function StatusActions({ anomaly }: { anomaly: Anomaly }) {
  const change = useChangeStatus(useOrganization().id);
  const moves = MOVES[anomaly.status];
  const [pausing, setPausing] = useState(false);
  // So it is when a colleague was quicker.
  const last = useRef({ status: anomaly.status, changedAt: -PAUSE_MS });
  useEffect(() => {
    if (last.current.status !== anomaly.status)
      last.current = { status: anomaly.status, changedAt: performance.now() };
  }, [anomaly.status]);
  const make = (move: Move) => {
    if (pausing || performance.now() < last.current.changedAt + PAUSE_MS) return;
    setPausing(true);
    const goOn = () => setTimeout(() => setPausing(false), PAUSE_MS);
    change.mutate({ id: anomaly.id, move }, { onSettled: goOn });
  };

  const acknowledge = useEffectEvent(() => {
    const first = moves[0];
    if (first?.to === 'acknowledged') make(first);
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isPlainKey(event, 'a')) acknowledge();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);

  return (
    <section
      aria-label="What to do"
      className="fixed inset-x-0 bottom-0 z-20 border-t border-line bg-panel px-3 pt-2.5 pb-[max(0.625rem,env(safe-area-inset-bottom))] sm:static sm:mt-4 sm:border-0 sm:bg-transparent sm:p-0"
    >
      <div className="flex flex-wrap items-center gap-2 sm:gap-x-3">
        {moves.map((move, index) => {
          const Icon = ICONS[move.to];
          return (
            <Button
              key={move.to}
              variant={index === 0 && move.to !== 'new' ? 'primary' : 'outline'}
              className="h-11 grow px-3! sm:h-10 sm:grow-0 sm:px-4!"
              // It keeps the focus of whoever goes by keyboard.
              aria-disabled={pausing}
              onClick={() => make(move)}
            >
              <Icon aria-hidden /> {move.label}
            </Button>
          );
        })}
        <p aria-live="polite" className="hidden text-sm text-ink-2 sm:block">
          {HINTS[anomaly.status]}
        </p>
      </div>
    </section>
  );
}
