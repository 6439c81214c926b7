// A term with its plain-words explanation: by hover or focus with a mouse and keyboard, by tap on a phone.
import { useRef, useState, type ReactNode } from 'react';
import { Popover, PopoverContent, PopoverTrigger } from './ui/popover';

interface ExplainProps {
  term: ReactNode;
  /** What a screen reader calls the button, where the term alone does not say. */
  label?: string;
  children: ReactNode;
}

export function Explain({ term, label, children }: ExplainProps) {
  const [open, setOpen] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const hover = (next: boolean) => (event: React.PointerEvent) => {
    if (event.pointerType !== 'mouse') return;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOpen(next), next ? 200 : 150);
  };
  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger
        aria-label={label}
        onPointerEnter={hover(true)}
        onPointerLeave={hover(false)}
        className="cursor-help text-left underline decoration-line-strong decoration-dotted underline-offset-4 hover:decoration-ink"
      >
        {term}
      </PopoverTrigger>
      <PopoverContent
        onPointerEnter={hover(true)}
        onPointerLeave={hover(false)}
        aria-label="Explanation"
        onOpenAutoFocus={(event) => event.preventDefault()}
        className="space-y-2 text-ink-2"
      >
        {children}
      </PopoverContent>
    </Popover>
  );
}
