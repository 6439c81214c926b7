// The frame of the pages that need no account.
import { Link, Outlet } from '@tanstack/react-router';
import { Wordmark } from '@/app/wordmark';
import { Button } from '@/components/ui/button';

export function PublicLayout() {
  return (
    <div className="flex min-h-dvh flex-col">
      <header className="mx-auto flex h-16 w-full max-w-6xl items-center gap-2 px-4 sm:px-6">
        <Link to="/" aria-label="Driftlock, home" className="mr-auto flex items-center">
          <Wordmark />
        </Link>
        <nav aria-label="Pages" className="flex items-center gap-1">
          {/* On a phone the foot of the page has what the bar has no room for. */}
          <Button asChild variant="ghost" size="sm" className="max-sm:hidden">
            <Link to="/playground">Playground</Link>
          </Button>
          <Button asChild variant="ghost" size="sm" className="max-xs:hidden">
            <Link to="/pricing">Pricing</Link>
          </Button>
          <Button asChild variant="ghost" size="sm">
            <Link to="/app/anomalies">Sign in</Link>
          </Button>
          <Button asChild variant="primary" size="sm">
            <Link to="/sign-up">Sign up</Link>
          </Button>
        </nav>
      </header>
      <div className="grow">
        <Outlet />
      </div>
      <footer className="border-t border-line">
        <div className="mx-auto flex max-w-6xl flex-wrap gap-x-6 gap-y-2 px-4 py-6 text-sm text-ink-3 sm:px-6">
          <span>Driftlock</span>
          <Link to="/playground" className="hover:text-ink">
            Playground
          </Link>
          <Link to="/pricing" className="hover:text-ink">
            Pricing
          </Link>
          <Link to="/legal" className="hover:text-ink">
            Terms and privacy
          </Link>
        </div>
      </footer>
    </div>
  );
}
