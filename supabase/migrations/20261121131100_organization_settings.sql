-- Settings of an organisation, and the functions through which the Worker changes members, invitations, keys and settings.
-- Each function says who acts (for the audit log), checks that person's role in the database, and does all or nothing.
-- Failures carry the HTTP status in their code (PostgREST: PTnnn) and a word for the Worker in their message.
alter table public.organizations
  add column retention_days int,
  add column pii_policy text not null default 'keep',
  add column requested_plan text,
  add column requests_per_minute int;
alter table public.organizations
  add constraint organizations_retention_days check (retention_days between 1 and 3650) not valid,
  add constraint organizations_pii_policy check (pii_policy in ('keep', 'mask')) not valid,
  add constraint organizations_requested_plan check (requested_plan in ('developer', 'standard', 'growth', 'enterprise')) not valid,
  add constraint organizations_requests_per_minute check (requests_per_minute > 0) not valid;
comment on column public.organizations.retention_days is 'Days that anomalies are kept, never more than the plan''s. Null: the plan''s.';
comment on column public.organizations.pii_policy is 'keep: events are stored as received. mask: personal data is masked before anything is stored.';
comment on column public.organizations.requested_plan is 'What was chosen at sign-up; the plan itself changes with a payment.';
comment on column public.organizations.requests_per_minute is 'Request limit by contract. Null: the plan''s.';

-- Invitations. The token is mailed; only its SHA-256 is kept.
create table public.invitations (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.organizations on delete cascade,
  email text not null check (email = lower(email) and char_length(email) between 3 and 254),
  role public.member_role not null default 'member',
  token_hash text not null unique check (token_hash ~ '^[0-9a-f]{64}$'),
  invited_by uuid,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  accepted_at timestamptz,
  revoked_at timestamptz
);
create unique index invitations_pending on public.invitations (org_id, email) where accepted_at is null and revoked_at is null;
create index invitations_org_id on public.invitations (org_id, created_at desc);
comment on table public.invitations is 'Asked to join, by mail. The role owner cannot be given this way.';
create trigger invitations_audit after insert or update or delete on public.invitations
  for each row execute function private.audit_change('invitation', 'org_id', 'id');

alter table public.invitations enable row level security;
create policy invitations_read on public.invitations for select to authenticated
  using (org_id in (select private.my_administered_orgs()));
grant select (id, org_id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at) on public.invitations to authenticated;
grant select, insert, update, delete on public.invitations to service_role;

-- An organisation always has an owner, whichever way a change comes. Two owners who leave at once wait for each other here.
create function private.keep_an_owner() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if old.role = 'owner' and (tg_op = 'DELETE' or new.role <> 'owner' or new.org_id <> old.org_id) then
    perform 1 from public.organizations o where o.id = old.org_id for update;
    -- no row: the organisation itself is being removed
    if found and not exists (select from public.members m where m.org_id = old.org_id and m.role = 'owner' and m.user_id <> old.user_id) then
      raise exception 'last_owner' using errcode = 'PT409';
    end if;
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$;
revoke execute on function private.keep_an_owner() from public;
create trigger members_keep_an_owner before update or delete on public.members
  for each row execute function private.keep_an_owner();

-- The e-mail address of somebody in a common organisation; for the Worker, of anyone.
create function private.colleague_email(p_user uuid) returns text
language sql stable security definer set search_path = '' as $$
  select u.email::text from auth.users u
  where u.id = p_user
    and ((select auth.role()) = 'service_role'
      or exists (select from public.members m where m.user_id = p_user and m.org_id in (select private.my_orgs())))
$$;
create function private.user_by_email(p_email text) returns uuid
language sql stable security definer set search_path = '' as $$
  select u.id from auth.users u where u.email = lower(p_email) order by u.created_at limit 1
$$;
revoke execute on function private.colleague_email(uuid), private.user_by_email(text) from public;
grant execute on function private.colleague_email(uuid) to authenticated, service_role;
grant execute on function private.user_by_email(text) to service_role;

-- Row-level security of members decides what is in it.
create view public.member_directory with (security_invoker = true) as
  select m.org_id, m.user_id, m.role, m.created_at, private.colleague_email(m.user_id) as email from public.members m;
