// Checks the verdict on the reader's own machine: the detector runs again on the event and its witness, in this browser.
import { Check, Cpu, TriangleAlert } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Button } from '@/components/ui/button';
import type { AnomalyDetail } from '@/lib/api/anomaly';
import type { DetectorThread } from '@/lib/detector/client';
import { differences, replayable } from '@/lib/detector/compare';
import { formatBits } from '@/lib/format';

type Outcome =
  | { is: 'idle' | 'running' }
  | { is: 'same'; bits: number; milliseconds: number }
  | { is: 'other'; parts: string[] }
  | { is: 'failed'; why: string };

export function Replay({ anomaly }: { anomaly: AnomalyDetail }) {
  const [outcome, setOutcome] = useState<Outcome>({ is: 'idle' });
  const thread = useRef<DetectorThread>(undefined);
  useEffect(() => () => thread.current?.close(), []);
  const given = replayable(anomaly);
  if (!given) return null;

  const run = async () => {
    setOutcome({ is: 'running' });
    try {
      const { DetectorThread } = await import('@/lib/detector/client');
      thread.current ??= new DetectorThread();
      const begun = performance.now();
      const again = await thread.current.replay(given.event, given.witness);
      const parts = differences(anomaly, again);
      setOutcome(
        parts.length > 0
          ? { is: 'other', parts }
          : { is: 'same', bits: again.score, milliseconds: performance.now() - begun },
      );
    } catch (error) {
      setOutcome({ is: 'failed', why: error instanceof Error ? error.message : String(error) });
    }
  };

  return (
    <div className="space-y-2 text-sm">
      <p className="text-ink-2">
        Don’t take the score on trust: the same detector can compute it again here, from the event and its
        witness alone. Nothing leaves this machine.
      </p>
      <Button size="sm" onClick={() => void run()} disabled={outcome.is === 'running'}>
        <Cpu aria-hidden /> {outcome.is === 'running' ? 'Computing…' : 'Recompute in this browser'}
      </Button>
      <div role="status">
        <Told outcome={outcome} />
      </div>
    </div>
  );
}

function Told({ outcome }: { outcome: Outcome }) {
  if (outcome.is === 'same') {
    return (
      <p className="flex gap-2 text-good">
        <Check aria-hidden className="mt-0.5 size-4 shrink-0" />
        <span>
          The same, bit for bit: {formatBits(outcome.bits)} bits, every word’s price and the sentence. It took{' '}
          {Math.max(1, Math.round(outcome.milliseconds))} ms.
        </span>
      </p>
    );
  }
  if (outcome.is === 'other') {
    return (
      <p className="flex gap-2 text-bad">
        <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
        <span>
          Not the same: {outcome.parts.join(', ')} came out otherwise. The stored verdict and its evidence do
          not belong together.
        </span>
      </p>
    );
  }
  if (outcome.is === 'failed') {
    return (
      <p className="flex gap-2 text-bad">
        <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
        <span>It could not be computed: {outcome.why}.</span>
      </p>
    );
  }
  return null;
}
