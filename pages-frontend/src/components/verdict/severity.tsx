import { cn } from '@/lib/cn';
import type { Severity as Level } from '@/lib/status';

const STEPS: Record<Level, number> = { low: 1, medium: 2, high: 3 };
const SHADE: Record<Level, string> = { low: 'fill-heat-4', medium: 'fill-heat-5', high: 'fill-heat-7' };

/** Severity as rising bars and a word; never colour alone. */
export function Severity({ level, className }: { level: Level; className?: string }) {
  return (
    <span className={cn('inline-flex items-center gap-1.5 font-medium', className)}>
      <svg viewBox="0 0 14 12" className="h-3 w-3.5" aria-hidden>
        {[1, 2, 3].map((step) => (
          <rect
            key={step}
            x={(step - 1) * 5}
            y={12 - step * 4}
            width="3.6"
            height={step * 4}
            rx="1"
            className={step <= STEPS[level] ? SHADE[level] : 'fill-line'}
          />
        ))}
      </svg>
      {LABELS[level]}
    </span>
  );
}

const LABELS: Record<Level, string> = { low: 'Low', medium: 'Medium', high: 'High' };

/** The heat class of a severity, for the score cell of a row. */
export const SEVERITY_HEAT: Record<Level, string> = { low: 'heat-2', medium: 'heat-4', high: 'heat-7' };
