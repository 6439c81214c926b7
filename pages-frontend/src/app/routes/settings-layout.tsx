// The frame of the pages about the organisation: a list of them beside the page, above it on a phone.
import { Link, Outlet } from '@tanstack/react-router';

const PAGES = [
  { to: '/app/settings/organization', label: 'Organisation' },
  { to: '/app/settings/keys', label: 'API keys' },
  { to: '/app/settings/members', label: 'Members' },
  { to: '/app/settings/audit', label: 'Audit log' },
  { to: '/app/start', label: 'Get started' },
] as const;

export function SettingsLayout() {
  return (
    <div className="mx-auto grid w-full max-w-6xl gap-x-8 gap-y-5 px-3 pt-5 pb-24 sm:px-6 md:grid-cols-[11rem_minmax(0,1fr)]">
      <nav aria-label="Settings">
        <ul className="flex flex-wrap gap-1 md:flex-col md:flex-nowrap">
          {PAGES.map((page) => (
            <li key={page.to}>
              <Link
                to={page.to}
                className="block rounded-md px-2.5 py-1.5 text-sm text-ink-2 hover:text-ink aria-[current=page]:bg-sunken aria-[current=page]:font-medium aria-[current=page]:text-ink"
              >
                {page.label}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <main id="main" className="max-w-3xl min-w-0">
        <Outlet />
      </main>
    </div>
  );
}