grant select on public.member_directory to authenticated, service_role;

-- The acting person's role, if it is enough; somebody from elsewhere is told that there is nothing.
create function private.require_role(p_org uuid, p_actor jsonb, p_least public.member_role) returns public.member_role
language plpgsql stable set search_path = '' as $$
declare found_role public.member_role;
begin
  select m.role into found_role from public.members m join public.organizations o on o.id = m.org_id
  where m.org_id = p_org and m.user_id = (p_actor ->> 'id')::uuid and o.deleted_at is null;
  if found_role is null then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  -- the type lists the strongest role first
  if found_role > p_least then
    raise exception 'insufficient_role' using errcode = 'PT403';
  end if;
  return found_role;
end $$;
revoke execute on function private.require_role(uuid, jsonb, public.member_role) from public;
grant execute on function private.require_role(uuid, jsonb, public.member_role) to service_role;

create function public.create_organization(p_user uuid, p_name text, p_requested_plan text, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  made public.organizations;
  base text := coalesce(nullif(trim(both '-' from left(regexp_replace(lower(p_name), '[^a-z0-9]+', '-', 'g'), 40)), ''), 'org');
begin
  perform private.set_actor(p_actor);
  -- one at a time for each person, so that the limit holds
  perform pg_advisory_xact_lock(hashtextextended(p_user::text, 0));
  if (select count(*) from public.members m where m.user_id = p_user and m.role = 'owner') >= 10 then
    raise exception 'too_many_organizations' using errcode = 'PT409';
  end if;
  insert into public.organizations (name, slug, requested_plan)
  values (p_name, base || '-' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 8), p_requested_plan)
  returning * into made;
  insert into public.members (org_id, user_id, role) values (made.id, p_user, 'owner');
  return jsonb_build_object('id', made.id, 'name', made.name, 'role', 'owner', 'plan', made.plan);
end $$;

