import { Popover as Primitive } from 'radix-ui';
import type { ComponentProps } from 'react';
import { cn } from '@/lib/cn';

export const Popover = Primitive.Root;
export const PopoverTrigger = Primitive.Trigger;
export const PopoverAnchor = Primitive.Anchor;

export function PopoverContent({ className, ...props }: ComponentProps<typeof Primitive.Content>) {
  return (
    <Primitive.Portal>
      <Primitive.Content
        sideOffset={6}
        collisionPadding={12}
        className={cn(
          'z-50 max-w-[min(22rem,calc(100vw-1.5rem))] rounded-lg bg-raised p-3 text-sm text-ink shadow-pop focus-visible:outline-none',
          className,
        )}
        {...props}
      />
    </Primitive.Portal>
  );
}
