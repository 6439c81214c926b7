begin;
\ir fixtures.sql
select plan(42);
select pg_temp.tenant_table('public.streams');

select is(pg_temp.refusal($$ update public.streams set name = '-bad' $$), '23514', 'a bad stream name is refused');
select pg_temp.act_as('owner@a.test');
select is(pg_temp.refusal($$ select public.touch_streams('[]') $$), '42501', 'people cannot report for stream objects');
reset role;

create function pg_temp.report(events bigint, generation int, state text default 'ready', org text default 'aaaaaaaa-0000-4000-8000-000000000000') returns int language sql as $$
  select public.touch_streams(jsonb_build_array(jsonb_build_object('org_id', org, 'name', 'touched', 'event_type', 'log', 'state', state,
    'events_seen', events, 'anomalies_seen', events / 10, 'generation', generation, 'algorithm', 'cbad-1', 'last_event_at', '2026-11-21T10:00:00Z')))
$$;
create function pg_temp.stored() returns text language sql as $$
  select events_seen || '/' || anomalies_seen || '/' || generation || '/' || state from public.streams where name = 'touched' and org_id = 'aaaaaaaa-0000-4000-8000-000000000000'
$$;
select pg_temp.act_as_role('service_role');
select is(pg_temp.report(100, 0, 'learning'), 1, 'a first report makes the stream');
select is(pg_temp.report(200, 0), 1, 'a later one changes it');
select is(pg_temp.stored(), '200/20/0/ready', 'to the greater numbers');
select pg_temp.report(150, 0, 'learning');
select is(pg_temp.stored(), '200/20/0/ready', 'a late report lowers nothing');
select pg_temp.report(5, 1, 'learning');
select is(pg_temp.stored(), '5/0/1/learning', 'a new generation begins anew');
select pg_temp.report(500, 0);
select is(pg_temp.stored(), '5/0/1/learning', 'and an older one is ignored');
select is(pg_temp.report(1, 0, 'ready', 'dddddddd-0000-4000-8000-000000000000'), 0, 'an unknown organisation does not fail the batch');
select is(pg_temp.refusal($$ select public.touch_streams('[{"org_id":"aaaaaaaa-0000-4000-8000-000000000000","name":"twice","events_seen":1},{"org_id":"aaaaaaaa-0000-4000-8000-000000000000","name":"twice","events_seen":2}]') $$), null, 'a stream may come twice in a batch');

-- a stream of several shards: each reports its own numbers, the row has their sum
create function pg_temp.shard_report(shard int, events bigint, generation int, state text default 'ready') returns int language sql as $$
  select public.touch_streams(jsonb_build_array(jsonb_build_object('org_id', 'aaaaaaaa-0000-4000-8000-000000000000', 'name', 'touched', 'split', true, 'shard', shard,
    'event_type', 'log', 'state', state, 'events_seen', events, 'anomalies_seen', events / 10, 'generation', generation)))
$$;
select is(public.set_stream_shards('aaaaaaaa-0000-4000-8000-000000000000', 'touched', 4, '{"id":"a0000000-0000-4000-8000-000000000001"}'), 1, 'a stream can be split');
select is(public.set_stream_shards('bbbbbbbb-0000-4000-8000-000000000000', 'touched', 4, '{}'), 0, 'another organisation has no such stream');
select is(pg_temp.refusal($$ select public.set_stream_shards('aaaaaaaa-0000-4000-8000-000000000000', 'touched', 3, '{}') $$), '23514', 'into 2, 4, 8 or 16 shards');
select pg_temp.shard_report(1, 3, 1);
select is(pg_temp.stored(), '5/0/1/ready', 'what the first shard had seen before it reports again is not forgotten');
select pg_temp.shard_report(0, 8, 1);
select pg_temp.shard_report(3, 40, 1, 'learning');
select is(pg_temp.stored(), '51/4/1/learning', 'the sum, and the state of the one with most to do');
select pg_temp.shard_report(3, 10, 1);
select pg_temp.shard_report(2, 500, 0);
select is(pg_temp.stored(), '51/4/1/learning', 'late reports and older generations change nothing');
select public.set_stream_shards('aaaaaaaa-0000-4000-8000-000000000000', 'touched', 2, '{}');
select pg_temp.shard_report(0, 9, 1);
select is(pg_temp.stored(), '52/4/1/ready', 'a shard that takes no more events still counts, and has no say in the state');
select is((select shards || '/' || shards_most from public.streams where name = 'touched' and org_id = 'aaaaaaaa-0000-4000-8000-000000000000'), '2/4', 'what was used is remembered');
reset role;
select pg_temp.act_as('owner@a.test');
select is(pg_temp.refusal($$ select public.set_stream_shards('aaaaaaaa-0000-4000-8000-000000000000', 'touched', 4, '{}') $$), '42501', 'people go through the Worker');
-- the hourly job asks streams that have fallen silent, each once
create function pg_temp.silent(before interval) returns text language sql as $$
  select coalesce(string_agg(s ->> 'name' || ' ' || (s ->> 'total') || ' ' || (s ->> 'shards'), ',' order by s ->> 'name'), '')
  from jsonb_array_elements(public.silent_streams(now() + before, 'aaaaaaaa-0000-4000-8000-000000000000', 'touchec', 10)) as s where s ->> 'org_id' like 'aaaaaaaa%'
$$;
select is(pg_temp.refusal($$ select public.silent_streams(now(), null, '', 1) $$), '42501', 'people cannot ask for silent streams');
reset role;
select pg_temp.act_as_role('service_role');
select is(pg_temp.silent('-1 hour'), '', 'a stream that has told something lately is not silent');
select is(pg_temp.silent('1 hour'), 'touched 56 4', 'later it is');
select public.note_asked('[{"org_id":"aaaaaaaa-0000-4000-8000-000000000000","name":"touched","total":55}]');
select is(pg_temp.silent('1 hour'), 'touched 56 4', 'one that has told more since it was listed is not left alone');
select public.note_asked('[{"org_id":"aaaaaaaa-0000-4000-8000-000000000000","name":"touched","total":56}]');
select is(pg_temp.silent('1 hour'), '', 'none for ever');
reset role;
select * from finish();
rollback;
