import { useState, type FormEvent } from 'react';
import * as z from 'zod/mini';
import { Button } from '@/components/ui/button';
import { Field, Input } from '@/components/ui/input';
import { useApi } from '@/lib/api/client';
import { explain } from '@/lib/api/explain';

const Made = z.object({ id: z.string() });

/** For somebody who belongs to none: one of their own. */
export function CreateOrganization({ onCreated }: { onCreated: (id: string) => void }) {
  const api = useApi();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('name')).trim();
    setBusy(true);
    setFailure(null);
    try {
      const made = await api.request('/v1/organizations', Made, {
        method: 'POST',
        body: { name },
      });
      onCreated(made.id);
    } catch (error) {
      setFailure(explain(error));
      setBusy(false);
    }
  };
  return (
    <form className="mt-5 grid gap-3 text-left" onSubmit={(event) => void submit(event)}>
      <Field label="Name of the organisation" htmlFor="new-organization">
        <Input id="new-organization" name="name" required maxLength={120} autoComplete="organization" />
      </Field>
      <p role="alert" className="text-sm text-bad empty:hidden">
        {failure}
      </p>
      <Button type="submit" variant="primary" disabled={busy} className="sm:justify-self-start">
        Create it
      </Button>
    </form>
  );
}
