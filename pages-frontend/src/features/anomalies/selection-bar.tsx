import { Button } from '@/components/ui/button';
import type { Anomaly } from '@/lib/api/anomaly';
import { formatCount } from '@/lib/format';
import { MOVES, type Move } from '@/lib/status';

interface SelectionBarProps {
  selected: readonly Anomaly[];
  busy: boolean;
  onMove: (move: Move, anomalies: readonly Anomaly[]) => void;
  onClear: () => void;
}

/** Changes many at once; each move counts only those it is allowed for. */
export function SelectionBar({ selected, busy, onMove, onClear }: SelectionBarProps) {
  const moves = new Map<string, { move: Move; anomalies: Anomaly[] }>();
  for (const anomaly of selected) {
    for (const move of MOVES[anomaly.status]) {
      const entry = moves.get(move.to) ?? { move, anomalies: [] };
      entry.anomalies.push(anomaly);
      moves.set(move.to, entry);
    }
  }
  return (
    <section
      aria-label="Selection"
      className="fixed inset-x-3 bottom-4 z-20 mx-auto flex w-fit max-w-full flex-wrap items-center gap-2 rounded-lg bg-raised px-3 py-2 text-sm shadow-pop"
    >
      <span className="px-1 font-medium tabular-nums">{formatCount(selected.length)} selected</span>
      {[...moves.values()].map(({ move, anomalies }) => (
        <Button key={move.to} size="sm" disabled={busy} onClick={() => onMove(move, anomalies)}>
          {move.label}
          {anomalies.length < selected.length && ` (${anomalies.length})`}
        </Button>
      ))}
      <Button size="sm" variant="ghost" onClick={onClear}>
        Clear
      </Button>
    </section>
  );
}
