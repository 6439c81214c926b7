import { getRouteApi } from '@tanstack/react-router';
import { Wordmark } from '@/app/wordmark';
import { PLANS } from '@/config/plans';
import { signUp } from '@/features/auth/requests';
import { SignUpPage } from '@/features/auth/sign-up-page';
import { pendingEmail } from '@/lib/pending-email';
import { useTitle } from '@/lib/use-title';

const route = getRouteApi('/sign-up');

export function SignUpRoute() {
  const { plan } = route.useSearch();
  const { services } = route.useRouteContext();
  const navigate = route.useNavigate();
  useTitle('Create an account');
  return (
    <>
      <header className="px-5 pt-5">
        <Wordmark />
      </header>
      <SignUpPage
        plan={PLANS.find((each) => each.id === plan)?.id ?? 'developer'}
        onSignUp={async (wish) => {
          const { api } = await services();
          await signUp(api.baseUrl, wish);
          pendingEmail.set(wish.email);
          await navigate({ to: '/check-mail' });
        }}
      />
    </>
  );
}
