-- The tenant, and who belongs to it. Everything else hangs off organizations.id.
create type public.member_role as enum ('owner', 'admin', 'member', 'viewer');

create table public.organizations (
  id uuid primary key default gen_random_uuid(),
  name text not null check (char_length(name) between 1 and 120),
  slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  plan text not null default 'developer' check (plan in ('developer', 'standard', 'growth', 'enterprise')),
  time_zone text not null default 'UTC' check (char_length(time_zone) between 1 and 64),
  default_sensitivity double precision not null default 0.5 check (default_sensitivity between 0 and 1),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
comment on table public.organizations is 'A tenant. A deleted one keeps its row until its data is gone, and nobody sees it.';
comment on column public.organizations.default_sensitivity is 'Sensitivity of streams that set none of their own, 0 to 1.';
create trigger organizations_touch before update on public.organizations
  for each row execute function private.touch_updated_at();

create table public.members (
  org_id uuid not null references public.organizations on delete cascade,
  user_id uuid not null references auth.users on delete cascade,
  role public.member_role not null default 'member',
  created_at timestamptz not null default now(),
  primary key (org_id, user_id)
);
create index members_user_id on public.members (user_id);
comment on table public.members is 'Who may act for an organisation, and how far.';

-- Policies call these; they are definers because a policy on members that read members would recurse.
create function private.my_orgs() returns setof uuid
language sql stable security definer set search_path = '' as $$
  select m.org_id
  from public.members m join public.organizations o on o.id = m.org_id
  where m.user_id = (select auth.uid()) and o.deleted_at is null
$$;
comment on function private.my_orgs is 'Organisations of the person asking.';

create function private.my_writable_orgs() returns setof uuid
language sql stable security definer set search_path = '' as $$
  select m.org_id
  from public.members m join public.organizations o on o.id = m.org_id
  where m.user_id = (select auth.uid()) and o.deleted_at is null and m.role <> 'viewer'
$$;
comment on function private.my_writable_orgs is 'Organisations in which the person asking is more than a viewer.';

revoke execute on function private.my_orgs(), private.my_writable_orgs() from public;
grant execute on function private.my_orgs(), private.my_writable_orgs() to authenticated, service_role;

alter table public.organizations enable row level security;
create policy organizations_read on public.organizations for select to authenticated
  using (id in (select private.my_orgs()));

alter table public.members enable row level security;
create policy members_read on public.members for select to authenticated
  using (org_id in (select private.my_orgs()));

grant select on public.organizations, public.members to authenticated;
grant select, insert, update, delete on public.organizations, public.members to service_role;
