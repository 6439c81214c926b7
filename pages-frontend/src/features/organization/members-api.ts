import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import * as z from 'zod/mini';
import { useApi, type ApiClient } from '@/lib/api/client';
import { useOrganization } from '@/lib/organization';

export const ROLES = ['owner', 'admin', 'member', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

export const ROLE_WORDS: Record<Role, string> = {
  owner: 'everything, and hands on or deletes the organisation',
  admin: 'runs it: keys, people, settings',
  member: 'reads and settles anomalies',
  viewer: 'only reads',
};

export const Member = z.object({
  user_id: z.string(),
  email: z.nullish(z.string()),
  role: z.string(),
  created_at: z.string(),
});
export type Member = z.output<typeof Member>;

/** An owner is made by a transfer. */
const INVITED = ['admin', 'member', 'viewer'] as const;
export type InvitedRole = (typeof INVITED)[number];

export const Invitation = z.object({
  id: z.string(),
  email: z.string(),
  role: z.enum(INVITED),
  created_at: z.string(),
  expires_at: z.string(),
});
export type Invitation = z.output<typeof Invitation>;

const Members = z.object({ members: z.array(Member) });
const Invitations = z.object({ invitations: z.array(Invitation) });

const membersKey = (org: string) => ['members', org] as const;
const invitationsKey = (org: string) => ['invitations', org] as const;

export const membersQuery = (api: ApiClient, org: string) =>
  queryOptions({
    queryKey: membersKey(org),
    queryFn: async ({ signal }) => (await api.request('/v1/members', Members, { signal })).members,
  });

export const invitationsQuery = (api: ApiClient, org: string) =>
  queryOptions({
    queryKey: invitationsKey(org),
    queryFn: async ({ signal }) =>
      (await api.request('/v1/invitations', Invitations, { signal })).invitations,
  });

export function useMemberActions() {
  const api = useApi();
  const org = useOrganization().id;
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: membersKey(org) });
  const path = (id: string) => `/v1/members/${encodeURIComponent(id)}` as const;

  /** Shows the new role at once, and the old one again if it is refused. */
  const changeRole = useMutation({
    mutationFn: ({ id, role }: { id: string; role: Role }) =>
      api.request(path(id), Member, { method: 'PATCH', body: { role } }),
    onMutate: async ({ id, role }) => {
      await client.cancelQueries({ queryKey: membersKey(org) });
      const before = client.getQueryData<Member[]>(membersKey(org));
      client.setQueryData<Member[]>(membersKey(org), (all) =>
        all?.map((member) => (member.user_id === id ? { ...member, role } : member)),
      );
      return { before };
    },
    onError: (_error, _wish, context) => client.setQueryData(membersKey(org), context?.before),
    onSettled: refresh,
  });
  const remove = useMutation({
    mutationFn: (id: string) => api.send(path(id), { method: 'DELETE' }),
    onSettled: refresh,
  });
  const transfer = useMutation({
    mutationFn: (userId: string) =>
      api.send('/v1/organization/transfer', { method: 'POST', body: { user_id: userId } }),
    // The caller's own role has changed.
    onSettled: () => Promise.all([refresh(), client.invalidateQueries({ queryKey: ['me'] })]),
  });
  return { changeRole, remove, transfer };
}

export function useInvitationActions() {
  const api = useApi();
  const org = useOrganization().id;
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries({ queryKey: invitationsKey(org) });
  const invite = useMutation({
    mutationFn: (wish: { email: string; role: InvitedRole }) =>
      api.request('/v1/invitations', Invitation, { method: 'POST', body: wish }),
    onSettled,
  });
  const takeBack = useMutation({
    mutationFn: (id: string) =>
      api.send(`/v1/invitations/${encodeURIComponent(id)}` as const, { method: 'DELETE' }),
    onSettled,
  });
  return { invite, takeBack };
}
