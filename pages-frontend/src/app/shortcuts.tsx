import { useEffect, useState } from 'react';
import { Dialog } from '@/components/ui/dialog';
import { isTyping } from '@/lib/keys';

const SHORTCUTS = [
  ['j, k', 'next, previous anomaly of the list'],
  ['Enter', 'open it'],
  ['x', 'select it'],
  ['/', 'filters'],
  ['a', 'acknowledge the anomaly on its page'],
  ['?', 'this list'],
] as const;

/** The list of keys, on the key that people try first. */
export function Shortcuts() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === '?' && !isTyping(event.target)) setOpen(true);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  return (
    <Dialog open={open} onClose={() => setOpen(false)} title="Keys">
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
    </Dialog>
  );
}
