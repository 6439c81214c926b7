-- What the Worker calls for billing. Each function does all or nothing, and running it again changes nothing.

-- Limits in effect: by contract where it names one, else the plan's; null is unlimited.
create function private.entitlement(p_org uuid, p_limit text) returns bigint
language sql stable set search_path = '' as $$
  select case when s.contract ? p_limit then (s.contract ->> p_limit)::bigint else (to_jsonb(p) ->> p_limit)::bigint end
  from public.organizations o join public.plans p on p.id = o.plan left join public.subscriptions s on s.org_id = o.id
  where o.id = p_org
$$;

-- UTC days of the period that usage counts in: the paid one, or the calendar month.
create function private.usage_period(s public.subscriptions, p_now timestamptz, out first date, out past date)
language plpgsql immutable set search_path = '' as $$
declare today date := (p_now at time zone 'UTC')::date;
begin
  if s.status in ('trialing', 'active', 'past_due', 'grace', 'paused') and s.current_period_start is not null then
    first := (s.current_period_start at time zone 'UTC')::date;
    past := greatest((s.current_period_end at time zone 'UTC')::date, first + 1);
    -- Stripe's news of the next period may be late
    while past <= today loop
      first := past;
      past := (past + interval '1 month')::date;
    end loop;
  else
    first := date_trunc('month', today)::date;
    past := (first + interval '1 month')::date;
  end if;
end $$;

-- A mail to each owner, once for a key.
create function private.enqueue_mail(p_org uuid, p_kind text, p_key text, p_data jsonb, p_now timestamptz) returns void
language sql security definer set search_path = '' as $$
  insert into public.billing_mails (org_id, key, recipient, kind, data, due_at)
  select p_org, p_key || ':' || m.user_id, u.email, p_kind, jsonb_build_object('organization', o.name) || p_data, p_now
  from public.members m join auth.users u on u.id = m.user_id join public.organizations o on o.id = m.org_id
  where m.org_id = p_org and m.role = 'owner' and u.email is not null and o.deleted_at is null
  on conflict (key) do nothing
$$;

-- The webhook's first step. Says whether the event is new.
create function public.store_stripe_event(p_event jsonb, p_now timestamptz) returns boolean
language sql security invoker set search_path = '' as $$
  with stored as (
    insert into public.stripe_events (id, type, created, subject, object_id, livemode, data, due_at)
    values (p_event ->> 'id', p_event ->> 'type', to_timestamp((p_event ->> 'created')::double precision), p_event ->> 'subject', p_event ->> 'object_id',
      coalesce((p_event ->> 'livemode')::boolean, false), coalesce(p_event -> 'data', '{}'), p_now)
    on conflict (id) do nothing returning 1
  )
  select exists (select from stored)
$$;

-- Leases the oldest event that is due and whose subject nobody else works on; null if there is none.
create function public.claim_stripe_event(p_subject text, p_now timestamptz, p_seconds int) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  picked public.stripe_events;
begin
  select e.* into picked from public.stripe_events e
  where e.state = 'received' and e.due_at <= p_now and (p_subject is null or e.subject = p_subject)
    and not exists (select from public.stripe_events x where x.subject = e.subject and x.state = 'received' and x.leased_until > clock_timestamp())
  order by e.created, e.id limit 1 for update skip locked;
  if not found then
    return null;
  end if;
  -- two may have seen the same free subject: the second waits here and looks again
  perform pg_advisory_xact_lock(hashtextextended('stripe:' || picked.subject, 0));
  if exists (select from public.stripe_events x where x.subject = picked.subject and x.state = 'received' and x.leased_until > clock_timestamp()) then
    return null;
  end if;
  update public.stripe_events e set lease = gen_random_uuid(), leased_until = clock_timestamp() + make_interval(secs => p_seconds), attempts = e.attempts + 1
  where e.id = picked.id returning e.* into picked;
  return jsonb_build_object('id', picked.id, 'type', picked.type, 'created', extract(epoch from picked.created)::bigint, 'object_id', picked.object_id, 'subject', picked.subject,
    'data', picked.data, 'lease', picked.lease, 'attempts', picked.attempts);
