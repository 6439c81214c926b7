// The frame of every signed-in page: who and which organisation, the way around, the live feed, offline notice.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Outlet, useNavigate } from '@tanstack/react-router';
import { CloudOff } from 'lucide-react';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { ErrorMessage, Message } from '@/components/states';
import { ApiContext } from '@/lib/api/client';
import { Me } from '@/lib/api/me';
import { AnomalyFeed, FeedContext } from '@/lib/feed';
import {
  ChooseOrganizationContext,
  OrganizationContext,
  storedOrganization,
  type Organization,
} from '@/lib/organization';
import { useOnline } from '@/lib/use-online';
import { Shortcuts } from '../shortcuts';
import { TopBar } from '../top-bar';

const BillingBanner = lazy(async () => ({
  default: (await import('@/components/billing-banner')).BillingBanner,
}));

const CreateOrganization = lazy(async () => ({
  default: (await import('@/features/organization/create-organization')).CreateOrganization,
}));

const DeletedOrganizations = lazy(async () => ({
  default: (await import('@/features/organization/organizations-page')).DeletedOrganizations,
}));

const route = getRouteApi('/app');

export function AppLayout() {
  const { ready, session } = route.useRouteContext();
  const { api, auth } = ready;
  const navigate = useNavigate();
  const client = useQueryClient();
  const [chosen, setChosen] = useState(storedOrganization.get);
  const me = useQuery({
    queryKey: ['me', session.userId],
    queryFn: async ({ signal }) => {
      const answer = await api.request('/v1/me', Me, { signal, anyOrganization: true });
      const current = pick(answer.organizations, storedOrganization.get());
      // Before any other request: they all carry it.
      if (current) storedOrganization.set(current.id);
      return answer;
    },
    staleTime: 5 * 60_000,
  });
  const organizations = me.data?.organizations ?? [];
  const organization = pick(organizations, chosen);

  // Signing out in another tab signs out here.
  useEffect(
    () =>
      auth.onChange((now) => {
        if (!now) void navigate({ to: '/sign-in', search: {} });
      }),
    [auth, navigate],
  );

  const choose = (next: Organization) => {
    storedOrganization.set(next.id);
    setChosen(next.id);
  };
  const goTo = (id: string) => {
    storedOrganization.set(id);
    setChosen(id);
    // It may be new to this list.
    void me.refetch().then(() => navigate({ to: '/app/start' }));
  };
  const signOut = async () => {
    storedOrganization.clear();
    await auth.signOut();
    client.clear();
    await navigate({ to: '/sign-in', search: {} });
  };

  return (
    <ApiContext value={api}>
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-raised px-3 py-2 shadow-pop focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the content
      </a>
      <TopBar
        email={session.email}
        organization={organization}
        organizations={organizations}
        onChoose={choose}
        onSignOut={() => void signOut()}
      />
      <Shortcuts />
      <OfflineNotice />
      {organization ? (
        <ChooseOrganizationContext value={goTo}>
          <InOrganization key={organization.id} organization={organization} />
        </ChooseOrganizationContext>
      ) : me.isPending ? (
        <main id="main" aria-busy="true" className="min-h-[60dvh]" />
      ) : me.isError ? (
        <main id="main">
          <ErrorMessage wholePage error={me.error} onRetry={() => void me.refetch()} />
        </main>
      ) : (
        <main id="main">
          <Message wholePage title="You belong to no organisation yet">
            <p>Ask a colleague to invite {session.email}, or begin one of your own.</p>
            <Suspense>
              <CreateOrganization onCreated={goTo} />
              <DeletedOrganizations onRestored={goTo} />
            </Suspense>
          </Message>
        </main>
      )}
    </ApiContext>
  );
}

function InOrganization({ organization }: { organization: Organization }) {
  const { ready } = route.useRouteContext();
  const feed = useMemo(() => new AnomalyFeed(), []);
  useEffect(() => feed.open(ready.api), [feed, ready.api]);
  return (
    <OrganizationContext value={organization}>
      <FeedContext value={feed}>
        <Suspense fallback={null}>
          <BillingBanner />
        </Suspense>
        <Outlet />
      </FeedContext>
    </OrganizationContext>
  );
}

function pick(organizations: readonly Organization[], id: string | null): Organization | undefined {
  return organizations.find((each) => each.id === id) ?? organizations[0];
}

function OfflineNotice() {
  const online = useOnline();
  return (
    <div role="status">
      {!online && (
        <p className="flex items-center justify-center gap-2 bg-accent-soft px-3 py-1.5 text-sm">
          <CloudOff aria-hidden className="size-4" /> You are offline. What you see may be out of date.
        </p>
      )}
    </div>
  );
}
