-- Who changed what, when, from where, and how it was before. Rows are only ever appended, by triggers that no role can
-- call; each carries the hash of the one before, so that a change or a hole shows. Old rows are pruned from the front, and
-- the hash they ended with stays as the anchor.
create table public.audit_chains (
  org_id uuid primary key,
  last_seq bigint not null default 0,
  last_hash text not null default repeat('0', 64),
  anchor_seq bigint not null default 0,
  anchor_hash text not null default repeat('0', 64),
  anchored_at timestamptz
);
comment on table public.audit_chains is 'Both ends of each organisation''s chain. No foreign key: the record outlives what it records.';

create table public.audit_log (
  org_id uuid not null,
  seq bigint not null,
  at timestamptz not null,
  actor_type text not null check (actor_type in ('person', 'key', 'system')),
  actor_id text,
  actor_name text,
  request_id text,
  address text,
  action text not null,
  target_type text not null,
  target_id text not null,
  before jsonb,
  after jsonb,
  previous_hash text not null,
  hash text not null,
  primary key (org_id, seq)
);
create index audit_log_at on public.audit_log (org_id, at);
comment on column public.audit_log.address is 'Network address of the caller, as the edge saw it.';
comment on column public.audit_log.hash is 'SHA-256 over the previous hash and every other column: private.audit_hash.';

create function private.audit_hash(entry public.audit_log) returns text
language sql stable set search_path = '' as $$
  select encode(sha256(convert_to(jsonb_build_array(
    entry.previous_hash, entry.org_id, entry.seq, to_char(entry.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), entry.actor_type,
    entry.actor_id, entry.actor_name, entry.request_id, entry.address, entry.action, entry.target_type, entry.target_id, entry.before,
    entry.after)::text, 'UTF8')), 'hex')
$$;

-- The caller's functions say who acts for the rest of the transaction; a change without that is the system's.
create function private.set_actor(actor jsonb) returns void
language plpgsql set search_path = '' as $$
begin
  perform set_config('driftlock.actor', coalesce(actor, '{}'::jsonb)::text, true);
end $$;

-- A definer: appending needs rights that nobody has.
create function private.append_audit(p_org uuid, p_action text, p_target_type text, p_target_id text, p_before jsonb, p_after jsonb) returns void
language plpgsql security definer set search_path = '' as $$
declare
  actor jsonb := coalesce(nullif(current_setting('driftlock.actor', true), '')::jsonb, '{}'::jsonb);
  chain public.audit_chains;
  entry public.audit_log;
begin
  insert into public.audit_chains (org_id) values (p_org) on conflict do nothing;
  -- one writer at a time for each organisation, so that the chain has no forks
  select c.* into chain from public.audit_chains c where c.org_id = p_org for update;
  entry.org_id := p_org;
  entry.seq := chain.last_seq + 1;
  entry.at := clock_timestamp();
  entry.actor_type := coalesce(actor ->> 'type', case when (select auth.uid()) is null then 'system' else 'person' end);
  entry.actor_id := coalesce(actor ->> 'id', (select auth.uid())::text);
  entry.actor_name := actor ->> 'name';
  entry.request_id := actor ->> 'request_id';
  entry.address := actor ->> 'address';
  entry.action := p_action;
  entry.target_type := p_target_type;
  entry.target_id := p_target_id;
  entry.before := p_before;
  entry.after := p_after;
  entry.previous_hash := chain.last_hash;
  entry.hash := private.audit_hash(entry);
  insert into public.audit_log values (entry.*);
  update public.audit_chains c set last_seq = entry.seq, last_hash = entry.hash where c.org_id = p_org;
end $$;

-- Arguments: the kind of thing, the column with the organisation, the column that names the thing.
create function private.audit_change() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  -- secrets, and what changes without anyone's doing
  hidden constant text[] := array['hash', 'token_hash', 'updated_at', 'last_used_at', 'state', 'events_seen', 'anomalies_seen', 'algorithm',
    'first_event_at', 'last_event_at', 'event_type', 'generation'];
  old_row jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) - hidden end;
  new_row jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) - hidden end;
  whole jsonb := coalesce(new_row, old_row);
  verb text := case tg_op when 'INSERT' then 'created' when 'UPDATE' then 'changed' else 'removed' end;
begin
  if current_setting('driftlock.purging', true) = 'on' then
    return null;
  end if;
  if tg_op = 'UPDATE' then
    select jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, new_row -> o.key) into old_row, new_row
    from jsonb_each(old_row) o where o.value is distinct from new_row -> o.key;
    if old_row is null then
      return null;
    end if;
    verb := case
      when old_row ? 'revoked_at' then 'revoked'
      when old_row ? 'accepted_at' then 'accepted'
      when old_row ? 'deleted_at' and new_row -> 'deleted_at' = 'null'::jsonb then 'restored'
      when old_row ? 'deleted_at' then 'deleted'
      else verb
    end;
  end if;
  perform private.append_audit((whole ->> tg_argv[1])::uuid, tg_argv[0] || '.' || verb, tg_argv[0], whole ->> tg_argv[2], old_row, new_row);
  return null;
end $$;