end $$;

-- Writes a subscription as Stripe has it. An ended one never replaces a live one, an older one never a newer one of the same kind.
create function private.write_subscription(p_org uuid, p_row jsonb, p_now timestamptz) returns boolean
language plpgsql set search_path = '' as $$
declare
  old_row public.subscriptions;
  live constant text[] := array['trialing', 'active', 'past_due', 'grace', 'paused'];
  is_live boolean := p_row ->> 'status' = any (live);
  effective text := case when p_row ->> 'status' in ('trialing', 'active', 'grace') then p_row ->> 'plan' else 'developer' end;
begin
  insert into public.subscriptions (org_id) values (p_org) on conflict do nothing;
  select s.* into old_row from public.subscriptions s where s.org_id = p_org for update;
  if old_row.stripe_subscription is distinct from p_row ->> 'stripe_subscription' and old_row.stripe_subscription is not null
    and (old_row.status = any (live), old_row.stripe_created) > (is_live, (p_row ->> 'stripe_created')::timestamptz) then
    return false;
  end if;
  if old_row.stripe_subscription is distinct from p_row ->> 'stripe_subscription' then
    -- what the former one still owes its meter is written down before its days are forgotten
    perform private.plan_meter_flushes(p_org, p_now);
  end if;
  update public.subscriptions s set
    status = p_row ->> 'status', plan = p_row ->> 'plan', stripe_subscription = p_row ->> 'stripe_subscription', stripe_status = p_row ->> 'stripe_status',
    stripe_created = (p_row ->> 'stripe_created')::timestamptz, livemode = (p_row ->> 'livemode')::boolean, trial_end = (p_row ->> 'trial_end')::timestamptz,
    trial_used = s.trial_used or p_row ->> 'trial_end' is not null, current_period_start = (p_row ->> 'current_period_start')::timestamptz,
    current_period_end = (p_row ->> 'current_period_end')::timestamptz, cancel_at_period_end = (p_row ->> 'cancel_at_period_end')::boolean,
    ended_at = (p_row ->> 'ended_at')::timestamptz, grace_started_at = (p_row ->> 'grace_started_at')::timestamptz, grace_ends_at = (p_row ->> 'grace_ends_at')::timestamptz,
    disputed_at = case when s.stripe_subscription = p_row ->> 'stripe_subscription' then s.disputed_at end,
    metering_from = (p_row ->> 'metering_from')::date, metering_until = (p_row ->> 'metering_until')::date
  where s.org_id = p_org;
  update public.organizations o set plan = effective where o.id = p_org and o.plan <> effective;
  return true;
end $$;

-- The second step, with the lease in hand: everything an event means, and its mark, in one transaction.
create function public.apply_stripe_event(p_id text, p_lease uuid, p_effects jsonb, p_now timestamptz) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  event public.stripe_events;
  org uuid;
  mail jsonb;
  entry jsonb;
