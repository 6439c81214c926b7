-- What was used, of all streams or of those whose names begin with a prefix (an API key can be bound to one). With the caller's own
-- rights: of a person the policies decide, so that the flushes that came late are seen by admins. They belong to no stream, so
-- that a prefix leaves them out.
create function public.usage_details(p_org uuid, p_from date, p_to date, p_prefix text) returns jsonb
language sql stable security invoker set search_path = '' as $$
  with used as (
    select u.day, u.stream, u.events, u.detections from public.usage_counters u
    where u.org_id = p_org and u.day between p_from and p_to and (p_prefix is null or starts_with(u.stream, p_prefix))
  )
  select jsonb_build_object(
    'days', coalesce((select jsonb_agg(jsonb_build_object('day', d.day, 'events', d.events, 'detections', d.detections) order by d.day) from (
      select u.day, sum(u.events) as events, sum(u.detections) as detections from used u group by u.day) d), '[]'),
    'streams', coalesce((select jsonb_agg(jsonb_build_object('stream', t.stream, 'events', t.events, 'detections', t.detections,
        'anomaly_rate', case when t.events > 0 then round(t.detections::numeric / t.events, 6) else 0 end) order by t.detections desc, t.events desc, t.stream) from (
      select u.stream, sum(u.events) as events, sum(u.detections) as detections from used u group by u.stream order by 3 desc, 2 desc, 1 limit 500) t), '[]'),
    'late', coalesce((select jsonb_agg(jsonb_build_object('day', l.day, 'detections', l.detections) order by l.day) from (
      select f.day, sum(f.value) as detections from public.meter_flushes f
      where f.org_id = p_org and f.late and f.day between p_from and p_to and p_prefix is null group by f.day) l), '[]'))
$$;
revoke execute on function public.usage_details(uuid, date, date, text) from public, anon;
grant execute on function public.usage_details(uuid, date, date, text) to authenticated, service_role;
