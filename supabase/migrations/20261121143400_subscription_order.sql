-- Events, cron and people's own changes all fetch the subscription and then write it. What was fetched earlier never replaces what was
-- fetched later, whichever is written first.
alter table public.subscriptions add column fetched_at timestamptz;
-- A dispute may also be heard of before the subscription is.
comment on column public.subscriptions.fetched_at is 'When the Worker asked Stripe for what stands here.';
-- Writes a subscription as Stripe has it. An ended one never replaces a live one, an older one never a newer one of the same kind.
create or replace function private.write_subscription(p_org uuid, p_row jsonb, p_now timestamptz) returns boolean
language plpgsql set search_path = '' as $$
declare
  old_row public.subscriptions;
  live constant text[] := array['trialing', 'active', 'past_due', 'grace', 'paused'];
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
  update public.organizations o set plan = effective where o.id = p_org and o.plan <> effective;
  return true;
end $$;
