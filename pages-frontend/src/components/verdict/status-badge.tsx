import { Check, CircleDot, CircleSlash, Eye } from 'lucide-react';
import { cn } from '@/lib/cn';
import { STATUS_LABELS, type Status } from '@/lib/status';

const LOOK = {
  new: { icon: CircleDot, tone: 'text-ink' },
  acknowledged: { icon: Eye, tone: 'text-accent' },
  resolved: { icon: Check, tone: 'text-good' },
  false_positive: { icon: CircleSlash, tone: 'text-ink-3' },
} as const;

export function StatusBadge({ status, className }: { status: Status; className?: string }) {
  const { icon: Icon, tone } = LOOK[status];
  return (
    <span className={cn('inline-flex items-center gap-1.5 font-medium whitespace-nowrap', tone, className)}>
      <Icon aria-hidden className="size-3.5" />
      {STATUS_LABELS[status]}
    </span>
  );
}
