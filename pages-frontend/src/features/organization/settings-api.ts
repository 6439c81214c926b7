import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import * as z from 'zod/mini';
import { useApi, type ApiClient } from '@/lib/api/client';
import { configQuery } from '@/lib/api/config';
import type { Schemas } from '@/lib/api/contract';
import { useOrganization } from '@/lib/organization';

export const Settings = z.object({
  id: z.string(),
  name: z.string(),
  plan: z.string(),
  time_zone: z.string(),
  default_sensitivity: z.number(),
  retention_days: z.nullish(z.number()),
  pii_policy: z.string(),
  created_at: z.string(),
});
export type Settings = z.output<typeof Settings>;
export type SettingsPatch = Omit<Schemas['OrganizationPatch'], 'pii_policy'>;

export const Redaction = z.object({
  policy: z.enum(['keep', 'mask']),
  action: z.enum(['replace', 'hash', 'drop']),
  kinds: z.array(z.string()),
  patterns: z.array(z.object({ name: z.string(), pattern: z.string() })),
  available_kinds: z.array(z.string()),
});
export type Redaction = z.output<typeof Redaction>;

const Deleted = z.object({ id: z.string(), purged_after: z.nullish(z.string()) });

const settingsKey = (org: string) => ['organization', org] as const;
const redactionKey = (org: string) => ['redaction', org] as const;

export const settingsQuery = (api: ApiClient, org: string) =>
  queryOptions({
    queryKey: settingsKey(org),
    queryFn: ({ signal }) => api.request('/v1/organization', Settings, { signal }),
  });

export const redactionQuery = (api: ApiClient, org: string) =>
  queryOptions({
    queryKey: redactionKey(org),
    queryFn: ({ signal }) => api.request('/v1/organization/redaction', Redaction, { signal }),
  });

export function useSettingsActions() {
  const api = useApi();
  const org = useOrganization().id;
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (patch: SettingsPatch) =>
      api.request('/v1/organization', Settings, { method: 'PATCH', body: patch }),
    onSuccess: (settings) => {
      client.setQueryData(settingsKey(org), settings);
      // The name stands in the frame too, and every time is in the organisation's zone.
      return Promise.all(
        [['me'], configQuery(api, org).queryKey].map((queryKey) => client.invalidateQueries({ queryKey })),
      );
    },
  });
  const redact = useMutation({
    mutationFn: ({ policy, action, kinds, patterns }: Redaction) =>
      api.request('/v1/organization/redaction', Redaction, {
        method: 'PUT',
        body: { policy, action, kinds, patterns },
      }),
    onSuccess: (redaction) => client.setQueryData(redactionKey(org), redaction),
  });
  const remove = useMutation({
    mutationFn: (name: string) =>
      api.request('/v1/organization', Deleted, { method: 'DELETE', query: { confirm: name } }),
  });
  return { change, redact, remove };
}

/** Saves the export as a file. */
export async function downloadExport(api: ApiClient, name: string): Promise<void> {
  const response = await api.send('/v1/organization/export');
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = `driftlock-${name.replace(/[^\p{L}\p{N}]+/gu, '-').toLowerCase()}.json`;
  link.click();
  URL.revokeObjectURL(url);
}
