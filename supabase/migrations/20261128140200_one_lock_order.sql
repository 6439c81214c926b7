-- One order of locks for whatever changes an organisation's people or plan: the organisation's row, then its subscription, then other rows,
-- the audit log's chain last. An invitation took the organisation before the subscription and a subscription's news the other way round;
-- an accepted invitation and a transferred ownership wrote to the audit log before they came to either. Two of them at once ended one.

-- What people change begins here, and so with the lock.
create or replace function private.require_role(p_org uuid, p_actor jsonb, p_least public.member_role) returns public.member_role
language plpgsql set search_path = '' as $$
declare found_role public.member_role;
begin
  perform private.hold_organization(p_org);
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

create or replace function private.keep_an_owner() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if old.role = 'owner' and (tg_op = 'DELETE' or new.role <> 'owner' or new.org_id <> old.org_id) then
    perform 1 from public.organizations o where o.id = old.org_id for no key update;
    -- no row: the organisation itself is being removed
    if found and not exists (select from public.members m where m.org_id = old.org_id and m.role = 'owner' and m.user_id <> old.user_id) then
      raise exception 'last_owner' using errcode = 'PT409';
    end if;
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$;

create or replace function private.keep_member_limit() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  seats bigint;
  taken bigint;
begin
  perform private.hold_organization(new.org_id);
  perform 1 from public.subscriptions s where s.org_id = new.org_id for update;
  seats := private.entitlement(new.org_id, 'members');
  taken := (select count(*) from public.members m where m.org_id = new.org_id);
  if tg_table_name = 'invitations' then
    taken := taken + (select count(*) from public.invitations i where i.org_id = new.org_id and i.accepted_at is null and i.revoked_at is null and i.expires_at > now() and i.email <> new.email);
  end if;
  if taken >= seats then
    raise exception 'too_many_members' using errcode = 'PT409';
  end if;
  return new;
end $$;

create or replace function public.invite_member(p_org uuid, p_email text, p_role public.member_role, p_token_hash text, p_expires_at timestamptz, p_actor jsonb) returns jsonb
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
  -- an earlier invitation is taken back, and the audit log told of it, before the new one looks for a seat
  perform 1 from public.subscriptions s where s.org_id = p_org for update;
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

