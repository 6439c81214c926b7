import type { ComponentProps } from 'react';
import { cn } from '@/lib/cn';

const control =
  'h-10 w-full rounded-md border border-line-strong bg-panel px-3 text-ink placeholder:text-ink-3 aria-invalid:border-bad';

// 16 px on phones: anything smaller makes iOS zoom the page on focus.
export function Input({ className, ...props }: ComponentProps<'input'>) {
  return <input className={cn(control, 'text-[16px] sm:text-sm', className)} {...props} />;
}

export function Select({ className, ...props }: ComponentProps<'select'>) {
  return <select className={cn(control, 'pr-2 text-[16px] sm:text-sm', className)} {...props} />;
}

export function Field({
  label,
  htmlFor,
  children,
}: {
  label: string;
  htmlFor: string;
  children: React.ReactNode;
}) {
  return (
    <div className="grid gap-1">
      <label htmlFor={htmlFor} className="text-sm font-medium text-ink-2">
        {label}
      </label>
      {children}
    </div>
  );
}
