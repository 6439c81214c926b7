-- An organisation is removed only when its subscription's end is confirmed; and what the meter refused is traced to its flushes.

-- Of a customer that Stripe knows, a row of ours is not enough: a page that was open when the organisation was deleted may have been
-- paid without our hearing of it.
alter table public.subscriptions add column stripe_closed_at timestamptz;
comment on column public.subscriptions.stripe_closed_at is 'When Stripe, asked after the organisation was deleted, had nothing running for the customer.';

-- Whether Stripe may still charge for a deleted organisation.
create function private.is_billing_open(s public.subscriptions, p_deleted_at timestamptz) returns boolean
language sql immutable set search_path = '' as $$
  select s.status in ('trialing', 'active', 'past_due', 'grace', 'paused')
    or (s.stripe_customer is not null and (s.stripe_closed_at is null or s.stripe_closed_at < p_deleted_at))
$$;
revoke execute on function private.is_billing_open(public.subscriptions, timestamptz) from public, anon, authenticated;
grant execute on function private.is_billing_open(public.subscriptions, timestamptz) to service_role;

-- Customers of deleted organisations of which Stripe has to be asked. Checkout pages live a day.
create function public.accounts_to_close(p_now timestamptz) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select coalesce(jsonb_agg(jsonb_build_object('org', s.org_id, 'customer', s.stripe_customer) order by o.deleted_at), '[]')
  from public.subscriptions s join public.organizations o on o.id = s.org_id
  where o.deleted_at < p_now - interval '25 hours' and s.stripe_customer is not null and s.status in ('none', 'canceled')
    and private.is_billing_open(s, o.deleted_at)
$$;

create function public.close_account(p_org uuid, p_customer text, p_now timestamptz) returns boolean
language plpgsql security invoker set search_path = '' as $$
begin
  update public.subscriptions s set stripe_closed_at = p_now from public.organizations o
  where s.org_id = p_org and s.stripe_customer = p_customer and s.status in ('none', 'canceled') and o.id = p_org and o.deleted_at < p_now;
  return found;
end $$;

-- As before, but an organisation whose subscription may run on stays as it is, and shows in billing_health.
create or replace function public.apply_retention(p_days jsonb, p_now timestamptz) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  portion constant bigint := 20000;
  tenant record;
  until timestamptz;
  gone boolean;
  rows bigint;
  anomalies bigint := 0;
  entries bigint := 0;
  organizations bigint := 0;
begin
  for tenant in select o.id, o.plan, o.retention_days, o.deleted_at from public.organizations o loop
    gone := coalesce(tenant.deleted_at < p_now - interval '30 days', false)
      and not exists (select from public.subscriptions s where s.org_id = tenant.id and private.is_billing_open(s, tenant.deleted_at));
    if gone then
      -- before the anomalies go: a stream may be known from them alone
      insert into public.purges (org_id, kind, name)
      select tenant.id, 'stream', s.name || '#' || s.shard from (
        select s.name, 0 as shard from public.streams s where s.org_id = tenant.id
        union select u.stream, u.shard from public.usage_counters u where u.org_id = tenant.id
        union select a.stream, a.shard from public.anomalies a where a.org_id = tenant.id) s
      union all select tenant.id, 'key', k.id from public.api_keys k where k.org_id = tenant.id
      union all select tenant.id, 'organization', ''
      on conflict do nothing;
    end if;
    until := case when gone then 'infinity' else p_now - make_interval(days => least(tenant.retention_days, (p_days ->> tenant.plan)::int)) end;
    delete from public.anomalies a where a.id in (
      select d.id from public.anomalies d where d.org_id = tenant.id and d.detected_at < until order by d.detected_at limit portion - anomalies);
    get diagnostics rows = row_count;
    anomalies := anomalies + rows;
    if anomalies >= portion then
      return jsonb_build_object('anomalies', anomalies, 'audit_entries', entries, 'organizations', organizations, 'more', true);
    end if;
    if gone then
      perform set_config('driftlock.purging', 'on', true);
      delete from public.organizations o where o.id = tenant.id;
      perform set_config('driftlock.purging', 'off', true);
      perform public.prune_audit(tenant.id, 'infinity');
      delete from public.audit_chains c where c.org_id = tenant.id;
      organizations := organizations + 1;
    else
      -- the record of changes is kept for a year at least, whatever the plan
      entries := entries + public.prune_audit(tenant.id, least(until, p_now - interval '365 days'));
    end if;
  end loop;
  delete from public.sign_ups s where s.created_at < p_now - interval '7 days';
  delete from public.invitations i where i.expires_at < p_now - interval '30 days';
  return jsonb_build_object('anomalies', anomalies, 'audit_entries', entries, 'organizations', organizations, 'more', false);
