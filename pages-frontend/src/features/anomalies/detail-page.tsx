import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ArrowLeft, SearchX } from 'lucide-react';
import { lazy, Suspense, type ReactNode } from 'react';
import { Stale } from '@/components/stale';
import { ErrorMessage, Message } from '@/components/states';
import { Button } from '@/components/ui/button';
import { Skeleton } from '@/components/ui/skeleton';
import { EventText } from '@/components/verdict/event-text';
import { NearestDiff } from '@/components/verdict/nearest-diff';
import { PriceTable } from '@/components/verdict/price-table';
import { Severity } from '@/components/verdict/severity';
import { StatusBadge } from '@/components/verdict/status-badge';
import { reasonOf, type AnomalyDetail, type FieldPrice, type Token } from '@/lib/api/anomaly';
import { useApi } from '@/lib/api/client';
import { ApiError } from '@/lib/api/problem';
import { useArrivals, useFeed } from '@/lib/feed';
import { canTriage, useOrganization } from '@/lib/organization';
import { useTitle } from '@/lib/use-title';
import { Evidence } from './evidence';
import { Facts } from './facts';
import { MeasuresTable } from './measures-table';
import { anomalyQuery, WATCH_MS } from './queries';
import { StatusActions } from './status-actions';

// Below the fold, and not what a person in a hurry looks at first.
const Around = lazy(async () => ({ default: (await import('./around')).Around }));
const FeedbackPanel = lazy(async () => ({ default: (await import('./feedback')).FeedbackPanel }));
const MetricChart = lazy(async () => ({ default: (await import('./metric-chart')).MetricChart }));
const Replay = lazy(async () => ({ default: (await import('./replay')).Replay }));

export function DetailPage({ id }: { id: string }) {
  const api = useApi();
  const organization = useOrganization();
  const query = useQuery({
    ...anomalyQuery(api, organization.id, id, useFeed().hasToldOf(id)),
    // What others do about it, the feed does not tell.
    refetchInterval: ({ state }) => (state.data ? WATCH_MS : false),
  });

  // A repeat of this very cause arrives over the feed.
  useArrivals((anomalies) => {
    if (anomalies.some((anomaly) => anomaly.id === id)) void query.refetch();
  });
  useTitle(query.data && reasonOf(query.data));

  return (
    <main id="main" className="mx-auto w-full max-w-6xl px-3 pt-3 pb-32 sm:px-6 sm:pt-5 lg:pb-20">
      <Link
        to="/app/anomalies"
        className="mb-3 inline-flex min-h-8 items-center gap-1.5 text-sm text-ink-2 hover:text-ink"
      >
        <ArrowLeft aria-hidden className="size-4" /> Anomalies
      </Link>
      {query.isPending ? (
        <DetailSkeleton />
      ) : query.data ? (
        <>
          <Stale query={query} />
          <Detail anomaly={query.data} mayTriage={canTriage(organization)} />
        </>
      ) : query.error instanceof ApiError && query.error.status === 404 ? (
        <Missing />
      ) : (
        <ErrorMessage wholePage error={query.error} onRetry={() => void query.refetch()} />
      )}
    </main>
  );
}

