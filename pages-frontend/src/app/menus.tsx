// The menus of the top bar. Loaded after the page itself: nobody opens one in the first second.
import { ChevronDown, CircleUserRound, LogOut } from 'lucide-react';
import { Link } from '@tanstack/react-router';
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
import { SHOW_KEYS } from '@/lib/keys';
import type { Organization } from '@/lib/organization';
import { applyTheme, storedTheme, type Theme } from '@/lib/theme';

interface OrganizationMenuProps {
  organization: Organization;
  organizations: readonly Organization[];
  onChoose: (organization: Organization) => void;
}

export function OrganizationMenu({ organization, organizations, onChoose }: OrganizationMenuProps) {
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
        <Organizations organization={organization} organizations={organizations} onChoose={onChoose} />
      </DropdownMenuContent>
    </DropdownMenu>
  );
}

function Organizations({ organization, organizations, onChoose }: OrganizationMenuProps) {
  return (
    <>
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
      <DropdownMenuSeparator />
      <DropdownMenuItem asChild>
        <Link to="/app/organizations">New organisation, or restore one</Link>
      </DropdownMenuItem>
    </>
  );
}

const THEMES: Record<Theme, string> = { system: 'As the system', light: 'Light', dark: 'Dark' };

interface AccountMenuProps extends Omit<OrganizationMenuProps, 'organization'> {
  organization: Organization | undefined;
  email: string;
  onSignOut: () => void;
}

/** On a phone it holds the organisations as well: the bar has no room for a menu of their own. */
export function AccountMenu({ email, organization, organizations, onChoose, onSignOut }: AccountMenuProps) {
  const [theme, setTheme] = useState(storedTheme);
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button variant="ghost" size="icon" aria-label="Account">
          <CircleUserRound aria-hidden />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent>
        <DropdownMenuLabel className="text-sm! wrap-anywhere text-ink!">{email}</DropdownMenuLabel>
        {organization && (
          <div className="sm:hidden">
            <DropdownMenuSeparator />
            <DropdownMenuLabel>Organisation</DropdownMenuLabel>
            <Organizations organization={organization} organizations={organizations} onChoose={onChoose} />
          </div>
        )}
        <DropdownMenuSeparator />
        <DropdownMenuItem asChild>
          <Link to="/app/usage">Usage</Link>
        </DropdownMenuItem>
        <DropdownMenuItem asChild>
          <Link to="/app/billing">Plan and invoices</Link>
        </DropdownMenuItem>
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
        <DropdownMenuItem onSelect={() => window.dispatchEvent(new Event(SHOW_KEYS))}>Keys</DropdownMenuItem>
        <DropdownMenuItem onSelect={onSignOut}>
          <LogOut aria-hidden /> Sign out
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  );
}
