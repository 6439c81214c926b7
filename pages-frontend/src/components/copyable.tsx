// Text to paste elsewhere, with a button that copies it.
import { Check, Copy } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import { Button } from './ui/button';

const CONFIRMED_MS = 2_500;

interface CopyButtonProps {
  text: string;
  /** What is copied, for those who don't see it: "the key". */
  what: string;
  className?: string;
}

export function CopyButton({ text, what, className }: CopyButtonProps) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  useEffect(() => {
    if (state === 'idle') return;
    const timer = setTimeout(() => setState('idle'), CONFIRMED_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setState('copied'),
      () => setState('failed'),
    );
  return (
    <Button size="sm" className={className} onClick={() => void copy()} aria-label={`Copy ${what}`}>
      {state === 'copied' ? <Check aria-hidden /> : <Copy aria-hidden />}
      <span role="status">
        {state === 'copied' ? 'Copied' : state === 'failed' ? 'Select and copy it' : 'Copy'}
      </span>
    </Button>
  );
}

interface CopyableProps {
  text: string;
  /** What it is, for the label and the button. */
  what: string;
  /** A line above the code. */
  children?: ReactNode;
}

/** A block of code; scrolls sideways by itself, never the page. */
export function Copyable({ text, what, children }: CopyableProps) {
  return (
    <div className="rounded-lg border border-line">
      <div className="flex items-center justify-between gap-3 py-1.5 pr-1.5 pl-3 text-sm text-ink-3">
        <span>{children}</span>
        <CopyButton text={text} what={what} />
      </div>
      <pre
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
        tabIndex={0}
        role="region"
        aria-label={what}
        className="overflow-x-auto rounded-b-lg border-t border-line bg-sunken p-3 font-mono text-[0.8125rem] leading-relaxed"
      >
        <code>{text}</code>
      </pre>
    </div>
  );
}
