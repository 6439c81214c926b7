import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { Wordmark } from '@/app/wordmark';
import { CheckMailPage } from '@/features/auth/check-mail-page';
import { resendVerification, verifyCode } from '@/features/auth/requests';
import { pendingEmail } from '@/lib/pending-email';
import { useTitle } from '@/lib/use-title';
import { leaveWelcome } from '@/lib/welcome';

const route = getRouteApi('/check-mail');

export function CheckMailRoute() {
  const { services } = route.useRouteContext();
  const navigate = route.useNavigate();
  const [email] = useState(pendingEmail.get);
  const [confirmedElsewhere, setConfirmedElsewhere] = useState(false);
  useTitle('Check your mail');

  // The link of the mail may be opened in another tab of this browser.
  useEffect(() => {
    let stop: (() => void) | undefined;
    let gone = false;
    services()
      .then(({ auth }) => {
        if (!gone) stop = auth.onChange((session) => setConfirmedElsewhere(session?.email === email));
      })
      .catch(() => undefined);
    return () => {
      gone = true;
      stop?.();
    };
  }, [services, email]);

  return (
    <>
      <header className="px-5 pt-5">
        <Wordmark />
      </header>
      <CheckMailPage
        email={email}
        confirmedElsewhere={confirmedElsewhere}
        onCode={async (address, code, password) => {
          const { api } = await services();
          leaveWelcome(await verifyCode(api.baseUrl, address, code, password));
          await navigate({ to: '/welcome' });
        }}
        onResend={async (address) => {
          const { api } = await services();
          await resendVerification(api.baseUrl, address);
        }}
      />
    </>
  );
}