begin
  select e.* into event from public.stripe_events e where e.id = p_id for update;
  if not found or event.state <> 'received' or event.lease is distinct from p_lease then
    return jsonb_build_object('applied', false);
  end if;
  select s.org_id into org from public.subscriptions s where s.stripe_customer = p_effects ->> 'customer';
  if org is not null then
    perform private.set_actor(jsonb_build_object('type', 'system', 'id', 'stripe', 'request_id', p_id));
    if p_effects -> 'subscription' is not null and p_effects -> 'subscription' <> 'null' then
      perform private.write_subscription(org, p_effects -> 'subscription', p_now);
    end if;
    if p_effects ? 'disputed_at' then
      update public.subscriptions s set disputed_at = coalesce(s.disputed_at, (p_effects ->> 'disputed_at')::timestamptz) where s.org_id = org;
    end if;
    if (p_effects ->> 'customer_gone')::boolean then
      update public.subscriptions s set stripe_customer = null where s.org_id = org;
    end if;
    for mail in select * from jsonb_array_elements(coalesce(p_effects -> 'mails', '[]')) loop
      perform private.enqueue_mail(org, mail ->> 'kind', mail ->> 'key', coalesce(mail -> 'data', '{}'), p_now);
    end loop;
    for entry in select * from jsonb_array_elements(coalesce(p_effects -> 'audit', '[]')) loop
      perform private.append_billing_audit(org, entry ->> 'action', coalesce(entry ->> 'target', p_id), entry -> 'after');
    end loop;
  end if;
  update public.stripe_events e set state = 'done', done_at = now(), leased_until = null, cause = null, org_id = org,
    outcome = case when org is null and p_effects ->> 'customer' is not null then 'not ours' else p_effects ->> 'outcome' end
  where e.id = p_id;
  return jsonb_build_object('applied', true, 'org', org);
end $$;

-- Gives an event back, to be tried again at `p_due`, or for good.
create function public.fail_stripe_event(p_id text, p_lease uuid, p_cause text, p_due timestamptz, p_dead boolean) returns void
language sql security invoker set search_path = '' as $$
  update public.stripe_events e set due_at = p_due, cause = left(p_cause, 300), leased_until = null, state = case when p_dead then 'dead' else e.state end
  where e.id = p_id and e.lease = p_lease and e.state = 'received'
$$;

create function public.revive_stripe_events(p_now timestamptz) returns int
language sql security invoker set search_path = '' as $$
  with revived as (update public.stripe_events e set state = 'received', attempts = 0, due_at = p_now, lease = null where e.state = 'dead' returning 1)
  select count(*)::int from revived
$$;

create function private.append_billing_audit(p_org uuid, p_action text, p_target text, p_after jsonb) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform private.append_audit(p_org, p_action, 'billing', p_target, null, p_after);
end $$;

-- What a person did about money, for the record.
create function public.note_billing_action(p_org uuid, p_action text, p_target text, p_after jsonb, p_actor jsonb) returns void
language plpgsql security invoker set search_path = '' as $$
begin
  perform private.set_actor(p_actor);
  perform private.append_billing_audit(p_org, p_action, p_target, p_after);
end $$;

-- The first customer of an organisation stays.
create function public.set_stripe_customer(p_org uuid, p_customer text, p_actor jsonb) returns text
language plpgsql security invoker set search_path = '' as $$
declare kept text;
begin
  perform private.set_actor(p_actor);
  update public.subscriptions s set stripe_customer = coalesce(s.stripe_customer, p_customer) where s.org_id = p_org returning s.stripe_customer into kept;
  return kept;
end $$;

create function public.set_hard_cap(p_org uuid, p_hard_cap boolean, p_actor jsonb) returns void
language plpgsql security invoker set search_path = '' as $$
begin
  perform private.set_actor(p_actor);
  update public.subscriptions s set hard_cap = p_hard_cap where s.org_id = p_org and s.hard_cap <> p_hard_cap;
end $$;

-- A subscription that was fetched for another reason than an event.
create function public.sync_subscription(p_org uuid, p_row jsonb, p_mails jsonb, p_actor jsonb, p_now timestamptz) returns boolean
language plpgsql security invoker set search_path = '' as $$
declare
  mail jsonb;
  written boolean;
begin
  perform private.set_actor(p_actor);
  written := private.write_subscription(p_org, p_row, p_now);
  for mail in select * from jsonb_array_elements(coalesce(p_mails, '[]')) loop
    perform private.enqueue_mail(p_org, mail ->> 'kind', mail ->> 'key', coalesce(mail -> 'data', '{}'), p_now);
  end loop;
  return written;
end $$;

