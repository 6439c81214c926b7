-- A deleted customer ends its plan, a duplicate's end is not the plan's, and the meter's identifiers name the customer.

-- The mails of a step. One about a subscription's end (`of`) says nothing while another one runs: the plan goes on.
create function private.enqueue_mails(p_org uuid, p_mails jsonb, p_now timestamptz) returns void
language plpgsql set search_path = '' as $$
declare mail jsonb;
begin
  for mail in select * from jsonb_array_elements(coalesce(p_mails, '[]')) loop
    if not exists (select from public.subscriptions s where s.org_id = p_org and s.stripe_subscription <> mail ->> 'of'
      and s.status in ('trialing', 'active', 'past_due', 'grace', 'paused')) then
      perform private.enqueue_mail(p_org, mail ->> 'kind', mail ->> 'key', coalesce(mail -> 'data', '{}'), p_now);
    end if;
  end loop;
end $$;

-- Stripe ends the subscriptions of a customer that is deleted. Its news of that may come before or after, and must not be waited for.
create function private.forget_stripe_customer(p_org uuid, p_now timestamptz) returns void
language plpgsql set search_path = '' as $$
declare ended boolean;
begin
  update public.subscriptions s set status = 'canceled', stripe_status = 'canceled', ended_at = p_now, cancel_at_period_end = false, grace_started_at = null, grace_ends_at = null,
    metering_until = least(s.metering_until, ((p_now + interval '1 day') at time zone 'UTC')::date)
  where s.org_id = p_org and s.status in ('trialing', 'active', 'past_due', 'grace', 'paused');
  ended := found;
  update public.subscriptions s set stripe_customer = null where s.org_id = p_org;
  if ended then
    update public.organizations o set plan = 'developer' where o.id = p_org and o.plan <> 'developer';
  end if;
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
  perform private.set_actor(p_actor);
  written := private.write_subscription(p_org, p_row, p_now);
  perform private.enqueue_mails(p_org, p_mails, p_now);
  return written;
end $$;

-- An identifier names the customer too. What a former customer was told of a day is not told its successor again.
create or replace function private.plan_meter_flushes(p_org uuid, p_now timestamptz) returns void
language sql set search_path = '' as $$
  insert into public.meter_flushes (identifier, org_id, customer, day, from_total, value, at, due_at, late)
  select format('dlk-%s-%s-%s-%s', s.org_id, left(md5(s.stripe_customer), 12), d.day, told.total), s.org_id, s.stripe_customer, d.day, told.total, d.total - told.total,
    least(p_now, (d.day + 1)::timestamp at time zone 'UTC' - interval '1 second'), p_now,
    coalesce(d.day < (s.current_period_start at time zone 'UTC')::date and p_now > s.current_period_start + interval '6 hours', false)
  from public.subscriptions s
  cross join lateral (
    select u.day, sum(u.detections) as total from public.usage_counters u
    -- the meter takes no time more than 35 days back
    where u.org_id = s.org_id and u.day >= greatest(s.metering_from, (p_now at time zone 'UTC')::date - 34) and u.day < coalesce(s.metering_until, 'infinity')
    group by u.day) d
  cross join lateral (
    select coalesce(sum(f.value), 0) as total, coalesce(bool_or(f.state = 'pending' and f.customer = s.stripe_customer), false) as busy
    from public.meter_flushes f where f.org_id = s.org_id and f.day = d.day) told
  where s.stripe_customer is not null and s.metering_from is not null and (p_org is null or s.org_id = p_org)
    and d.total > told.total and not told.busy
  on conflict do nothing
$$;

-- The first customer of an organisation stays, and is on record.
create or replace function public.set_stripe_customer(p_org uuid, p_customer text, p_actor jsonb) returns text
language plpgsql security invoker set search_path = '' as $$
declare kept text;
begin
  perform private.set_actor(p_actor);
  update public.subscriptions s set stripe_customer = p_customer where s.org_id = p_org and s.stripe_customer is null;
  if found then
    perform private.append_billing_audit(p_org, 'customer.created', p_customer, null);
  end if;
  select s.stripe_customer into kept from public.subscriptions s where s.org_id = p_org;
  return kept;
end $$;

-- Whether the meter may still lack detections of an organisation: counters flush once a minute, and Stripe adds up what it took a little later.
create function private.is_meter_settled(p_org uuid, p_now timestamptz) returns boolean
language plpgsql set search_path = '' as $$
begin
  perform private.plan_meter_flushes(p_org, p_now);
  return not exists (select from public.meter_flushes f where f.org_id = p_org and (f.state = 'pending' or f.sent_at > p_now - interval '4 minutes'));
end $$;

create or replace function public.billing_clock(p_now timestamptz, p_trial_notice_days int, p_grace_days int[]) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  s public.subscriptions;
  step int;
begin
  for s in select * from public.subscriptions x where x.status = 'trialing' and not x.cancel_at_period_end
    and x.trial_end - make_interval(days => p_trial_notice_days) <= p_now and x.trial_end > p_now loop
    perform private.enqueue_mail(s.org_id, 'trial_ending', 'trial-ending:' || s.stripe_subscription, jsonb_build_object('plan', s.plan, 'at', s.trial_end), p_now);
  end loop;
  for s in select * from public.subscriptions x where x.status = 'grace' and x.grace_ends_at > p_now loop
    select max(d) into step from unnest(p_grace_days) d where d > 0 and s.grace_started_at + make_interval(days => d) <= p_now;
    if step is not null then
      perform private.enqueue_mail(s.org_id, 'grace_reminder', format('grace-%s:%s:%s', step, s.stripe_subscription, extract(epoch from s.grace_started_at)::bigint),
        jsonb_build_object('plan', s.plan, 'at', s.grace_ends_at), p_now);
    end if;
  end loop;
  return coalesce((
    select jsonb_agg(jsonb_build_object('org', d.org_id, 'subscription', d.stripe_subscription, 'why', d.why) order by d.current_period_end)
    from (
      select x.*, o.deleted_at, case
        when o.deleted_at is not null then 'deleted'
        when x.status = 'grace' and x.grace_ends_at <= p_now then 'grace_over'
        when x.current_period_end < p_now - interval '2 hours' then 'overdue' end as why
      from public.subscriptions x join public.organizations o on o.id = x.org_id
      where x.stripe_subscription is not null and x.status in ('trialing', 'active', 'past_due', 'grace', 'paused')) d
    where d.why in ('grace_over', 'overdue')
      -- what was used has to be at the meter before the last invoice is made; a meter that is away holds up the end for a day
      or d.why = 'deleted' and (d.deleted_at < p_now - interval '1 day' or (d.deleted_at < p_now - interval '5 minutes' and private.is_meter_settled(d.org_id, p_now)))), '[]');
end $$;

do $$
declare f text;
begin
  foreach f in array array['private.enqueue_mails(uuid, jsonb, timestamptz)', 'private.forget_stripe_customer(uuid, timestamptz)', 'private.is_meter_settled(uuid, timestamptz)'] loop
    execute format('revoke execute on function %s from public, anon, authenticated', f);
    execute format('grant execute on function %s to service_role', f);
  end loop;
end $$;
