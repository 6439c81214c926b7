// From nothing to a first anomaly, step by step. The step that is due stands open; it notices by itself when it is done.
import { Link } from '@tanstack/react-router';
import { Check } from 'lucide-react';
import { useId, useState, type ReactNode } from 'react';
import { Secret } from '@/components/secret';
import { ErrorMessage } from '@/components/states';
import { Button } from '@/components/ui/button';
import { Skeleton } from '@/components/ui/skeleton';
import type { Anomaly } from '@/lib/api/anomaly';
import { useApi } from '@/lib/api/client';
import { LEARNING_EVENTS, learningEventsOf, type Stream } from '@/lib/api/streams';
import { cn } from '@/lib/cn';
import { formatCount } from '@/lib/format';
import { canAdminister, useOrganization } from '@/lib/organization';
import { firstKey } from '@/lib/welcome';
import { useProgress } from './progress';
import { SnippetTabs } from './snippet-tabs';

const STARTER_STREAM = 'getting-started';
const STAND_IN = 'YOUR_API_KEY';

export function StartPage() {
  const organization = useOrganization();
  const { keys, streams, anomaly, stream } = useProgress();
  const [key, setKey] = useState(() => firstKey.get(organization.id));
  const failed = [streams, keys, anomaly].find((each) => each.isError && !each.data);

  return (
    <main id="main" className="mx-auto w-full max-w-3xl px-3 pt-5 pb-24 sm:px-6">
      <h1 className="text-xl">{organization.name}: get started</h1>
      <p className="mt-1 text-ink-2">Four steps to a first anomaly. This page notices when each is done.</p>
      {failed ? (
        <ErrorMessage error={failed.error} onRetry={() => void failed.refetch()} />
      ) : streams.isPending || keys.isPending || anomaly.isPending ? (
        <Steps busy>
          {['An API key', 'Your first event', 'Learning what is normal', 'The first anomaly'].map(
            (title, i) => (
              <Step key={title} number={i + 1} title={title} state="later">
                <Skeleton className="mt-2 h-4 w-2/3" />
              </Step>
            ),
          )}
        </Steps>
      ) : (
        <Steps>
          <KeyStep
            secret={key?.key}
            count={keys.data ?? 0}
            onStored={() => {
              firstKey.clear();
              setKey(undefined);
            }}
          />
          <EventStep
            secret={key?.key}
            stream={stream?.stream ?? key?.stream ?? STARTER_STREAM}
            received={stream !== undefined}
          />
          <LearnStep stream={stream} />
          <AnomalyStep
            anomaly={anomaly.data ?? undefined}
            due={stream !== undefined && stream.state !== 'learning'}
          />
        </Steps>
      )}
    </main>
  );
}

function KeyStep({
  secret,
  count,
  onStored,
}: {
  secret: string | undefined;
  count: number;
  onStored: () => void;
}) {
  const organization = useOrganization();
  return (
    <Step number={1} title="An API key" state={count > 0 ? 'done' : 'due'}>
      {secret ? (
        <div className="mt-2">
          <Secret
            value={secret}
            action={
              <Button size="sm" className="h-9" onClick={onStored}>
                I have stored it
              </Button>
            }
          >
            Your first key. It is shown only now: store it where you keep secrets. It can send events and read
            and settle anomalies.
          </Secret>
        </div>
      ) : count > 0 ? (
        <p>
          {organization.name} has {count === 1 ? 'one key' : `${count} keys`}.{' '}
          {canAdminister(organization) && <KeysLink>Make another</KeysLink>}
        </p>
      ) : canAdminister(organization) ? (
        <p>
          <KeysLink>Make a key</KeysLink> for the program that sends events.
        </p>
      ) : (
        <p>Ask an admin of {organization.name} for one.</p>
      )}
    </Step>
  );
}

function KeysLink({ children }: { children: ReactNode }) {
  return (
    <Link to="/app/settings/keys" className="font-medium text-accent underline underline-offset-4">
      {children}
    </Link>
  );
}

interface EventStepProps {
  secret: string | undefined;
  stream: string;
  received: boolean;
}