-- Steps that only time brings: mails of the trial and of grace, and the organisations whose subscription has to be looked at.
-- After downtime only the newest of several mails goes out.
create function public.billing_clock(p_now timestamptz, p_trial_notice_days int, p_grace_days int[]) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  s public.subscriptions;
  step int;
begin
  for s in select * from public.subscriptions x where x.status = 'trialing' and not x.cancel_at_period_end
    and x.trial_end - make_interval(days => p_trial_notice_days) <= p_now and x.trial_end > p_now loop
    perform private.enqueue_mail(s.org_id, 'trial_ending', 'trial-ending:' || s.stripe_subscription, jsonb_build_object('plan', s.plan, 'at', s.trial_end), p_now);
  end loop;
  for s in select * from public.subscriptions x where x.status = 'grace' and x.grace_ends_at > p_now loop
    select max(d) into step from unnest(p_grace_days) d where d > 0 and s.grace_started_at + make_interval(days => d) <= p_now;
    if step is not null then
      perform private.enqueue_mail(s.org_id, 'grace_reminder', format('grace-%s:%s:%s', step, s.stripe_subscription, extract(epoch from s.grace_started_at)::bigint),
        jsonb_build_object('plan', s.plan, 'at', s.grace_ends_at), p_now);
    end if;
  end loop;
  return coalesce((
    select jsonb_agg(jsonb_build_object('org', x.org_id, 'subscription', x.stripe_subscription, 'why', case
      when o.deleted_at is not null then 'deleted'
      when x.status = 'grace' and x.grace_ends_at <= p_now then 'grace_over'
      else 'overdue' end) order by x.current_period_end)
    from public.subscriptions x join public.organizations o on o.id = x.org_id
    where x.stripe_subscription is not null and x.status in ('trialing', 'active', 'past_due', 'grace', 'paused')
      and (o.deleted_at is not null or (x.status = 'grace' and x.grace_ends_at <= p_now) or x.current_period_end < p_now - interval '2 hours')), '[]');
end $$;

-- Adds up what was used, and announces thresholds. Exact when called again; cheap enough for every few minutes.
create function public.evaluate_usage(p_now timestamptz, p_thresholds int[]) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  tenant record;
  used record;
  period record;
  share double precision;
  reached int;
  announced int := 0;
  evaluated int := 0;
begin
  for tenant in
    select s as row, o.plan, private.entitlement(o.id, 'detections') as detections, private.entitlement(o.id, 'events') as events, p.overage_micro_usd
    from public.organizations o join public.subscriptions s on s.org_id = o.id join public.plans p on p.id = o.plan
    where o.deleted_at is null and (s.usage_at is null or s.usage_until <= (p_now at time zone 'UTC')::date or s.usage_from > (p_now at time zone 'UTC')::date
      or s.updated_at >= s.usage_at
      or exists (select from public.usage_counters u where u.org_id = o.id and u.updated_at >= s.usage_at - interval '2 minutes'))
  loop
    select * into period from private.usage_period(tenant.row, p_now);
    select coalesce(sum(u.events), 0) as events, coalesce(sum(u.detections), 0) as detections, coalesce(sum(u.unrecorded), 0) as unrecorded into used
    from public.usage_counters u where u.org_id = (tenant.row).org_id and u.day >= period.first and u.day < period.past;
    update public.subscriptions s set usage_from = period.first, usage_until = period.past, usage_events = used.events, usage_detections = used.detections,
      usage_unrecorded = used.unrecorded, usage_at = clock_timestamp() where s.org_id = (tenant.row).org_id;
    evaluated := evaluated + 1;
    share := greatest(coalesce((used.detections + used.unrecorded) * 100.0 / nullif(tenant.detections, 0), 0), coalesce(used.events * 100.0 / nullif(tenant.events, 0), 0));
    for reached in select t from unnest(p_thresholds) t where t <= share order by t loop
      insert into public.usage_alerts (org_id, period_start, threshold, reached_at) values ((tenant.row).org_id, period.first, reached, p_now) on conflict do nothing;
      if found then
        announced := announced + 1;
        perform private.enqueue_mail((tenant.row).org_id, 'usage', format('usage-%s:%s:%s', reached, (tenant.row).org_id, period.first), jsonb_build_object(
          'threshold', reached, 'plan', tenant.plan, 'events', used.events, 'detections', used.detections, 'unrecorded', used.unrecorded,
          'included_events', tenant.events, 'included_detections', tenant.detections, 'until', period.past,
          'stops', tenant.overage_micro_usd is null or (tenant.row).hard_cap), p_now);
      end if;
    end loop;
  end loop;
  return jsonb_build_object('evaluated', evaluated, 'announced', announced);
