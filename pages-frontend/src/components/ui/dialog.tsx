// The platform's own modal dialog: focus trap, Escape and inert background without a line of script.
import { X } from 'lucide-react';
import { useEffect, useId, useLayoutEffect, useRef, type ReactNode } from 'react';
import { Button } from './button';

interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
}

export function Dialog({ open, onClose, title, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (open && !dialog?.open) dialog?.showModal();
    if (!open && dialog?.open) dialog.close();
  }, [open]);
  // Taken off the page while open, as by whoever mounts it only while it is asked: closed first, since only that puts the
  // focus back to where it came from.
  const leaving = useRef(false);
  useLayoutEffect(() => {
    const dialog = ref.current;
    leaving.current = false;
    return () => {
      leaving.current = true;
      if (dialog?.open) dialog.close();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      onClose={() => {
        if (!leaving.current && ref.current?.open === false) onClose();
      }}
      aria-labelledby={titleId}
      className="w-[min(28rem,calc(100vw-2rem))] rounded-xl bg-raised p-5 shadow-pop backdrop:bg-[rgb(10_18_26/0.5)]"
    >
      <div className="mb-3 flex items-center justify-between">
        <h2 id={titleId} className="text-lg">
          {title}
        </h2>
        <Button variant="ghost" size="icon" onClick={onClose} aria-label="Close">
          <X aria-hidden />
        </Button>
      </div>
      {children}
    </dialog>
  );
}
