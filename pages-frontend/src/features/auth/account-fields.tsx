// What the forms before an account ask for: each input has its label, what a password manager should know, and where the
// form says what is wrong with it.
import { useEffect, useRef, type ComponentProps, type ReactNode } from 'react';
import { Field, Input } from '@/components/ui/input';

interface AccountFieldProps extends Omit<
  ComponentProps<'input'>,
  'id' | 'ref' | 'aria-invalid' | 'aria-describedby'
> {
  name: string;
  label: string;
  /** This input is at fault, or one of those that are. */
  invalid?: boolean;
  /** The id of the form's failure message. */
  failureId: string;
  hint?: ReactNode;
}

export function AccountField({ name, label, invalid = false, failureId, hint, ...props }: AccountFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  // Who has to correct something is taken there; what was typed stays.
  useEffect(() => {
    if (invalid) input.current?.focus();
  }, [invalid]);
  const described = [hint && `${name}-hint`, invalid && failureId].filter(Boolean).join(' ');
  return (
    <Field label={label} htmlFor={name}>
      <Input
        ref={input}
        id={name}
        name={name}
        aria-invalid={invalid}
        aria-describedby={described || undefined}
        {...props}
      />
      {hint && (
        <p id={`${name}-hint`} className="text-sm text-ink-3">
          {hint}
        </p>
      )}
    </Field>
  );
}

type Special = Pick<AccountFieldProps, 'invalid' | 'failureId'>;

export const EmailField = ({
  label = 'Email',
  autoComplete = 'email',
  ...props
}: Special & Partial<AccountFieldProps>) => (
  <AccountField
    {...props}
    name="email"
    label={label}
    type="email"
    autoComplete={autoComplete}
    maxLength={254}
    required
  />
);

/** One that is thought up here. */
export const NewPasswordField = ({
  optional = false,
  hint,
  ...props
}: Special & { optional?: boolean; hint: string }) => (
  <AccountField
    {...props}
    name="password"
    label={optional ? 'Password (optional)' : 'Password'}
    type="password"
    autoComplete="new-password"
    minLength={8}
    maxLength={72}
    required={!optional}
    hint={`8 characters or more. ${hint}`}
  />
);

export const PasswordField = (props: Special) => (
  <AccountField
    {...props}
    name="password"
    label="Password"
    type="password"
    autoComplete="current-password"
    required
  />
);

/** Six digits from a mail. */
export const CodeField = (props: Special) => (
  <AccountField
    {...props}
    name="code"
    label="Code"
    inputMode="numeric"
    autoComplete="one-time-code"
    pattern="\s*(\d\s*){6,10}"
    title="the digits of the code"
    required
    className="font-mono tracking-[0.3em]"
  />
);
