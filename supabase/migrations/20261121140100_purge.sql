-- What a deleted organisation leaves outside the database: the Durable Objects of its streams and keys, and its own. They are
-- written down in the transaction that removes the organisation, and struck out by the Worker when each has been emptied; one
-- that cannot be reached is tried again an hour later.
create table public.purges (
  org_id uuid not null,
  kind text not null check (kind in ('stream', 'key', 'organization')),
  name text not null,
  attempts int not null default 0,
  created_at timestamptz not null default now(),
  primary key (org_id, kind, name)
);
create index purges_next on public.purges (attempts, created_at);
comment on table public.purges is 'Durable Objects still to be emptied. The Worker''s alone; no foreign key, for the organisation is gone.';
comment on column public.purges.name is 'stream: stream#shard. key: its id. organization: empty.';
alter table public.purges enable row level security;
grant select, insert, update, delete on public.purges to service_role;

-- Strikes out what is empty and counts the attempt of what is not.
create function public.finish_purges(p_done jsonb, p_failed jsonb) returns integer
language plpgsql security invoker set search_path = '' as $$
declare struck integer;
begin
  delete from public.purges p using jsonb_to_recordset(p_done) as d(org_id uuid, kind text, name text)
  where p.org_id = d.org_id and p.kind = d.kind and p.name = d.name;
  get diagnostics struck = row_count;
  update public.purges p set attempts = p.attempts + 1 from jsonb_to_recordset(p_failed) as f(org_id uuid, kind text, name text)
  where p.org_id = f.org_id and p.kind = f.kind and p.name = f.name;
  return struck;
end $$;
revoke execute on function public.finish_purges(jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.finish_purges(jsonb, jsonb) to service_role;

-- As before, and: anomalies go in bounded portions, so that the job ends within the database's statement timeout however much
-- there is (`more` says that it has to be called again); a removed organisation's objects are written down for the Worker.
create or replace function public.apply_retention(p_days jsonb, p_now timestamptz) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  portion constant bigint := 20000;
  tenant record;
  until timestamptz;
  gone boolean;
  rows bigint;
  anomalies bigint := 0;
  entries bigint := 0;
  organizations bigint := 0;
begin
  for tenant in select o.id, o.plan, o.retention_days, o.deleted_at from public.organizations o loop
    gone := coalesce(tenant.deleted_at < p_now - interval '30 days', false);
    if gone then
      -- before the anomalies go: a stream may be known from them alone
      insert into public.purges (org_id, kind, name)
      select tenant.id, 'stream', s.name || '#' || s.shard from (
        select s.name, 0 as shard from public.streams s where s.org_id = tenant.id
        union select u.stream, u.shard from public.usage_counters u where u.org_id = tenant.id
        union select a.stream, a.shard from public.anomalies a where a.org_id = tenant.id) s
      union all select tenant.id, 'key', k.id from public.api_keys k where k.org_id = tenant.id
      union all select tenant.id, 'organization', ''
      on conflict do nothing;
    end if;
    until := case when gone then 'infinity' else p_now - make_interval(days => least(tenant.retention_days, (p_days ->> tenant.plan)::int)) end;
    delete from public.anomalies a where a.id in (
      select d.id from public.anomalies d where d.org_id = tenant.id and d.detected_at < until order by d.detected_at limit portion - anomalies);
    get diagnostics rows = row_count;
    anomalies := anomalies + rows;
    if anomalies >= portion then
      return jsonb_build_object('anomalies', anomalies, 'audit_entries', entries, 'organizations', organizations, 'more', true);
    end if;
    if gone then
      perform set_config('driftlock.purging', 'on', true);
      delete from public.organizations o where o.id = tenant.id;
      perform set_config('driftlock.purging', 'off', true);
      perform public.prune_audit(tenant.id, 'infinity');
      delete from public.audit_chains c where c.org_id = tenant.id;
      organizations := organizations + 1;
    else
      -- the record of changes is kept for a year at least, whatever the plan
      entries := entries + public.prune_audit(tenant.id, least(until, p_now - interval '365 days'));
    end if;
  end loop;
  delete from public.sign_ups s where s.created_at < p_now - interval '7 days';
  delete from public.invitations i where i.expires_at < p_now - interval '30 days';
  return jsonb_build_object('anomalies', anomalies, 'audit_entries', entries, 'organizations', organizations, 'more', false);
end $$;
