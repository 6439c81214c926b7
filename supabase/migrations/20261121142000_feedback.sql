-- What people say of an anomaly, one opinion each. Whether it taught the stream's detector is noted beside it; the detector itself
-- keeps that in its own log.
create table public.anomaly_feedback (
  anomaly_id uuid primary key references public.anomalies on delete cascade,
  org_id uuid not null references public.organizations on delete cascade,
  stream text not null,
  kind text not null check (kind in ('expected', 'false_alarm', 'real')),
  taught boolean not null default false,
  actor_type text not null check (actor_type in ('person', 'key')),
  actor_id text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index anomaly_feedback_stream on public.anomaly_feedback (org_id, stream);
comment on column public.anomaly_feedback.taught is 'Whether the stream''s detector counts the event as expected.';
create trigger anomaly_feedback_touch before update on public.anomaly_feedback
  for each row execute function private.touch_updated_at();
create trigger anomaly_feedback_audit after insert or update or delete on public.anomaly_feedback
  for each row execute function private.audit_change('anomaly_feedback', 'org_id', 'anomaly_id');

alter table public.anomaly_feedback enable row level security;
create policy anomaly_feedback_read on public.anomaly_feedback for select to authenticated
  using (org_id in (select private.my_orgs()));
grant select on public.anomaly_feedback to authenticated;
grant select, insert, update, delete on public.anomaly_feedback to service_role;

-- Records an opinion, or with a null kind takes it back; null where there is no such anomaly in the organisation.
create function public.record_feedback(p_org uuid, p_anomaly uuid, p_kind text, p_taught boolean, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  result jsonb;
begin
  perform private.set_actor(p_actor);
  if p_kind is null then
    delete from public.anomaly_feedback f where f.org_id = p_org and f.anomaly_id = p_anomaly;
    return '{}'::jsonb;
  end if;
  insert into public.anomaly_feedback as f (anomaly_id, org_id, stream, kind, taught, actor_type, actor_id)
  select a.id, a.org_id, a.stream, p_kind, p_taught, p_actor ->> 'type', p_actor ->> 'id'
  from public.anomalies a where a.id = p_anomaly and a.org_id = p_org
  on conflict (anomaly_id) do update set kind = excluded.kind, taught = excluded.taught, actor_type = excluded.actor_type, actor_id = excluded.actor_id
    where (f.kind, f.taught) is distinct from (excluded.kind, excluded.taught);
  select jsonb_build_object('kind', f.kind, 'taught', f.taught, 'at', f.updated_at) into result
  from public.anomaly_feedback f where f.org_id = p_org and f.anomaly_id = p_anomaly;
  return result;
end $$;
revoke execute on function public.record_feedback(uuid, uuid, text, boolean, jsonb) from public, anon, authenticated;
grant execute on function public.record_feedback(uuid, uuid, text, boolean, jsonb) to service_role;
