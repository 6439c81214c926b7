import { lazy, Suspense, useEffect, useState } from 'react';
import { isPlainKey, SHOW_KEYS } from '@/lib/keys';

const ShortcutList = lazy(async () => ({ default: (await import('./shortcut-list')).ShortcutList }));

/** The list of keys, on the key that people try first. */
export function Shortcuts() {
  // Not fetched before somebody asks for it.
  const [asked, setAsked] = useState(false);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const show = () => {
      setAsked(true);
      setOpen(true);
    };
    const onKey = (event: KeyboardEvent) => {
      if (isPlainKey(event, '?')) show();
    };
    document.addEventListener('keydown', onKey);
    window.addEventListener(SHOW_KEYS, show);
    return () => {
      document.removeEventListener('keydown', onKey);
      window.removeEventListener(SHOW_KEYS, show);
    };
  }, []);
  if (!asked) return null;
  return (
    <Suspense>
      <ShortcutList open={open} onClose={() => setOpen(false)} />
    </Suspense>
  );
}
