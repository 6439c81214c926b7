// Behind the link of an invitation: what it is for, and yes or no. Whoever has the mailed token owns the address, so no sign-in
// is needed; somebody new may choose a password here.
import { Link } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { Button } from '@/components/ui/button';
import { NewPasswordField } from './account-fields';
import { AccountFrame, Failure, TEXT_LINK } from './account-frame';
import { problemOf, type FormProblem } from './form-problem';
import type { Invitation } from './requests';

interface InvitationPageProps {
  invitation: Invitation;
  onAccept: (password: string | undefined) => Promise<void>;
  onDecline: () => Promise<void>;
}

export function InvitationPage({ invitation, onAccept, onDecline }: InvitationPageProps) {
  const [busy, setBusy] = useState(false);
  const [ended, setEnded] = useState<'joined' | 'declined' | null>(null);
  const [failure, setFailure] = useState<FormProblem | null>(null);
  const act = async (deed: () => Promise<void>, then: 'joined' | 'declined') => {
    setBusy(true);
    setFailure(null);
    try {
      await deed();
      setEnded(then);
    } catch (error) {
      setFailure(problemOf(error));
      setBusy(false);
    }
  };
  const { organization, email, role, account } = invitation;
  if (ended === 'declined') {
    return (
      <AccountFrame title="You declined" lead={`${organization} will not see you among its people.`}>
        <p className="mt-4 text-ink-2">Ask for a new invitation if you change your mind.</p>
      </AccountFrame>
    );
  }
  if (ended === 'joined') {
    return (
      <AccountFrame title={`Welcome to ${organization}`} lead={`You belong to it as ${role}.`}>
        <Button asChild variant="primary" className="mt-6 h-11">
          <Link to="/sign-in" search={{ next: '/app/anomalies' }}>
            Sign in as {email}
          </Link>
        </Button>
      </AccountFrame>
    );
  }
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const password = String(new FormData(event.currentTarget).get('password') ?? '');
    void act(() => onAccept(password || undefined), 'joined');
  };
  return (
    <AccountFrame
      title={`Join ${organization}`}
      lead={
        <>
          You are invited as <strong className="font-medium text-ink">{role}</strong>, with the address{' '}
          <strong className="font-medium wrap-anywhere text-ink">{email}</strong>.
        </>
      }
    >
      <form className="mt-6 grid gap-4" onSubmit={submit}>
        {!account && (
          <NewPasswordField
            optional
            hint="Without one you sign in by a mailed code."
            invalid={failure?.field === 'password'}
            failureId="invitation-failure"
          />
        )}
        <Failure id="invitation-failure">{failure?.message}</Failure>
        <Button type="submit" variant="primary" disabled={busy} className="h-11">
          Join {organization}
        </Button>
        <Button disabled={busy} className="h-11" onClick={() => void act(onDecline, 'declined')}>
          Decline
        </Button>
      </form>
    </AccountFrame>
  );
}

/** The link was used, taken back, or is older than seven days. */
export function VoidInvitation() {
  return (
    <AccountFrame
      title="This invitation is not valid any more"
      lead="It was used, taken back or is older than seven days."
      foot={
        <>
          Joined already?{' '}
          <Link to="/sign-in" search={{}} className={TEXT_LINK}>
            Sign in
          </Link>
        </>
      }
    >
      <p className="mt-4 text-ink-2">Ask the person who invited you for a new one.</p>
    </AccountFrame>
  );
}