create function public.update_organization(p_org uuid, p_patch jsonb, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare changed public.organizations;
begin
  perform private.set_actor(p_actor);
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

create function public.delete_organization(p_org uuid, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare ended timestamptz;
begin
  perform private.set_actor(p_actor);
  perform private.require_role(p_org, p_actor, 'owner');
  update public.organizations o set deleted_at = now() where o.id = p_org and o.deleted_at is null returning o.deleted_at into ended;
  return jsonb_build_object('id', p_org, 'deleted_at', ended, 'purged_after', ended + interval '30 days');
end $$;

create function public.restore_organization(p_org uuid, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare restored public.organizations;
begin
  perform private.set_actor(p_actor);
  update public.organizations o set deleted_at = null
  where o.id = p_org and o.deleted_at > now() - interval '30 days'
    and exists (select from public.members m where m.org_id = p_org and m.user_id = (p_actor ->> 'id')::uuid and m.role = 'owner')
  returning * into restored;
  if not found then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  return jsonb_build_object('id', restored.id, 'name', restored.name, 'role', 'owner', 'plan', restored.plan);
end $$;

create function public.change_role(p_org uuid, p_user uuid, p_role public.member_role, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  mine public.member_role := private.require_role(p_org, p_actor, 'admin');
  theirs public.member_role;
begin
  perform private.set_actor(p_actor);
  select m.role into theirs from public.members m where m.org_id = p_org and m.user_id = p_user for update;
  if not found then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  if mine <> 'owner' and (theirs = 'owner' or p_role = 'owner') then
    raise exception 'insufficient_role' using errcode = 'PT403';
  end if;
  update public.members m set role = p_role where m.org_id = p_org and m.user_id = p_user and m.role <> p_role;
  return (select to_jsonb(d) - 'org_id' from public.member_directory d where d.org_id = p_org and d.user_id = p_user);
end $$;

create function public.remove_member(p_org uuid, p_user uuid, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  leaving boolean := p_user = (p_actor ->> 'id')::uuid;
  mine public.member_role := private.require_role(p_org, p_actor, case when leaving then 'viewer' else 'admin' end::public.member_role);
  theirs public.member_role;
begin
  perform private.set_actor(p_actor);
  select m.role into theirs from public.members m where m.org_id = p_org and m.user_id = p_user for update;
  if not found then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  if theirs = 'owner' and mine <> 'owner' then
    raise exception 'insufficient_role' using errcode = 'PT403';
  end if;
  delete from public.members m where m.org_id = p_org and m.user_id = p_user;
  return jsonb_build_object('user_id', p_user);
end $$;

create function public.transfer_ownership(p_org uuid, p_to uuid, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
begin
  perform private.set_actor(p_actor);
  perform private.require_role(p_org, p_actor, 'owner');
  update public.members m set role = 'owner' where m.org_id = p_org and m.user_id = p_to;
  if not found then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  update public.members m set role = 'admin' where m.org_id = p_org and m.user_id = (p_actor ->> 'id')::uuid and m.user_id <> p_to;
  return jsonb_build_object('owner', p_to);
end $$;

create function public.invite_member(p_org uuid, p_email text, p_role public.member_role, p_token_hash text, p_expires_at timestamptz, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  address text := lower(p_email);
  made public.invitations;
begin
  perform private.set_actor(p_actor);
  perform private.require_role(p_org, p_actor, 'admin');
  if p_role = 'owner' then
    raise exception 'insufficient_role' using errcode = 'PT403';
  end if;
  perform 1 from public.organizations o where o.id = p_org for update;
  if exists (select from public.members m where m.org_id = p_org and m.user_id = private.user_by_email(address)) then
    raise exception 'already_member' using errcode = 'PT409';
  end if;
  if (select count(*) from public.invitations i where i.org_id = p_org and i.created_at > now() - interval '1 day') >= 100 then
    raise exception 'too_many_invitations' using errcode = 'PT409';
  end if;
  -- inviting again replaces the earlier link
  update public.invitations i set revoked_at = now() where i.org_id = p_org and i.email = address and i.accepted_at is null and i.revoked_at is null;
  insert into public.invitations (org_id, email, role, token_hash, invited_by, expires_at)
  values (p_org, address, p_role, p_token_hash, (p_actor ->> 'id')::uuid, p_expires_at)
  returning * into made;
  return (to_jsonb(made) - 'token_hash') || jsonb_build_object('organization', (select o.name from public.organizations o where o.id = p_org));
end $$;

create function public.revoke_invitation(p_org uuid, p_id uuid, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
begin
  perform private.set_actor(p_actor);
  perform private.require_role(p_org, p_actor, 'admin');
  update public.invitations i set revoked_at = now() where i.org_id = p_org and i.id = p_id and i.accepted_at is null and i.revoked_at is null;
  if not found then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  return jsonb_build_object('id', p_id);
end $$;

-- What a token is for, if it can still be used.
create function public.find_invitation(p_token_hash text) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object('id', i.id, 'org_id', i.org_id, 'organization', o.name, 'email', i.email, 'role', i.role, 'user_id', private.user_by_email(i.email))
  from public.invitations i join public.organizations o on o.id = i.org_id
  where i.token_hash = p_token_hash and i.accepted_at is null and i.revoked_at is null and i.expires_at > now() and o.deleted_at is null
$$;

create function public.accept_invitation(p_token_hash text, p_user uuid, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare accepted public.invitations;
begin
  perform private.set_actor(p_actor);
  update public.invitations i set accepted_at = now()
  where i.token_hash = p_token_hash and i.accepted_at is null and i.revoked_at is null and i.expires_at > now()
    and private.user_by_email(i.email) = p_user
    and exists (select from public.organizations o where o.id = i.org_id and o.deleted_at is null)
  returning * into accepted;
  if not found then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  insert into public.members (org_id, user_id, role) values (accepted.org_id, p_user, accepted.role) on conflict do nothing;
  return jsonb_build_object('organization', (select o.name from public.organizations o where o.id = accepted.org_id), 'org_id', accepted.org_id, 'role', accepted.role);
end $$;

create function private.insert_key(p_org uuid, p_key jsonb) returns public.api_keys
language plpgsql set search_path = '' as $$
declare made public.api_keys;
begin
  perform 1 from public.organizations o where o.id = p_org and o.deleted_at is null for update;
  if not found then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  if (select count(*) from public.api_keys k where k.org_id = p_org and k.revoked_at is null and coalesce(k.expires_at > now(), true)) >= 200 then
    raise exception 'too_many_keys' using errcode = 'PT409';
  end if;
  insert into public.api_keys (id, org_id, name, hash, scopes, stream_prefix, environment, created_by, expires_at)
  values (p_key ->> 'id', p_org, p_key ->> 'name', p_key ->> 'hash', array(select jsonb_array_elements_text(p_key -> 'scopes')), p_key ->> 'stream_prefix',
    p_key ->> 'environment', (p_key ->> 'created_by')::uuid, (p_key ->> 'expires_at')::timestamptz)
  returning * into made;
  return made;
end $$;
revoke execute on function private.insert_key(uuid, jsonb) from public;
grant execute on function private.insert_key(uuid, jsonb) to service_role;

create function public.create_api_key(p_org uuid, p_key jsonb, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
begin
  perform private.set_actor(p_actor);
  return to_jsonb(private.insert_key(p_org, p_key)) - 'hash' - 'org_id';
end $$;

-- A successor with the same rights; the old key goes on until `p_old_expires_at`.
create function public.regenerate_api_key(p_org uuid, p_id text, p_key jsonb, p_old_expires_at timestamptz, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  old_key public.api_keys;
  new_key public.api_keys;
begin
  perform private.set_actor(p_actor);
  select k.* into old_key from public.api_keys k where k.org_id = p_org and k.id = p_id for update;
  if not found or old_key.revoked_at is not null or coalesce(old_key.expires_at <= now(), false) then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  new_key := private.insert_key(p_org, p_key || jsonb_build_object('name', old_key.name, 'scopes', old_key.scopes, 'stream_prefix', old_key.stream_prefix,
    'environment', old_key.environment, 'expires_at', p_key ->> 'expires_at'));
  update public.api_keys k set expires_at = least(k.expires_at, p_old_expires_at) where k.id = p_id returning k.* into old_key;
  return jsonb_build_object('key', to_jsonb(new_key) - 'hash' - 'org_id', 'previous', to_jsonb(old_key) - 'hash' - 'org_id');
end $$;

create function public.revoke_api_key(p_org uuid, p_id text, p_revoked_at timestamptz, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare ended public.api_keys;
begin
  perform private.set_actor(p_actor);
  update public.api_keys k set revoked_at = coalesce(k.revoked_at, p_revoked_at) where k.org_id = p_org and k.id = p_id returning * into ended;
  if not found then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  return to_jsonb(ended) - 'hash' - 'org_id';
end $$;

create function public.set_stream_sensitivity(p_org uuid, p_stream text, p_sensitivity double precision, p_actor jsonb) returns integer
language plpgsql security invoker set search_path = '' as $$
declare changed integer;
begin
  perform private.set_actor(p_actor);
  update public.streams s set sensitivity = p_sensitivity where s.org_id = p_org and s.name = p_stream;
  get diagnostics changed = row_count;
  return changed;
end $$;

do $$
declare f text;
begin
  foreach f in array array[
    'create_organization(uuid, text, text, jsonb)', 'update_organization(uuid, jsonb, jsonb)', 'delete_organization(uuid, jsonb)',
    'restore_organization(uuid, jsonb)', 'change_role(uuid, uuid, public.member_role, jsonb)', 'remove_member(uuid, uuid, jsonb)',
    'transfer_ownership(uuid, uuid, jsonb)', 'invite_member(uuid, text, public.member_role, text, timestamptz, jsonb)',
    'revoke_invitation(uuid, uuid, jsonb)', 'find_invitation(text)', 'accept_invitation(text, uuid, jsonb)', 'create_api_key(uuid, jsonb, jsonb)',
    'regenerate_api_key(uuid, text, jsonb, timestamptz, jsonb)', 'revoke_api_key(uuid, text, timestamptz, jsonb)',
    'set_stream_sensitivity(uuid, text, double precision, jsonb)'] loop
    execute format('revoke execute on function public.%s from public, anon, authenticated', f);
    execute format('grant execute on function public.%s to service_role', f);
  end loop;
end $$;
