import { Link } from '@tanstack/react-router';
import { ChevronDown, CircleUserRound, LogOut } from 'lucide-react';
import { useState } from 'react';
import { Button } from '@/components/ui/button';
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '@/components/ui/dropdown-menu';
import type { Organization } from '@/lib/organization';
import { applyTheme, storedTheme, type Theme } from '@/lib/theme';
import { Wordmark } from './wordmark';

const PAGES = [{ to: '/app/anomalies', label: 'Anomalies' }] as const;

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
      <div className="mx-auto flex h-14 max-w-6xl items-center gap-5 px-3 sm:px-6">
        <Link to="/app/anomalies" aria-label="Driftlock, home">
          <Wordmark />
        </Link>
        <nav aria-label="Pages" className="flex h-full items-center gap-1">
          {PAGES.map((page) => (
            <Link
              key={page.to}
              to={page.to}
              className="rounded-md px-2.5 py-1.5 text-sm text-ink-2 hover:text-ink aria-[current=page]:bg-sunken aria-[current=page]:font-medium aria-[current=page]:text-ink"
            >
              {page.label}
            </Link>
          ))}
        </nav>
        <div className="ml-auto flex min-w-0 items-center gap-1">
          {organization && (
            <OrganizationMenu organization={organization} organizations={organizations} onChoose={onChoose} />
          )}
          <AccountMenu email={email} onSignOut={onSignOut} />
        </div>
      </div>
    </header>
  );
}

interface OrganizationMenuProps {
  organization: Organization;
  organizations: readonly Organization[];
  onChoose: (organization: Organization) => void;
}

function OrganizationMenu({ organization, organizations, onChoose }: OrganizationMenuProps) {
  if (organizations.length < 2) {
    return <span className="hidden max-w-44 truncate text-sm text-ink-2 sm:inline">{organization.name}</span>;
  }
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button
          variant="ghost"
          size="sm"
          className="min-w-0"
          aria-label={`Organisation: ${organization.name}`}
        >
          <span className="max-w-28 truncate sm:max-w-44">{organization.name}</span>
          <ChevronDown aria-hidden />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent>
        <DropdownMenuRadioGroup
          value={organization.id}
          onValueChange={(id) => {
            const next = organizations.find((each) => each.id === id);
            if (next) onChoose(next);
          }}
        >
          {organizations.map((each) => (
            <DropdownMenuRadioItem key={each.id} value={each.id}>
              {each.name}
            </DropdownMenuRadioItem>
          ))}
        </DropdownMenuRadioGroup>
      </DropdownMenuContent>
    </DropdownMenu>
  );
}

const THEMES: Record<Theme, string> = { system: 'As the system', light: 'Light', dark: 'Dark' };

function AccountMenu({ email, onSignOut }: { email: string; onSignOut: () => void }) {
  const [theme, setTheme] = useState(storedTheme);
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button variant="ghost" size="icon" aria-label="Account">
          <CircleUserRound aria-hidden />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent>
        <DropdownMenuLabel className="text-sm wrap-anywhere text-ink">{email}</DropdownMenuLabel>
        <DropdownMenuSeparator />
        <DropdownMenuLabel>Appearance</DropdownMenuLabel>
        <DropdownMenuRadioGroup
          value={theme}
          onValueChange={(value) => {
            setTheme(value as Theme);
            applyTheme(value as Theme);
          }}
        >
          {Object.entries(THEMES).map(([value, label]) => (
            <DropdownMenuRadioItem key={value} value={value}>
              {label}
            </DropdownMenuRadioItem>
          ))}
        </DropdownMenuRadioGroup>
        <DropdownMenuSeparator />
        <DropdownMenuItem onSelect={onSignOut}>
          <LogOut aria-hidden /> Sign out
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  );
}
