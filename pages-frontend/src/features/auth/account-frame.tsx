import type { ReactNode } from 'react';

interface AccountFrameProps {
  title: string;
  lead: ReactNode;
  children: ReactNode;
  /** Where else one may want to go. */
  foot?: ReactNode;
}

/** The narrow page that everything before an account shares: sign-in, sign-up, the wait for the mail. */
export function AccountFrame({ title, lead, children, foot }: AccountFrameProps) {
  return (
    <main id="main" className="mx-auto grid min-h-[80dvh] w-full max-w-sm content-center px-5 py-10">
      <h1 className="text-2xl">{title}</h1>
      <div className="mt-1 text-ink-2">{lead}</div>
      {children}
      {foot && <div className="mt-6 border-t border-line pt-4 text-sm text-ink-2">{foot}</div>}
    </main>
  );
}

export const TEXT_LINK =
  'font-medium text-accent underline decoration-transparent underline-offset-4 hover:decoration-current';

/** What went wrong, where a screen reader hears it at once. */
export function Failure({ id, children }: { id: string; children: ReactNode }) {
  return (
    <p id={id} role="alert" className="text-sm text-bad empty:hidden">
      {children}
    </p>
  );
}
