import { useState, type FormEvent, type ReactNode } from 'react';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Field, Input, Select } from '@/components/ui/input';
import { explain } from '@/lib/api/explain';
import type { ApiKey, NewKey } from './keys-api';

const DAY = 86_400;

const SCOPES = [
  { id: 'ingest', what: 'send events' },
  { id: 'read', what: 'read anomalies and streams' },
  { id: 'write', what: 'record and settle anomalies' },
  { id: 'admin', what: 'everything, keys and settings too' },
] as const;

const LIVES = [
  { days: 0, label: 'never ends' },
  { days: 30, label: '30 days' },
  { days: 90, label: '90 days' },
  { days: 365, label: 'a year' },
] as const;

const OVERLAPS = [
  { seconds: 0, label: 'none: the old key ends at once' },
  { seconds: 3_600, label: 'an hour' },
  { seconds: DAY, label: 'a day' },
  { seconds: 7 * DAY, label: 'a week' },
  { seconds: 30 * DAY, label: '30 days' },
] as const;

interface CreateKeyProps {
  onCreate: (wish: NewKey) => Promise<void>;
  onClose: () => void;
}

export function CreateKey({ onCreate, onClose }: CreateKeyProps) {
  const [scopes, setScopes] = useState<readonly string[]>(['ingest']);
  const admin = scopes.includes('admin');
  const submit = (form: FormData) => {
    const prefix = String(form.get('prefix') ?? '').trim();
    const days = Number(form.get('life'));
    return onCreate({
      name: String(form.get('name')).trim(),
      scopes: SCOPES.map((scope) => scope.id).filter((id) => scopes.includes(id)),
      environment: form.get('environment') === 'test' ? 'test' : 'live',
      ...(prefix && !admin ? { stream_prefix: prefix } : {}),
      ...(days ? { expires_at: new Date(Date.now() + days * DAY * 1000).toISOString() } : {}),
    });
  };
  return (
    <FormDialog
      title="New API key"
      action="Make the key"
      disabled={scopes.length === 0}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field label="Name" htmlFor="key-name">
        <Input id="key-name" name="name" required maxLength={120} placeholder="checkout, production" />
      </Field>
      <fieldset className="grid gap-1">
        <legend className="mb-1 font-medium text-ink-2">It may</legend>
        {SCOPES.map((scope) => (
          <label key={scope.id} className="flex min-h-7 items-center gap-2">
            <input
              type="checkbox"
              className="size-4 accent-accent"
              checked={scopes.includes(scope.id)}
              onChange={(event) =>
                setScopes(
                  event.target.checked ? [...scopes, scope.id] : scopes.filter((each) => each !== scope.id),
                )
              }
            />
            <span>
              <span className="font-mono text-[0.8125rem]">{scope.id}</span>: {scope.what}
            </span>
          </label>
        ))}
      </fieldset>
      <Field label="Only streams that begin with (optional)" htmlFor="key-prefix">
        <Input
          id="key-prefix"
          name="prefix"
          className="font-mono"
          maxLength={128}
          pattern="[A-Za-z0-9][A-Za-z0-9._\/:\-]*"
          title="letters, digits and . _ / : -, beginning with a letter or digit"
          disabled={admin}
          placeholder="checkout/"
        />
        {admin && <p className="text-ink-3">A key with “admin” reaches every stream.</p>}
      </Field>
      <div className="grid grid-cols-2 gap-3">
        <Field label="Ends after" htmlFor="key-life">
          <Select id="key-life" name="life" defaultValue="0">
            {LIVES.map((life) => (
              <option key={life.days} value={life.days}>
                {life.label}
              </option>
            ))}
          </Select>
        </Field>
        <Field label="Environment" htmlFor="key-environment">
          <Select id="key-environment" name="environment" defaultValue="live">
            <option value="live">live</option>
            <option value="test">test</option>
          </Select>
        </Field>
      </div>
    </FormDialog>
  );
}

interface RotateKeyProps {
  apiKey: ApiKey;
  onRotate: (overlapSeconds: number) => Promise<void>;
  onClose: () => void;
}

export function RotateKey({ apiKey, onRotate, onClose }: RotateKeyProps) {
  return (
    <FormDialog
      title={`Rotate “${apiKey.name}”`}
      action="Make the new key"
      onSubmit={(form) => onRotate(Number(form.get('overlap')))}
      onClose={onClose}
    >
      <p className="text-ink-2">
        A new key with the same name and rights takes its place. Both work during the overlap: change your
        programs then, and no event is lost.
      </p>
      <Field label="Overlap" htmlFor="key-overlap">
        <Select id="key-overlap" name="overlap" defaultValue={DAY}>
          {OVERLAPS.map((overlap) => (
            <option key={overlap.seconds} value={overlap.seconds}>
              {overlap.label}
            </option>
          ))}
        </Select>
      </Field>
    </FormDialog>
  );
}

interface FormDialogProps {
  title: string;
  action: string;
  disabled?: boolean;
  children: ReactNode;
  onSubmit: (form: FormData) => Promise<void>;
  onClose: () => void;
}

/** A form in a dialog: stays open with the reason when it fails. */
export function FormDialog({
  title,
  action,
  disabled = false,
  children,
  onSubmit,
  onClose,
}: FormDialogProps) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setFailure(null);
    try {
      await onSubmit(form);
      onClose();
    } catch (error) {
      setFailure(explain(error));
      setBusy(false);
    }
  };
  return (
    <Dialog open onClose={onClose} title={title}>
      <form className="grid gap-4 text-sm" onSubmit={(event) => void submit(event)}>
        {children}
        <p role="alert" className="text-bad empty:hidden">
          {failure}
        </p>
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" disabled={busy || disabled}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
