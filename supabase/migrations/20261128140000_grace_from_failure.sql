-- Grace begins when the payment of an invoice is first seen to fail, not when the invoice was made: a bank debit fails days later, and a
-- week from the invoice would be over before anybody was told. The time is that of Stripe's own event, so that it is the same in whatever
-- order events come; without one (its news got lost) that of first seeing it, which stays.
alter table public.subscriptions add column grace_invoice text;
comment on column public.subscriptions.grace_invoice is 'The unpaid invoice that grace is about.';

create index stripe_events_failures on public.stripe_events (object_id) where type in ('invoice.payment_failed', 'invoice.payment_action_required');

-- When a payment of an invoice first failed, by what Stripe said of it. News that comes later than Stripe itself goes on trying to bring it
-- (three days) counts from three days before, so that some of the week is left.
create function private.first_failure(p_invoice text) returns timestamptz
language sql stable set search_path = '' as $$
  select coalesce(min(e.at) filter (where e.type = 'invoice.payment_failed'), min(e.at))
  from (
    select x.type, greatest(x.created, x.received_at - interval '3 days') as at from public.stripe_events x
    where x.object_id = p_invoice and x.type in ('invoice.payment_failed', 'invoice.payment_action_required')) e
$$;
revoke execute on function private.first_failure(text) from public, anon, authenticated;
grant execute on function private.first_failure(text) to service_role;

-- As before, but for the beginning of grace.
create or replace function private.write_subscription(p_org uuid, p_row jsonb, p_now timestamptz) returns boolean
language plpgsql set search_path = '' as $$
declare
  old_row public.subscriptions;
  live constant text[] := array['trialing', 'active', 'grace', 'paused'];
  is_live boolean := p_row ->> 'status' = any (live);
  since timestamptz;
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
  if p_row ->> 'status' = 'grace' then
    -- a Worker from before this migration names a beginning and no invoice
    since := coalesce(private.first_failure(p_row ->> 'grace_invoice'), case when old_row.grace_invoice = p_row ->> 'grace_invoice' then old_row.grace_started_at end,
      (p_row ->> 'grace_started_at')::timestamptz, p_now);
  end if;
  update public.subscriptions s set
    status = p_row ->> 'status', plan = p_row ->> 'plan', stripe_subscription = p_row ->> 'stripe_subscription', stripe_status = p_row ->> 'stripe_status',
    stripe_created = (p_row ->> 'stripe_created')::timestamptz, livemode = (p_row ->> 'livemode')::boolean, trial_end = (p_row ->> 'trial_end')::timestamptz,
    trial_used = s.trial_used or p_row ->> 'trial_end' is not null, current_period_start = (p_row ->> 'current_period_start')::timestamptz,
    current_period_end = (p_row ->> 'current_period_end')::timestamptz, cancel_at_period_end = (p_row ->> 'cancel_at_period_end')::boolean,
    ended_at = (p_row ->> 'ended_at')::timestamptz, grace_invoice = p_row ->> 'grace_invoice', grace_started_at = since,
    grace_ends_at = since + make_interval(days => coalesce((p_row ->> 'grace_days')::int, 7)),
    disputed_at = case when coalesce(s.stripe_subscription = p_row ->> 'stripe_subscription', true) then s.disputed_at end,
    metering_from = (p_row ->> 'metering_from')::date, metering_until = (p_row ->> 'metering_until')::date,
    fetched_at = coalesce((p_row ->> 'fetched_at')::timestamptz, s.fetched_at)
  where s.org_id = p_org;
  -- Enterprise is not sold by subscription: only whoever gave it takes it back
  update public.organizations o set plan = effective where o.id = p_org and o.plan not in (effective, 'enterprise');
  return true;
end $$;
