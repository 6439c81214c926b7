-- A price that is replaced goes on standing for its plan: who subscribed at it keeps it. One pair of prices of a plan is sold.
alter table public.plan_price_map add column current boolean not null default true;
comment on column public.plan_price_map.current is 'What a checkout or a change sells. Former prices stay until the last subscription has moved on.';
-- a table of a handful of rows that nothing but the set-up writes: no lock is held for long
-- squawk-ignore constraint-missing-not-valid, adding-serial-primary-key-field
alter table public.plan_price_map drop constraint plan_price_map_pkey, add primary key (livemode, base_price);
-- squawk-ignore require-concurrent-index-deletion
drop index public.plan_price_map_base_price;
create unique index plan_price_map_current on public.plan_price_map (livemode, plan) where current;

-- Makes a pair of prices the one that its plan is sold at, and keeps the former.
create function public.set_plan_prices(p_row jsonb) returns void
language plpgsql security invoker set search_path = '' as $$
declare wanted public.plan_price_map := jsonb_populate_record(null::public.plan_price_map, p_row);
begin
  update public.plan_price_map m set current = false
  where m.livemode = wanted.livemode and m.plan = wanted.plan and m.base_price <> wanted.base_price and m.current;
  insert into public.plan_price_map (livemode, plan, base_price, metered_price, product, meter, event_name, portal_configuration)
  values (wanted.livemode, wanted.plan, wanted.base_price, wanted.metered_price, wanted.product, wanted.meter, wanted.event_name, wanted.portal_configuration)
  on conflict (livemode, base_price) do update set metered_price = excluded.metered_price, product = excluded.product, meter = excluded.meter,
    event_name = excluded.event_name, portal_configuration = excluded.portal_configuration, current = true;
end $$;
revoke execute on function public.set_plan_prices(jsonb) from public, anon, authenticated;
grant execute on function public.set_plan_prices(jsonb) to service_role;