create function private.refuse_audit_change() returns trigger
language plpgsql set search_path = '' as $$
begin
  if tg_op = 'DELETE' and current_setting('driftlock.pruning', true) = 'on' then
    return old;
  end if;
  raise exception 'the audit log is append-only' using errcode = 'PT403';
end $$;
revoke execute on function private.audit_hash(public.audit_log), private.set_actor(jsonb), private.audit_change(), private.refuse_audit_change(),
  private.append_audit(uuid, text, text, text, jsonb, jsonb) from public;
grant execute on function private.audit_hash(public.audit_log), private.set_actor(jsonb) to service_role;

create trigger audit_log_append_only before update or delete on public.audit_log
  for each row execute function private.refuse_audit_change();
create trigger audit_log_no_truncate before truncate on public.audit_log
  for each statement execute function private.refuse_audit_change();

create trigger organizations_audit after insert or update or delete on public.organizations
  for each row execute function private.audit_change('organization', 'id', 'id');
create trigger members_audit after insert or update or delete on public.members
  for each row execute function private.audit_change('member', 'org_id', 'user_id');
create trigger api_keys_audit after insert or update or delete on public.api_keys
  for each row execute function private.audit_change('api_key', 'org_id', 'id');
-- of a stream only what people set
create trigger streams_audit after update of sensitivity on public.streams
  for each row execute function private.audit_change('stream', 'org_id', 'name');

create function private.my_administered_orgs() returns setof uuid
language sql stable security definer set search_path = '' as $$
  select m.org_id
  from public.members m join public.organizations o on o.id = m.org_id
  where m.user_id = (select auth.uid()) and o.deleted_at is null and m.role in ('owner', 'admin')
$$;
comment on function private.my_administered_orgs is 'Organisations that the person asking runs.';
revoke execute on function private.my_administered_orgs() from public;
grant execute on function private.my_administered_orgs() to authenticated, service_role;

alter table public.audit_log enable row level security;
create policy audit_log_read on public.audit_log for select to authenticated
  using (org_id in (select private.my_administered_orgs()));
alter table public.audit_chains enable row level security;
create policy audit_chains_read on public.audit_chains for select to authenticated
  using (org_id in (select private.my_administered_orgs()));
-- reading only, for the Worker too
grant select on public.audit_log, public.audit_chains to authenticated, service_role;

-- Recomputes an organisation's chain: whether every entry holds, and where the first one that does not stands.
create function public.verify_audit(p_org uuid) returns jsonb
language sql stable security invoker set search_path = '' as $$
  with chain as (
    select * from public.audit_chains c where c.org_id = p_org
  ), entry as (
    select l.seq, l.hash,
      l.hash = private.audit_hash(l.*)
        and l.seq = coalesce(lag(l.seq) over (order by l.seq), (select anchor_seq from chain)) + 1
        and l.previous_hash = coalesce(lag(l.hash) over (order by l.seq), (select anchor_hash from chain)) as holds
    from public.audit_log l where l.org_id = p_org
  ), summary as (
    select count(*) as entries, min(seq) as first_seq, max(seq) as last_seq, min(seq) filter (where not coalesce(holds, false)) as broken_at,
      (select hash from entry order by seq desc limit 1) as last_hash
    from entry
  )
  select jsonb_build_object(
    'intact', s.broken_at is null and coalesce(s.last_seq, c.anchor_seq, 0) = coalesce(c.last_seq, 0) and coalesce(s.last_hash, c.anchor_hash, '') = coalesce(c.last_hash, ''),
    'entries', s.entries, 'first_seq', s.first_seq, 'last_seq', s.last_seq, 'broken_at', s.broken_at,
    'anchor_seq', coalesce(c.anchor_seq, 0), 'anchor_hash', c.anchor_hash, 'last_hash', c.last_hash)
  from summary s left join chain c on true
$$;
comment on function public.verify_audit is 'Whether the chain of an organisation''s audit log is whole.';

-- A definer: nobody may delete entries, except from the front and up to a time.
create function public.prune_audit(p_org uuid, p_before timestamptz) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  ended public.audit_log;
  pruned bigint;
begin
  perform 1 from public.audit_chains c where c.org_id = p_org for update;
  select l.* into ended from public.audit_log l
  where l.org_id = p_org and l.seq < (select coalesce(min(k.seq), 9223372036854775807) from public.audit_log k where k.org_id = p_org and k.at >= p_before)
  order by l.seq desc limit 1;
  if not found then
    return 0;
  end if;
  update public.audit_chains c set anchor_seq = ended.seq, anchor_hash = ended.hash, anchored_at = now() where c.org_id = p_org;
  perform set_config('driftlock.pruning', 'on', true);
  delete from public.audit_log l where l.org_id = p_org and l.seq <= ended.seq;
  get diagnostics pruned = row_count;
  perform set_config('driftlock.pruning', 'off', true);
  return pruned;
end $$;
comment on function public.prune_audit is 'Removes entries older than a time from the front of the chain and keeps the hash they ended with.';
revoke execute on function public.verify_audit(uuid), public.prune_audit(uuid, timestamptz) from public, anon, authenticated;
grant execute on function public.verify_audit(uuid), public.prune_audit(uuid, timestamptz) to service_role;
