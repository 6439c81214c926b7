import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ErrorMessage } from '@/components/states';
import { Button } from '@/components/ui/button';
import { Confirm } from '@/components/ui/confirm';
import { Field, Input, Select } from '@/components/ui/input';
import { useToast } from '@/components/ui/toast-context';
import { useApi } from '@/lib/api/client';
import { explain } from '@/lib/api/explain';
import { ApiError } from '@/lib/api/problem';
import { cn } from '@/lib/cn';
import { useOrganization } from '@/lib/organization';
import { useTimes } from '@/lib/times';
import { invitationsQuery, useInvitationActions, type Invitation, type InvitedRole } from './members-api';
import { CARD, RowsSkeleton } from './section';

/** Inviting by mail, and what is still open. For owners and admins. */
export function Invitations() {
  const api = useApi();
  const org = useOrganization().id;
  const times = useTimes();
  const query = useQuery(invitationsQuery(api, org));
  const actions = useInvitationActions();
  const toast = useToast();
  const [failure, setFailure] = useState<string | null>(null);
  const [toTakeBack, setToTakeBack] = useState<Invitation | null>(null);

  const invite = async (wish: { email: string; role: InvitedRole }) => {
    setFailure(null);
    try {
      await actions.invite.mutateAsync(wish);
      toast.show({ message: `A link is on its way to ${wish.email}. It is valid for seven days.` });
      return true;
    } catch (error) {
      setFailure(inWords(error));
      return false;
    }
  };
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const role = data.get('role') as InvitedRole;
    const done = await invite({ email: String(data.get('email')).trim(), role });
    if (done) form.reset();
  };

  return (
    <section className="mt-10" aria-labelledby="invite-title">
      <h2 id="invite-title" className="text-lg">
        Invite somebody
      </h2>
      <form
        className="mt-3 grid gap-3 sm:grid-cols-[minmax(0,1fr)_9rem_auto] sm:items-end"
        onSubmit={(event) => void submit(event)}
      >
        <Field label="Email" htmlFor="invite-email">
          <Input
            id="invite-email"
            name="email"
            type="email"
            required
            maxLength={254}
            autoComplete="off"
            aria-invalid={failure !== null}
            aria-describedby="invite-failure"
          />
        </Field>
        <Field label="Role" htmlFor="invite-role">
          <Select id="invite-role" name="role" defaultValue="member">
            <option value="admin">admin</option>
            <option value="member">member</option>
            <option value="viewer">viewer</option>
          </Select>
        </Field>
        <Button type="submit" variant="primary" disabled={actions.invite.isPending}>
          Send the invitation
        </Button>
      </form>
      <p id="invite-failure" role="alert" className="mt-2 text-sm text-bad empty:hidden">
        {failure}
      </p>
      <div className="mt-5">
        {query.isPending ? (
          <RowsSkeleton what="invitations" rows={1} />
        ) : !query.data ? (
          <ErrorMessage error={query.error} onRetry={() => void query.refetch()} />
        ) : query.data.length === 0 ? (
          <p className="text-sm text-ink-3">No open invitations.</p>
        ) : (
          <ul aria-label="Open invitations" className={cn(CARD, 'divide-y divide-line')}>
            {query.data.map((invitation) => (
              <li
                key={invitation.id}
                className="flex flex-wrap items-center gap-x-4 gap-y-2 px-3 py-3 sm:px-4"
              >
                <div className="min-w-0 flex-1 basis-56">
                  <p className="wrap-anywhere">{invitation.email}</p>
                  <p className="text-sm text-ink-3">
                    as {invitation.role}, open until {times.date(invitation.expires_at)}
                  </p>
                </div>
                <div className="flex gap-2">
                  <Button
                    size="sm"
                    aria-label={`Send again to ${invitation.email}`}
                    disabled={actions.invite.isPending}
                    onClick={() => void invite({ email: invitation.email, role: invitation.role })}
                  >
                    Send again
                  </Button>
                  <Button
                    size="sm"
                    aria-label={`Take back the invitation of ${invitation.email}`}
                    onClick={() => setToTakeBack(invitation)}
                  >
                    Take back
                  </Button>
                </div>
              </li>
            ))}
          </ul>
        )}
      </div>
      {toTakeBack && (
        <Confirm
          title="Take the invitation back?"
          action="Take it back"
          onClose={() => setToTakeBack(null)}
          onConfirm={() => actions.takeBack.mutateAsync(toTakeBack.id)}
        >
          <p>The link that was mailed to {toTakeBack.email} stops working.</p>
        </Confirm>
      )}
    </section>
  );
}

function inWords(error: unknown): string {
  if (error instanceof ApiError && error.code === 'already_member') return 'This person is a member already.';
  if (error instanceof ApiError && error.fields.some((each) => each.field === 'email')) {
    return 'This does not look like an email address.';
  }
  return explain(error);
}
