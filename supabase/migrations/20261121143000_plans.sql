-- The plans, as the Worker's table has them: limits that the database enforces itself are read from here. Nobody's data.
create table public.plans (
  id text primary key check (id ~ '^[a-z]{1,32}$'),
  name text not null,
  price_micro_usd bigint check (price_micro_usd >= 0),
  detections bigint check (detections >= 0),
  overage_micro_usd bigint check (overage_micro_usd >= 0),
  events bigint check (events >= 0),
  streams int check (streams >= 0),
  members int check (members >= 1),
  retention_days int not null check (retention_days > 0),
  evidence_days int not null check (evidence_days between 0 and retention_days),
  requests_per_minute int not null check (requests_per_minute > 0)
);
comment on table public.plans is 'Prices, allowances and limits. Generated; a change of the table needs a new migration with the block below.';
comment on column public.plans.overage_micro_usd is 'Price of a detection beyond the allowance in millionths of a dollar. Null: not recorded beyond it, or by contract.';
alter table public.plans enable row level security;
create policy plans_read on public.plans for select to authenticated using (true);
grant select on public.plans to authenticated, service_role;

-- generated from worker-api/src/billing/plans.rs: begin
insert into public.plans (id, name, price_micro_usd, detections, overage_micro_usd, events, streams, members, retention_days, evidence_days, requests_per_minute) values
  ('developer', 'Developer', 0, 1000, null, 1000000, 25, 10, 30, 7, 6000),
  ('standard', 'Standard', 49000000, 50000, 1000, 50000000, 500, 25, 90, 30, 24000),
  ('growth', 'Growth', 249000000, 500000, 500, 500000000, 5000, 100, 180, 90, 120000),
  ('enterprise', 'Enterprise', null, null, null, null, null, null, 730, 730, 600000)
on conflict (id) do update set name = excluded.name, price_micro_usd = excluded.price_micro_usd, detections = excluded.detections,
  overage_micro_usd = excluded.overage_micro_usd, events = excluded.events, streams = excluded.streams, members = excluded.members,
  retention_days = excluded.retention_days, evidence_days = excluded.evidence_days, requests_per_minute = excluded.requests_per_minute;
-- generated from worker-api/src/billing/plans.rs: end

-- Stripe's ids, for each environment of its account.
create table public.plan_price_map (
  livemode boolean not null,
  plan text not null references public.plans,
  base_price text not null check (base_price ~ '^price_'),
  metered_price text not null check (metered_price ~ '^price_'),
  product text not null check (product ~ '^prod_'),
  meter text not null check (meter ~ '^mtr_'),
  event_name text not null check (char_length(event_name) between 1 and 100),
  portal_configuration text check (portal_configuration ~ '^bpc_'),
  updated_at timestamptz not null default now(),
  primary key (livemode, plan)
);
create index plan_price_map_plan on public.plan_price_map (plan);
create unique index plan_price_map_base_price on public.plan_price_map (base_price);
comment on table public.plan_price_map is 'Which Stripe prices stand for a plan. Written by scripts/stripe-setup. The Worker''s alone.';
alter table public.plan_price_map enable row level security;
grant select, insert, update, delete on public.plan_price_map to service_role;
create trigger plan_price_map_touch before update on public.plan_price_map for each row execute function private.touch_updated_at();
