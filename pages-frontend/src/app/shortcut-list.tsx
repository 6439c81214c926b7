import { useState } from 'react';
import { Dialog } from '@/components/ui/dialog';
import { singleKeys } from '@/lib/keys';

const SHORTCUTS = [
  ['j, k', 'next, previous anomaly of the list'],
  ['Enter', 'open it'],
  ['x', 'select it'],
  ['/', 'filters'],
  ['a', 'acknowledge the anomaly on its page'],
  ['?', 'this list'],
] as const;

export function ShortcutList({ open, onClose }: { open: boolean; onClose: () => void }) {
  const [on, setOn] = useState(singleKeys.areOn);
  return (
    <Dialog open={open} onClose={onClose} title="Keys">
      <dl className="grid grid-cols-[auto_1fr] items-baseline gap-x-5 gap-y-2 text-sm">
        {SHORTCUTS.map(([keys, what]) => (
          <div key={keys} className="contents">
            <dt>
              <kbd className="rounded border border-line-strong bg-sunken px-1.5 py-0.5 font-mono text-xs">
                {keys}
              </kbd>
            </dt>
            <dd className="text-ink-2">{what}</dd>
          </div>
        ))}
      </dl>
      <label className="mt-4 flex items-center gap-2 text-sm">
        <input
          type="checkbox"
          className="size-4 accent-[var(--c-accent)]"
          checked={on}
          onChange={(event) => {
            singleKeys.set(event.target.checked);
            setOn(event.target.checked);
          }}
        />
        These keys work
      </label>
      <p className="mt-1 text-sm text-ink-3">This list is in the account menu as well.</p>
    </Dialog>
  );
}
