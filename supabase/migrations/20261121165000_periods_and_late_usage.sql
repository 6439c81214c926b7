-- Whether a day's usage comes after the invoice that it belongs on was final: at a period's end that is six hours later; a subscription
-- that ends with its period has its last invoice then, one that ends before it has none that waits.
create function private.is_late(s public.subscriptions, p_day date, p_at timestamptz) returns boolean
language sql immutable set search_path = '' as $$
  select coalesce(p_day < (s.current_period_start at time zone 'UTC')::date and p_at > s.current_period_start + interval '6 hours', false)
    or coalesce(p_at > s.ended_at + case when s.ended_at >= s.current_period_end then interval '6 hours' else interval '0' end, false)
$$;
revoke execute on function private.is_late(public.subscriptions, date, timestamptz) from public, anon, authenticated;
grant execute on function private.is_late(public.subscriptions, date, timestamptz) to service_role;

-- What is planned in time may be sent late: what counts is when it went.
create or replace function public.finish_meter_flush(p_identifier text, p_state text, p_cause text, p_due timestamptz, p_now timestamptz, p_again boolean) returns void
language sql security invoker set search_path = '' as $$
  update public.meter_flushes f set state = p_state, cause = left(p_cause, 300), due_at = coalesce(p_due, f.due_at), leased_until = null,
    sent_at = case when p_state = 'sent' then p_now end, first_attempt_at = case when p_again then p_now else f.first_attempt_at end,
    late = f.late or (p_state = 'sent' and coalesce((select private.is_late(s, f.day, p_now) from public.subscriptions s where s.org_id = f.org_id), false))
  where f.identifier = p_identifier and f.state = 'pending'
$$;

-- After a subscription's end the free month does not count what was paid for: it begins with the first day that is not metered. What
-- is left of the end's own day is a period by itself.
create or replace function private.usage_period(s public.subscriptions, p_now timestamptz, out first date, out past date)
language plpgsql immutable set search_path = '' as $$
declare
  today date := (p_now at time zone 'UTC')::date;
  free date;
begin
  if s.status in ('trialing', 'active', 'past_due', 'grace', 'paused') and s.current_period_start is not null then
    first := (s.current_period_start at time zone 'UTC')::date;
    past := greatest((s.current_period_end at time zone 'UTC')::date, first + 1);
    -- Stripe's news of the next period may be late
    while past <= today loop
      first := past;
      past := (past + interval '1 month')::date;
    end loop;
  else
    first := date_trunc('month', today)::date;
    past := (first + interval '1 month')::date;
    -- what never was paid for (a first payment that was not made) changes nothing
    if s.status = 'canceled' and s.stripe_status is distinct from 'incomplete_expired' then
      free := coalesce(s.metering_until, (s.ended_at at time zone 'UTC')::date);
    end if;
    if free > today then
      first := today;
      past := free;
    elsif free > first then
      first := free;
    end if;
  end if;
end $$;
