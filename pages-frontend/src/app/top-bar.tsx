import { Link } from '@tanstack/react-router';
import { CircleUserRound } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { cn } from '@/lib/cn';
import { idle } from '@/lib/idle';
import type { Organization } from '@/lib/organization';
import { Wordmark } from './wordmark';

// Nobody opens a menu in the first second.
const menus = async () => {
  await idle();
  return import('./menus');
};
const OrganizationMenu = lazy(async () => ({ default: (await menus()).OrganizationMenu }));
const AccountMenu = lazy(async () => ({ default: (await menus()).AccountMenu }));

const PAGES = [
  { to: '/app/anomalies', label: 'Anomalies' },
  { to: '/app/live', label: 'Live' },
  { to: '/app/streams', label: 'Streams' },
  // A phone's bar has no room for it; the account menu has it as well.
  { to: '/app/usage', label: 'Usage', wide: true },
  { to: '/app/settings', label: 'Settings' },
] as const;

interface TopBarProps {
  email: string;
  organization: Organization | undefined;
  organizations: readonly Organization[];
  onChoose: (organization: Organization) => void;
  onSignOut: () => void;
}

export function TopBar({ email, organization, organizations, onChoose, onSignOut }: TopBarProps) {
  return (
    <header className="sticky top-0 z-30 border-b border-line bg-page">
      <div className="mx-auto flex h-14 max-w-6xl items-center gap-1 px-3 xs:gap-3 sm:px-6">
        <Link to="/app/anomalies" aria-label="Driftlock, home" className="hidden items-center xs:flex">
          <Wordmark short />
        </Link>
        <nav aria-label="Pages" className="flex h-full items-center xs:gap-1">
          {PAGES.map((page) => (
            <Link
              key={page.to}
              to={page.to}
              className={cn(
                'rounded-md px-1.5 py-1.5 text-sm text-ink-2 xs:px-2.5 hover:text-ink aria-[current=page]:bg-sunken aria-[current=page]:font-medium aria-[current=page]:text-ink',
                'wide' in page && 'hidden sm:block',
              )}
            >
              {page.label}
            </Link>
          ))}
        </nav>
        <div className="ml-auto flex min-w-0 items-center gap-1">
          <Suspense
            fallback={
              <span className="grid size-9 place-items-center text-ink-2">
                <CircleUserRound aria-hidden className="size-4" />
              </span>
            }
          >
            {organization && (
              // a phone's bar has no room for it: there the account menu holds the organisations
              <div className="hidden sm:block">
                <OrganizationMenu
                  organization={organization}
                  organizations={organizations}
                  onChoose={onChoose}
                />
              </div>
            )}
            <AccountMenu
              email={email}
              onSignOut={onSignOut}
              organization={organization}
              organizations={organizations}
              onChoose={onChoose}
            />
          </Suspense>
        </div>
      </div>
    </header>
  );
}
