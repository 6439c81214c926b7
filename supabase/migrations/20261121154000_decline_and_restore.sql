-- An invited person says no, and an owner finds what can still be restored.

-- Whoever has the mailed token owns the address. The invitation ends as if it had been taken back; the audit log says by whom.
create function public.decline_invitation(p_token_hash text, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare declined public.invitations;
begin
  perform private.set_actor(p_actor);
  update public.invitations i set revoked_at = now()
  where i.token_hash = p_token_hash and i.accepted_at is null and i.revoked_at is null and i.expires_at > now()
  returning * into declined;
  if not found then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  return jsonb_build_object('id', declined.id);
end $$;

-- Row-level security hides a deleted organisation even from its owners: this is the one way to learn of it.
create function public.deleted_organizations(p_user uuid) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'name', o.name, 'deleted_at', o.deleted_at,
    'purged_after', o.deleted_at + interval '30 days') order by o.deleted_at desc), '[]'::jsonb)
  from public.organizations o join public.members m on m.org_id = o.id
  where m.user_id = p_user and m.role = 'owner' and o.deleted_at > now() - interval '30 days'
$$;

do $$
declare f text;
begin
  foreach f in array array['decline_invitation(text, jsonb)', 'deleted_organizations(uuid)'] loop
    execute format('revoke execute on function public.%s from public, anon, authenticated', f);
    execute format('grant execute on function public.%s to service_role', f);
  end loop;
end $$;
