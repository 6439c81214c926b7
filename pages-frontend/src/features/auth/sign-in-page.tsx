import { Link } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { Button } from '@/components/ui/button';
import { SignInError } from '@/lib/auth';
import { pendingEmail } from '@/lib/pending-email';
import { CodeField, EmailField, PasswordField } from './account-fields';
import { AccountFrame, Failure, TEXT_LINK } from './account-frame';

interface SignInPageProps {
  /** The session ended by itself: say so. */
  expired: boolean;
  onSignIn: (email: string, password: string) => Promise<void>;
  onRequestCode: (email: string) => Promise<void>;
  onCode: (email: string, code: string) => Promise<void>;
}

type Way = 'password' | 'code';

export function SignInPage({ expired, onSignIn, onRequestCode, onCode }: SignInPageProps) {
  const [way, setWay] = useState<Way>('password');
  const [codeSentTo, setCodeSentTo] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<SignInError | null>(null);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const email = codeSentTo ?? String(form.get('email')).trim();
    setBusy(true);
    setFailure(null);
    try {
      if (way === 'password') await onSignIn(email, String(form.get('password')));
      else if (codeSentTo) await onCode(email, String(form.get('code')).replace(/\s/g, ''));
      else {
        await onRequestCode(email);
        setCodeSentTo(email);
      }
    } catch (error) {
      const known = error instanceof SignInError ? error : new SignInError('other');
      if (known.reason === 'unconfirmed') pendingEmail.set(email);
      setFailure(known);
    }
    setBusy(false);
  };
  const mistyped = failure?.reason === 'credentials' || failure?.reason === 'code';
  const change = (next: Way) => {
    setWay(next);
    setCodeSentTo(null);
    setFailure(null);
  };

  return (
    <AccountFrame
      title="Sign in"
      lead={
        expired
          ? 'Your session has ended. Sign in to go on where you were.'
          : 'See what does not fit in your streams.'
      }
      foot={
        <>
          New here?{' '}
          <Link to="/sign-up" className={TEXT_LINK}>
            Create an account
          </Link>
        </>
      }
    >
      <form className="mt-6 grid gap-4" onSubmit={(event) => void submit(event)}>
        {codeSentTo === null ? (
          <EmailField autoComplete="username" invalid={mistyped} failureId="sign-in-failure" />
        ) : (
          <p role="status" className="rounded-lg bg-accent-soft px-3 py-2.5 text-sm">
            If <strong className="font-medium wrap-anywhere">{codeSentTo}</strong> has an account, a code is
            on its way to it.
          </p>
        )}
        {way === 'password' && <PasswordField invalid={mistyped} failureId="sign-in-failure" />}
        {codeSentTo !== null && <CodeField invalid={mistyped} failureId="sign-in-failure" />}
        <Failure id="sign-in-failure">
          {failure?.message}
          {failure?.reason === 'unconfirmed' && (
            <>
              {' '}
              <Link to="/check-mail" className="underline underline-offset-4">
                Send it again
              </Link>
            </>
          )}
        </Failure>
        <Button type="submit" variant="primary" disabled={busy} className="h-11">
          {label(way, codeSentTo !== null, busy)}
        </Button>
      </form>
      <Button
        variant="ghost"
        className="mt-2"
        onClick={() => change(way === 'password' ? 'code' : 'password')}
      >
        {way === 'password' ? 'Use an emailed code instead' : 'Use your password instead'}
      </Button>
    </AccountFrame>
  );
}

function label(way: Way, codeSent: boolean, busy: boolean): string {
  if (way === 'code' && !codeSent) return busy ? 'Sending' : 'Email me a code';
  return busy ? 'Signing in' : 'Sign in';
}
