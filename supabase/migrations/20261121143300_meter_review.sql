-- The meter reports later what it could not use of what it had taken: those flushes wait for a person.
create function public.review_meter_flushes(p_refused jsonb) returns bigint
language sql security invoker set search_path = '' as $$
  with reviewed as (
    update public.meter_flushes f set state = 'review', cause = left(r.cause, 300)
    from jsonb_to_recordset(p_refused) as r(identifier text, cause text)
    where f.identifier = r.identifier and f.state <> 'review' returning 1)
  select count(*) from reviewed
$$;
revoke execute on function public.review_meter_flushes(jsonb) from public, anon, authenticated;
grant execute on function public.review_meter_flushes(jsonb) to service_role;