end $$;

-- One organisation's period, for its own eyes.
create function public.usage_report(p_org uuid, p_now timestamptz) returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
declare
  s public.subscriptions;
  period record;
  used record;
begin
  select x.* into s from public.subscriptions x where x.org_id = p_org;
  select * into period from private.usage_period(s, p_now);
  select coalesce(sum(u.events), 0) as events, coalesce(sum(u.detections), 0) as detections, coalesce(sum(u.unrecorded), 0) as unrecorded into used
  from public.usage_counters u where u.org_id = p_org and u.day >= period.first and u.day < period.past;
  return jsonb_build_object(
    'subscription', to_jsonb(s), 'plan', (select o.plan from public.organizations o where o.id = p_org), 'period_start', period.first, 'period_end', period.past,
    'events', used.events, 'detections', used.detections, 'unrecorded', used.unrecorded,
    'included_events', private.entitlement(p_org, 'events'), 'included_detections', private.entitlement(p_org, 'detections'),
    'streams', (select count(*) from public.streams t where t.org_id = p_org), 'members', (select count(*) from public.members m where m.org_id = p_org),
    'alerts', coalesce((select jsonb_agg(jsonb_build_object('threshold', a.threshold, 'reached_at', a.reached_at) order by a.threshold)
      from public.usage_alerts a where a.org_id = p_org and a.period_start = period.first), '[]'));
end $$;

create function public.usage_details(p_org uuid, p_from date, p_to date) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
    'days', coalesce((select jsonb_agg(jsonb_build_object('day', d.day, 'events', d.events, 'detections', d.detections) order by d.day) from (
      select u.day, sum(u.events) as events, sum(u.detections) as detections from public.usage_counters u
      where u.org_id = p_org and u.day between p_from and p_to group by u.day) d), '[]'),
    'streams', coalesce((select jsonb_agg(jsonb_build_object('stream', t.stream, 'events', t.events, 'detections', t.detections,
        'anomaly_rate', case when t.events > 0 then round(t.detections::numeric / t.events, 6) else 0 end) order by t.detections desc, t.events desc, t.stream) from (
      select u.stream, sum(u.events) as events, sum(u.detections) as detections from public.usage_counters u
      where u.org_id = p_org and u.day between p_from and p_to group by u.stream order by 3 desc, 2 desc, 1 limit 500) t), '[]'))
$$;

-- Writes down what Stripe's meter has not been told: for each day the recorded detections less those of earlier flushes. A day has
-- one flush under way at a time, so that an unclear one can be decided by the meter's own sum.
create function private.plan_meter_flushes(p_org uuid, p_now timestamptz) returns void
language sql set search_path = '' as $$
  insert into public.meter_flushes (identifier, org_id, customer, day, from_total, value, at, due_at, late)
  select format('dlk-%s-%s-%s', s.org_id, d.day, told.total), s.org_id, s.stripe_customer, d.day, told.total, d.total - told.total,
    least(p_now, (d.day + 1)::timestamp at time zone 'UTC' - interval '1 second'), p_now,
    coalesce(d.day < (s.current_period_start at time zone 'UTC')::date and p_now > s.current_period_start + interval '6 hours', false)
  from public.subscriptions s
  cross join lateral (
    select u.day, sum(u.detections) as total from public.usage_counters u
    -- the meter takes no time more than 35 days back
    where u.org_id = s.org_id and u.day >= greatest(s.metering_from, (p_now at time zone 'UTC')::date - 34) and u.day < coalesce(s.metering_until, 'infinity')
    group by u.day) d
  cross join lateral (
    select coalesce(sum(f.value), 0) as total, coalesce(bool_or(f.state = 'pending'), false) as busy
    from public.meter_flushes f where f.org_id = s.org_id and f.customer = s.stripe_customer and f.day = d.day) told
  where s.stripe_customer is not null and s.metering_from is not null and (p_org is null or s.org_id = p_org)
    and d.total > told.total and not told.busy
  on conflict do nothing