create or replace function public.accept_invitation(p_token_hash text, p_user uuid, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare accepted public.invitations;
begin
  perform private.set_actor(p_actor);
  perform private.hold_organization(i.org_id) from public.invitations i where i.token_hash = p_token_hash;
  perform 1 from public.subscriptions s join public.invitations i on i.org_id = s.org_id where i.token_hash = p_token_hash for update of s;
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

create or replace function public.decline_invitation(p_token_hash text, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare declined public.invitations;
begin
  perform private.set_actor(p_actor);
  perform private.hold_organization(i.org_id) from public.invitations i where i.token_hash = p_token_hash;
  update public.invitations i set revoked_at = now()
  where i.token_hash = p_token_hash and i.accepted_at is null and i.revoked_at is null and i.expires_at > now()
  returning * into declined;
  if not found then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  return jsonb_build_object('id', declined.id);
end $$;

create or replace function public.apply_stripe_event(p_id text, p_lease uuid, p_effects jsonb, p_now timestamptz) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  event public.stripe_events;
  org uuid;
  entry jsonb;
begin
  select e.* into event from public.stripe_events e where e.id = p_id for update;
  if not found or event.state <> 'received' or event.lease is distinct from p_lease then
    return jsonb_build_object('applied', false);
  end if;
  select s.org_id into org from public.subscriptions s where s.stripe_customer = p_effects ->> 'customer';
  if org is null then
    -- the customer is gone, its last subscription is still known
    select s.org_id into org from public.subscriptions s
    where s.stripe_customer is null and s.stripe_subscription = p_effects -> 'subscription' ->> 'stripe_subscription';
  end if;
  if org is not null then
    perform private.hold_organization(org);
    perform private.set_actor(jsonb_build_object('type', 'system', 'id', 'stripe', 'request_id', p_id));
    if p_effects -> 'subscription' is not null and p_effects -> 'subscription' <> 'null' then
      perform private.write_subscription(org, p_effects -> 'subscription', p_now);
    end if;
    if p_effects ? 'disputed_at' then
      update public.subscriptions s set disputed_at = coalesce(s.disputed_at, (p_effects ->> 'disputed_at')::timestamptz) where s.org_id = org;
    end if;
    if (p_effects ->> 'customer_gone')::boolean then
      perform private.forget_stripe_customer(org, p_now);
    end if;
    perform private.enqueue_mails(org, p_effects -> 'mails', p_now);
    for entry in select * from jsonb_array_elements(coalesce(p_effects -> 'audit', '[]')) loop
      perform private.append_billing_audit(org, entry ->> 'action', coalesce(entry ->> 'target', p_id), entry -> 'after');
    end loop;
  end if;
  update public.stripe_events e set state = 'done', done_at = now(), leased_until = null, cause = null, org_id = org,
    outcome = case when org is null and p_effects ->> 'customer' is not null then 'not ours' else p_effects ->> 'outcome' end
  where e.id = p_id;
  return jsonb_build_object('applied', true, 'org', org);
end $$;

create or replace function public.sync_subscription(p_org uuid, p_row jsonb, p_mails jsonb, p_actor jsonb, p_now timestamptz) returns boolean
language plpgsql security invoker set search_path = '' as $$
declare written boolean;
begin
  perform private.hold_organization(p_org);
  perform private.set_actor(p_actor);
  written := private.write_subscription(p_org, p_row, p_now);
  perform private.enqueue_mails(p_org, p_mails, p_now);
  return written;
end $$;

create or replace function public.set_stripe_customer(p_org uuid, p_customer text, p_actor jsonb) returns text
language plpgsql security invoker set search_path = '' as $$
declare kept text;
begin
  perform private.hold_organization(p_org);
  perform private.set_actor(p_actor);
  update public.subscriptions s set stripe_customer = p_customer where s.org_id = p_org and s.stripe_customer is null;
  if found then
    perform private.append_billing_audit(p_org, 'customer.created', p_customer, null);
  end if;
  select s.stripe_customer into kept from public.subscriptions s where s.org_id = p_org;
  return kept;
end $$;

-- It holds the rows of many: two runs at once take them in one order.
create or replace function public.evaluate_usage(p_now timestamptz, p_thresholds int[]) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  tenant record;
  used record;
  period record;
  share double precision;
  reached int;
  announced int := 0;
  evaluated int := 0;
begin
  for tenant in
    select s as row, o.plan, private.entitlement(o.id, 'detections') as detections, private.entitlement(o.id, 'events') as events, p.overage_micro_usd
    from public.organizations o join public.subscriptions s on s.org_id = o.id join public.plans p on p.id = o.plan
    where o.deleted_at is null and (s.usage_at is null or s.usage_until <= (p_now at time zone 'UTC')::date or s.usage_from > (p_now at time zone 'UTC')::date
      or s.updated_at >= s.usage_at
      or exists (select from public.usage_counters u where u.org_id = o.id and u.updated_at >= s.usage_at - interval '2 minutes'))
    order by o.id
  loop
    select * into period from private.usage_period(tenant.row, p_now);
    select coalesce(sum(u.events), 0) as events, coalesce(sum(u.detections), 0) as detections, coalesce(sum(u.unrecorded), 0) as unrecorded into used
    from public.usage_counters u where u.org_id = (tenant.row).org_id and u.day >= period.first and u.day < period.past;
    update public.subscriptions s set usage_from = period.first, usage_until = period.past, usage_events = used.events, usage_detections = used.detections,
      usage_unrecorded = used.unrecorded, usage_at = clock_timestamp() where s.org_id = (tenant.row).org_id;
    evaluated := evaluated + 1;
    share := greatest(coalesce((used.detections + used.unrecorded) * 100.0 / nullif(tenant.detections, 0), 0), coalesce(used.events * 100.0 / nullif(tenant.events, 0), 0));
    for reached in select t from unnest(p_thresholds) t where t <= share order by t loop
      insert into public.usage_alerts (org_id, period_start, threshold, reached_at) values ((tenant.row).org_id, period.first, reached, p_now) on conflict do nothing;
      if found then
        announced := announced + 1;
        perform private.enqueue_mail((tenant.row).org_id, 'usage', format('usage-%s:%s:%s', reached, (tenant.row).org_id, period.first), jsonb_build_object(
          'threshold', reached, 'plan', tenant.plan, 'events', used.events, 'detections', used.detections, 'unrecorded', used.unrecorded,
          'included_events', tenant.events, 'included_detections', tenant.detections, 'until', period.past,
          'stops', tenant.overage_micro_usd is null or (tenant.row).hard_cap), p_now);
      end if;
    end loop;
  end loop;
  return jsonb_build_object('evaluated', evaluated, 'announced', announced);
end $$;
