// Every page of the dashboard, at a glance. Signed-in pages live under /app, clear of the API's own paths.
import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  type RouterHistory,
} from '@tanstack/react-router';
import { parseAuditFilter } from '@/features/organization/audit-search';
import { parseFilters } from '@/features/anomalies/filters';
import { NotFound, PageError } from './fallbacks';
import { parseSearch, stringifySearch } from './search';
import type { ServicesLoader } from './services';

export interface RouterContext {
  queryClient: QueryClient;
  services: ServicesLoader;
}

const rootRoute = createRootRouteWithContext<RouterContext>()({
  component: Outlet,
  notFoundComponent: NotFound,
});

const publicRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'public',
  component: lazyRouteComponent(() => import('./routes/public-layout'), 'PublicLayout'),
});

const landingRoute = createRoute({
  getParentRoute: () => publicRoute,
  path: '/',
  component: lazyRouteComponent(() => import('./routes/landing'), 'LandingRoute'),
});

const pricingRoute = createRoute({
  getParentRoute: () => publicRoute,
  path: '/pricing',
  component: lazyRouteComponent(() => import('./routes/pricing'), 'PricingRoute'),
});

const playgroundRoute = createRoute({
  getParentRoute: () => publicRoute,
  path: '/playground',
  component: lazyRouteComponent(() => import('./routes/playground'), 'PlaygroundRoute'),
});

const legalRoute = createRoute({
  getParentRoute: () => publicRoute,
  path: '/legal',
  component: lazyRouteComponent(() => import('./routes/legal'), 'LegalRoute'),
});

export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { next?: string; expired?: true } => ({
    ...(isLocalPath(search.next) ? { next: search.next } : {}),
    ...(search.expired === 'true' || search.expired === true ? { expired: true as const } : {}),
  }),
  component: lazyRouteComponent(() => import('./routes/sign-in'), 'SignInRoute'),
});

const signUpRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-up',
  validateSearch: (search: Record<string, unknown>): { plan?: string } =>
    typeof search.plan === 'string' ? { plan: search.plan } : {},
  component: lazyRouteComponent(() => import('./routes/sign-up'), 'SignUpRoute'),
});

const checkMailRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/check-mail',
  component: lazyRouteComponent(() => import('./routes/check-mail'), 'CheckMailRoute'),
});

const invitationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/invitation',
  validateSearch: (search: Record<string, unknown>): { token?: string } =>
    typeof search.token === 'string' ? { token: search.token } : {},
  component: lazyRouteComponent(() => import('./routes/invitation'), 'InvitationRoute'),
});

const welcomeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/welcome',
  beforeLoad: async ({ context }) => (await import('./welcome')).beginSession({ context }),
});

export const appRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/app',
  beforeLoad: async ({ context, location }) => {
    const services = await context.services();
    const session = await services.auth.session();
    if (!session) throw redirect({ to: '/sign-in', search: { next: location.href } });
    if ((await import('@/lib/person')).takeOver(session.userId)) context.queryClient.clear();
    return { ready: services, session };
  },
  component: lazyRouteComponent(() => import('./routes/app-layout'), 'AppLayout'),
});

const appHomeRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/app/anomalies' });
  },
});

export const anomaliesRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/anomalies',
  validateSearch: parseFilters,
  component: lazyRouteComponent(() => import('./routes/anomalies'), 'AnomaliesRoute'),
});

export const anomalyRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/anomalies/$id',
  // A link that is handed on says whose anomaly it is.
  validateSearch: ({ org }: Record<string, unknown>): { org?: string } =>
    typeof org === 'string' && /^[\w-]{1,64}$/.test(org) ? { org } : {},
  component: lazyRouteComponent(() => import('./routes/anomaly'), 'AnomalyRoute'),
});

const liveRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/live',
  component: lazyRouteComponent(() => import('./routes/live'), 'LiveRoute'),
});

const streamsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/streams',
  component: lazyRouteComponent(() => import('./routes/streams'), 'StreamsRoute'),
});

const startRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/start',
  component: lazyRouteComponent(() => import('./routes/start'), 'StartRoute'),
});

const organizationsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/organizations',
  component: lazyRouteComponent(() => import('./routes/organizations'), 'OrganizationsRoute'),
});

const settingsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/settings',
  component: lazyRouteComponent(() => import('./routes/settings-layout'), 'SettingsLayout'),
});

const settingsHomeRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/app/settings/organization' });
  },
});

const organizationRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: '/organization',
  component: lazyRouteComponent(() => import('./routes/settings-organization'), 'OrganizationRoute'),
});

const keysRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: '/keys',
  component: lazyRouteComponent(() => import('./routes/settings-keys'), 'KeysRoute'),
});

const membersRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: '/members',
  component: lazyRouteComponent(() => import('./routes/settings-members'), 'MembersRoute'),
});

const auditRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: '/audit',
  validateSearch: parseAuditFilter,
  component: lazyRouteComponent(() => import('./routes/settings-audit'), 'AuditRoute'),
});

const streamRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/streams/$name',
  component: lazyRouteComponent(() => import('./routes/stream'), 'StreamRoute'),
});

const usageRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/usage',
  component: lazyRouteComponent(() => import('./routes/usage'), 'UsageRoute'),
});

const billingRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/billing',
  // Where a checkout page comes back to.
  validateSearch: (search: Record<string, unknown>): { checkout?: 'success' } =>
    search.checkout === 'success' ? { checkout: 'success' } : {},
  component: lazyRouteComponent(() => import('./routes/billing'), 'BillingRoute'),
});

const routeTree = rootRoute.addChildren([
  publicRoute.addChildren([landingRoute, pricingRoute, playgroundRoute, legalRoute]),
  signInRoute,
  signUpRoute,
  checkMailRoute,
  invitationRoute,
  welcomeRoute,
  appRoute.addChildren([
    startRoute,
    organizationsRoute,
    settingsRoute.addChildren([settingsHomeRoute, organizationRoute, keysRoute, membersRoute, auditRoute]),
    appHomeRoute,
    anomaliesRoute,
    anomalyRoute,
    liveRoute,
    streamsRoute,
    streamRoute,
    usageRoute,
    billingRoute,
  ]),
]);

export function createAppRouter(context: RouterContext, history?: RouterHistory) {
  return createRouter({
    routeTree,
    context,
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    // A page sees only the search parameters that it validated.
    search: { strict: true },
    // It writes a script of its own where it renders to HTML (prerender.tsx).
    scrollRestoration: typeof document !== 'undefined',
    defaultErrorComponent: PageError,
    ...(history ? { history } : {}),
  });
}

/** The session has ended: to sign-in, and from there back to where the person was. */
export function toSignIn(router: ReturnType<typeof createAppRouter>): Promise<void> {
  const { pathname, href, search } = router.state.location;
  // Several requests may fail at once; the first has already left for the sign-in page.
  const leaving = pathname === '/sign-in';
  return router.navigate({ to: '/sign-in', search: leaving ? search : { next: href, expired: true } });
}

/** Only a path of this very site may be gone to after sign-in. */
function isLocalPath(value: unknown): value is string {
  return typeof value === 'string' && /^\/(?![/\\])/.test(value);
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
