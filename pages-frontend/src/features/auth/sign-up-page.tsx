// Sign-up: who, which company, which plan. The answer is the same for every address; a password is chosen with its proof.
import { Link } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { Button } from '@/components/ui/button';
import { Field, Select } from '@/components/ui/input';
import { PLANS, type Plan } from '@/config/plans';
import type { Schemas } from '@/lib/api/contract';
import { AccountField, EmailField } from './account-fields';
import { AccountFrame, Failure, TEXT_LINK } from './account-frame';
import { problemOf, type FormProblem } from './form-problem';

export type SignUp = Schemas['SignUp'];

interface SignUpPageProps {
  /** The plan to begin with, as chosen on the pricing page. */
  plan: Plan['id'];
  onSignUp: (wish: SignUp) => Promise<void>;
}

export function SignUpPage({ plan, onSignUp }: SignUpPageProps) {
  const [chosen, setChosen] = useState(plan);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<FormProblem | null>(null);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(null);
    try {
      await onSignUp({
        email: String(form.get('email')).trim(),
        company: String(form.get('company')).trim(),
        plan: chosen,
      });
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };
  const told = (field: string) => ({ invalid: problem?.field === field, failureId: 'sign-up-failure' });

  return (
    <AccountFrame
      title="Create an account"
      lead="Two minutes to your first event. No card needed."
      foot={
        <>
          Have an account?{' '}
          <Link to="/sign-in" search={{}} className={TEXT_LINK}>
            Sign in
          </Link>
        </>
      }
    >
      <form className="mt-6 grid gap-4" onSubmit={(event) => void submit(event)}>
        <EmailField label="Work email" {...told('email')} />
        <AccountField
          name="company"
          label="Company"
          autoComplete="organization"
          required
          maxLength={120}
          {...told('company')}
        />
        <Field label="Plan" htmlFor="plan">
          <Select id="plan" value={chosen} onChange={(event) => setChosen(event.target.value as Plan['id'])}>
            {PLANS.map((each) => (
              <option key={each.id} value={each.id}>
                {each.name}
                {each.usd_per_month === null
                  ? ', by agreement'
                  : each.usd_per_month === 0
                    ? ', free'
                    : `, $${each.usd_per_month} a month`}
              </option>
            ))}
          </Select>
          {chosen !== 'developer' && (
            <p className="text-sm text-ink-3">You begin on the free plan and switch when you are ready.</p>
          )}
        </Field>
        <Failure id="sign-up-failure">{problem?.message}</Failure>
        <Button type="submit" variant="primary" disabled={busy} className="h-11">
          {busy ? 'Creating the account' : 'Create account'}
        </Button>
        <p className="text-sm text-ink-3">
          By signing up you accept the{' '}
          <Link to="/legal" className="underline underline-offset-4 hover:text-ink">
            terms and privacy notice
          </Link>
          .
        </p>
      </form>
    </AccountFrame>
  );
}