$$;

-- Plans what is new and leases what is due, with what an unclear flush needs to be decided.
create function public.claim_meter_flushes(p_now timestamptz, p_limit int, p_seconds int) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare claimed jsonb;
begin
  perform private.plan_meter_flushes(null, p_now);
  with due as (
    select f.identifier from public.meter_flushes f
    where f.state = 'pending' and f.due_at <= p_now and (f.leased_until is null or f.leased_until < clock_timestamp())
    order by f.day, f.identifier limit p_limit for update skip locked
  ), leased as (
    update public.meter_flushes f set leased_until = clock_timestamp() + make_interval(secs => p_seconds), attempts = f.attempts + 1,
      first_attempt_at = coalesce(f.first_attempt_at, p_now)
    from due where f.identifier = due.identifier returning f.*
  )
  select jsonb_agg(to_jsonb(l) || jsonb_build_object('sent_total',
    (select coalesce(sum(x.value), 0) from public.meter_flushes x where x.org_id = l.org_id and x.customer = l.customer and x.day = l.day and x.state = 'sent'))
    order by l.day, l.identifier) into claimed from leased l;
  return coalesce(claimed, '[]');
end $$;

create function public.finish_meter_flush(p_identifier text, p_state text, p_cause text, p_due timestamptz, p_now timestamptz, p_again boolean) returns void
language sql security invoker set search_path = '' as $$
  update public.meter_flushes f set state = p_state, cause = left(p_cause, 300), due_at = coalesce(p_due, f.due_at), leased_until = null,
    sent_at = case when p_state = 'sent' then p_now end, first_attempt_at = case when p_again then p_now else f.first_attempt_at end
  where f.identifier = p_identifier and f.state = 'pending'
$$;

create function public.claim_billing_mails(p_now timestamptz, p_limit int, p_seconds int) returns jsonb
language sql security invoker set search_path = '' as $$
  with due as (
    select m.id from public.billing_mails m
    where m.state = 'pending' and m.due_at <= p_now and (m.leased_until is null or m.leased_until < clock_timestamp())
    order by m.due_at, m.created_at limit p_limit for update skip locked
  ), leased as (
    update public.billing_mails m set leased_until = clock_timestamp() + make_interval(secs => p_seconds), attempts = m.attempts + 1
    from due where m.id = due.id returning m.*
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'recipient', l.recipient, 'kind', l.kind, 'data', l.data, 'attempts', l.attempts) order by l.created_at), '[]') from leased l
$$;
create function public.finish_billing_mail(p_id uuid, p_state text, p_cause text, p_due timestamptz, p_now timestamptz) returns void
language sql security invoker set search_path = '' as $$
  update public.billing_mails m set state = p_state, cause = left(p_cause, 300), due_at = coalesce(p_due, m.due_at), leased_until = null,
    sent_at = case when p_state = 'sent' then p_now end where m.id = p_id and m.state = 'pending'
$$;

