-- A crash can take the alarm of a stream's object with it: what it was still to tell then waits for the stream's next event. The
-- hourly job therefore asks each stream once after it has fallen silent. What it had reported by then is kept here: a stream that
-- has told nothing since is not asked again.
alter table public.streams add column asked_total bigint;
comment on column public.streams.asked_total is 'Events and anomalies reported when its object was last asked whether anything waits; null: never asked.';
create index streams_to_ask on public.streams (org_id, name, updated_at) where events_seen + anomalies_seen is distinct from asked_total;

-- Streams that have told nothing since `p_before` and were not asked since, in the order of their keys behind `p_org` and `p_name`.
create function public.silent_streams(p_before timestamptz, p_org uuid, p_name text, p_limit int) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select coalesce(jsonb_agg(to_jsonb(s)), '[]') from (
    select t.org_id, t.name, t.shards_most as shards, t.events_seen + t.anomalies_seen as total
    from public.streams t
    where t.events_seen + t.anomalies_seen is distinct from t.asked_total and t.updated_at < p_before and (t.org_id, t.name) > (p_org, p_name)
    order by t.org_id, t.name limit p_limit) s
$$;

-- Notes that streams were asked. One that has told more meanwhile will be asked again.
create function public.note_asked(p_rows jsonb) returns integer
language plpgsql security invoker set search_path = '' as $$
declare changed integer;
begin
  update public.streams s set asked_total = r.total
  from jsonb_to_recordset(p_rows) as r(org_id uuid, name text, total bigint)
  where s.org_id = r.org_id and s.name = r.name;
  get diagnostics changed = row_count;
  return changed;
end $$;

revoke execute on function public.silent_streams(timestamptz, uuid, text, int), public.note_asked(jsonb) from public, anon, authenticated;
grant execute on function public.silent_streams(timestamptz, uuid, text, int), public.note_asked(jsonb) to service_role;
