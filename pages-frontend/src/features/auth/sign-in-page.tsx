import { useState, type FormEvent } from 'react';
import { Button } from '@/components/ui/button';
import { Field, Input } from '@/components/ui/input';
import { SignInError } from '@/lib/auth';

interface SignInPageProps {
  /** The session ended by itself: say so. */
  expired: boolean;
  onSignIn: (email: string, password: string) => Promise<void>;
}

export function SignInPage({ expired, onSignIn }: SignInPageProps) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setFailure(null);
    try {
      await onSignIn(String(form.get('email')).trim(), String(form.get('password')));
    } catch (error) {
      setFailure(error instanceof SignInError ? error.message : new SignInError('other').message);
      setBusy(false);
    }
  };

  return (
    <main id="main" className="mx-auto grid min-h-[80dvh] w-full max-w-sm content-center px-5 py-10">
      <h1 className="text-2xl">Sign in</h1>
      <p className="mt-1 text-ink-2">
        {expired
          ? 'Your session has ended. Sign in to go on where you were.'
          : 'See what does not fit in your streams.'}
      </p>
      <form className="mt-6 grid gap-4" onSubmit={(event) => void submit(event)}>
        <Field label="Email" htmlFor="email">
          <Input
            id="email"
            name="email"
            type="email"
            autoComplete="username"
            required
            aria-invalid={failure !== null}
            aria-describedby="sign-in-failure"
          />
        </Field>
        <Field label="Password" htmlFor="password">
          <Input
            id="password"
            name="password"
            type="password"
            autoComplete="current-password"
            required
            aria-invalid={failure !== null}
            aria-describedby="sign-in-failure"
          />
        </Field>
        <p id="sign-in-failure" role="alert" className="text-sm text-bad empty:hidden">
          {failure}
        </p>
        <Button type="submit" variant="primary" disabled={busy} className="h-11">
          {busy ? 'Signing in' : 'Sign in'}
        </Button>
      </form>
    </main>
  );
}