function Detail({ anomaly, mayTriage }: { anomaly: AnomalyDetail; mayTriage: boolean }) {
  const tokens = anomaly.tokens ?? [];
  const fields = anomaly.fields ?? [];
  const learned = anomaly.source !== 'api';
  return (
    <article>
      <header>
        <p className="flex flex-wrap items-center gap-x-4 gap-y-1 text-sm">
          <Severity level={anomaly.severity} />
          <StatusBadge status={anomaly.status} />
          <Link
            to="/app/anomalies"
            search={{ stream: anomaly.stream }}
            className="font-mono text-ink-2 underline decoration-line-strong underline-offset-4 wrap-anywhere hover:text-ink"
          >
            {anomaly.stream}
          </Link>
          {anomaly.group && <span className="text-ink-2 wrap-anywhere">group {anomaly.group}</span>}
        </p>
        <h1 className="mt-2 max-w-4xl text-xl leading-snug text-pretty wrap-anywhere sm:text-2xl">
          {reasonOf(anomaly)}
        </h1>
      </header>
      <Facts anomaly={anomaly} />
      {mayTriage && <StatusActions anomaly={anomaly} />}

      <div className="mt-7 grid gap-x-10 gap-y-8 lg:grid-cols-[minmax(0,1fr)_19rem]">
        <div className="min-w-0 space-y-8">
          {anomaly.event_type === 'metric' && anomaly.witness !== undefined && (
            <Part title="Against what was expected">
              <Suspense fallback={<Skeleton className="h-44 w-full" />}>
                <MetricChart anomaly={anomaly} />
              </Suspense>
            </Part>
          )}
          {anomaly.event !== undefined && (
            <Part title="The event">
              <EventText text={anomaly.event} format={anomaly.event_format} tokens={tokens} />
            </Part>
          )}
          <Prices tokens={tokens} fields={fields} />
          {anomaly.nearest !== undefined && anomaly.event !== undefined && (
            <Part title="Beside the nearest normal event">
              <NearestDiff
                event={anomaly.event}
                nearest={anomaly.nearest}
                format={anomaly.event_format}
                tokens={tokens}
              />
            </Part>
          )}
          {anomaly.metadata && Object.keys(anomaly.metadata).length > 0 && (
            <Part title="Metadata">
              <pre className="rounded-lg border border-line bg-panel p-3 font-mono text-sm wrap-anywhere whitespace-pre-wrap">
                {JSON.stringify(anomaly.metadata, null, 2)}
              </pre>
            </Part>
          )}
        </div>
        <aside className="space-y-8">
          <Part title="Your verdict">
            <Suspense fallback={<Skeleton className="h-20 w-full" />}>
              <FeedbackPanel anomaly={anomaly} />
            </Suspense>
          </Part>
          <Part title="Around the same time">
            <Suspense fallback={<Skeleton className="h-24 w-full" />}>
              <Around anomaly={anomaly} />
            </Suspense>
          </Part>
          {learned && (
            <Part title="The stream around it">
              <MeasuresTable measures={anomaly.measures} />
            </Part>
          )}
          <Part title="Evidence">
            <Evidence anomaly={anomaly} />
          </Part>
          {anomaly.witness !== undefined && (
            <Part title="Check it yourself">
              <Suspense fallback={<Skeleton className="h-24 w-full" />}>
                <Replay anomaly={anomaly} />
              </Suspense>
            </Part>
          )}
        </aside>
      </div>
    </article>
  );
}

/** What made it odd: by field where the event has fields, else by word. */
function Prices({ tokens, fields }: { tokens: readonly Token[]; fields: readonly FieldPrice[] }) {
  const words = (
    <PriceTable
      noun="word"
      rows={tokens.map((token) => ({ name: token.text, bits: token.bits, expected: token.expected }))}
    />
  );
  if (fields.length === 0) return tokens.length > 0 ? <Part title="What made it odd">{words}</Part> : null;
  return (
    <Part title="What made it odd">
      <PriceTable
        noun="field"
        rows={fields.map((field) => ({
          name: field.path,
          value: field.text,
          bits: field.bits,
          expected: field.expected,
        }))}
      />
      {tokens.length > 0 && (
        <details className="mt-4">
          <summary className="w-fit text-sm text-ink-2 hover:text-ink">The same, word by word</summary>
          <div className="mt-3">{words}</div>
        </details>
      )}
    </Part>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <h2 className="mb-2.5 text-base">{title}</h2>
      {children}
    </section>
  );
}

function Missing() {
  return (
    <Message
      wholePage
      icon={<SearchX aria-hidden />}
      title="No such anomaly"
      action={
        <Button asChild>
          <Link to="/app/anomalies">See all anomalies</Link>
        </Button>
      }
    >
      It may belong to another organisation, or have been deleted with its stream.
    </Message>
  );
}

function DetailSkeleton() {
  return (
    <div aria-busy="true">
      <span className="sr-only">Loading the anomaly</span>
      <Skeleton className="h-5 w-52" />
      <Skeleton className="mt-3 h-8 w-4/5" />
      <Skeleton className="mt-5 h-20 w-full" />
      <Skeleton className="mt-8 h-40 w-full lg:w-2/3" />
    </div>
  );
}
