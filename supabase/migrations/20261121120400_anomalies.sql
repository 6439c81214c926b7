-- The record of what was found, with everything needed to explain it and to recompute it.
create table public.anomalies (
  id uuid primary key,
  org_id uuid not null references public.organizations on delete cascade,
  stream text not null check (stream ~ '^[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}$'),
  shard int not null default 0,
  generation int not null default 0,
  seq bigint,
  event_type text not null default 'log' check (event_type in ('log', 'metric', 'trace', 'llm')),
  event_id text,
  group_key text,
  event_timestamp timestamptz,
  detected_at timestamptz not null default now(),
  score double precision,
  p_value double precision check (p_value between 0 and 1),
  p_method text check (p_method in ('rank', 'tail')),
  q_value double precision check (q_value between 0 and 1),
  severity text not null check (severity in ('low', 'medium', 'high')),
  status text not null default 'new' check (status in ('new', 'acknowledged', 'resolved', 'false_positive')),
  reason text,
  event_text text,
  event_format text check (event_format in ('text', 'json')),
  metadata jsonb not null default '{}'::jsonb,
  tokens jsonb,
  fields jsonb,
  nearest text,
  measures jsonb,
  witness text,
  algorithm text,
  seed text,
  checkpoint text,
  repeats int not null default 1 check (repeats >= 1),
  source text not null default 'detector' check (source in ('detector', 'api')),
  ncd_score double precision,
  glass_box_explanation text,
  compression_baseline double precision,
  compression_window double precision,
  compression_combined double precision,
  baseline_data text,
  window_data text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  status_changed_at timestamptz,
  status_changed_by uuid
);
comment on column public.anomalies.id is 'UUIDv5 of organisation, stream, generation, shard and sequence: a repeated write is the same row.';
comment on column public.anomalies.score is 'Bits of surprise beyond what is usual in the stream.';
comment on column public.anomalies.seed is 'Text, because JSON numbers lose 64-bit integers.';
comment on column public.anomalies.witness is 'Base64 of the model counts the score was computed from; enough to recompute it.';
comment on column public.anomalies.repeats is 'How often the same cause was seen, this record included.';

-- one index per filter of the list, each in the list's order (newest first)
create index anomalies_newest on public.anomalies (org_id, detected_at desc, id desc);
create index anomalies_stream on public.anomalies (org_id, stream, detected_at desc);
create index anomalies_status on public.anomalies (org_id, status, detected_at desc);
create index anomalies_severity on public.anomalies (org_id, severity, detected_at desc);
create index anomalies_event_type on public.anomalies (org_id, event_type, detected_at desc);
create index anomalies_score on public.anomalies (org_id, score desc);
create index anomalies_p_value on public.anomalies (org_id, p_value);

create trigger anomalies_touch before update on public.anomalies
  for each row execute function private.touch_updated_at();

-- Who may move what to where is decided here, whichever way the change comes; PostgREST answers PT409 as HTTP 409.
create function private.check_status_change() returns trigger
language plpgsql set search_path = '' as $$
begin
  if new.status = old.status then
    return new;
  end if;
  if not (case old.status
    when 'new' then new.status in ('acknowledged')
    when 'acknowledged' then new.status in ('resolved', 'false_positive', 'new')
    else new.status in ('new', 'acknowledged')
  end) then
    raise exception 'an anomaly cannot go from % to %', old.status, new.status using errcode = 'PT409';
  end if;
  if (select auth.uid()) is not null then
    new.status_changed_by := (select auth.uid());
    new.status_changed_at := now();
  elsif new.status_changed_at is not distinct from old.status_changed_at then
    new.status_changed_at := now();
  end if;
  return new;
end $$;
revoke execute on function private.check_status_change() from public;
create trigger anomalies_status_change before update of status on public.anomalies
  for each row execute function private.check_status_change();

alter table public.anomalies enable row level security;
create policy anomalies_read on public.anomalies for select to authenticated
  using (org_id in (select private.my_orgs()));
create policy anomalies_change_status on public.anomalies for update to authenticated
  using (org_id in (select private.my_writable_orgs()))
  with check (org_id in (select private.my_writable_orgs()));
grant select, update (status, status_changed_at, status_changed_by) on public.anomalies to authenticated;
grant select, insert, update, delete on public.anomalies to service_role;

create function public.record_repeats(rows jsonb) returns integer
language sql security invoker set search_path = '' as $$
  with report as (
    select r.id, r.org_id, max(r.repeats) as repeats
    from jsonb_to_recordset(record_repeats.rows) as r(id uuid, org_id uuid, repeats int)
    group by r.id, r.org_id
  ), stored as (
    update public.anomalies a set repeats = report.repeats
    from report
    where a.id = report.id and a.org_id = report.org_id and report.repeats > a.repeats
    returning 1
  )
  select count(*)::int from stored
$$;
comment on function public.record_repeats is 'Raises the repeat counts of anomalies; a late or repeated report changes nothing.';
revoke execute on function public.record_repeats(jsonb) from public, anon, authenticated;
grant execute on function public.record_repeats(jsonb) to service_role;
