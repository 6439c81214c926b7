import { useQuery } from '@tanstack/react-query';
import { KeyRound, Plus } from 'lucide-react';
import { useState } from 'react';
import { Secret } from '@/components/secret';
import { ErrorMessage, Message } from '@/components/states';
import { Button } from '@/components/ui/button';
import { Confirm } from '@/components/ui/confirm';
import { useToast } from '@/components/ui/toast-context';
import { useApi } from '@/lib/api/client';
import { cn } from '@/lib/cn';
import { formatAgo } from '@/lib/format';
import { canAdminister, useOrganization } from '@/lib/organization';
import { useTimes } from '@/lib/times';
import { useNow } from '@/lib/use-now';
import { CreateKey, RotateKey } from './key-dialogs';
import { keysQuery, stateOf, useKeyActions, type ApiKey, type KeyState } from './keys-api';
import { CARD, PageHead, RowsSkeleton } from './section';

type Open = { dialog: 'create' } | { dialog: 'rotate' | 'revoke'; key: ApiKey } | null;
interface Shown {
  name: string;
  secret: string;
  /** When the key that it replaces ends. */
  until: string | null;
}

export function KeysPage() {
  const api = useApi();
  const organization = useOrganization();
  const query = useQuery(keysQuery(api, organization.id));
  const actions = useKeyActions();
  const toast = useToast();
  const now = useNow();
  const times = useTimes();
  const [open, setOpen] = useState<Open>(null);
  const [shown, setShown] = useState<Shown | null>(null);
  const [withEnded, setWithEnded] = useState(false);
  const admin = canAdminister(organization);
  const close = () => setOpen(null);

  const all = query.data ?? [];
  const running = all.filter((key) => ['active', 'ending'].includes(stateOf(key, now)));
  const ended = all.length - running.length;
  const keys = withEnded ? all : running;

  return (
    <>
      <PageHead
        title="API keys"
        lead="Programs send events and read anomalies with them. A key belongs to the organisation, not to who made it."
        action={
          admin && (
            <Button variant="primary" onClick={() => setOpen({ dialog: 'create' })}>
              <Plus aria-hidden /> New key
            </Button>
          )
        }
      />
      {shown && (
        <div className="mb-5" role="status">
          <Secret
            value={shown.secret}
            action={
              <Button size="sm" className="h-9" onClick={() => setShown(null)}>
                I have stored it
              </Button>
            }
          >
            The key “{shown.name}”. It is shown only now: store it where you keep secrets.
            {shown.until &&
              ` The old one goes on until ${times.date(shown.until)}, so that nothing is lost meanwhile.`}
          </Secret>
        </div>
      )}
      {query.isPending ? (
        <RowsSkeleton what="API keys" />
      ) : !query.data ? (
        <ErrorMessage error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <>
          {keys.length === 0 ? (
            <div className={CARD}>
              <Message icon={<KeyRound aria-hidden />} title={ended ? 'No key in use' : 'No keys yet'}>
                {admin ? 'Make one for each program that sends events.' : 'An owner or admin can make one.'}
              </Message>
            </div>
          ) : (
            <ul aria-label="API keys" className={cn(CARD, 'divide-y divide-line')}>
              {keys.map((key) => (
                <KeyRow key={key.id} apiKey={key} now={now}>
                  {admin && ['active', 'ending'].includes(stateOf(key, now)) && (
                    <>
                      <Button
                        size="sm"
                        aria-label={`Rotate ${key.name}`}
                        onClick={() => setOpen({ dialog: 'rotate', key })}
                      >
                        Rotate
                      </Button>
                      <Button
                        size="sm"
                        aria-label={`Revoke ${key.name}`}
                        onClick={() => setOpen({ dialog: 'revoke', key })}
                      >
                        Revoke
                      </Button>
                    </>
                  )}
                </KeyRow>
              ))}
            </ul>
          )}
          {ended > 0 && (
            <Button
              variant="ghost"
              size="sm"
              className="mt-3"
              aria-expanded={withEnded}
              onClick={() => setWithEnded(!withEnded)}
            >
              {withEnded ? 'Hide ended keys' : `Show ${ended} ended ${ended === 1 ? 'key' : 'keys'}`}
            </Button>
          )}
        </>
      )}
      {open?.dialog === 'create' && (
        <CreateKey
          onClose={close}
          onCreate={async (wish) => {
            const made = await actions.create.mutateAsync(wish);
            setShown({ name: made.name, secret: made.secret, until: null });
          }}
        />
      )}
      {open?.dialog === 'rotate' && (
        <RotateKey
          apiKey={open.key}
          onClose={close}
          onRotate={async (overlapSeconds) => {
            const made = await actions.rotate.mutateAsync({ id: open.key.id, overlapSeconds });
            const until = new Date(Date.now() + overlapSeconds * 1000).toISOString();
            setShown({ name: made.name, secret: made.secret, until: overlapSeconds ? until : null });
          }}
        />
      )}
      {open?.dialog === 'revoke' && (
        <Confirm
          title={`Revoke “${open.key.name}”?`}
          action="Revoke the key"
          onClose={close}
          onConfirm={async () => {
            await actions.revoke.mutateAsync(open.key.id);
            toast.show({ message: `“${open.key.name}” is revoked.` });
          }}
        >
          <p>
            Whatever uses it is refused within 60 seconds. This cannot be undone.
            {open.key.last_used_at && ` It was last used ${formatAgo(open.key.last_used_at, now)}.`}
          </p>
          <p>To change a key without losing events, rotate it instead.</p>
        </Confirm>
      )}
    </>
  );
}

