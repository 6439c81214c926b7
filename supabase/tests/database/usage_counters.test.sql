begin;
\ir fixtures.sql
select plan(31);
select pg_temp.tenant_table('public.usage_counters');

select pg_temp.act_as('owner@a.test');
select is(pg_temp.refusal($$ select public.record_usage('[]') $$), '42501', 'people cannot report usage');
reset role;
create function pg_temp.flush(events bigint, detections bigint, org text default 'aaaaaaaa-0000-4000-8000-000000000000') returns int language sql as $$
  select public.record_usage(jsonb_build_array(jsonb_build_object('org_id', org, 'stream', 'flushed', 'shard', 0, 'generation', 0, 'day', '2026-11-21', 'events', events, 'detections', detections)))
$$;
select pg_temp.act_as_role('service_role');
select is(pg_temp.flush(100, 2), 1, 'a flush is stored');
select is(pg_temp.flush(100, 2), 0, 'again: no change');
select is(pg_temp.flush(90, 3), 1, 'each number takes its greatest');
select results_eq($$ select events, detections from public.usage_counters where stream = 'flushed' $$, $$ values (100::bigint, 3::bigint) $$, 'late numbers lower nothing');
select is(pg_temp.flush(1, 1, 'dddddddd-0000-4000-8000-000000000000'), 0, 'an unknown organisation does not fail the batch');
select is(pg_temp.refusal($$ update public.usage_counters set events = -1 $$), '23514', 'counters are not negative');

insert into public.usage_counters (org_id, stream, day, events, detections) values
  ('aaaaaaaa-0000-4000-8000-000000000000', 'bound/x', '2026-11-21', 7, 1), ('aaaaaaaa-0000-4000-8000-000000000000', 'x/bound/', '2026-11-21', 5, 0),
  ('bbbbbbbb-0000-4000-8000-000000000000', 'bound/x', '2026-11-21', 1000, 0);
create function pg_temp.details(prefix text) returns text language sql as $$
  select (d -> 'days' -> 0 ->> 'events') || ' ' || (select string_agg(s ->> 'stream', ',' order by s ->> 'stream') from jsonb_array_elements(d -> 'streams') s)
  from public.usage_details('aaaaaaaa-0000-4000-8000-000000000000', '2026-11-21', '2026-11-21', prefix) d
$$;
select is(pg_temp.details(null), '122 bound/x,checkout,flushed,x/bound/', 'usage of every stream');
select is(pg_temp.details('bound/'), '7 bound/x', 'of those that begin with a prefix');
select is(pg_temp.details('bound_'), null, 'which is no pattern');
reset role;
select pg_temp.act_as('viewer@a.test');
select is(pg_temp.details('bound/'), '7 bound/x', 'a person reads it with their own rights');
reset role;
select pg_temp.act_as('owner@b.test');
select is(pg_temp.details(null), null, 'somebody of another organisation nothing');
reset role;
select is(pg_temp.refusal($$ set local role anon; select public.usage_details('aaaaaaaa-0000-4000-8000-000000000000', '2026-11-21', '2026-11-21', null) $$), '42501', 'nor anybody without a token');
select * from finish();
rollback;
