// Filters kept under a name, per organisation, in this browser.
import { Bookmark, X } from 'lucide-react';
import { useState } from 'react';
import { Button } from '@/components/ui/button';
import { Input } from '@/components/ui/input';
import { cn } from '@/lib/cn';
import { useOrganization } from '@/lib/organization';
import { countActive, parseFilters, type Filters } from './filters';

interface View {
  name: string;
  filters: Filters;
}

const MOST = 12;
const LONGEST = 40;
const keyOf = (org: string) => `driftlock.views.${org}`;

/** What an earlier build or a curious hand left there is read with care. */
function load(org: string): View[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(keyOf(org)) ?? '[]');
    if (!Array.isArray(stored)) return [];
    return stored.flatMap((each: unknown) => {
      const { name, filters } = (each ?? {}) as Record<string, unknown>;
      if (typeof name !== 'string' || typeof filters !== 'object' || filters === null) return [];
      return [{ name, filters: parseFilters(filters as Record<string, unknown>) }];
    });
  } catch {
    return [];
  }
}

const same = (a: Filters, b: Filters) =>
  JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());

interface SavedViewsProps {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

export function SavedViews({ filters, onChange }: SavedViewsProps) {
  const org = useOrganization().id;
  const [views, setViews] = useState(() => load(org));
  const [name, setName] = useState<string | null>(null);
  const keep = (next: View[]) => {
    localStorage.setItem(keyOf(org), JSON.stringify(next));
    setViews(next);
  };
  const known = views.some((view) => same(view.filters, filters));
  const maySave = countActive(filters) > 0 && !known && views.length < MOST;
  if (views.length === 0 && !maySave) return null;
  const save = (event: React.FormEvent) => {
    event.preventDefault();
    const chosen = name?.trim().slice(0, LONGEST);
    if (!chosen) return;
    keep([...views.filter((view) => view.name !== chosen), { name: chosen, filters }]);
    setName(null);
  };

  return (
    <div role="group" aria-label="Saved views" className="mt-2 flex flex-wrap items-center gap-2">
      {views.map((view) => {
        const present = same(view.filters, filters);
        return (
          <span
            key={view.name}
            className={cn(
              'inline-flex h-8 items-center rounded-full border text-sm',
              present ? 'border-accent bg-accent-soft' : 'border-line bg-panel',
            )}
          >
            <button
              type="button"
              aria-pressed={present}
              className="max-w-48 truncate py-1 pl-3"
              onClick={() => onChange(present ? {} : view.filters)}
            >
              {view.name}
            </button>
            <button
              type="button"
              aria-label={`Forget the view ${view.name}`}
              className="px-2 text-ink-3 hover:text-ink"
              onClick={() => keep(views.filter((each) => each.name !== view.name))}
            >
              <X aria-hidden className="size-3.5" />
            </button>
          </span>
        );
      })}
      {maySave &&
        (name === null ? (
          <Button size="sm" variant="ghost" onClick={() => setName('')}>
            <Bookmark aria-hidden /> Save this view
          </Button>
        ) : (
          <form onSubmit={save} className="flex items-center gap-2">
            <Input
              aria-label="Name of the view"
              className="h-8 w-44"
              maxLength={LONGEST}
              value={name}
              onChange={(event) => setName(event.target.value)}
              onKeyDown={(event) => event.key === 'Escape' && setName(null)}
            />
            <Button size="sm" type="submit" disabled={name.trim() === ''}>
              Save
            </Button>
          </form>
        ))}
    </div>
  );
}