const STATES: Record<KeyState, { label: string; className: string }> = {
  active: { label: 'Active', className: 'text-good' },
  ending: { label: 'Ending soon', className: 'text-ink font-medium' },
  expired: { label: 'Expired', className: 'text-ink-3' },
  revoked: { label: 'Revoked', className: 'text-ink-3' },
};

function KeyRow({ apiKey, now, children }: { apiKey: ApiKey; now: number; children: React.ReactNode }) {
  const times = useTimes();
  const state = STATES[stateOf(apiKey, now)];
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-3 py-3 sm:px-4">
      <div className="min-w-0 flex-1 basis-72">
        <p className="flex flex-wrap items-baseline gap-x-2">
          <span className="font-medium wrap-anywhere">{apiKey.name}</span>
          <span className={cn('text-sm', state.className)}>{state.label}</span>
          {apiKey.environment === 'test' && <span className="text-sm text-ink-3">test</span>}
        </p>
        <p className="mt-0.5 flex flex-wrap gap-x-3 text-sm text-ink-2">
          <span className="font-mono text-[0.8125rem]">
            dlk_{apiKey.environment}_{apiKey.id}_…
          </span>
          <span>{apiKey.scopes.join(', ')}</span>
          {apiKey.stream_prefix && (
            <span>
              only <span className="font-mono text-[0.8125rem]">{apiKey.stream_prefix}…</span>
            </span>
          )}
        </p>
        <p className="mt-0.5 flex flex-wrap gap-x-3 text-sm text-ink-3">
          <Moment label={apiKey.last_used_at ? 'used' : 'never used'} at={apiKey.last_used_at} now={now} />
          <Moment label="made" at={apiKey.created_at} now={now} />
          {apiKey.revoked_at ? (
            <Moment label="revoked" at={apiKey.revoked_at} now={now} />
          ) : (
            apiKey.expires_at && (
              <span title={times.exact(apiKey.expires_at)}>ends {times.date(apiKey.expires_at)}</span>
            )
          )}
        </p>
      </div>
      <div className="flex gap-2">{children}</div>
    </li>
  );
}

function Moment({ label, at, now }: { label: string; at: string | null | undefined; now: number }) {
  const times = useTimes();
  if (!at) return <span>{label}</span>;
  return (
    <time dateTime={at} title={times.exact(at)}>
      {label} {formatAgo(at, now)}
    </time>
  );
}
