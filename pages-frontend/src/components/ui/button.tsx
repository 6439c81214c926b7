import { cva, type VariantProps } from 'class-variance-authority';
import { Slot } from 'radix-ui';
import type { ComponentProps } from 'react';
import { cn } from '@/lib/cn';

const buttonVariants = cva(
  'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap transition-colors disabled:opacity-55 [&_svg]:size-4 [&_svg]:shrink-0',
  {
    variants: {
      variant: {
        primary:
          'bg-accent text-accent-ink not-disabled:hover:bg-[color-mix(in_oklab,var(--c-accent)_88%,var(--c-ink))]',
        outline: 'border border-line-strong bg-panel text-ink not-disabled:hover:bg-sunken',
        danger: 'bg-bad text-page not-disabled:hover:bg-[color-mix(in_oklab,var(--c-bad)_88%,var(--c-ink))]',
        ghost: 'text-ink-2 not-disabled:hover:bg-sunken not-disabled:hover:text-ink',
      },
      size: {
        sm: 'h-8 px-2.5 text-sm',
        md: 'h-10 px-4 text-sm',
        icon: 'size-9',
      },
    },
    defaultVariants: { variant: 'outline', size: 'md' },
  },
);

interface ButtonProps extends ComponentProps<'button'>, VariantProps<typeof buttonVariants> {
  asChild?: boolean;
}

export function Button({ className, variant, size, asChild = false, type, ...props }: ButtonProps) {
  const Component = asChild ? Slot.Root : 'button';
  return (
    <Component
      className={cn(buttonVariants({ variant, size }), className)}
      {...(asChild ? {} : { type: type ?? 'button' })}
      {...props}
    />
  );
}
