-- Removing one stream: its anomalies in bounded portions, then its row. Usage stays: it was used.
create function public.delete_stream(p_org uuid, p_stream text, p_actor jsonb) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  portion constant int := 20000;
  removed int;
begin
  perform private.set_actor(p_actor);
  delete from public.anomalies a where a.id in (select d.id from public.anomalies d where d.org_id = p_org and d.stream = p_stream limit portion);
  get diagnostics removed = row_count;
  if removed = portion then
    return jsonb_build_object('anomalies', removed, 'more', true);
  end if;
  delete from public.streams s where s.org_id = p_org and s.name = p_stream;
  return jsonb_build_object('anomalies', removed, 'more', false);
end $$;
comment on function public.delete_stream is 'Removes a stream with its anomalies; `more` says that it has to be called again.';
revoke execute on function public.delete_stream(uuid, text, jsonb) from public, anon, authenticated;
grant execute on function public.delete_stream(uuid, text, jsonb) to service_role;

create trigger streams_removed_audit after delete on public.streams
  for each row execute function private.audit_change('stream', 'org_id', 'name');