function EventStep({ secret, stream, received }: EventStepProps) {
  const api = useApi();
  const [shown, setShown] = useState(!received);
  return (
    <Step number={2} title="Your first event" state={received ? 'done' : 'due'}>
      <p role="status" className="flex items-center gap-2">
        {received ? (
          <span>
            Received in <span className="font-mono text-sm text-ink">{stream}</span>.
          </span>
        ) : (
          <>
            <span aria-hidden className="size-2 animate-breathe rounded-full bg-accent" />
            Waiting for your first event …
          </>
        )}
      </p>
      {shown ? (
        <div className="mt-3">
          <SnippetTabs
            url={api.baseUrl || window.location.origin}
            apiKey={secret ?? STAND_IN}
            stream={stream}
          />
          {!secret && (
            <p className="mt-1.5 text-sm text-ink-3">
              Put a key of yours in place of <code className="font-mono">{STAND_IN}</code>.
            </p>
          )}
        </div>
      ) : (
        <Button size="sm" className="mt-2" onClick={() => setShown(true)}>
          Show how to send more
        </Button>
      )}
    </Step>
  );
}

function LearnStep({ stream }: { stream: Stream | undefined }) {
  const label = useId();
  const learnt = stream !== undefined && stream.state !== 'learning';
  const events = stream?.events_seen ?? 0;
  const needed = stream ? learningEventsOf(stream) : LEARNING_EVENTS;
  return (
    <Step number={3} title="Learning what is normal" state={learnt ? 'done' : stream ? 'due' : 'later'}>
      {learnt ? (
        <p>The detector knows this stream after {formatCount(events)} events.</p>
      ) : stream ? (
        <>
          <p id={label}>
            {formatCount(events)} of {formatCount(needed)} events. Until then little is reported. Send your
            own ordinary logs; a stream learns only from what it sees.
          </p>
          <progress
            aria-labelledby={label}
            max={needed}
            value={Math.min(events, needed)}
            className="mt-2 block h-1.5 w-full appearance-none overflow-hidden rounded-full bg-line [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-line [&::-webkit-progress-value]:bg-accent"
          />
        </>
      ) : (
        <p>Each stream needs {formatCount(needed)} events to learn from.</p>
      )}
    </Step>
  );
}

function AnomalyStep({
  anomaly,
  due,
}: {
  anomaly: Pick<Anomaly, 'id' | 'reason'> | undefined;
  due: boolean;
}) {
  return (
    <Step number={4} title="The first anomaly" state={anomaly ? 'done' : due ? 'due' : 'later'}>
      {anomaly ? (
        <p role="status">
          <Link
            to="/app/anomalies/$id"
            params={{ id: anomaly.id }}
            className="font-medium text-accent underline underline-offset-4"
          >
            {anomaly.reason ?? 'See what was found'}
          </Link>
        </p>
      ) : due ? (
        <p role="status">Nothing odd so far. Send a line that does not fit, and see.</p>
      ) : (
        <p>It will stand here, and on the list of anomalies, within seconds.</p>
      )}
    </Step>
  );
}

function Steps({ children, busy = false }: { children: ReactNode; busy?: boolean }) {
  return (
    <ol className="mt-6 grid gap-3" aria-busy={busy}>
      {children}
    </ol>
  );
}

interface StepProps {
  number: number;
  title: string;
  state: 'done' | 'due' | 'later';
  children: ReactNode;
}

function Step({ number, title, state, children }: StepProps) {
  return (
    <li
      aria-current={state === 'due' ? 'step' : undefined}
      className={cn(
        'grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 rounded-lg border border-line p-3 sm:p-4',
        state === 'later' ? 'bg-transparent' : 'bg-panel',
      )}
    >
      <span
        className={cn(
          'grid size-6 place-items-center rounded-full text-sm font-medium tabular-nums',
          state === 'done' && 'bg-good text-page',
          state === 'due' && 'bg-accent text-accent-ink',
          state === 'later' && 'border border-line-strong text-ink-3',
        )}
      >
        {state === 'done' ? <Check aria-hidden className="size-4" /> : <span aria-hidden>{number}</span>}
      </span>
      <div className="min-w-0 text-ink-2">
        <h2 className="text-base text-ink">
          {title}
          {state === 'done' && <span className="sr-only">, done</span>}
        </h2>
        {children}
      </div>
    </li>
  );
}
