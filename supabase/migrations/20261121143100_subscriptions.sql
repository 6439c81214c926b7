-- What each organisation pays for, what Stripe told us, what was used, announced, metered and mailed.
-- Stripe is the truth about money: a row of subscriptions is always rewritten as a whole from an object fetched afresh.
create table public.subscriptions (
  org_id uuid primary key references public.organizations on delete cascade,
  status text not null default 'none' check (status in ('none', 'trialing', 'active', 'past_due', 'grace', 'paused', 'canceled')),
  plan text not null default 'developer' references public.plans,
  stripe_customer text unique check (stripe_customer ~ '^cus_'),
  stripe_subscription text unique check (stripe_subscription ~ '^sub_'),
  stripe_status text,
  stripe_created timestamptz,
  livemode boolean,
  trial_end timestamptz,
  trial_used boolean not null default false,
  current_period_start timestamptz,
  current_period_end timestamptz,
  cancel_at_period_end boolean not null default false,
  ended_at timestamptz,
  grace_started_at timestamptz,
  grace_ends_at timestamptz,
  disputed_at timestamptz,
  hard_cap boolean not null default false,
  contract jsonb not null default '{}' check (jsonb_typeof(contract) = 'object'),
  metering_from date,
  metering_until date,
  usage_from date,
  usage_until date,
  usage_events bigint not null default 0,
  usage_detections bigint not null default 0,
  usage_unrecorded bigint not null default 0,
  usage_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index subscriptions_plan on public.subscriptions (plan);
create index subscriptions_grace on public.subscriptions (grace_ends_at) where status = 'grace';
comment on table public.subscriptions is 'One row for each organisation, made with it. The plan in effect is organizations.plan.';
comment on column public.subscriptions.contract is 'Limits by contract in place of the plan''s: detections, events, streams, members; null is unlimited.';
comment on column public.subscriptions.metering_from is 'First UTC day whose detections Stripe is told of.';
comment on column public.subscriptions.metering_until is 'First UTC day whose detections Stripe is not told of any more.';
comment on column public.subscriptions.usage_from is 'Period of the usage_ columns: a recent sum, for decisions that need not be exact.';
create trigger subscriptions_touch before update on public.subscriptions for each row execute function private.touch_updated_at();
create trigger subscriptions_audit after update of status, plan, cancel_at_period_end, hard_cap, contract, grace_started_at, disputed_at, stripe_subscription
  on public.subscriptions for each row when (
    old.status is distinct from new.status or old.plan is distinct from new.plan or old.cancel_at_period_end is distinct from new.cancel_at_period_end
    or old.hard_cap is distinct from new.hard_cap or old.contract is distinct from new.contract or old.disputed_at is distinct from new.disputed_at
    or old.grace_started_at is distinct from new.grace_started_at or old.stripe_subscription is distinct from new.stripe_subscription)
  execute function private.audit_change('subscription', 'org_id', 'org_id');
alter table public.subscriptions enable row level security;
create policy subscriptions_read on public.subscriptions for select to authenticated using (org_id in (select private.my_orgs()));
grant select (org_id, status, plan, trial_end, current_period_start, current_period_end, cancel_at_period_end, ended_at, grace_started_at, grace_ends_at, disputed_at,
  hard_cap, contract, usage_from, usage_until, usage_events, usage_detections, usage_unrecorded, usage_at, created_at, updated_at) on public.subscriptions to authenticated;
grant select, insert, update, delete on public.subscriptions to service_role;

create function private.add_subscription() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into public.subscriptions (org_id) values (new.id) on conflict do nothing;
  return null;
end $$;
revoke execute on function private.add_subscription() from public;
create trigger organizations_subscription after insert on public.organizations for each row execute function private.add_subscription();
insert into public.subscriptions (org_id) select o.id from public.organizations o on conflict do nothing;

-- Stripe's events: stored once, processed once. Only what is needed to fetch the object afresh is kept.
create table public.stripe_events (
  id text primary key check (id ~ '^evt_'),
  type text not null check (char_length(type) between 1 and 120),
  created timestamptz not null,
  subject text not null check (char_length(subject) between 1 and 255),
  object_id text,
  livemode boolean not null default false,
  data jsonb not null default '{}',
  state text not null default 'received' check (state in ('received', 'done', 'dead')),
  outcome text,
  org_id uuid references public.organizations on delete set null,
  attempts int not null default 0,
  due_at timestamptz not null,
  cause text,
  lease uuid,
  leased_until timestamptz,
  received_at timestamptz not null default now(),
  done_at timestamptz
);
create index stripe_events_due on public.stripe_events (due_at) where state = 'received';
create index stripe_events_subject on public.stripe_events (subject) where state = 'received';
create index stripe_events_dead on public.stripe_events (id) where state = 'dead';
create index stripe_events_org_id on public.stripe_events (org_id);
comment on table public.stripe_events is 'Inbox of webhook deliveries. One event of a subject (a customer) is processed at a time. The Worker''s alone.';
alter table public.stripe_events enable row level security;
grant select, insert, update, delete on public.stripe_events to service_role;

create table public.usage_alerts (
  org_id uuid not null references public.organizations on delete cascade,
  period_start date not null,
  threshold int not null check (threshold between 1 and 1000),
  reached_at timestamptz not null,
  primary key (org_id, period_start, threshold)
);
comment on table public.usage_alerts is 'Shares of the allowance that were announced, once each in a period.';
alter table public.usage_alerts enable row level security;
create policy usage_alerts_read on public.usage_alerts for select to authenticated using (org_id in (select private.my_orgs()));
grant select on public.usage_alerts to authenticated;
grant select, insert, update, delete on public.usage_alerts to service_role;

-- What Stripe's meter was told: written before it is sent, so that a crash or an outage leaves no doubt about what was meant.
create table public.meter_flushes (
  identifier text primary key check (char_length(identifier) between 1 and 100),
  org_id uuid not null references public.organizations on delete cascade,
  customer text not null,
  day date not null,
  from_total bigint not null check (from_total >= 0),
  value bigint not null check (value > 0),
  at timestamptz not null,
  state text not null default 'pending' check (state in ('pending', 'sent', 'review')),
  late boolean not null default false,
  attempts int not null default 0,
  first_attempt_at timestamptz,
  due_at timestamptz not null,
  leased_until timestamptz,
  cause text,
  sent_at timestamptz,
  created_at timestamptz not null default now(),
  unique (org_id, customer, day, from_total)
);
create index meter_flushes_pending on public.meter_flushes (due_at) where state = 'pending';
comment on table public.meter_flushes is 'Detections of a day that went to Stripe''s meter, in order. late: the period''s invoice was final already.';
alter table public.meter_flushes enable row level security;
create policy meter_flushes_read on public.meter_flushes for select to authenticated using (org_id in (select private.my_administered_orgs()));
grant select on public.meter_flushes to authenticated;
grant select, insert, update, delete on public.meter_flushes to service_role;

create table public.billing_mails (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.organizations on delete cascade,
  key text not null unique,
  recipient text not null,
  kind text not null,
  data jsonb not null default '{}',
  state text not null default 'pending' check (state in ('pending', 'sent', 'dead')),
  attempts int not null default 0,
  due_at timestamptz not null,
  leased_until timestamptz,
  cause text,
  created_at timestamptz not null default now(),
  sent_at timestamptz
);
create index billing_mails_due on public.billing_mails (due_at) where state = 'pending';
create index billing_mails_org_id on public.billing_mails (org_id);
comment on table public.billing_mails is 'Mails about money and usage: written with the change they tell of, sent after it, once each. The Worker''s alone.';
alter table public.billing_mails enable row level security;
grant select, insert, update, delete on public.billing_mails to service_role;

-- Detections that were found beyond what the plan records.
alter table public.usage_counters add column unrecorded bigint not null default 0;
create or replace function public.record_usage(rows jsonb) returns integer
language sql security invoker set search_path = '' as $$
  with report as (
    select r.org_id, r.stream, coalesce(r.shard, 0) as shard, coalesce(r.generation, 0) as generation, r.day,
      coalesce(max(r.events), 0) as events, coalesce(max(r.detections), 0) as detections, coalesce(max(r.unrecorded), 0) as unrecorded
    from jsonb_to_recordset(record_usage.rows) as r(
      org_id uuid, stream text, shard int, generation int, day date, events bigint, detections bigint, unrecorded bigint)
    where exists (select from public.organizations o where o.id = r.org_id)
    group by 1, 2, 3, 4, 5
  ), stored as (
    insert into public.usage_counters as u (org_id, stream, shard, generation, day, events, detections, unrecorded)
    select * from report
    on conflict (org_id, stream, shard, generation, day) do update set
      events = greatest(u.events, excluded.events),
      detections = greatest(u.detections, excluded.detections),
      unrecorded = greatest(u.unrecorded, excluded.unrecorded),
      updated_at = now()
    where excluded.events > u.events or excluded.detections > u.detections or excluded.unrecorded > u.unrecorded
    returning 1
  )
  select count(*)::int from stored
$$;
