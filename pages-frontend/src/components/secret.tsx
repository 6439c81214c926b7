import { KeyRound } from 'lucide-react';
import type { ReactNode } from 'react';
import { CopyButton } from './copyable';

interface SecretProps {
  value: string;
  children: ReactNode;
  action?: ReactNode;
}

/** An API key on the only occasion it is seen. */
export function Secret({ value, children, action }: SecretProps) {
  return (
    <div className="rounded-lg border border-accent bg-accent-soft p-3 sm:p-4">
      <p className="flex gap-2 text-sm">
        <KeyRound aria-hidden className="mt-0.5 size-4 shrink-0" />
        <span>{children}</span>
      </p>
      <div className="mt-3 flex flex-wrap items-center gap-2">
        <code
          data-testid="secret"
          className="min-w-0 flex-1 basis-64 rounded-md border border-line bg-panel px-2.5 py-1.5 font-mono text-sm wrap-anywhere select-all"
        >
          {value}
        </code>
        <CopyButton text={value} what="the key" className="h-9" />
        {action}
      </div>
    </div>
  );
}
