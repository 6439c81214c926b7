-- The way back for flushes that were set aside: for a person who has looked. Each is compared with the meter's sum of its day before
-- anything is sent; what has to be sent again goes under a new identifier, as Stripe may still remember the old one.
create function public.requeue_meter_flushes(p_identifiers text[], p_now timestamptz) returns int
language plpgsql security invoker set search_path = '' as $$
declare
  flush record;
  requeued int := 0;
begin
  perform private.set_actor('{"type": "system", "id": "operator"}');
  for flush in
    select f.* from public.meter_flushes f where f.identifier = any (p_identifiers) and f.state = 'review' for update
  loop
    update public.meter_flushes f set state = 'pending', identifier = left(format('%s-%s', regexp_replace(flush.identifier, '-r[0-9a-f]{8}$', ''),
      'r' || left(md5(random()::text), 8)), 100), attempts = 0, due_at = p_now, leased_until = null, sent_at = null, first_attempt_at = p_now - interval '2 days'
    where f.identifier = flush.identifier;
    perform private.append_billing_audit(flush.org_id, 'meter.flush_requeued', flush.identifier,
      jsonb_build_object('day', flush.day, 'detections', flush.value, 'cause', flush.cause));
    requeued := requeued + 1;
  end loop;
  return requeued;
end $$;
comment on function public.requeue_meter_flushes is 'Takes up flushes under review again: compared with the meter''s sum first, audited.';
revoke execute on function public.requeue_meter_flushes(text[], timestamptz) from public, anon, authenticated;
grant execute on function public.requeue_meter_flushes(text[], timestamptz) to service_role;
