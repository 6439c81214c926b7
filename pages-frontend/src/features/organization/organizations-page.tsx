// All organisations of a person: changing between them, beginning another, restoring one that was deleted.
import { queryOptions, useMutation, useQuery } from '@tanstack/react-query';
import { Building2, RotateCcw } from 'lucide-react';
import * as z from 'zod/mini';
import { Button } from '@/components/ui/button';
import { useToast } from '@/components/ui/toast-context';
import { useApi, type ApiClient } from '@/lib/api/client';
import { explain } from '@/lib/api/explain';
import { cn } from '@/lib/cn';
import { useChooseOrganization, useOrganization, type Organization } from '@/lib/organization';
import { useTimes } from '@/lib/times';
import { CreateOrganization } from './create-organization';
import { CARD, PageHead } from './section';

const Deleted = z.object({
  organizations: z.array(
    z.object({ id: z.string(), name: z.string(), deleted_at: z.string(), purged_after: z.string() }),
  ),
});
const Restored = z.object({ id: z.string(), name: z.string() });

const deletedQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ['deleted-organizations'],
    queryFn: ({ signal }) => api.request('/v1/organizations/deleted', Deleted, { signal }),
  });

export function OrganizationsPage({ organizations }: { organizations: readonly Organization[] }) {
  const current = useOrganization();
  const choose = useChooseOrganization();
  return (
    <main id="main" className="mx-auto w-full max-w-3xl px-3 pt-5 pb-24 sm:px-6">
      <PageHead title="Your organisations" lead="Each has its own streams, people, keys and plan." />
      <ul aria-label="Your organisations" className={cn(CARD, 'divide-y divide-line')}>
        {organizations.map((each) => (
          <li key={each.id} className="flex flex-wrap items-center justify-between gap-3 px-4 py-3">
            <span className="flex min-w-0 items-center gap-3">
              <Building2 aria-hidden className="size-5 shrink-0 text-ink-3" />
              <span className="min-w-0">
                <span className="block font-medium wrap-anywhere">{each.name}</span>
                <span className="block text-sm text-ink-2">
                  {each.role}, {each.plan} plan
                </span>
              </span>
            </span>
            {each.id === current.id ? (
              <span className="text-sm text-ink-3">You are here</span>
            ) : (
              <Button size="sm" aria-label={`Go to ${each.name}`} onClick={() => choose(each.id)}>
                Go there
              </Button>
            )}
          </li>
        ))}
      </ul>
      <DeletedOrganizations onRestored={choose} />
      <section className="mt-8" aria-labelledby="new-title">
        <h2 id="new-title" className="text-lg">
          New organisation
        </h2>
        <p className="mt-1 max-w-prose text-ink-2">
          For another company or a separate environment. You become its owner.
        </p>
        <div className={cn(CARD, 'mt-3 px-4 pb-4')}>
          <CreateOrganization onCreated={choose} />
        </div>
      </section>
    </main>
  );
}

/** What an owner can still have back. Nothing where there is nothing. */
export function DeletedOrganizations({ onRestored }: { onRestored: (id: string) => void }) {
  const api = useApi();
  const toast = useToast();
  const times = useTimes();
  const query = useQuery(deletedQuery(api));
  const restore = useMutation({
    mutationFn: (id: string) =>
      api.request(`/v1/organizations/${id}/restore` as const, Restored, {
        method: 'POST',
        body: {},
      }),
    onSuccess: (restored) => {
      toast.show({ message: `${restored.name} is back.` });
      void query.refetch();
      onRestored(restored.id);
    },
    onError: (error) => toast.show({ tone: 'error', message: `It was not restored. ${explain(error)}` }),
  });
  if (query.isError) {
    return (
      <p className="mt-8 text-sm text-ink-2">
        Whether a deleted organisation can be restored could not be found out.
      </p>
    );
  }
  if (!query.data || query.data.organizations.length === 0) return null;
  return (
    <section className="mt-8 text-left" aria-labelledby="deleted-title">
      <h2 id="deleted-title" className="text-lg">
        Deleted, and still to be had back
      </h2>
      <ul className={cn(CARD, 'mt-3 divide-y divide-line')}>
        {query.data.organizations.map((each) => (
          <li key={each.id} className="flex flex-wrap items-center justify-between gap-3 px-4 py-3">
            <span className="min-w-0">
              <span className="block font-medium wrap-anywhere">{each.name}</span>
              <span className="block text-sm text-ink-2">
                deleted {times.date(each.deleted_at)}, gone for good after {times.date(each.purged_after)}
              </span>
            </span>
            <Button
              size="sm"
              disabled={restore.isPending}
              aria-label={`Restore ${each.name}`}
              onClick={() => restore.mutate(each.id)}
            >
              <RotateCcw aria-hidden /> Restore
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