-- What needs a person's look, for readiness and diagnostics.
create function public.billing_health(p_now timestamptz) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
    'dead_events', (select count(*) from public.stripe_events e where e.state = 'dead'),
    'waiting_events', (select count(*) from public.stripe_events e where e.state = 'received'),
    'oldest_waiting_seconds', (select extract(epoch from p_now - min(e.received_at))::bigint from public.stripe_events e where e.state = 'received'),
    'flushes_to_review', (select count(*) from public.meter_flushes f where f.state = 'review'),
    'pending_flushes', (select count(*) from public.meter_flushes f where f.state = 'pending'),
    'dead_mails', (select count(*) from public.billing_mails m where m.state = 'dead'))
$$;

-- The evidence of an anomaly is kept for the plan's days, the anomaly itself longer.
create function public.prune_evidence(p_days jsonb, p_now timestamptz) returns bigint
language sql security invoker set search_path = '' as $$
  with pruned as (
    update public.anomalies a set witness = null, baseline_data = null, window_data = null
    from public.organizations o
    where o.id = a.org_id and a.detected_at < p_now - make_interval(days => (p_days ->> o.plan)::int)
      and (a.witness is not null or a.baseline_data is not null or a.window_data is not null)
    returning 1)
  select count(*) from pruned
$$;

-- Seats. An open invitation holds one.
create function private.keep_member_limit() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  seats bigint;
  taken bigint;
begin
  perform 1 from public.subscriptions s where s.org_id = new.org_id for update;
  seats := private.entitlement(new.org_id, 'members');
  taken := (select count(*) from public.members m where m.org_id = new.org_id);
  if tg_table_name = 'invitations' then
    taken := taken + (select count(*) from public.invitations i where i.org_id = new.org_id and i.accepted_at is null and i.revoked_at is null and i.expires_at > now() and i.email <> new.email);
  end if;
  if taken >= seats then
    raise exception 'too_many_members' using errcode = 'PT409';
  end if;
  return new;
end $$;
create trigger members_limit before insert on public.members for each row execute function private.keep_member_limit();
create trigger invitations_limit before insert on public.invitations for each row execute function private.keep_member_limit();

do $$
declare f text;
begin
  foreach f in array array[
    'private.entitlement(uuid, text)', 'private.usage_period(public.subscriptions, timestamptz)', 'private.enqueue_mail(uuid, text, text, jsonb, timestamptz)',
    'private.write_subscription(uuid, jsonb, timestamptz)', 'private.append_billing_audit(uuid, text, text, jsonb)', 'private.plan_meter_flushes(uuid, timestamptz)',
    'private.keep_member_limit()',
    'public.store_stripe_event(jsonb, timestamptz)', 'public.claim_stripe_event(text, timestamptz, int)', 'public.apply_stripe_event(text, uuid, jsonb, timestamptz)',
    'public.fail_stripe_event(text, uuid, text, timestamptz, boolean)', 'public.revive_stripe_events(timestamptz)', 'public.note_billing_action(uuid, text, text, jsonb, jsonb)',
    'public.set_stripe_customer(uuid, text, jsonb)', 'public.set_hard_cap(uuid, boolean, jsonb)', 'public.sync_subscription(uuid, jsonb, jsonb, jsonb, timestamptz)',
    'public.billing_clock(timestamptz, int, int[])', 'public.evaluate_usage(timestamptz, int[])', 'public.usage_report(uuid, timestamptz)',
    'public.usage_details(uuid, date, date)', 'public.claim_meter_flushes(timestamptz, int, int)', 'public.finish_meter_flush(text, text, text, timestamptz, timestamptz, boolean)',
    'public.claim_billing_mails(timestamptz, int, int)', 'public.finish_billing_mail(uuid, text, text, timestamptz, timestamptz)', 'public.billing_health(timestamptz)',
    'public.prune_evidence(jsonb, timestamptz)'] loop
    execute format('revoke execute on function %s from public, anon, authenticated', f);
    if f <> 'private.keep_member_limit()' then
      execute format('grant execute on function %s to service_role', f);
    end if;
  end loop;
end $$;
