// A popover beside something that is on the page already. Loaded when the first one opens: its positioning code is a
// tenth of a page's JavaScript, and nobody opens one in the first second.
import type { ComponentProps, RefObject } from 'react';
import { Popover, PopoverAnchor, PopoverContent } from './popover';

interface AnchoredPopoverProps extends ComponentProps<typeof PopoverContent> {
  anchor: RefObject<HTMLElement | null>;
  onClose: () => void;
}

export default function AnchoredPopover({ anchor, onClose, ...props }: AnchoredPopoverProps) {
  return (
    <Popover open onOpenChange={(open) => !open && onClose()}>
      <PopoverAnchor virtualRef={anchor as RefObject<HTMLElement>} />
      <PopoverContent
        onOpenAutoFocus={(event) => event.preventDefault()}
        onCloseAutoFocus={(event) => event.preventDefault()}
        // A press on what it belongs to is for that to handle.
        onInteractOutside={(event) => {
          if (anchor.current?.contains(event.target as Node)) event.preventDefault();
        }}
        {...props}
      />
    </Popover>
  );
}
