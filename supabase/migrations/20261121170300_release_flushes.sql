-- Flushes that were claimed and not tried, because Stripe is away: as if they had not been claimed.
create function public.release_meter_flushes(p_identifiers text[]) returns void
language sql security invoker set search_path = '' as $$
  update public.meter_flushes f set leased_until = null, attempts = f.attempts - 1, first_attempt_at = case when f.attempts > 1 then f.first_attempt_at end
  where f.identifier = any (p_identifiers) and f.state = 'pending' and f.attempts > 0
$$;
revoke execute on function public.release_meter_flushes(text[]) from public, anon, authenticated;
grant execute on function public.release_meter_flushes(text[]) to service_role;
