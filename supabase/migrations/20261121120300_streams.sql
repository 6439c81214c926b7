-- What is known of each stream. Its Durable Object is the authority; this copy is for lists and joins.
create table public.streams (
  org_id uuid not null references public.organizations on delete cascade,
  name text not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}$'),
  event_type text not null check (event_type in ('log', 'metric', 'trace', 'llm')),
  state text not null default 'learning' check (state in ('learning', 'ready', 'drifting')),
  events_seen bigint not null default 0 check (events_seen >= 0),
  anomalies_seen bigint not null default 0 check (anomalies_seen >= 0),
  sensitivity double precision check (sensitivity between 0 and 1),
  generation int not null default 0 check (generation >= 0),
  algorithm text,
  first_event_at timestamptz,
  last_event_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, name)
);
create index streams_last_event on public.streams (org_id, last_event_at desc nulls last);
comment on column public.streams.sensitivity is 'Null: the organisation''s default.';
comment on column public.streams.generation is 'Grows when the stream is reset and learns anew.';
create trigger streams_touch before update on public.streams
  for each row execute function private.touch_updated_at();

alter table public.streams enable row level security;
create policy streams_read on public.streams for select to authenticated
  using (org_id in (select private.my_orgs()));
grant select on public.streams to authenticated;
grant select, insert, update, delete on public.streams to service_role;

-- Reports may come late, twice or out of order: within a generation numbers only grow, and an older generation is ignored.
create function public.touch_streams(rows jsonb) returns integer
language sql security invoker set search_path = '' as $$
  with report as (
    select distinct on (r.org_id, r.name) r.*
    from jsonb_to_recordset(touch_streams.rows) as r(
      org_id uuid, name text, event_type text, state text, events_seen bigint, anomalies_seen bigint,
      generation int, algorithm text, first_event_at timestamptz, last_event_at timestamptz)
    where exists (select from public.organizations o where o.id = r.org_id)
    order by r.org_id, r.name, coalesce(r.generation, 0) desc, r.events_seen desc nulls last
  ), stored as (
    insert into public.streams as s
      (org_id, name, event_type, state, events_seen, anomalies_seen, generation, algorithm, first_event_at, last_event_at)
    select org_id, name, coalesce(event_type, 'log'), coalesce(state, 'learning'), coalesce(events_seen, 0), coalesce(anomalies_seen, 0),
      coalesce(generation, 0), algorithm, first_event_at, last_event_at
    from report
    on conflict (org_id, name) do update set
      event_type = excluded.event_type,
      state = case when excluded.generation > s.generation or excluded.events_seen >= s.events_seen then excluded.state else s.state end,
      events_seen = case when excluded.generation > s.generation then excluded.events_seen else greatest(s.events_seen, excluded.events_seen) end,
      anomalies_seen = case when excluded.generation > s.generation then excluded.anomalies_seen else greatest(s.anomalies_seen, excluded.anomalies_seen) end,
      algorithm = coalesce(excluded.algorithm, s.algorithm),
      first_event_at = least(s.first_event_at, excluded.first_event_at),
      last_event_at = greatest(s.last_event_at, excluded.last_event_at),
      generation = excluded.generation
    where excluded.generation >= s.generation
    returning 1
  )
  select count(*)::int from stored
$$;
comment on function public.touch_streams is 'Takes reports of stream objects; returns how many streams they changed.';
revoke execute on function public.touch_streams(jsonb) from public, anon, authenticated;
grant execute on function public.touch_streams(jsonb) to service_role;
