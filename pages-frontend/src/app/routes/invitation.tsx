import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Wordmark } from '@/app/wordmark';
import { ErrorMessage } from '@/components/states';
import { Skeleton } from '@/components/ui/skeleton';
import { InvitationPage, VoidInvitation } from '@/features/auth/invitation-page';
import { acceptInvitation, declineInvitation, findInvitation } from '@/features/auth/requests';
import { ApiError } from '@/lib/api/problem';
import { storedOrganization } from '@/lib/organization';
import { useTitle } from '@/lib/use-title';

const route = getRouteApi('/invitation');

export function InvitationRoute() {
  const { services } = route.useRouteContext();
  const { token = '' } = route.useSearch();
  useTitle('Invitation');
  const baseUrl = async () => (await services()).api.baseUrl;
  const query = useQuery({
    queryKey: ['invitation', token],
    queryFn: async () => findInvitation(await baseUrl(), token),
    enabled: token !== '',
    staleTime: Infinity,
    retry: false,
  });
  const isVoid = token === '' || (query.error instanceof ApiError && query.error.code === 'invalid_token');
  return (
    <>
      <header className="px-5 pt-5">
        <Wordmark />
      </header>
      {isVoid ? (
        <VoidInvitation />
      ) : query.data ? (
        <InvitationPage
          invitation={query.data}
          onAccept={async (password) => {
            const joined = await acceptInvitation(await baseUrl(), token, password);
            // What they see first after signing in.
            storedOrganization.set(joined.org_id);
          }}
          onDecline={async () => void (await declineInvitation(await baseUrl(), token))}
        />
      ) : query.isError ? (
        <main id="main">
          <ErrorMessage wholePage error={query.error} onRetry={() => void query.refetch()} />
        </main>
      ) : (
        <main
          id="main"
          aria-busy="true"
          className="mx-auto grid min-h-[80dvh] w-full max-w-sm content-center gap-4 px-5"
        >
          <span className="sr-only">Loading the invitation</span>
          <Skeleton className="h-9 w-3/4" />
          <Skeleton className="h-12 w-full" />
          <Skeleton className="h-11 w-full" />
        </main>
      )}
    </>
  );
}