end $$;

create or replace function public.billing_health(p_now timestamptz) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
    'dead_events', (select count(*) from public.stripe_events e where e.state = 'dead'),
    'waiting_events', (select count(*) from public.stripe_events e where e.state = 'received'),
    'oldest_waiting_seconds', (select extract(epoch from p_now - min(e.received_at))::bigint from public.stripe_events e where e.state = 'received'),
    'flushes_to_review', (select count(*) from public.meter_flushes f where f.state = 'review'),
    'pending_flushes', (select count(*) from public.meter_flushes f where f.state = 'pending'),
    'dead_mails', (select count(*) from public.billing_mails m where m.state = 'dead'),
    -- the end is seen to within a day of the deletion, and asked for again an hour later
    'unclosed_accounts', (select count(*) from public.subscriptions s join public.organizations o on o.id = s.org_id
      where o.deleted_at < p_now - interval '2 days' and private.is_billing_open(s, o.deleted_at)))
$$;

-- The meter reports later what it could not use of what it had taken: those flushes wait for a person, and their organisation's
-- record says so.
create or replace function public.review_meter_flushes(p_refused jsonb) returns bigint
language plpgsql security invoker set search_path = '' as $$
declare
  flush record;
  reviewed bigint := 0;
begin
  perform private.set_actor('{"type": "system", "id": "stripe"}');
  for flush in
    update public.meter_flushes f set state = 'review', cause = left(r.cause, 300)
    from jsonb_to_recordset(p_refused) as r(identifier text, cause text)
    where f.identifier = r.identifier and f.state <> 'review' returning f.*
  loop
    perform private.append_billing_audit(flush.org_id, 'meter.flush_refused', flush.identifier,
      jsonb_build_object('day', flush.day, 'detections', flush.value, 'cause', flush.cause));
    reviewed := reviewed + 1;
  end loop;
  return reviewed;
end $$;

-- What was sent between two times: by customer and day, with the day's sum of everything that was sent.
create function public.meter_flushes_sent(p_from timestamptz, p_until timestamptz, p_limit int) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select coalesce(jsonb_agg(to_jsonb(d)), '[]') from (
    select f.customer, f.day, jsonb_agg(jsonb_build_object('identifier', f.identifier, 'value', f.value) order by f.from_total) as flushes,
      (select sum(x.value) from public.meter_flushes x where x.customer = f.customer and x.day = f.day and x.state = 'sent')::bigint as sent_total
    from public.meter_flushes f where f.state = 'sent' and f.sent_at between p_from and p_until
    group by f.customer, f.day order by f.day desc, f.customer limit p_limit) d
$$;
create index meter_flushes_sent_at on public.meter_flushes (sent_at) where state = 'sent';

do $$
declare f text;
begin
  foreach f in array array['accounts_to_close(timestamptz)', 'close_account(uuid, text, timestamptz)', 'meter_flushes_sent(timestamptz, timestamptz, int)'] loop
    execute format('revoke execute on function public.%s from public, anon, authenticated', f);
    execute format('grant execute on function public.%s to service_role', f);
  end loop;
end $$;
