// After sign-up: the mail is on its way. Its link leads to a page of its own; its code can be typed here.
import { Link } from '@tanstack/react-router';
import { MailCheck } from 'lucide-react';
import { useEffect, useState, type FormEvent } from 'react';
import { Button } from '@/components/ui/button';
import { CodeField, EmailField, NewPasswordField } from './account-fields';
import { AccountFrame, Failure, TEXT_LINK } from './account-frame';
import { problemOf, type FormProblem } from './form-problem';

const PAUSE_SECONDS = 30;

interface CheckMailPageProps {
  /** Where the mail went; null if this tab does not know. */
  email: string | null;
  /** The address was confirmed in another tab. */
  confirmedElsewhere: boolean;
  onCode: (email: string, code: string, password: string) => Promise<void>;
  onResend: (email: string) => Promise<void>;
}

export function CheckMailPage({ email, confirmedElsewhere, onCode, onResend }: CheckMailPageProps) {
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<FormProblem | null>(null);
  const [resent, setResent] = useState(false);
  const [pause, startPause] = useCountdown(email ? PAUSE_SECONDS : 0);
  const address = email ?? typed.trim();

  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(problemOf(error));
    }
    setBusy(false);
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const code = String(form.get('code')).replace(/\s/g, '');
    void attempt(() => onCode(address, code, String(form.get('password'))));
  };
  const resend = () =>
    attempt(async () => {
      setResent(false);
      await onResend(address);
      setResent(true);
      startPause(PAUSE_SECONDS);
    });

  return (
    <AccountFrame
      title={email ? 'Check your mail' : 'Confirm your address'}
      lead={
        email ? (
          <p>
            A link and a code are on their way to{' '}
            <strong className="font-medium wrap-anywhere text-ink">{email}</strong>. Open the link, or type
            the code here. Both are valid for an hour.
          </p>
        ) : (
          <p>Type the code of the mail, or have a new one sent.</p>
        )
      }
      foot={
        <>
          {email ? 'Wrong address? ' : 'No account yet? '}
          <Link to="/sign-up" className={TEXT_LINK}>
            {email ? 'Begin again' : 'Create an account'}
          </Link>
        </>
      }
    >
      {confirmedElsewhere && (
        <p role="status" className="mt-4 flex gap-2 rounded-lg bg-accent-soft px-3 py-2.5 text-sm">
          <MailCheck aria-hidden className="mt-0.5 size-4 shrink-0" />
          <span>
            Your address is confirmed. Your first API key is in the tab that the link opened, or{' '}
            <Link to="/app/start" className={TEXT_LINK}>
              go on here
            </Link>
            .
          </span>
        </p>
      )}
      <form className="mt-6 grid gap-4" onSubmit={submit}>
        {email === null && (
          <EmailField
            invalid={problem?.field === 'email'}
            failureId="check-mail-failure"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        )}
        <CodeField invalid={problem?.field === 'code'} failureId="check-mail-failure" />
        <NewPasswordField
          optional
          hint="Without one you sign in by a mailed code."
          invalid={problem?.field === 'password'}
          failureId="check-mail-failure"
        />
        <Failure id="check-mail-failure">{problem?.message}</Failure>
        <Button type="submit" variant="primary" disabled={busy} className="h-11">
          Confirm
        </Button>
      </form>
      <div className="mt-5 grid gap-2 text-sm text-ink-2">
        <p>Nothing there? Look in the spam folder. It can take a minute.</p>
        <Button disabled={busy || pause > 0 || !address.includes('@')} onClick={() => void resend()}>
          {pause > 0 ? `Send it again in ${pause} s` : 'Send it again'}
        </Button>
        <p role="status" className="empty:hidden">
          {resent ? 'Sent. The newest mail is the one that counts.' : ''}
        </p>
      </div>
    </AccountFrame>
  );
}

/** Seconds that are left, counting down. */
function useCountdown(initial: number): [number, (seconds: number) => void] {
  const [left, setLeft] = useState(initial);
  const running = left > 0;
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setLeft((seconds) => Math.max(0, seconds - 1)), 1_000);
    return () => clearInterval(timer);
  }, [running]);
  return [left, setLeft];
}
