-- A person's role is looked up once in 15 seconds by each isolate of the Worker: somebody who was just removed or demoted could still
-- make a key for that long, which would have gone on afterwards. What changes an organisation's keys, settings and streams now asks
-- for the role in its own transaction, as what concerns members always did. Keys have their scopes, which the Worker checks; the
-- system (a hot stream that is spread by itself) needs no role.
create function private.require_role_of_person(p_org uuid, p_actor jsonb, p_least public.member_role) returns void
language plpgsql stable set search_path = '' as $$
begin
  if p_actor ->> 'type' = 'person' then
    perform private.require_role(p_org, p_actor, p_least);
  end if;
end $$;
revoke execute on function private.require_role_of_person(uuid, jsonb, public.member_role) from public;
grant execute on function private.require_role_of_person(uuid, jsonb, public.member_role) to service_role;

create or replace function public.update_organization(p_org uuid, p_patch jsonb, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare changed public.organizations;
begin
  perform private.set_actor(p_actor);
  perform private.require_role_of_person(p_org, p_actor, 'admin');
  update public.organizations o set
    name = case when p_patch ? 'name' then p_patch ->> 'name' else o.name end,
    time_zone = case when p_patch ? 'time_zone' then p_patch ->> 'time_zone' else o.time_zone end,
    default_sensitivity = case when p_patch ? 'default_sensitivity' then (p_patch ->> 'default_sensitivity')::double precision else o.default_sensitivity end,
    retention_days = case when p_patch ? 'retention_days' then (p_patch ->> 'retention_days')::int else o.retention_days end,
    pii_policy = case when p_patch ? 'pii_policy' then p_patch ->> 'pii_policy' else o.pii_policy end
  where o.id = p_org and o.deleted_at is null
  returning * into changed;
  if not found then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  if p_patch ? 'time_zone' and not exists (select from pg_timezone_names z where z.name = changed.time_zone) then
    raise exception 'unknown_time_zone' using errcode = 'PT400';
  end if;
  return to_jsonb(changed);
end $$;

create or replace function public.create_api_key(p_org uuid, p_key jsonb, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
begin
  perform private.set_actor(p_actor);
  perform private.require_role_of_person(p_org, p_actor, 'admin');
  return to_jsonb(private.insert_key(p_org, p_key)) - 'hash' - 'org_id';
end $$;

create or replace function public.regenerate_api_key(p_org uuid, p_id text, p_key jsonb, p_old_expires_at timestamptz, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  old_key public.api_keys;
  new_key public.api_keys;
begin
  perform private.set_actor(p_actor);
  perform private.require_role_of_person(p_org, p_actor, 'admin');
  select k.* into old_key from public.api_keys k where k.org_id = p_org and k.id = p_id for update;
  if not found or old_key.revoked_at is not null or coalesce(old_key.expires_at <= now(), false) then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  new_key := private.insert_key(p_org, p_key || jsonb_build_object('name', old_key.name, 'scopes', old_key.scopes, 'stream_prefix', old_key.stream_prefix,
    'environment', old_key.environment, 'expires_at', p_key ->> 'expires_at'));
  update public.api_keys k set expires_at = least(k.expires_at, p_old_expires_at) where k.id = p_id returning k.* into old_key;
  return jsonb_build_object('key', to_jsonb(new_key) - 'hash' - 'org_id', 'previous', to_jsonb(old_key) - 'hash' - 'org_id');
end $$;

create or replace function public.revoke_api_key(p_org uuid, p_id text, p_revoked_at timestamptz, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare ended public.api_keys;
begin
  perform private.set_actor(p_actor);
  perform private.require_role_of_person(p_org, p_actor, 'admin');
  update public.api_keys k set revoked_at = coalesce(k.revoked_at, p_revoked_at) where k.org_id = p_org and k.id = p_id returning * into ended;
  if not found then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  return to_jsonb(ended) - 'hash' - 'org_id';
end $$;

create or replace function public.set_stream_sensitivity(p_org uuid, p_stream text, p_sensitivity double precision, p_actor jsonb) returns integer
language plpgsql security invoker set search_path = '' as $$
declare changed integer;
begin
  perform private.set_actor(p_actor);
  perform private.require_role_of_person(p_org, p_actor, 'admin');
  update public.streams s set sensitivity = p_sensitivity where s.org_id = p_org and s.name = p_stream;
  get diagnostics changed = row_count;
  return changed;
end $$;

create or replace function public.set_stream_shards(p_org uuid, p_stream text, p_shards int, p_actor jsonb) returns integer
language plpgsql security invoker set search_path = '' as $$
declare changed integer;
begin
  perform private.set_actor(p_actor);
  perform private.require_role_of_person(p_org, p_actor, 'admin');
  update public.streams s set shards = p_shards, shards_most = greatest(s.shards_most, p_shards) where s.org_id = p_org and s.name = p_stream;
  get diagnostics changed = row_count;
  return changed;
end $$;

create or replace function public.delete_stream(p_org uuid, p_stream text, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  portion constant int := 20000;
  removed int;
begin
  perform private.set_actor(p_actor);
  perform private.require_role_of_person(p_org, p_actor, 'admin');
  delete from public.anomalies a where a.id in (select d.id from public.anomalies d where d.org_id = p_org and d.stream = p_stream limit portion);
  get diagnostics removed = row_count;
  if removed = portion then
    return jsonb_build_object('anomalies', removed, 'more', true);
  end if;
  delete from public.streams s where s.org_id = p_org and s.name = p_stream;
  return jsonb_build_object('anomalies', removed, 'more', false);
end $$;

create or replace function public.set_redaction(p_org uuid, p_policy text, p_rules jsonb, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare changed public.organizations;
begin
  perform private.set_actor(p_actor);
  perform private.require_role_of_person(p_org, p_actor, 'admin');
  update public.organizations o set pii_policy = p_policy, pii_rules = p_rules
  where o.id = p_org and o.deleted_at is null
  returning * into changed;
  if not found then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  return jsonb_build_object('pii_policy', changed.pii_policy, 'pii_rules', changed.pii_rules);
end $$;

create or replace function public.set_hard_cap(p_org uuid, p_hard_cap boolean, p_actor jsonb) returns void
language plpgsql security invoker set search_path = '' as $$
begin
  perform private.set_actor(p_actor);
  perform private.require_role_of_person(p_org, p_actor, 'owner');
  update public.subscriptions s set hard_cap = p_hard_cap where s.org_id = p_org and s.hard_cap <> p_hard_cap;
end $$;
