-- What an organisation with pii_policy = 'mask' wants redacted: action, kinds, patterns. Null: the Worker's defaults. The Worker
-- checks the shape (ingest/redact/rules.rs); the database bounds the size.
alter table public.organizations add column pii_rules jsonb;
alter table public.organizations
  add constraint organizations_pii_rules check (jsonb_typeof(pii_rules) = 'object' and octet_length(pii_rules::text) <= 16384) not valid;
comment on column public.organizations.pii_rules is 'Redaction rules where pii_policy is mask: {"action","kinds","patterns"}. Null: the defaults.';

create function public.set_redaction(p_org uuid, p_policy text, p_rules jsonb, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare changed public.organizations;
begin
  perform private.set_actor(p_actor);
  update public.organizations o set pii_policy = p_policy, pii_rules = p_rules
  where o.id = p_org and o.deleted_at is null
  returning * into changed;
  if not found then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  return jsonb_build_object('pii_policy', changed.pii_policy, 'pii_rules', changed.pii_rules);
end $$;
revoke execute on function public.set_redaction(uuid, text, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.set_redaction(uuid, text, jsonb, jsonb) to service_role;
