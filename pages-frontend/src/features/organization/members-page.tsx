import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ErrorMessage } from '@/components/states';
import { Button } from '@/components/ui/button';
import { Confirm } from '@/components/ui/confirm';
import { Field, Select } from '@/components/ui/input';
import { useToast } from '@/components/ui/toast-context';
import { useApi } from '@/lib/api/client';
import { explain } from '@/lib/api/explain';
import { cn } from '@/lib/cn';
import { formatAgo } from '@/lib/format';
import { canAdminister, useOrganization } from '@/lib/organization';
import { useTimes } from '@/lib/times';
import { useNow } from '@/lib/use-now';
import { Invitations } from './invitations';
import { FormDialog } from './key-dialogs';
import { membersQuery, ROLE_WORDS, ROLES, useMemberActions, type Member, type Role } from './members-api';
import { CARD, PageHead, RowsSkeleton } from './section';

interface MembersPageProps {
  userId: string;
  /** The person is no longer in the organisation. */
  onLeft: () => void;
}

type Open = { dialog: 'remove'; member: Member } | { dialog: 'leave' | 'transfer' } | null;

export function MembersPage({ userId, onLeft }: MembersPageProps) {
  const api = useApi();
  const organization = useOrganization();
  const query = useQuery(membersQuery(api, organization.id));
  const actions = useMemberActions();
  const toast = useToast();
  const [open, setOpen] = useState<Open>(null);
  const admin = canAdminister(organization);
  const owner = organization.role === 'owner';
  const close = () => setOpen(null);
  const others = (query.data ?? []).filter((member) => member.user_id !== userId);

  const changeRole = (member: Member, role: Role) =>
    actions.changeRole.mutate(
      { id: member.user_id, role },
      {
        onSuccess: () => toast.show({ message: `${nameOf(member)} is now ${withArticle(role)}.` }),
        onError: (error) => toast.show({ tone: 'error', message: explain(error) }),
      },
    );

  return (
    <>
      <PageHead title="Members" lead={`Everybody who can see ${organization.name}.`} />
      {query.isPending ? (
        <RowsSkeleton what="members" rows={3} />
      ) : !query.data ? (
        <ErrorMessage error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <ul aria-label="Members" className={cn(CARD, 'divide-y divide-line')}>
          {query.data.map((member) => (
            <MemberRow key={member.user_id} member={member} self={member.user_id === userId}>
              {admin && (owner || member.role !== 'owner') && member.user_id !== userId ? (
                <>
                  <RoleSelect member={member} owner={owner} onChange={(role) => changeRole(member, role)} />
                  <Button
                    size="sm"
                    aria-label={`Remove ${nameOf(member)}`}
                    onClick={() => setOpen({ dialog: 'remove', member })}
                  >
                    Remove
                  </Button>
                </>
              ) : (
                <span className="text-sm text-ink-2">{member.role}</span>
              )}
              {member.user_id === userId && (
                <Button size="sm" onClick={() => setOpen({ dialog: 'leave' })}>
                  Leave
                </Button>
              )}
            </MemberRow>
          ))}
        </ul>
      )}
      {owner && others.length > 0 && (
        <Button variant="ghost" size="sm" className="mt-3" onClick={() => setOpen({ dialog: 'transfer' })}>
          Hand the organisation on
        </Button>
      )}
      <RoleLegend />
      {admin && <Invitations />}

      {open?.dialog === 'remove' && (
        <Confirm
          title={`Remove ${nameOf(open.member)}?`}
          action="Remove"
          onClose={close}
          onConfirm={async () => {
            await actions.remove.mutateAsync(open.member.user_id);
            toast.show({ message: `${nameOf(open.member)} no longer sees ${organization.name}.` });
          }}
        >
          <p>They see nothing of {organization.name} any more. Keys that they made go on working.</p>
        </Confirm>
      )}
      {open?.dialog === 'leave' && (
        <Confirm
          title={`Leave ${organization.name}?`}
          action="Leave"
          onClose={close}
          onConfirm={async () => {
            await actions.remove.mutateAsync('me');
            onLeft();
          }}
        >
          <p>You see nothing of it any more. To come back you have to be invited again.</p>
        </Confirm>
      )}
      {open?.dialog === 'transfer' && (
        <FormDialog
          title={`Hand ${organization.name} on`}
          action="Make them the owner"
          onClose={close}
          onSubmit={async (form) => {
            await actions.transfer.mutateAsync(String(form.get('to')));
            toast.show({ message: 'Done. You are an admin now.' });
          }}
        >
          <p className="text-ink-2">The new owner can do everything; you become an admin.</p>
          <Field label="New owner" htmlFor="transfer-to">
            <Select id="transfer-to" name="to" required>
              {others.map((member) => (
                <option key={member.user_id} value={member.user_id}>
                  {nameOf(member)}
                </option>
              ))}
            </Select>
          </Field>
        </FormDialog>
      )}
    </>
  );
}

const nameOf = (member: Member) => member.email ?? 'this person';
const withArticle = (role: string) => (/^[aeiou]/.test(role) ? `an ${role}` : `a ${role}`);

function MemberRow({ member, self, children }: { member: Member; self: boolean; children: React.ReactNode }) {
  const now = useNow();
  const times = useTimes();
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-3 py-3 sm:px-4">
      <div className="min-w-0 flex-1 basis-56">
        <p className="font-medium wrap-anywhere">
          {member.email ?? 'Address not known'}
          {self && <span className="font-normal text-ink-3"> (you)</span>}
        </p>
        <p className="text-sm text-ink-3">
          <time dateTime={member.created_at} title={times.exact(member.created_at)}>
            joined {formatAgo(member.created_at, now)}
          </time>
        </p>
      </div>
      <div className="flex items-center gap-2">{children}</div>
    </li>
  );
}

interface RoleSelectProps {
  member: Member;
  owner: boolean;
  onChange: (role: Role) => void;
}

function RoleSelect({ member, owner, onChange }: RoleSelectProps) {
  const offered = ROLES.filter((role) => owner || role !== 'owner');
  return (
    <Select
      aria-label={`Role of ${nameOf(member)}`}
      value={member.role}
      onChange={(event) => onChange(event.target.value as Role)}
      className="h-8! w-auto! px-2"
    >
      {offered.map((role) => (
        <option key={role} value={role}>
          {role}
        </option>
      ))}
    </Select>
  );
}

function RoleLegend() {
  return (
    <dl className="mt-4 grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-sm">
      {ROLES.map((role) => (
        <div key={role} className="contents">
          <dt className="text-ink-2">{role}</dt>
          <dd className="text-ink-3">{ROLE_WORDS[role]}</dd>
        </div>
      ))}
    </dl>
  );
}
