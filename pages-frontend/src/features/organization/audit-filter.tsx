// What of the audit log is shown: by kind of change, by who made it, and from when to when. All of it lives in the address.
import { useQuery } from '@tanstack/react-query';
import { Button } from '@/components/ui/button';
import { Field, Input, Select } from '@/components/ui/input';
import { useApi } from '@/lib/api/client';
import { useOrganization } from '@/lib/organization';
import { ACTIONS, type AuditFilter } from './audit-api';
import { membersQuery } from './members-api';

interface AuditFilterBarProps {
  filter: AuditFilter;
  onFilter: (filter: AuditFilter) => void;
}

export function AuditFilterBar({ filter, onFilter }: AuditFilterBarProps) {
  const api = useApi();
  const people = useQuery(membersQuery(api, useOrganization().id)).data ?? [];
  const { action = '', actor = '', from = '', to = '' } = filter;
  const set = (name: keyof AuditFilter) => (event: { target: { value: string } }) => {
    const all = { ...filter, [name]: event.target.value };
    onFilter(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== '')));
  };
  return (
    <div className="grid basis-full items-end gap-3 xs:grid-cols-2 sm:grid-cols-4">
      <Field label="Show" htmlFor="audit-action">
        <Select id="audit-action" value={action} onChange={set('action')}>
          <option value="">every change</option>
          {Object.entries(ACTIONS).map(([name, words]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
          {action && !(action in ACTIONS) && <option value={action}>{action}</option>}
        </Select>
      </Field>
      <Field label="By" htmlFor="audit-actor">
        <Select id="audit-actor" value={actor} onChange={set('actor')}>
          <option value="">anybody</option>
          {people.map((person) => (
            <option key={person.user_id} value={person.user_id}>
              {person.email ?? person.user_id}
            </option>
          ))}
          {actor && !people.some((person) => person.user_id === actor) && (
            <option value={actor}>{actor}</option>
          )}
        </Select>
      </Field>
      <Field label="From" htmlFor="audit-from">
        <Input id="audit-from" type="date" value={from} max={to || undefined} onChange={set('from')} />
      </Field>
      <Field label="To" htmlFor="audit-to">
        <Input id="audit-to" type="date" value={to} min={from || undefined} onChange={set('to')} />
      </Field>
      {Object.keys(filter).length > 0 && (
        <Button className="justify-self-start" onClick={() => onFilter({})}>
          Show every change
        </Button>
      )}
    </div>
  );
}
