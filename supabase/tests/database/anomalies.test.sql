begin;
\ir fixtures.sql
select plan(35);
select pg_temp.tenant_table('public.anomalies');

create function pg_temp.move(status text) returns text language sql as $$
  select pg_temp.refusal(format($s$ update public.anomalies set status = %L where id = 'a1000000-0000-4000-8000-000000000000' $s$, status))
$$;
create function pg_temp.status() returns text language sql as $$
  select status from public.anomalies where id = 'a1000000-0000-4000-8000-000000000000'
$$;

-- who
select pg_temp.act_as('member@a.test');
select is(pg_temp.refusal($$ update public.anomalies set reason = 'mine' $$), '42501', 'people change nothing but the status');
update public.anomalies set status = 'acknowledged';
reset role;
select is(pg_temp.status(), 'acknowledged', 'a member acknowledges');
select is((select status_changed_by from public.anomalies where id = 'a1000000-0000-4000-8000-000000000000'), 'a0000000-0000-4000-8000-000000000003'::uuid, 'the change is signed');
select is((select status from public.anomalies where id = 'b1000000-0000-4000-8000-000000000000'), 'new', 'without touching another organisation''s');
select pg_temp.act_as('viewer@a.test');
update public.anomalies set status = 'resolved';
reset role;
select is(pg_temp.status(), 'acknowledged', 'a viewer changes nothing');
select pg_temp.act_as('owner@b.test');
update public.anomalies set status = 'resolved' where id = 'a1000000-0000-4000-8000-000000000000';
reset role;
select is(pg_temp.status(), 'acknowledged', 'nor does another organisation''s owner');
select pg_temp.act_as('admin@a.test');
update public.anomalies set status = 'resolved', status_changed_by = 'a0000000-0000-4000-8000-000000000001' where org_id = 'aaaaaaaa-0000-4000-8000-000000000000';
reset role;
select is((select status_changed_by from public.anomalies where id = 'a1000000-0000-4000-8000-000000000000'), 'a0000000-0000-4000-8000-000000000002'::uuid, 'a signature cannot be forged');

-- which way
select is(pg_temp.move('false_positive'), 'PT409', 'resolved does not become false_positive');
select is(pg_temp.move('acknowledged'), null, 'resolved can be reopened');
select is(pg_temp.move('resolved'), null, 'the same status again is no change');
select is(pg_temp.move('done'), 'PT409', 'an unknown status is refused');

-- the same row again, and repeats
select pg_temp.act_as_role('service_role');
insert into public.anomalies (id, org_id, stream, severity) values ('a1000000-0000-4000-8000-000000000000', 'aaaaaaaa-0000-4000-8000-000000000000', 'checkout', 'low') on conflict do nothing;
select is((select severity from public.anomalies where id = 'a1000000-0000-4000-8000-000000000000'), 'high', 'a repeated write changes nothing');
select is(public.record_repeats('[{"id":"a1000000-0000-4000-8000-000000000000","org_id":"aaaaaaaa-0000-4000-8000-000000000000","repeats":4}]'), 1, 'repeats grow');
select is(public.record_repeats('[{"id":"a1000000-0000-4000-8000-000000000000","org_id":"aaaaaaaa-0000-4000-8000-000000000000","repeats":3}]'), 0, 'and never shrink');
select is(public.record_repeats('[{"id":"a1000000-0000-4000-8000-000000000000","org_id":"bbbbbbbb-0000-4000-8000-000000000000","repeats":9}]'), 0, 'nor for another organisation');
reset role;
select pg_temp.act_as('owner@a.test');
select is(pg_temp.refusal($$ select public.record_repeats('[]') $$), '42501', 'people cannot report repeats');
reset role;
delete from public.organizations where id = 'aaaaaaaa-0000-4000-8000-000000000000';
select is_empty($$ select 1 from public.anomalies where id = 'a1000000-0000-4000-8000-000000000000' $$, 'anomalies go with their organisation');
select * from finish();
rollback;
