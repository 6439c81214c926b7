import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { ChevronRight, ScrollText, ShieldAlert, ShieldCheck } from 'lucide-react';
import { ErrorMessage, Message } from '@/components/states';
import { Button } from '@/components/ui/button';
import { useApi } from '@/lib/api/client';
import { cn } from '@/lib/cn';
import { formatCount } from '@/lib/format';
import { canAdminister, useOrganization } from '@/lib/organization';
import { useTimes } from '@/lib/times';
import { useNow } from '@/lib/use-now';
import {
  ACTIONS,
  auditQuery,
  chainQuery,
  changesOf,
  type AuditEntry,
  type AuditFilter,
  type Change,
} from './audit-api';
import { AuditFilterBar } from './audit-filter';
import { CARD, PageHead, RowsSkeleton } from './section';

interface AuditPageProps {
  /** What to show. Lives in the address. */
  filter: AuditFilter;
  onFilter: (filter: AuditFilter) => void;
}

export function AuditPage({ filter, onFilter }: AuditPageProps) {
  const organization = useOrganization();
  return (
    <>
      <PageHead
        title="Audit log"
        lead="Who changed what, when and from where. Entries are chained by their hashes: a missing or altered one shows."
      />
      {canAdminister(organization) ? (
        <Log filter={filter} onFilter={onFilter} />
      ) : (
        <div className={CARD}>
          <Message icon={<ScrollText aria-hidden />} title="For owners and admins">
            Ask one of them if you need to know what was changed.
          </Message>
        </div>
      )}
    </>
  );
}

function Log({ filter, onFilter }: AuditPageProps) {
  const api = useApi();
  const org = useOrganization().id;
  const query = useInfiniteQuery(auditQuery(api, org, filter, useTimes().zone));
  const entries = query.data?.pages.flatMap((page) => page.entries) ?? [];
  return (
    <>
      <div className="mb-4 flex flex-wrap items-end justify-between gap-3">
        <AuditFilterBar filter={filter} onFilter={onFilter} />
        <ChainStatus />
      </div>
      {query.isPending ? (
        <RowsSkeleton what="the audit log" />
      ) : query.isError && entries.length === 0 ? (
        <ErrorMessage error={query.error} onRetry={() => void query.refetch()} />
      ) : entries.length === 0 ? (
        <div className={CARD}>
          <Message
            icon={<ScrollText aria-hidden />}
            title={Object.keys(filter).length > 0 ? 'Nothing of this kind' : 'Nothing was changed yet'}
          />
        </div>
      ) : (
        <>
          <ul aria-label="Changes, newest first" className={cn(CARD, 'divide-y divide-line')}>
            {entries.map((entry) => (
              <Entry key={entry.seq} entry={entry} />
            ))}
          </ul>
          {query.hasNextPage && (
            <div className="mt-4 text-center">
              {query.isFetchNextPageError && (
                <p role="alert" className="mb-2 text-sm text-bad">
                  The next page could not be loaded.
                </p>
              )}
              <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {query.isFetchingNextPage ? 'Loading' : 'Load older ones'}
              </Button>
            </div>
          )}
        </>
      )}
    </>
  );
}

function ChainStatus() {
  const api = useApi();
  const org = useOrganization().id;
  const chain = useQuery(chainQuery(api, org));
  if (!chain.data) {
    return (
      <p className="text-sm text-ink-3">
        {chain.isPending ? 'Checking the chain …' : 'The chain could not be checked.'}
      </p>
    );
  }
  const { intact, entries, broken_at: brokenAt } = chain.data;
  return intact ? (
    <p className="flex items-center gap-1.5 text-sm text-good">
      <ShieldCheck aria-hidden className="size-4" /> Chain intact, {formatCount(entries)}{' '}
      {entries === 1 ? 'entry' : 'entries'}
    </p>
  ) : (
    <p role="alert" className="flex items-center gap-1.5 rounded-md bg-bad-soft px-2.5 py-1.5 text-sm">
      <ShieldAlert aria-hidden className="size-4" />
      The chain is broken at entry {brokenAt ?? 'unknown'}: the log was tampered with.
    </p>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const now = useNow();
  const times = useTimes();
  const changes = changesOf(entry);
  return (
    <li>
      <details className="group">
        <summary className="flex list-none items-baseline gap-x-3 px-3 py-2.5 hover:bg-sunken sm:px-4">
          <ChevronRight
            aria-hidden
            className="size-4 shrink-0 self-center text-ink-3 transition-transform group-open:rotate-90"
          />
          <span className="flex min-w-0 flex-1 flex-wrap items-baseline gap-x-3 gap-y-0.5">
            <span className="min-w-0 flex-1 basis-64 wrap-anywhere">
              <span className="font-medium">{actorOf(entry)}</span>{' '}
              <span className="text-ink-2">{ACTIONS[entry.action] ?? entry.action}</span>
              {changes.length === 1 && changes[0] && <InShort change={changes[0]} />}
            </span>
            <time
              dateTime={entry.at}
              title={times.exact(entry.at)}
              className="text-sm text-ink-3 tabular-nums"
            >
              {times.time(entry.at, now)}
            </time>
          </span>
        </summary>
        <div className="grid gap-3 border-t border-line bg-sunken px-3 py-3 text-sm sm:px-4">
          {changes.length > 0 && (
            <table className="w-full table-fixed text-left">
              <thead className="text-xs text-ink-3">
                <tr className="[&>th]:pb-1 [&>th]:font-normal">
                  <th scope="col" className="w-1/4">
                    field
                  </th>
                  <th scope="col">before</th>
                  <th scope="col">after</th>
                </tr>
              </thead>
              <tbody>
                {changes.map((change) => (
                  <tr key={change.field} className="align-top [&>*]:py-0.5 [&>*]:pr-3">
                    <th scope="row" className="font-normal wrap-anywhere text-ink-2">
                      {change.field}
                    </th>
                    <td className="font-mono text-[0.8125rem] wrap-anywhere">
                      {change.before === undefined ? <Nothing /> : <del>{change.before}</del>}
                    </td>
                    <td className="font-mono text-[0.8125rem] wrap-anywhere">
                      {change.after === undefined ? (
                        <Nothing />
                      ) : (
                        <ins className="no-underline">{change.after}</ins>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-0.5 text-ink-3 [&_dd]:font-mono [&_dd]:text-xs [&_dd]:leading-5 [&_dd]:wrap-anywhere">
            <dt>entry</dt>
            <dd>{entry.seq}</dd>
            <dt>{entry.target_type.replace('_', ' ')}</dt>
            <dd>{entry.target_id}</dd>
            {entry.address && (
              <>
                <dt>from</dt>
                <dd>{entry.address}</dd>
              </>
            )}
            {entry.request_id && (
              <>
                <dt>request</dt>
                <dd>{entry.request_id}</dd>
              </>
            )}
            <dt>hash</dt>
            <dd>{entry.hash}</dd>
          </dl>
        </div>
      </details>
    </li>
  );
}

/** A single change needs no opening: "role: viewer → member". */
function InShort({ change }: { change: Change }) {
  if (change.before === undefined || change.after === undefined) return null;
  return (
    <span className="text-ink-3">
      {' '}
      ({change.field}: {change.before} → {change.after})
    </span>
  );
}

const Nothing = () => <span className="text-ink-3">–</span>;

function actorOf({ actor_type: type, actor_name: name, actor_id: id }: AuditEntry): string {
  if (type === 'key' || type === 'api_key') return `API key ${name ?? id ?? ''}`.trim();
  if (name ?? id) return String(name ?? id);
  return type === 'system' ? 'Driftlock' : type;
}
