begin;
\ir fixtures.sql
select plan(26);
create function pg_temp.some_anomaly(letter text) returns uuid language sql as $$
  select id from public.anomalies where org_id = (repeat(letter, 8) || '-0000-4000-8000-000000000000')::uuid order by id limit 1
$$;
insert into public.anomaly_feedback (anomaly_id, org_id, stream, kind, actor_type, actor_id)
select id, org_id, stream, 'real', 'person', 'x' from public.anomalies where id in (pg_temp.some_anomaly('a'), pg_temp.some_anomaly('b'));
select pg_temp.tenant_table('public.anomaly_feedback');

delete from public.anomaly_feedback;
create temp table known as select pg_temp.some_anomaly('a') as a, pg_temp.some_anomaly('b') as b, (select max(seq) from public.audit_log where org_id = 'aaaaaaaa-0000-4000-8000-000000000000') as since;
grant select on known to service_role;
create function pg_temp.say(kind text, taught boolean default false, letter text default 'a') returns jsonb language sql as $$
  select public.record_feedback('aaaaaaaa-0000-4000-8000-000000000000', case letter when 'a' then k.a else k.b end, kind, taught, '{"type":"person","id":"p1"}') from known k
$$;
select pg_temp.act_as_role('service_role');
select is(pg_temp.say('expected', true) ->> 'kind', 'expected', 'an opinion is recorded');
select pg_temp.say('expected', true);
select is(pg_temp.say('real') - 'at', '{"kind":"real","taught":false}', 'a new one replaces it');
select is(pg_temp.say('real', false, 'b'), null, 'nothing is said of another organisation''s anomaly');
select is(pg_temp.refusal($$ select pg_temp.say('perhaps') $$), '23514', 'only known opinions');
select is(pg_temp.say(null), '{}', 'it is taken back');
select is(pg_temp.say(null), '{}', 'again: nothing more');
reset role;
select is((select string_agg(action || coalesce(':' || (after ->> 'kind'), ''), ' ' order by l.seq) from public.audit_log l, known k where l.org_id = 'aaaaaaaa-0000-4000-8000-000000000000' and l.seq > k.since), 'anomaly_feedback.created:expected anomaly_feedback.changed:real anomaly_feedback.removed', 'each change is in the audit log once');
select pg_temp.act_as('owner@a.test');
select is(pg_temp.refusal($$ select public.record_feedback('aaaaaaaa-0000-4000-8000-000000000000', null, 'real', false, '{}') $$), '42501', 'people come through the Worker');
reset role;
select * from finish();
rollback;
