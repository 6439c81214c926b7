import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import * as z from 'zod/mini';
import type { ApiClient } from '@/lib/api/client';
import { startOfDay } from '@/lib/start-of-day';
import type { AuditFilter } from './audit-search';

export type { AuditFilter };

const Values = z.nullish(z.record(z.string(), z.unknown()));

export const AuditEntry = z.object({
  seq: z.number(),
  at: z.string(),
  actor_type: z.string(),
  actor_id: z.nullish(z.string()),
  actor_name: z.nullish(z.string()),
  address: z.nullish(z.string()),
  request_id: z.nullish(z.string()),
  action: z.string(),
  target_type: z.string(),
  target_id: z.string(),
  before: Values,
  after: Values,
  hash: z.string(),
});
export type AuditEntry = z.output<typeof AuditEntry>;

const AuditPage = z.object({ entries: z.array(AuditEntry), next_cursor: z.nullish(z.string()) });

const Chain = z.object({
  intact: z.boolean(),
  entries: z.number(),
  first_seq: z.nullish(z.number()),
  last_seq: z.nullish(z.number()),
  broken_at: z.nullish(z.number()),
});
export type Chain = z.output<typeof Chain>;

/** As the API takes it: instants instead of days. */
export function toAuditQuery(
  { from, to, ...rest }: AuditFilter,
  zone: string | undefined,
): Record<string, string> {
  return {
    ...rest,
    ...(from ? { from: startOfDay(from, zone).toISOString() } : {}),
    ...(to ? { to: startOfDay(to, zone, 1).toISOString() } : {}),
  };
}

export const auditQuery = (api: ApiClient, org: string, filter: AuditFilter, zone: string | undefined) =>
  infiniteQueryOptions({
    // Only days have to do with the zone.
    queryKey: ['audit', org, toAuditQuery(filter, zone)],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      api.request('/v1/audit', AuditPage, {
        query: { ...toAuditQuery(filter, zone), limit: 50, cursor: pageParam },
        signal,
      }),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });

export const chainQuery = (api: ApiClient, org: string) =>
  queryOptions({
    queryKey: ['audit-chain', org],
    queryFn: ({ signal }) => api.request('/v1/audit/verify', Chain, { signal }),
  });

/** What can be in the log, in words. The API's own word is shown for any that is not here. */
export const ACTIONS: Record<string, string> = {
  'organization.created': 'created the organisation',
  'organization.changed': 'changed the settings',
  'organization.exported': 'exported everything',
  'organization.deleted': 'deleted the organisation',
  'organization.restored': 'restored the organisation',
  'member.created': 'added a member',
  'member.changed': 'changed a role',
  'member.removed': 'removed a member',
  'invitation.created': 'invited somebody',
  'invitation.changed': 'invited somebody again',
  'invitation.accepted': 'accepted an invitation',
  'invitation.revoked': 'took an invitation back',
  'api_key.created': 'made an API key',
  'api_key.changed': 'changed an API key',
  'api_key.revoked': 'revoked an API key',
  'stream.changed': 'changed a stream',
  'stream.removed': 'deleted a stream',
  'anomaly_feedback.created': 'gave feedback on an anomaly',
  'anomaly_feedback.changed': 'changed feedback on an anomaly',
  'anomaly_feedback.removed': 'took feedback back',
  'subscription.changed': 'changed the subscription',
  'subscription.change_requested': 'asked for another plan',
  'subscription.cancel_requested': 'asked to end the subscription',
  'subscription.duplicate_cancelled': 'ended a second subscription',
  'checkout.completed': 'finished a checkout',
  'invoice.paid': 'noted a paid invoice',
  'invoice.payment_failed': 'noted a failed payment',
  'charge.refunded': 'noted a refund',
  'charge.dispute.created': 'noted a disputed payment',
  'meter.flush_refused': 'set aside usage that the meter refused',
};

export interface Change {
  field: string;
  before: string | undefined;
  after: string | undefined;
}

/** The fields of an entry that differ, in the order of their names. */
export function changesOf({ before, after }: Pick<AuditEntry, 'before' | 'after'>): Change[] {
  const fields = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...fields].toSorted().flatMap((field) => {
    const change = { field, before: show(before?.[field]), after: show(after?.[field]) };
    return change.before === change.after ? [] : [change];
  });
}

function show(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
