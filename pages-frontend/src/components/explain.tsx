// A term with its plain-words explanation: by hover or focus with a mouse and keyboard, by tap on a phone.
import { lazy, Suspense, useEffect, useRef, useState, type ReactNode } from 'react';

const AnchoredPopover = lazy(() => import('./ui/anchored-popover'));

interface ExplainProps {
  term: ReactNode;
  /** What a screen reader calls the button, where the term alone does not say. */
  label?: string;
  children: ReactNode;
}

export function Explain({ term, label, children }: ExplainProps) {
  // Who clicks what hovering has just opened wants it open.
  const [openBy, setOpenBy] = useState<'hover' | 'click' | null>(null);
  const open = openBy !== null;
  const anchor = useRef<HTMLButtonElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const hover = (next: boolean) => (event: React.PointerEvent) => {
    if (event.pointerType !== 'mouse') return;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOpenBy((by) => (next ? (by ?? 'hover') : null)), next ? 200 : 150);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <>
      <button
        ref={anchor}
        type="button"
        aria-label={label}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => {
          clearTimeout(timer.current);
          setOpenBy(openBy === 'click' ? null : 'click');
        }}
        onPointerEnter={hover(true)}
        onPointerLeave={hover(false)}
        className="cursor-help text-left underline decoration-line-strong decoration-dotted underline-offset-4 hover:decoration-ink"
      >
        {term}
      </button>
      {open && (
        <Suspense fallback={null}>
          <AnchoredPopover
            anchor={anchor}
            onClose={() => setOpenBy(null)}
            onPointerEnter={hover(true)}
            onPointerLeave={hover(false)}
            aria-label="Explanation"
            className="space-y-2 text-ink-2"
          >
            {children}
          </AnchoredPopover>
        </Suspense>
      )}
    </>
  );
}
