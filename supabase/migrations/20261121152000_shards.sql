-- A hot stream is spread over several objects, its shards. It stays one row here: each shard reports its own numbers, and the row
-- has their sum.
alter table public.streams
  add column shards int not null default 1 check (shards in (1, 2, 4, 8, 16)),
  add column shards_most int not null default 1 check (shards_most between 1 and 16),
  add column shard_reports jsonb not null default '{}';
comment on column public.streams.shards is 'Objects that take the stream''s events.';
comment on column public.streams.shards_most is 'Objects that ever did, and may hold something.';
comment on column public.streams.shard_reports is 'Of a stream that was split: shard → what it last reported in this generation.';

-- As before for streams in one object; the shards of others are added up.
create or replace function public.touch_streams(rows jsonb) returns integer
language plpgsql security invoker set search_path = '' as $$
declare
  changed integer;
  report record;
  stored public.streams;
  reports jsonb;
begin
  with report as (
    select distinct on (r.org_id, r.name) r.*
    from jsonb_to_recordset(touch_streams.rows) as r(
      org_id uuid, name text, split boolean, event_type text, state text, events_seen bigint, anomalies_seen bigint,
      generation int, algorithm text, first_event_at timestamptz, last_event_at timestamptz)
    where not coalesce(r.split, false) and exists (select from public.organizations o where o.id = r.org_id)
    order by r.org_id, r.name, coalesce(r.generation, 0) desc, r.events_seen desc nulls last
  ), stored as (
    insert into public.streams as s
      (org_id, name, event_type, state, events_seen, anomalies_seen, generation, algorithm, first_event_at, last_event_at)
    select r.org_id, r.name, coalesce(r.event_type, 'log'), coalesce(r.state, 'learning'), coalesce(r.events_seen, 0), coalesce(r.anomalies_seen, 0),
      coalesce(r.generation, 0), r.algorithm, r.first_event_at, r.last_event_at
    from report r
    on conflict (org_id, name) do update set
      event_type = excluded.event_type,
      state = case when excluded.generation > s.generation or excluded.events_seen >= s.events_seen then excluded.state else s.state end,
      events_seen = case when excluded.generation > s.generation then excluded.events_seen else greatest(s.events_seen, excluded.events_seen) end,
      anomalies_seen = case when excluded.generation > s.generation then excluded.anomalies_seen else greatest(s.anomalies_seen, excluded.anomalies_seen) end,
      shard_reports = case when excluded.generation > s.generation then '{}' else s.shard_reports end,
      algorithm = coalesce(excluded.algorithm, s.algorithm),
      first_event_at = least(s.first_event_at, excluded.first_event_at),
      last_event_at = greatest(s.last_event_at, excluded.last_event_at),
      generation = excluded.generation
    where excluded.generation >= s.generation
    returning 1
  )
  select count(*)::int into changed from stored;

  for report in
    select r.* from jsonb_to_recordset(touch_streams.rows) as r(
      org_id uuid, name text, split boolean, shard int, event_type text, state text, events_seen bigint, anomalies_seen bigint,
      generation int, algorithm text, first_event_at timestamptz, last_event_at timestamptz)
    where r.split and exists (select from public.organizations o where o.id = r.org_id)
    order by r.org_id, r.name, r.shard
  loop
    insert into public.streams (org_id, name, event_type, generation)
    values (report.org_id, report.name, coalesce(report.event_type, 'log'), coalesce(report.generation, 0)) on conflict do nothing;
    select * into strict stored from public.streams s where s.org_id = report.org_id and s.name = report.name for update;
    continue when report.generation < stored.generation;
    if report.generation > stored.generation then
      stored.shard_reports := '{}';
      stored.events_seen := 0;
      stored.anomalies_seen := 0;
    end if;
    reports := stored.shard_reports;
    if coalesce((reports -> report.shard::text ->> 'events')::bigint, 0) <= report.events_seen then
      reports := reports || jsonb_build_object(report.shard::text,
        jsonb_build_object('events', report.events_seen, 'anomalies', report.anomalies_seen, 'state', report.state));
    end if;
    -- what the stream had seen before it was split is in the first shard's report, which may come last
    update public.streams s set
      event_type = coalesce(nullif(report.event_type, ''), s.event_type),
      shard_reports = reports,
      events_seen = greatest(stored.events_seen, (select sum((value ->> 'events')::bigint) from jsonb_each(reports))),
      anomalies_seen = greatest(stored.anomalies_seen, (select sum((value ->> 'anomalies')::bigint) from jsonb_each(reports))),
      -- the state of those that take events is that of the one which has most to do still
      state = coalesce((select value ->> 'state' from jsonb_each(reports) where key::int < s.shards
        order by array_position(array['learning', 'drifting', 'ready'], value ->> 'state') limit 1), s.state),
      algorithm = coalesce(report.algorithm, s.algorithm),
      first_event_at = least(s.first_event_at, report.first_event_at),
      last_event_at = greatest(s.last_event_at, report.last_event_at),
      generation = report.generation
    where s.org_id = report.org_id and s.name = report.name;
    changed := changed + 1;
  end loop;
  return changed;
end $$;

create function public.set_stream_shards(p_org uuid, p_stream text, p_shards int, p_actor jsonb) returns integer
language plpgsql security invoker set search_path = '' as $$
declare changed integer;
begin
  perform private.set_actor(p_actor);
  update public.streams s set shards = p_shards, shards_most = greatest(s.shards_most, p_shards) where s.org_id = p_org and s.name = p_stream;
  get diagnostics changed = row_count;
  return changed;
end $$;
revoke execute on function public.set_stream_shards(uuid, text, int, jsonb) from public, anon, authenticated;
grant execute on function public.set_stream_shards(uuid, text, int, jsonb) to service_role;

-- With a removed organisation every shard is written down, also one that has neither counted nor found anything yet.
create function private.note_shards() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if old.shards_most > 1 and current_setting('driftlock.purging', true) = 'on' then
    insert into public.purges (org_id, kind, name)
    select old.org_id, 'stream', old.name || '#' || shard from generate_series(1, old.shards_most - 1) as shard
    on conflict do nothing;
  end if;
  return old;
end $$;
revoke execute on function private.note_shards() from public;
create trigger streams_note_shards before delete on public.streams
  for each row execute function private.note_shards();

create trigger streams_shards_audit after update of shards on public.streams
  for each row execute function private.audit_change('stream', 'org_id', 'name');
