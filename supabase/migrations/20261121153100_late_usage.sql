-- Usage that came when its period's invoice was final is shown to its organisation, too.
create or replace function public.usage_details(p_org uuid, p_from date, p_to date) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
    'days', coalesce((select jsonb_agg(jsonb_build_object('day', d.day, 'events', d.events, 'detections', d.detections) order by d.day) from (
      select u.day, sum(u.events) as events, sum(u.detections) as detections from public.usage_counters u
      where u.org_id = p_org and u.day between p_from and p_to group by u.day) d), '[]'),
    'streams', coalesce((select jsonb_agg(jsonb_build_object('stream', t.stream, 'events', t.events, 'detections', t.detections,
        'anomaly_rate', case when t.events > 0 then round(t.detections::numeric / t.events, 6) else 0 end) order by t.detections desc, t.events desc, t.stream) from (
      select u.stream, sum(u.events) as events, sum(u.detections) as detections from public.usage_counters u
      where u.org_id = p_org and u.day between p_from and p_to group by u.stream order by 3 desc, 2 desc, 1 limit 500) t), '[]'),
    'late', coalesce((select jsonb_agg(jsonb_build_object('day', l.day, 'detections', l.detections) order by l.day) from (
      select f.day, sum(f.value) as detections from public.meter_flushes f
      where f.org_id = p_org and f.late and f.day between p_from and p_to group by f.day) l), '[]'))
$$;
