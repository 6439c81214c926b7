import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { Wordmark } from '@/app/wordmark';
import { SignInPage } from '@/features/auth/sign-in-page';

const route = getRouteApi('/sign-in');

export function SignInRoute() {
  const { next, expired } = route.useSearch();
  const { services } = route.useRouteContext();
  const router = useRouter();
  const queryClient = useQueryClient();

  return (
    <>
      <header className="px-5 pt-5">
        <Wordmark />
      </header>
      <SignInPage
        expired={expired ?? false}
        onSignIn={async (email, password) => {
          const { auth } = await services();
          await auth.signIn(email, password);
          // Nothing of a former person's may show.
          queryClient.clear();
          router.history.push(next ?? '/app/anomalies');
        }}
      />
    </>
  );
}
