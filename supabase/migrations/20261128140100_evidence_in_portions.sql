-- Evidence is removed in portions, as old anomalies are: one statement over all of it ended at the statement timeout once there was much,
-- and then each hour again.
create index anomalies_evidence on public.anomalies (org_id, detected_at) where witness is not null or baseline_data is not null or window_data is not null;

drop function public.prune_evidence(jsonb, timestamptz);

create function public.prune_evidence(p_days jsonb, p_now timestamptz, p_limit int) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  tenant record;
  rows bigint;
  pruned bigint := 0;
begin
  for tenant in select o.id, (p_days ->> o.plan)::int as days from public.organizations o loop
    update public.anomalies a set witness = null, baseline_data = null, window_data = null
    where a.id in (
      select d.id from public.anomalies d
      where d.org_id = tenant.id and d.detected_at < p_now - make_interval(days => tenant.days)
        and (d.witness is not null or d.baseline_data is not null or d.window_data is not null)
      order by d.detected_at limit p_limit - pruned);
    get diagnostics rows = row_count;
    pruned := pruned + rows;
    if pruned >= p_limit then
      return jsonb_build_object('evidence', pruned, 'more', true);
    end if;
  end loop;
  return jsonb_build_object('evidence', pruned, 'more', false);
end $$;
revoke execute on function public.prune_evidence(jsonb, timestamptz, int) from public, anon, authenticated;
grant execute on function public.prune_evidence(jsonb, timestamptz, int) to service_role;
