begin;
\ir fixtures.sql
select plan(9);
insert into public.plan_price_map (livemode, plan, base_price, metered_price, product, meter, event_name) values
  (false, 'growth', 'price_tap1', 'price_tap2', 'prod_tap', 'mtr_tap', 'tap') on conflict do nothing;

select pg_temp.act_as('viewer@a.test');
select is((select count(*)::int from public.plans), 4, 'everybody who signs in reads the plans');
select is(pg_temp.refusal($$ update public.plans set price_micro_usd = 0 $$), '42501', 'nobody changes a price');
select is(pg_temp.refusal($$ select * from public.plan_price_map $$), '42501', 'Stripe''s ids are the Worker''s alone');
reset role;
select pg_temp.act_as_role('anon');
select is(pg_temp.refusal($$ select * from public.plans $$), '42501', 'anon reads no table');
select is(pg_temp.refusal($$ select * from public.plan_price_map $$), '42501', 'nor this one');
reset role;
select pg_temp.act_as_role('service_role');
select is(pg_temp.refusal($$ update public.plans set price_micro_usd = 0 $$), '42501', 'the Worker reads plans and changes none: they come with migrations');
select is(pg_temp.refusal($$ delete from public.plan_price_map $$), null, 'the Worker writes the map');
select is(pg_temp.refusal($$ insert into public.plan_price_map values (false, 'gold', 'price_x', 'price_y', 'prod_x', 'mtr_x', 'x') $$), '23503', 'only for plans that there are');
select is(pg_temp.refusal($$ insert into public.plan_price_map values (true, 'growth', '49', 'price_y', 'prod_x', 'mtr_x', 'x') $$), '23514', 'only ids of prices');
reset role;
select * from finish();
rollback;
