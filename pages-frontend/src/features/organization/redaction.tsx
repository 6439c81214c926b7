// Whether personal data is taken out of events before anything is scored or stored, and which.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ErrorMessage } from '@/components/states';
import { Button } from '@/components/ui/button';
import { Field, Select } from '@/components/ui/input';
import { Segmented } from '@/components/ui/segmented';
import { useToast } from '@/components/ui/toast-context';
import { useApi } from '@/lib/api/client';
import { explain } from '@/lib/api/explain';
import { cn } from '@/lib/cn';
import { useOrganization } from '@/lib/organization';
import { OwnPatterns } from './own-patterns';
import { CARD, RowsSkeleton } from './section';
import { redactionQuery, useSettingsActions, type Redaction } from './settings-api';

const KINDS: Record<string, string> = {
  email: 'email addresses',
  phone: 'telephone numbers',
  card: 'card numbers',
  iban: 'bank accounts (IBAN)',
  secret: 'passwords, tokens and keys',
  ip: 'network addresses',
};

const ACTIONS = [
  { value: 'replace', label: 'a label: [email]' },
  { value: 'hash', label: 'a hash: [email:9f86…], the same for the same value' },
  { value: 'drop', label: 'nothing' },
] as const;

export function RedactionSettings({ editable }: { editable: boolean }) {
  const api = useApi();
  const org = useOrganization().id;
  const query = useQuery(redactionQuery(api, org));
  return (
    <section className="mt-8" aria-labelledby="redaction-title">
      <h2 id="redaction-title" className="text-lg">
        Personal data
      </h2>
      <p className="mt-1 mb-3 max-w-prose text-ink-2">
        What is masked is taken out before an event is scored or stored, and cannot be had back. Names and
        street addresses have no form of their own and are not found.
      </p>
      {query.isPending ? (
        <RowsSkeleton what="the policy on personal data" rows={2} />
      ) : !query.data ? (
        <ErrorMessage error={query.error} onRetry={() => void query.refetch()} />
      ) : editable ? (
        <RedactionForm redaction={query.data} />
      ) : (
        <p className={cn(CARD, 'p-4')}>{inWords(query.data)}</p>
      )}
    </section>
  );
}

function inWords({ policy, kinds, patterns }: Redaction): string {
  if (policy === 'keep') return 'Events are kept as they come.';
  const own = patterns.length ? ` and ${patterns.length} of your own patterns` : '';
  return `Masked: ${kinds.map((kind) => KINDS[kind] ?? kind).join(', ')}${own}.`;
}

function RedactionForm({ redaction }: { redaction: Redaction }) {
  const { redact } = useSettingsActions();
  const toast = useToast();
  const [wish, setWish] = useState(redaction);
  const [failure, setFailure] = useState<string | null>(null);
  const masks = wish.policy === 'mask';
  const save = async () => {
    setFailure(null);
    try {
      // A row that was added and left empty is no pattern.
      const patterns = wish.patterns.filter((each) => each.name.trim() || each.pattern.trim());
      setWish(await redact.mutateAsync({ ...wish, patterns }));
      toast.show({ message: 'Saved. It holds everywhere within a minute.' });
    } catch (error) {
      setFailure(explain(error));
    }
  };
  return (
    <div className={cn(CARD, 'grid gap-4 p-4')}>
      <div>
        <Segmented
          label="Personal data in events"
          value={masks ? 'mask' : 'keep'}
          onChange={(policy) => setWish({ ...wish, policy })}
          options={[
            { value: 'keep', label: 'Keep events as they come' },
            { value: 'mask', label: 'Mask' },
          ]}
        />
      </div>
      {masks && (
        <>
          <fieldset className="grid gap-1 text-sm sm:grid-cols-2">
            <legend className="mb-1 font-medium text-ink-2">Mask</legend>
            {wish.available_kinds.map((kind) => (
              <label key={kind} className="flex min-h-7 items-center gap-2">
                <input
                  type="checkbox"
                  className="size-4 accent-accent"
                  checked={wish.kinds.includes(kind)}
                  onChange={(event) =>
                    setWish({
                      ...wish,
                      kinds: wish.available_kinds.filter((each) =>
                        each === kind ? event.target.checked : wish.kinds.includes(each),
                      ),
                    })
                  }
                />
                {KINDS[kind] ?? kind}
              </label>
            ))}
          </fieldset>
          <Field label="Put in its place" htmlFor="redaction-action">
            <Select
              id="redaction-action"
              value={wish.action}
              onChange={(event) => setWish({ ...wish, action: event.target.value as Redaction['action'] })}
            >
              {ACTIONS.map((action) => (
                <option key={action.value} value={action.value}>
                  {action.label}
                </option>
              ))}
            </Select>
          </Field>
          <OwnPatterns patterns={wish.patterns} onChange={(patterns) => setWish({ ...wish, patterns })} />
        </>
      )}
      <div className="flex flex-wrap items-center justify-end gap-3">
        <p role="alert" className="text-sm text-bad empty:hidden">
          {failure}
        </p>
        <Button
          variant="primary"
          disabled={redact.isPending || (masks && wish.kinds.length + wish.patterns.length === 0)}
          onClick={() => void save()}
        >
          Save the policy
        </Button>
      </div>
    </div>
  );
}
