-- As before, but a first payment that is still to come (past_due: Stripe's incomplete) displaces nothing that is paid, and a plan by
-- contract is not changed by news of a subscription.
create or replace function private.write_subscription(p_org uuid, p_row jsonb, p_now timestamptz) returns boolean
language plpgsql set search_path = '' as $$
declare
  old_row public.subscriptions;
  live constant text[] := array['trialing', 'active', 'grace', 'paused'];
  is_live boolean := p_row ->> 'status' = any (live);
  effective text := case when p_row ->> 'status' in ('trialing', 'active', 'grace') then p_row ->> 'plan' else 'developer' end;
begin
  insert into public.subscriptions (org_id) values (p_org) on conflict do nothing;
  select s.* into old_row from public.subscriptions s where s.org_id = p_org for update;
  if old_row.stripe_subscription is distinct from p_row ->> 'stripe_subscription' and old_row.stripe_subscription is not null
    and (old_row.status = any (live), old_row.stripe_created) > (is_live, (p_row ->> 'stripe_created')::timestamptz) then
    return false;
  end if;
  if old_row.stripe_subscription = p_row ->> 'stripe_subscription' and old_row.fetched_at > (p_row ->> 'fetched_at')::timestamptz then
    return false;
  end if;
  if old_row.stripe_subscription is distinct from p_row ->> 'stripe_subscription' then
    -- what the former one still owes its meter is written down before its days are forgotten
    perform private.plan_meter_flushes(p_org, p_now);
  end if;
  update public.subscriptions s set
    status = p_row ->> 'status', plan = p_row ->> 'plan', stripe_subscription = p_row ->> 'stripe_subscription', stripe_status = p_row ->> 'stripe_status',
    stripe_created = (p_row ->> 'stripe_created')::timestamptz, livemode = (p_row ->> 'livemode')::boolean, trial_end = (p_row ->> 'trial_end')::timestamptz,
    trial_used = s.trial_used or p_row ->> 'trial_end' is not null, current_period_start = (p_row ->> 'current_period_start')::timestamptz,
    current_period_end = (p_row ->> 'current_period_end')::timestamptz, cancel_at_period_end = (p_row ->> 'cancel_at_period_end')::boolean,
    ended_at = (p_row ->> 'ended_at')::timestamptz, grace_started_at = (p_row ->> 'grace_started_at')::timestamptz, grace_ends_at = (p_row ->> 'grace_ends_at')::timestamptz,
    disputed_at = case when coalesce(s.stripe_subscription = p_row ->> 'stripe_subscription', true) then s.disputed_at end,
    metering_from = (p_row ->> 'metering_from')::date, metering_until = (p_row ->> 'metering_until')::date,
    fetched_at = coalesce((p_row ->> 'fetched_at')::timestamptz, s.fetched_at)
  where s.org_id = p_org;
  -- Enterprise is not sold by subscription: only whoever gave it takes it back
  update public.organizations o set plan = effective where o.id = p_org and o.plan not in (effective, 'enterprise');
  return true;
end $$;

create or replace function private.forget_stripe_customer(p_org uuid, p_now timestamptz) returns void
language plpgsql set search_path = '' as $$
declare ended boolean;
begin
  update public.subscriptions s set status = 'canceled', stripe_status = 'canceled', ended_at = p_now, cancel_at_period_end = false, grace_started_at = null, grace_ends_at = null,
    metering_until = least(s.metering_until, ((p_now + interval '1 day') at time zone 'UTC')::date)
  where s.org_id = p_org and s.status in ('trialing', 'active', 'past_due', 'grace', 'paused');
  ended := found;
  update public.subscriptions s set stripe_customer = null where s.org_id = p_org;
  if ended then
    update public.organizations o set plan = 'developer' where o.id = p_org and o.plan not in ('developer', 'enterprise');
  end if;
end $$;
