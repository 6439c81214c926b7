import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { Wordmark } from '@/app/wordmark';
import { SignInPage } from '@/features/auth/sign-in-page';
import { useTitle } from '@/lib/use-title';

const route = getRouteApi('/sign-in');

export function SignInRoute() {
  useTitle('Sign in');
  const { next, expired } = route.useSearch();
  const { services } = route.useRouteContext();
  const router = useRouter();
  const queryClient = useQueryClient();

  const enter = () => {
    // Nothing of a former person's may show.
    queryClient.clear();
    router.history.push(next ?? '/app/anomalies');
  };

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
          enter();
        }}
        onRequestCode={async (email) => (await services()).auth.requestCode(email)}
        onCode={async (email, code) => {
          const { auth } = await services();
          await auth.signInWithCode(email, code);
          enter();
        }}
      />
    </>
  );
}
