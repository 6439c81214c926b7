-- The first organisation and key of a person who has just confirmed an address, and what the hourly job removes.

-- What was said at sign-up, until the address is confirmed. The Worker's alone.
create table public.sign_ups (
  email text primary key check (email = lower(email) and char_length(email) <= 254),
  company text not null check (char_length(company) between 1 and 120),
  plan text not null check (plan in ('developer', 'standard', 'growth', 'enterprise')),
  created_at timestamptz not null default now()
);
alter table public.sign_ups enable row level security;
grant select, insert, update, delete on public.sign_ups to service_role;

create function public.remember_sign_up(p_email text, p_company text, p_plan text) returns void
language sql security invoker set search_path = '' as $$
  insert into public.sign_ups (email, company, plan) values (lower(p_email), p_company, p_plan)
  on conflict (email) do update set company = excluded.company, plan = excluded.plan, created_at = now()
$$;
create function public.recall_sign_up(p_email text) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object('company', s.company, 'plan', s.plan) from public.sign_ups s where s.email = lower(p_email)
$$;

-- All or nothing, and once: somebody who belongs to an organisation already keeps that one.
create function public.complete_onboarding(p_user uuid, p_company text, p_requested_plan text, p_key jsonb, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare made jsonb;
begin
  perform private.set_actor(p_actor);
  perform pg_advisory_xact_lock(hashtextextended(p_user::text, 0));
  if exists (select from public.members m where m.user_id = p_user) then
    return jsonb_build_object('created', false);
  end if;
  made := public.create_organization(p_user, p_company, p_requested_plan, p_actor);
  perform private.insert_key((made ->> 'id')::uuid, p_key || jsonb_build_object('created_by', p_user));
  insert into public.streams (org_id, name, event_type) values ((made ->> 'id')::uuid, 'getting-started', 'log');
  return jsonb_build_object('created', true, 'organization', made, 'stream', 'getting-started');
end $$;

-- The organisation of a single-tenant installation, which has no sign-up.
create function public.ensure_organization(p_org uuid, p_name text) returns void
language plpgsql security invoker set search_path = '' as $$
begin
  insert into public.organizations (id, name, slug) values (p_org, p_name, 'org-' || left(p_org::text, 8)) on conflict do nothing;
end $$;

-- People who never confirmed their address and belong nowhere.
create function private.abandoned_users(p_before timestamptz, p_limit int) returns setof uuid
language sql stable security definer set search_path = '' as $$
  select u.id from auth.users u
  where u.email_confirmed_at is null and u.created_at < p_before and not exists (select from public.members m where m.user_id = u.id)
  order by u.created_at limit p_limit
$$;
revoke execute on function private.abandoned_users(timestamptz, int) from public;
grant execute on function private.abandoned_users(timestamptz, int) to service_role;
create function public.abandoned_users(p_before timestamptz, p_limit int) returns setof uuid
language sql stable security invoker set search_path = '' as $$
  select * from private.abandoned_users(p_before, p_limit)
$$;

-- Removes what is older than allowed. `p_days` maps each plan to its days; an organisation may ask for fewer.
-- Deleted organisations go after 30 days, with everything of theirs.
create function public.apply_retention(p_days jsonb, p_now timestamptz) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  tenant record;
  until timestamptz;
  rows bigint;
  anomalies bigint := 0;
  entries bigint := 0;
  organizations bigint := 0;
begin
  for tenant in select o.id, o.plan, o.retention_days, o.deleted_at from public.organizations o loop
    if tenant.deleted_at < p_now - interval '30 days' then
      perform set_config('driftlock.purging', 'on', true);
      delete from public.organizations o where o.id = tenant.id;
      perform set_config('driftlock.purging', 'off', true);
      perform public.prune_audit(tenant.id, 'infinity');
      delete from public.audit_chains c where c.org_id = tenant.id;
      organizations := organizations + 1;
      continue;
    end if;
    until := p_now - make_interval(days => least(tenant.retention_days, (p_days ->> tenant.plan)::int));
    delete from public.anomalies a where a.org_id = tenant.id and a.detected_at < until;
    get diagnostics rows = row_count;
    anomalies := anomalies + rows;
    -- the record of changes is kept for a year at least, whatever the plan
    entries := entries + public.prune_audit(tenant.id, least(until, p_now - interval '365 days'));
  end loop;
  delete from public.sign_ups s where s.created_at < p_now - interval '7 days';
  delete from public.invitations i where i.expires_at < p_now - interval '30 days';
  return jsonb_build_object('anomalies', anomalies, 'audit_entries', entries, 'organizations', organizations);
end $$;
comment on function public.apply_retention is 'Called hourly by the Worker. A definer: pruning the audit log needs rights that no role has.';

revoke execute on function public.remember_sign_up(text, text, text), public.recall_sign_up(text),
  public.complete_onboarding(uuid, text, text, jsonb, jsonb), public.ensure_organization(uuid, text),
  public.abandoned_users(timestamptz, int), public.apply_retention(jsonb, timestamptz) from public, anon, authenticated;
grant execute on function public.remember_sign_up(text, text, text), public.recall_sign_up(text),
  public.complete_onboarding(uuid, text, text, jsonb, jsonb), public.ensure_organization(uuid, text),
  public.abandoned_users(timestamptz, int), public.apply_retention(jsonb, timestamptz) to service_role;
