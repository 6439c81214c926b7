// A question before something that cannot be taken back. Mount it only while it is asked.
import { useId, useState, type FormEvent, type ReactNode } from 'react';
import { explain } from '@/lib/api/explain';
import { Button } from './button';
import { Dialog } from './dialog';
import { Field, Input } from './input';

interface ConfirmProps {
  title: string;
  children: ReactNode;
  /** What the button says: the deed, not "OK". */
  action: string;
  /** What has to be typed first, for what destroys much. */
  typed?: string;
  danger?: boolean;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}

export function Confirm({ title, children, action, typed, danger = true, onConfirm, onClose }: ConfirmProps) {
  const id = useId();
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setFailure(explain(error));
      setBusy(false);
    }
  };
  return (
    <Dialog open onClose={onClose} title={title}>
      <form className="grid gap-4 text-sm" onSubmit={(event) => void submit(event)}>
        <div className="grid gap-2 text-ink-2">{children}</div>
        {typed !== undefined && (
          <Field label={`Type “${typed}” to confirm`} htmlFor={id}>
            <Input
              id={id}
              value={text}
              autoComplete="off"
              onChange={(event) => setText(event.target.value)}
            />
          </Field>
        )}
        <p role="alert" className="text-bad empty:hidden">
          {failure}
        </p>
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            variant={danger ? 'danger' : 'primary'}
            disabled={busy || (typed !== undefined && text !== typed)}
          >
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
