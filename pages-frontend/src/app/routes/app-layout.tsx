// The frame of every signed-in page: who and which organisation, the way around, the live feed, offline notice.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Outlet, useNavigate, useRouter, useSearch } from '@tanstack/react-router';
import { CloudOff } from 'lucide-react';
import { lazy, Suspense, useDeferredValue, useEffect, useMemo, useState } from 'react';
import { ErrorMessage, Message } from '@/components/states';
import { ApiContext } from '@/lib/api/client';
import { Me } from '@/lib/api/me';
import { AnomalyFeed, FeedContext } from '@/lib/feed';
import { idle, whenIdle } from '@/lib/idle';
import {
  ChooseOrganizationContext,
  OrganizationContext,
  storedOrganization,
  type Organization,
} from '@/lib/organization';
import { forgetPerson } from '@/lib/person';
import { useOrganizationTimes } from '@/lib/organization-times';
import { TimesContext } from '@/lib/times';
import { useOnline } from '@/lib/use-online';
import { firstKey } from '@/lib/welcome';
import { Shortcuts } from '../shortcuts';
import { TopBar } from '../top-bar';

// After the page itself: it is a notice.
const BillingBanner = lazy(async () => {
  await idle();
  return { default: (await import('@/components/billing-banner')).BillingBanner };
});

const CreateOrganization = lazy(async () => ({
  default: (await import('@/features/organization/create-organization')).CreateOrganization,
}));

const ForeignLink = lazy(async () => ({ default: (await import('../foreign-link')).ForeignLink }));

const DeletedOrganizations = lazy(async () => ({
  default: (await import('@/features/organization/organizations-page')).DeletedOrganizations,
}));

const route = getRouteApi('/app');

/** One person's dashboard: another's is another, from the ground up. */
export function AppLayout() {
  const { session } = route.useRouteContext();
  return <SignedIn key={session.userId} />;
}

function SignedIn() {
  const { ready, session } = route.useRouteContext();
  const { api, auth } = ready;
  const router = useRouter();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [chosen, setChosen] = useState(storedOrganization.get);
  const me = useQuery({
    queryKey: ['me', session.userId],
    queryFn: ({ signal }) => api.request('/v1/me', Me, { signal }),
    staleTime: 5 * 60_000,
  });
  const organizations = me.data?.organizations ?? [];
  // A link that was handed on leads to its own organisation, of those that the person belongs to.
  const wanted = useSearch({ strict: false, select: ({ org }) => org });
  const isMember = wanted === undefined || organizations.some((each) => each.id === wanted);
  const [followed, setFollowed] = useState<string>();
  if (me.data && wanted !== followed) {
    setFollowed(wanted);
    if (isMember && wanted !== undefined) setChosen(wanted);
  }
  const current = pick(organizations, chosen);
  // Its page is a lot to render at once: this way it comes in slices, between which a phone answers the finger.
  const organization = useDeferredValue(current);
  // What a reload asks for before it knows whose it is (lib/early.ts).
  const shown = organization?.id;
  useEffect(() => {
    const stored = storedOrganization.get();
    if (shown === undefined || shown === stored || (stored !== null && shown !== wanted)) return;
    if (stored !== null) firstKey.clear();
    storedOrganization.set(shown);
  }, [shown, wanted]);

  // Signing out in another tab signs out here. Where another person signs in there, requests are theirs from now on, so
  // nothing of this one's may stay on the page: what is shown begins anew.
  const [replaced, setReplaced] = useState(false);
  useEffect(
    () =>
      auth.onChange((now) => {
        if (now?.userId === session.userId) return;
        if (now) {
          setReplaced(true);
          void router.invalidate();
          return;
        }
        forgetPerson();
        client.clear();
        void navigate({ to: '/sign-in', search: {} });
      }),
    [auth, client, navigate, router, session.userId],
  );

  const choose = ({ id }: Pick<Organization, 'id'>) => {
    firstKey.clear();
    storedOrganization.set(id);
    setChosen(id);
    // The address names the one before.
    if (wanted !== undefined) void navigate({ to: '/app/anomalies' });
  };
  const goTo = (id: string) => {
    choose({ id });
    // It may be new to this list.
    void me.refetch().then(() => navigate({ to: '/app/start' }));
  };
  const signOut = async () => {
    forgetPerson();
    await auth.signOut();
    client.clear();
    await navigate({ to: '/sign-in', search: {} });
  };

  if (replaced) return <main id="main" aria-busy="true" className="min-h-[60dvh]" />;
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
      {me.data && !isMember ? (
        <main id="main">
          <Suspense>
            <ForeignLink email={session.email} />
          </Suspense>
        </main>
      ) : organization ? (
        <ChooseOrganizationContext value={goTo}>
          <InOrganization key={organization.id} organization={organization} />
        </ChooseOrganizationContext>
      ) : me.isPending || current ? (
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
  const api = useMemo(() => ready.api.inOrganization(organization.id), [ready.api, organization.id]);
  const times = useOrganizationTimes(api, organization.id);
  const feed = useMemo(() => new AnomalyFeed(), []);
  // What the page shows first is more urgent than what comes next.
  useEffect(() => {
    let close: () => void = () => undefined;
    const callOff = whenIdle(() => (close = feed.open(api)));
    return () => {
      callOff();
      close();
    };
  }, [feed, api]);
  return (
    <ApiContext value={api}>
      <OrganizationContext value={organization}>
        <TimesContext value={times}>
          <FeedContext value={feed}>
            <Suspense fallback={null}>
              <BillingBanner />
            </Suspense>
            <Outlet />
          </FeedContext>
        </TimesContext>
      </OrganizationContext>
    </ApiContext>
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
