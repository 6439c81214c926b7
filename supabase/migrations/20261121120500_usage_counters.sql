-- Absolute counters per stream object and UTC day: flushed again and again, added up by readers.
create table public.usage_counters (
  org_id uuid not null references public.organizations on delete cascade,
  stream text not null,
  shard int not null default 0,
  generation int not null default 0,
  day date not null,
  events bigint not null default 0 check (events >= 0),
  detections bigint not null default 0 check (detections >= 0),
  updated_at timestamptz not null default now(),
  primary key (org_id, stream, shard, generation, day)
);
create index usage_counters_day on public.usage_counters (org_id, day);
comment on table public.usage_counters is 'Events scored and anomalies recorded. Each row is a total, not a difference.';

alter table public.usage_counters enable row level security;
create policy usage_counters_read on public.usage_counters for select to authenticated
  using (org_id in (select private.my_orgs()));
grant select on public.usage_counters to authenticated;
grant select, insert, update, delete on public.usage_counters to service_role;

create function public.record_usage(rows jsonb) returns integer
language sql security invoker set search_path = '' as $$
  with report as (
    select r.org_id, r.stream, coalesce(r.shard, 0) as shard, coalesce(r.generation, 0) as generation, r.day,
      coalesce(max(r.events), 0) as events, coalesce(max(r.detections), 0) as detections
    from jsonb_to_recordset(record_usage.rows) as r(
      org_id uuid, stream text, shard int, generation int, day date, events bigint, detections bigint)
    where exists (select from public.organizations o where o.id = r.org_id)
    group by 1, 2, 3, 4, 5
  ), stored as (
    insert into public.usage_counters as u (org_id, stream, shard, generation, day, events, detections)
    select * from report
    on conflict (org_id, stream, shard, generation, day) do update set
      events = greatest(u.events, excluded.events),
      detections = greatest(u.detections, excluded.detections),
      updated_at = now()
    where excluded.events > u.events or excluded.detections > u.detections
    returning 1
  )
  select count(*)::int from stored
$$;
comment on function public.record_usage is 'Takes totals and keeps the greatest of each: a repeated or late flush changes nothing.';
revoke execute on function public.record_usage(jsonb) from public, anon, authenticated;
grant execute on function public.record_usage(jsonb) to service_role;
