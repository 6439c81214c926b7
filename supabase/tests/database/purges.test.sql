-- The list of objects that a removed organisation leaves: written with the removal, seen and struck out by the Worker alone.
begin;
\ir fixtures.sql
select plan(23);
insert into public.usage_counters (org_id, stream, shard, day, events) values ('aaaaaaaa-0000-4000-8000-000000000000', 'checkout', 2, '2026-11-21', 1);
insert into public.anomalies (id, org_id, stream, severity) values ('a2000000-0000-4000-8000-000000000000', 'aaaaaaaa-0000-4000-8000-000000000000', 'only-here', 'low');
insert into public.anomalies (id, org_id, stream, severity) select gen_random_uuid(), 'aaaaaaaa-0000-4000-8000-000000000000', 'many', 'low' from generate_series(1, 25000);

-- shards that have neither counted nor found anything
insert into public.streams (org_id, name, event_type, shards, shards_most) values ('aaaaaaaa-0000-4000-8000-000000000000', 'idle', 'log', 1, 2);
select pg_temp.act_as_role('service_role');
select public.delete_organization('aaaaaaaa-0000-4000-8000-000000000000', '{"id":"a0000000-0000-4000-8000-000000000001"}');
-- not while Stripe may go on charging for it
reset role;
update public.subscriptions set status = 'active', stripe_customer = 'cus_tap_purge', stripe_subscription = 'sub_tap_purge' where org_id = 'aaaaaaaa-0000-4000-8000-000000000000';
create function pg_temp.kept() returns boolean language sql as $$
  select (public.apply_retention('{"developer":10000}', now() + interval '31 days') ->> 'organizations')::int = 0
    and exists (select from public.organizations where id = 'aaaaaaaa-0000-4000-8000-000000000000')
$$;
select pg_temp.act_as_role('service_role');
select ok(pg_temp.kept(), 'it stays while its subscription runs');
update public.subscriptions set status = 'canceled' where org_id = 'aaaaaaaa-0000-4000-8000-000000000000';
select ok(pg_temp.kept(), 'and while Stripe was not asked what else runs');
select is(public.billing_health(now() + interval '3 days') ->> 'unclosed_accounts', '1', 'which shows');
select is(public.accounts_to_close(now() + interval '2 hours'), '[]', 'a page that was open may be paid for a day');
select is(public.accounts_to_close(now() + interval '26 hours') -> 0 ->> 'customer', 'cus_tap_purge', 'then Stripe is asked');
select ok(public.close_account('aaaaaaaa-0000-4000-8000-000000000000', 'cus_tap_purge', now() + interval '26 hours'), 'and its answer is kept');
select is(public.apply_retention('{"developer":30}', now() + interval '31 days') ->> 'more', 'true', 'much is removed in portions');
select is((select count(*)::int from public.organizations where id = 'aaaaaaaa-0000-4000-8000-000000000000'), 1, 'the organisation last');
select is((public.apply_retention('{"developer":30}', now() + interval '31 days') ->> 'organizations')::int, 1, 'with the portion that ends it');
select results_eq($$ select kind, name from public.purges where org_id = 'aaaaaaaa-0000-4000-8000-000000000000' order by 1, 2 $$,
  $$ values ('key', 'tapkeyaaaaaa'), ('organization', ''), ('stream', 'checkout#0'), ('stream', 'checkout#2'), ('stream', 'idle#0'), ('stream', 'idle#1'), ('stream', 'many#0'), ('stream', 'only-here#0') $$,
  'every object is written down, also of streams that only an anomaly or a counter names');
select is((select count(*)::int from public.purges where org_id = 'bbbbbbbb-0000-4000-8000-000000000000'), 0, 'and none of another organisation');
select is(public.finish_purges('[{"org_id":"aaaaaaaa-0000-4000-8000-000000000000","kind":"stream","name":"checkout#0"}]', '[{"org_id":"aaaaaaaa-0000-4000-8000-000000000000","kind":"key","name":"tapkeyaaaaaa"}]'), 1, 'what is done is struck out');
select is((select attempts from public.purges where name = 'tapkeyaaaaaa'), 1, 'what failed is counted');
reset role;

create function pg_temp.closed(who text) returns setof text language plpgsql as $$
declare
  statement text;
  code text;
begin
  foreach statement in array array['select 1 from public.purges', 'insert into public.purges (org_id, kind, name) values (''aaaaaaaa-0000-4000-8000-000000000000'', ''key'', ''x'')', 'update public.purges set attempts = 0', 'delete from public.purges', 'select public.finish_purges(''[]'', ''[]'')'] loop
    if who like '%@%' then perform pg_temp.act_as(who); else perform pg_temp.act_as_role(who); end if;
    code := pg_temp.refusal(statement);
    reset role;
    return next extensions.is(code, '42501', who || ' cannot ' || statement);
  end loop;
end $$;
select pg_temp.closed('owner@b.test');
select pg_temp.closed('anon');
select * from finish();
rollback;
